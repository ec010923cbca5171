"""What face sources have in common: ids without opening a picture, one face at a time, lists of faces to include and exclude."""

from __future__ import annotations

import abc
import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from natocc.core.errors import UsageError
from natocc.core.samples import FaceSample
from natocc.faces import SOURCES
from natocc.faces.alignment.align import AlignOptions
from natocc.faces.alignment.network_mask import NetworkMaskOptions
from natocc.faces.landmarks.files import LandmarkFiles, open_landmarks
from natocc.io.files import read_text
from natocc.io.folders import Links
from natocc.io.images import MAX_PIXELS, MOST_PIXELS
from natocc.io.notes import OTHER_SUFFIX, Notes
from natocc.io.paths import SUFFIXES, locate, without_suffix
from natocc.plugins.options import Location, Options
from natocc.plugins.table import Table


class FaceSource(abc.ABC):
    """Faces that can be counted before they are read."""

    @property
    def classes(self) -> Mapping[int, str]:
        """Names of the values of :attr:`natocc.core.samples.FaceSample.parts`; of a face mask where the source has no parts."""
        return {0: "background", 1: "face"}

    @property
    def has_masks(self) -> bool:
        """Whether the faces that it reads have face masks; of photographs alone they are made."""
        return True

    @abc.abstractmethod
    def ids(self) -> tuple[str, ...]:
        """Every face, in natural order (``2`` before ``11``); no picture is opened."""

    def identity(self, face_id: str) -> str:
        """What must not be divided among splits: the person where the source knows it, else the picture."""
        return face_id

    def split(self, face_id: str) -> str | None:
        """The split that the owner of the dataset put a face in, such as ``train``; none where there is none."""
        del face_id
        return None

    def check(self) -> None:  # noqa: B027  # most sources have nothing to look at
        """A look at a few files before a build starts: what would reject every face is said at once.

        Raises
        ------
        UsageError
            If the recipe does not say what these files need.
        """

    def picture(self, face_id: str) -> Path | None:
        """The file that a face is read from; None where the source has no files."""
        del face_id
        return None

    def notes(self) -> Notes:
        """What was left out when the files were listed, counted."""
        return Notes()

    @abc.abstractmethod
    def read(self, face_id: str) -> FaceSample:
        """One face.

        Raises
        ------
        BadDataError
            If its files cannot serve.
        """


@dataclasses.dataclass(frozen=True)
class SameFaces(FaceSource):
    """The faces of another source; a subclass changes something about them.

    Parameters
    ----------
    faces : FaceSource
        Where everything else comes from.
    """

    faces: FaceSource

    @property
    def classes(self) -> Mapping[int, str]:
        """Those of the source."""
        return self.faces.classes

    @property
    def has_masks(self) -> bool:
        """As the source says."""
        return self.faces.has_masks

    def ids(self) -> tuple[str, ...]:
        """Those of the source."""
        return self.faces.ids()

    def identity(self, face_id: str) -> str:
        """As the source knows it."""
        return self.faces.identity(face_id)

    def split(self, face_id: str) -> str | None:
        """As the source knows it."""
        return self.faces.split(face_id)

    def check(self) -> None:
        """As the source does."""
        self.faces.check()

    def picture(self, face_id: str) -> Path | None:
        """As the source knows it."""
        return self.faces.picture(face_id)

    def notes(self) -> Notes:
        """Those of the source."""
        return self.faces.notes()

    def read(self, face_id: str) -> FaceSample:
        """As the source reads it."""
        return self.faces.read(face_id)


@dataclasses.dataclass(frozen=True)
class WithLandmarks(SameFaces):
    """A source whose faces have their landmarks from files, if they have some.

    Parameters
    ----------
    files : LandmarkFiles
        Where landmarks come from.
    """

    files: LandmarkFiles

    def notes(self) -> Notes:
        """Those of the source; landmarks that lie among the pictures are read."""
        return self.faces.notes().without(f"{OTHER_SUFFIX} .pts")

    def read(self, face_id: str) -> FaceSample:
        """One face and its landmarks.

        Raises
        ------
        BadDataError
            As the source, or ``no-face`` or ``bad-annotation`` as :meth:`natocc.faces.landmarks.files.LandmarkFiles.find`.
        """
        landmarks = self.files.find(face_id)
        return dataclasses.replace(self.faces.read(face_id), landmarks_xy=landmarks, detector="given")


PICTURES_AND_LANDMARKS = (*SUFFIXES, ".pts")
"""What built-in sources read in folders (:attr:`natocc.plugins.options.Options.reads`)."""


class FaceOptions(Options, abc.ABC):
    """Which faces a recipe takes, and from where."""

    source: str
    """Name of the source."""
    include: str | None = None
    """Location of a text file of ids or file names, one per line; only these faces are used. A ``#`` at the start of a line or
    after a space begins a comment."""
    exclude: str | None = None
    """Location of a text file like that of ``include``; these faces are left out."""
    split: Literal["train", "val", "test"] | None = None
    """Use only the faces that the owner of the dataset put in this split."""
    landmarks: Location | None = None
    """Location of landmarks to use instead of detecting them: a folder of ``.pts`` files, or a CSV file with a header and the x
    and y of 68 or 5 points in each line."""
    first_pixel: Literal[0, 1] | None = None
    """Coordinate that ``landmarks`` give to the centre of the first pixel; by default 1 in a ``.pts`` file with a header, else
    0."""
    max_pixels: int = Field(MAX_PIXELS, ge=1, le=MOST_PIXELS)
    """Pictures and masks of more pixels are refused by their header, before anything is decoded."""
    links: Links = "follow"
    """``follow``: symbolic links in the source's folders are followed wherever they lead. ``inside``: those that lead out of
    their folder are left out; for data from strangers."""
    align: AlignOptions = AlignOptions()
    """Alignment of the faces."""
    mask: NetworkMaskOptions | None = None
    """Of photographs that have no masks: a network that finds them; without it outlines are estimated from landmarks and
    colours."""
    min_confidence: float = Field(0.0, ge=0, le=1)
    """Where the face mask is estimated or found: faces whose mask is trusted less than this are rejected
    (``low-confidence``)."""

    def named(self) -> Iterable[tuple[Table[Any], str]]:
        """The source."""
        return ((SOURCES, self.source),)

    @model_validator(mode="after")
    def _count_from_something(self) -> Self:
        if self.first_pixel is not None and self.landmarks is None:
            raise ValueError("first_pixel says how landmarks count; name them with landmarks")
        return self

    @property
    def wanted_side(self) -> int | None:
        """How far pictures may be reduced while they are decoded, for :func:`natocc.io.images.read_reduced`; none: not at all.

        Landmarks from files are in pixels of the whole picture.
        """
        return None if self.landmarks is not None else self.align.wanted_side

    @abc.abstractmethod
    def open(self, data: Path, cache: Path, jobs: int = 1) -> FaceSource:
        """The source, its files listed.

        Parameters
        ----------
        data : Path
            The data root.
        cache : Path
            Where results that took long to compute are kept.
        jobs : int
            Processes to compute them.

        Raises
        ------
        UsageError
            If the layout is not the one expected, or a list names a face that the source does not have.
        """

    def select(self, ids: Iterable[str], data: Path, split_of: Callable[[str], str | None] | None = None) -> tuple[str, ...]:
        """Those of `ids` that `include`, `exclude` and `split` leave, in natural order.

        Parameters
        ----------
        ids : iterable of str
            All faces.
        data : Path
            The data root.
        split_of : callable, optional
            The official split of a face, where the source knows it.

        Raises
        ------
        UsageError
            If a list is missing, an `include` entry matches no face (an `exclude` entry may: one list serves subsets of a
            dataset), `split` is asked for and not known, or no face is left.
        """
        known = set(ids)
        chosen = set(known)
        if self.include is not None:
            path = locate(self.include, data)
            chosen = {_match(entry, known, path) for entry in _entries(path)}
        if self.exclude is not None:
            for entry in _entries(locate(self.exclude, data)):
                chosen -= {entry, without_suffix(entry)}
        if self.split is not None:
            if split_of is None or not any(split_of(face_id) for face_id in known):
                raise UsageError(f"source {self.source!r}: split: {self.split}: no official split of these faces is known")
            chosen = {face_id for face_id in chosen if split_of(face_id) == self.split}
        if not chosen:
            asked = "include, exclude and split" if self.split else "include and exclude"
            raise UsageError(f"source {self.source!r}: {asked} leave none of its {len(known)} faces")
        return tuple(sorted(chosen, key=natural_key))

    def with_landmarks(self, source: FaceSource, data: Path) -> FaceSource:
        """`source`, its faces with landmarks from files if the recipe names some: the last step of every :meth:`open`.

        Raises
        ------
        UsageError
            If the files are missing, not understood, or belong to none of the faces.
        """
        if self.landmarks is None:
            return source
        path = locate(self.landmarks, data)
        files = open_landmarks(path, self.first_pixel, self.links)
        ids = source.ids()
        if not any(files.knows(face_id) for face_id in ids):
            raise UsageError(
                f"{path}: landmarks of none of the {len(ids)} faces, such as {ids[0]!r}; names must agree but for suffixes"
            )
        return WithLandmarks(source, files)


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key: numbers count as numbers and come before letters; the name itself breaks ties, so that the order is total.

    Examples
    --------
    >>> sorted(["a11", "a2", "b1", "a02"], key=natural_key)
    ['a02', 'a2', 'a11', 'b1']
    """
    runs = re.findall(r"[0-9]+|[^0-9]+", name)
    return (*((0, int(run), "") if run[0] in "0123456789" else (1, 0, run) for run in runs), (-1, 0, name))


def _entries(path: Path) -> list[str]:
    lines = read_text(path, "a list of face ids, one a line").splitlines()
    entries = (re.split(r"(?:^|\s)#", line, maxsplit=1)[0].strip() for line in lines)
    return [entry for entry in entries if entry]


def _match(entry: str, known: set[str], path: Path) -> str:
    """The id that an entry means: an id itself, or the file name of one that is a stem."""
    for candidate in (entry, without_suffix(entry)):
        if candidate in known:
            return candidate
    raise UsageError(f"{path}: {entry!r} matches none of the {len(known)} faces of the source")
