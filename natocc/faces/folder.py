"""A folder of photographs and nothing else; the face mask is estimated later, from landmarks."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Literal

from natocc import images
from natocc.errors import UsageError
from natocc.faces.listing import files_below
from natocc.faces.source import FaceOptions, FaceSource
from natocc.locations import inside, locate, require_folder
from natocc.samples import FaceSample, Origin

LAYOUT = f"a folder of photographs ({', '.join(images.SUFFIXES)}), nested as you like"


class FolderOptions(FaceOptions):
    """Every photograph below a folder.

    Parameters
    ----------
    root : str
        Location of the folder.
    licence : str, optional
        Of all photographs, recorded with every sample.
    """

    source: Literal["folder"]
    root: str = "photos"
    licence: str | None = None

    def open(self, data: Path, cache: Path, jobs: int = 1) -> FaceSource:
        """List the photographs; see :meth:`natocc.faces.source.FaceOptions.open`."""
        root = require_folder(locate(self.root, data), LAYOUT)
        names = files_below(root, images.SUFFIXES)
        if not names:
            raise UsageError(f"no photograph below {root}; expected {LAYOUT}")
        return self.with_landmarks(Folder(root, self.select(names, data), self.licence), data)


@dataclasses.dataclass(frozen=True)
class Folder(FaceSource):
    """Photographs on disk.

    Parameters
    ----------
    root : Path
        The folder.
    names : tuple of str
        Paths relative to it, with ``/`` and suffix; they are the ids.
    licence : str, optional
        Of all of them.
    """

    root: Path
    names: tuple[str, ...]
    licence: str | None = None
    dataset: str = "folder"

    def ids(self) -> tuple[str, ...]:
        """Relative paths of the photographs."""
        return self.names

    def read(self, face_id: str) -> FaceSample:
        """One photograph, without a face mask.

        Raises
        ------
        BadDataError
            ``leaves-root`` if it is a symbolic link out of the folder, or what :func:`natocc.images.read_rgb` raises.
        """
        return read_photograph(inside(self.root, face_id), self.dataset, face_id, self.licence)


def read_photograph(path: Path, dataset: str, item: str, licence: str | None = None) -> FaceSample:
    """A photograph as a face without mask, parts or landmarks.

    Parameters
    ----------
    path : Path
        The file.
    dataset, item, licence : str
        For its origin.

    Raises
    ------
    BadDataError
        As :func:`natocc.images.read_rgb`.
    """
    image, digest = images.read_rgb(path)
    return FaceSample(image, None, None, None, Origin(dataset, item, digest, licence))
