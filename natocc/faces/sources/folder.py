"""A folder of photographs and nothing else; the face mask is made later, from landmarks or by a network."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field

from natocc.core.errors import BadDataError, UsageError
from natocc.core.samples import FaceSample, Origin, Points
from natocc.faces.landmarks.detections import Detection, detect_faces
from natocc.faces.sources.base import PICTURES_AND_LANDMARKS, FaceOptions, FaceSource
from natocc.io import images
from natocc.io.folders import list_folder
from natocc.io.notes import Notes
from natocc.io.paths import SUFFIXES, locate, require_folder
from natocc.plugins.options import Location

_LAYOUT = f"a folder of photographs ({', '.join(SUFFIXES)}), nested as you like"


class FolderFaces(FaceOptions):
    """Every photograph below a folder, or every face in them."""

    reads = PICTURES_AND_LANDMARKS
    source: Literal["folder"]
    root: Location = "photos"
    """Location of the folder."""
    faces: Literal["largest", "all"] = "largest"
    """``largest``: one face per photograph, whose id is the photograph's path. ``all``: every face, with ids ``PATH#1``,
    ``PATH#2``, ... from left to right; they are detected when the source is first opened, and kept in the cache."""
    least_side: int = Field(60, ge=1)
    """With ``faces: all``: smaller faces are left out, px."""
    identities: Literal["picture", "folder"] = "picture"
    """What must stay in one split. ``picture``: all faces of a photograph. ``folder``: all photographs of the first folder of
    their path, for data with one folder per person."""
    licence: str | None = None
    """Licence of all the pictures, recorded with every sample."""

    def open(self, data: Path, cache: Path, jobs: int = 1) -> FaceSource:
        """List the photographs; see :meth:`natocc.faces.sources.base.FaceOptions.open`."""
        root = require_folder(locate(self.root, data), _LAYOUT)
        listing = list_folder(root, SUFFIXES, self.links)
        names = listing.names
        if not names:
            raise UsageError(f"no photograph below {root}; expected {_LAYOUT}", *listing.notes.lines())
        if self.faces == "largest":
            pictures = {name: Detection(name, None, None, None) for name in names}
        else:
            align = self.align
            faces = detect_faces(root, names, align.points, self.least_side, cache, jobs, self.max_pixels, align.yunet_file(data))
            pictures = dict(faces)
        chosen = {face_id: pictures[face_id] for face_id in self.select(pictures, data)}
        source = Folder(root, chosen, _by_picture(pictures), self.identities, self.licence, self.max_pixels, listing.notes)
        return self.with_landmarks(source, data)


@dataclasses.dataclass(frozen=True)
class Folder(FaceSource):
    """Photographs on disk.

    Parameters
    ----------
    root : Path
        The folder.
    faces : dict of str to Detection
        By id, in natural order.
    landmarks : mapping of str to list of (68, 2) or (5, 2) float32
        Of all faces of a photograph, also those that are not among `faces`; empty where they were not looked for.
    identities : str
        As in :class:`FolderFaces`.
    licence : str, optional
        Of all of them.
    max_pixels : int
        Photographs of more are refused.
    listed : Notes
        What was left out.
    """

    root: Path
    faces: dict[str, Detection]
    landmarks: Mapping[str, list[Points]] = dataclasses.field(default_factory=dict)
    identities: Literal["picture", "folder"] = "picture"
    licence: str | None = None
    max_pixels: int = images.MAX_PIXELS
    listed: Notes = dataclasses.field(default_factory=Notes)
    dataset: str = "folder"

    @property
    def has_masks(self) -> bool:
        """It has none."""
        return False

    def ids(self) -> tuple[str, ...]:
        """Relative paths of the photographs, with the number of the face where every face counts."""
        return tuple(self.faces)

    def identity(self, face_id: str) -> str:
        """The photograph, or the first folder of its path."""
        picture = self.faces[face_id].picture
        return picture.partition("/")[0] if self.identities == "folder" else picture

    def picture(self, face_id: str) -> Path:
        """The photograph."""
        return self.root / self.faces[face_id].picture

    def notes(self) -> Notes:
        """Those of the listing."""
        return self.listed

    def read(self, face_id: str) -> FaceSample:
        """One photograph, without a face mask; with landmarks where it was looked at for all its faces.

        Raises
        ------
        BadDataError
            ``no-face``, or what :func:`natocc.io.images.read_rgb` raises.
        """
        face = self.faces[face_id]
        if face.rejection is not None:
            raise BadDataError(*face.rejection)
        image, digest = images.read_rgb(self.picture(face_id), self.max_pixels)
        origin = Origin(self.dataset, face_id, digest, self.licence)
        others = tuple(points for points in self.landmarks.get(face.picture, ()) if points is not face.landmarks_xy)
        return FaceSample(image, None, None, face.landmarks_xy, origin, face.detector, others)


def _by_picture(faces: Mapping[str, Detection]) -> dict[str, list[Points]]:
    """Photograph to the landmarks of its faces."""
    landmarks: dict[str, list[Points]] = {}
    for face in faces.values():
        if face.landmarks_xy is not None:
            landmarks.setdefault(face.picture, []).append(face.landmarks_xy)
    return landmarks
