"""What every face source has in common: ids without opening a picture, one face at a time, lists of who is in and who is out."""

from __future__ import annotations

import abc
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from natocc.errors import UsageError
from natocc.faces.align import AlignOptions
from natocc.images import SUFFIXES
from natocc.locations import locate
from natocc.options import Options
from natocc.samples import FaceSample


class FaceSource(abc.ABC):
    """Faces that can be counted before they are read."""

    @property
    def classes(self) -> Mapping[int, str]:
        """Names of the values of :attr:`natocc.samples.FaceSample.parts`; of a face mask where the source has no parts."""
        return {0: "background", 1: "face"}

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

    @abc.abstractmethod
    def read(self, face_id: str) -> FaceSample:
        """One face.

        Raises
        ------
        BadDataError
            If its files cannot serve.
        """


class FaceOptions(Options, abc.ABC):
    """Which faces a recipe takes, and from where.

    Parameters
    ----------
    source : str
        Name of the plug-in.
    include, exclude : str, optional
        Location of a text file of ids or file names, one a line; what follows a ``#`` at the start of a line or after a space is
        a comment. `include` keeps only these faces, `exclude` drops these.
    align : AlignOptions
        How they are aligned.
    """

    source: str
    include: str | None = None
    exclude: str | None = None
    align: AlignOptions = AlignOptions()

    @abc.abstractmethod
    def open(self, data: Path, cache: Path, jobs: int = 1) -> FaceSource:
        """The source, its files listed.

        Parameters
        ----------
        data : Path
            The data root.
        cache : Path
            Where what took long to find out is kept.
        jobs : int
            Processes to find it out with.

        Raises
        ------
        UsageError
            If the layout is not the one expected, or a list names a face that is not there.
        """

    def select(self, ids: Iterable[str], data: Path) -> tuple[str, ...]:
        """Those of `ids` that `include` and `exclude` leave, in natural order.

        Raises
        ------
        UsageError
            If a list is missing, an `include` entry matches no face (an `exclude` entry may: one list serves subsets of a
            dataset), or no face is left.
        """
        known = set(ids)
        chosen = set(known)
        if self.include is not None:
            path = locate(self.include, data)
            chosen = {_match(entry, known, path) for entry in _entries(path)}
        if self.exclude is not None:
            for entry in _entries(locate(self.exclude, data)):
                chosen -= {entry, _without_suffix(entry)}
        if not chosen:
            raise UsageError(f"source {self.source!r}: include and exclude leave none of its {len(known)} faces")
        return tuple(sorted(chosen, key=natural_key))


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
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise UsageError(f"no file {path}; expected a list of face ids, one a line") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: expected a UTF-8 list of face ids, one a line: {error}") from None
    entries = (re.split(r"(?:^|\s)#", line, maxsplit=1)[0].strip() for line in lines)
    return [entry for entry in entries if entry]


def _without_suffix(entry: str) -> str:
    stem, dot, suffix = entry.rpartition(".")
    return stem if dot and "." + suffix.lower() in SUFFIXES else entry


def _match(entry: str, known: set[str], path: Path) -> str:
    """The id that an entry means: an id itself, or the file name of one that is a stem."""
    for candidate in (entry, _without_suffix(entry)):
        if candidate in known:
            return candidate
    raise UsageError(f"{path}: {entry!r} matches none of the {len(known)} faces of the source")
