"""A folder of photographs and nothing else; the face mask is estimated later, from landmarks."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Literal, NoReturn

from natocc import images
from natocc.errors import UsageError
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

    def open(self, data: Path, cache: Path, jobs: int = 1) -> Folder:
        """List the photographs; see :meth:`natocc.faces.source.FaceOptions.open`."""
        root = require_folder(locate(self.root, data), LAYOUT)
        names = _picture_names(root)
        if not names:
            raise UsageError(f"no photograph below {root}; expected {LAYOUT}")
        return Folder(root, self.select(names, data), self.licence)


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


def _picture_names(root: Path) -> list[str]:
    """Relative posix paths of the pictures below `root`; linked folders are not followed, so that no loop can catch us."""
    names = []
    for folder, _, files in os.walk(root, onerror=_refuse, followlinks=False):
        for name in files:
            if name.lower().endswith(images.SUFFIXES):
                names.append((Path(folder) / name).relative_to(root).as_posix())
    for name in names:
        if any("\ud800" <= character <= "\udfff" for character in name):  # how Python reads a name that is not UTF-8
            raise UsageError(f"{root}: the file name {name!a} is not valid UTF-8; rename it")
    return names


def _refuse(error: OSError) -> NoReturn:
    raise UsageError(f"cannot list {error.filename}: {error.strerror}")
