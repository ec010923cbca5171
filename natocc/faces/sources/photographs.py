"""One photograph is one photograph, under however many names it lies in a folder."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from natocc.faces.sources.base import FaceSource, SameFaces
from natocc.io.equal_files import equal_files, one_for_all
from natocc.io.notes import TWICE, TWICE_IN_SPLITS, Notes

FEW = 5_000
"""Faces whose pictures are compared whether or not it matters for splits."""


@dataclasses.dataclass(frozen=True)
class OncePerPhotograph(SameFaces):
    """Faces of which some are of the same photograph, byte for byte.

    Parameters
    ----------
    identities : mapping of str to str
        Identities of the source that stand for the same photograph as another, to that one.
    twice : Notes
        How many pictures there are under several names.
    """

    identities: Mapping[str, str]
    twice: Notes

    def identity(self, face_id: str) -> str:
        """As the source knows it; of those that share a photograph, the first."""
        identity = self.faces.identity(face_id)
        return self.identities.get(identity, identity)

    def notes(self) -> Notes:
        """Those of the source, and pictures under several names."""
        notes = Notes()
        notes.merge(self.faces.notes())
        notes.merge(self.twice)
        return notes


def once_per_photograph(faces: FaceSource, cache: Path, divided: bool) -> FaceSource:
    """`faces`, with one identity for all that show the same photograph.

    Parameters
    ----------
    faces : FaceSource
        Any source; pictures of those that have no files are not compared.
    cache : Path
        Where the comparison is kept.
    divided : bool
        Whether there are splits: otherwise only :data:`FEW` faces are compared, to be counted, and identities stay as they are.
    """
    ids = faces.ids()
    if not divided and len(ids) > FEW:
        return faces
    of_picture: dict[Path, str] = {}
    for face_id in ids:
        path = faces.picture(face_id)
        if path is not None:
            of_picture.setdefault(path, face_id)
    groups = equal_files({face_id: path for path, face_id in of_picture.items()}, cache)
    if not groups:
        return faces
    notes = Notes()
    for group in groups:
        notes.add(TWICE, f"{group[0]} and {group[1]}", len(group))
        if len({faces.split(face_id) for face_id in group}) > 1:
            notes.add(TWICE_IN_SPLITS, f"{group[0]} and {group[1]}", len(group))
    people = ([faces.identity(face_id) for face_id in group] for group in groups)
    return OncePerPhotograph(faces, one_for_all(people) if divided else {}, notes)
