"""The occluder library: cutouts extracted once, kept on disk, drawn by id."""

from __future__ import annotations

import bisect
import collections
import contextlib
import functools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from natocc.core.errors import BadDataError, Reason, RunError, UsageError
from natocc.core.plans import Json, Reference
from natocc.core.samples import Cutout, Origin
from natocc.io.images import file_sha256, read_bytes, sha256
from natocc.io.sealed_json import seal
from natocc.io.tables import map_table
from natocc.occluders.drawn import DrawnNumbers
from natocc.occluders.library.packed import unpack

INDEX = "index.arrow"
SUMMARY = "summary.json"


class DrawnCutout(DrawnNumbers):
    """What :class:`Library` drew."""

    id: str


class Library:
    """An extracted library on disk; an :class:`OccluderSource`.

    The index is mapped, not read, so that many workers share one copy of it. Draws are uniform over cutouts: a category
    with more cutouts is drawn more often.

    Parameters
    ----------
    path : Path
        Folder that :func:`natocc.occluders.library.extraction.extract_library` made.
    rows : (n,) int64, optional
        Those of the index to draw from; all unless given.
    """

    def __init__(self, path: Path, rows: npt.NDArray[np.int64] | None = None) -> None:
        self.path = path
        self._rows = rows
        try:
            self._summary = _read_summary(path)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise _damaged(path, error) from None

    def __reduce__(self) -> tuple[type[Library], tuple[Path, npt.NDArray[np.int64] | None]]:
        return Library, (self.path, self._rows)

    def __len__(self) -> int:
        return int(self._summary["cutouts"]) if self._rows is None else len(self._rows)

    @property
    def name(self) -> str:
        """What it was extracted from, for people."""
        return str(self._summary.get("name", self.path.name))

    @property
    def categories(self) -> dict[str, int]:
        """Cutouts of each category, by name."""
        return dict(self._summary["categories"])

    @property
    def refused(self) -> collections.Counter[Reason]:
        """Number of refused objects, by reason."""
        return collections.Counter({Reason(reason): count for reason, count in self._summary["refused"].items()})

    @property
    def examples(self) -> dict[Reason, str]:
        """One refusal for each reason, for a person."""
        return {Reason(reason): detail for reason, detail in self._summary["examples"].items()}

    @functools.cached_property
    def _index(self) -> Any:
        """Columns of the index, sorted by item, memory-mapped."""
        try:
            return map_table(self.path / INDEX)
        except (OSError, ValueError) as error:
            raise _damaged(self.path, error) from None

    def items(self) -> Iterator[str]:
        """Ids of all cutouts, sorted."""
        for row in range(len(self._index)) if self._rows is None else self._rows:
            yield self._index["item"][int(row)].as_py()

    def worst(self, count: int) -> list[tuple[str, float, str]]:
        """The cutouts of least quality, the worst first: id, quality, and what is worst about each.

        Those whose quality was not measured are left out.
        """
        index = self._index if self._rows is None else self._index.take(self._rows)
        quality = np.array(index["quality"].to_pylist(), dtype=np.float64)
        rows = np.argsort(quality, kind="stable")[: min(count, np.count_nonzero(~np.isnan(quality)))]
        return [(index["item"][row].as_py(), float(quality[row]), index["flaw"][row].as_py()) for row in rows.tolist()]

    def draw(self, rng: np.random.Generator) -> dict[str, Json]:
        """Reference to a cutout, uniform over all: ``{"id": item}``."""
        row = int(rng.integers(len(self)))
        return {"id": self._index["item"][row if self._rows is None else int(self._rows[row])].as_py()}

    def subset(self, keep: Callable[[str], bool]) -> Library:
        """See :meth:`natocc.occluders.source.OccluderSource.subset`; pictures are known by their sha256."""
        import pyarrow
        import pyarrow.compute

        digests = self._index["sha256"]  # asked of each picture once, however many cutouts it gave
        kept = pyarrow.array([digest for digest in digests.unique().to_pylist() if keep(digest)], pyarrow.string())
        rows = np.flatnonzero(pyarrow.compute.is_in(digests, value_set=kept)).astype(np.int64)
        if not len(rows):
            raise UsageError(f"none of the {len(digests)} cutouts in {self.path} falls into a split; use fewer splits")
        return Library(self.path, rows)

    def size(self, reference: Reference) -> tuple[int, int]:
        """Width and height of a cutout, its margin too; raises ``missing-file`` as :meth:`cutout` does."""
        row = self._row(DrawnCutout.of(reference).id)
        return self._index["width"][row].as_py(), self._index["height"][row].as_py()

    def cutout(self, reference: Reference) -> Cutout:
        """The cutout that `reference` names.

        Raises
        ------
        BadDataError
            ``missing-file`` if the library has no such item.
        RunError
            If its file is gone, damaged or cannot be read: no other cutout serves in its place, or samples would be others.
        """
        item = DrawnCutout.of(reference).id
        row = self._row(item)
        entry = {name: self._index[name][row].as_py() for name in self._index.column_names}
        foreground, matte = unpack(self._read(entry["file"], entry["file_sha256"]), entry["width"], entry["height"])
        points_to = entry["points_to"]
        origin = Origin(entry["dataset"], item, entry["sha256"], entry["licence"])
        points_to_xy = None if points_to is None else (points_to[0], points_to[1])
        return Cutout(foreground, matte, entry["category"], origin, points_to_xy)

    def _read(self, name: str, digest: str) -> bytes:
        """A file of the library, as it was written."""
        try:
            data = read_bytes(self.path / name, name)
            if sha256(data) == digest:
                return data
            why = f"{name} is not what was written"
        except BadDataError as error:
            why = error.detail
            if error.reason is Reason.CANNOT_READ:
                raise RunError(f"the library of cutouts {self.path} cannot be read ({why})") from None
        with contextlib.suppress(OSError):  # so that whoever opens it next makes it again
            (self.path / SUMMARY).unlink()
        raise RunError(str(_damaged(self.path, why)))

    def get(self, item: str) -> Cutout:
        """The cutout of an id, one of :meth:`items`; raises as :meth:`cutout` does."""
        return self.cutout({"id": item})

    def _row(self, item: str) -> int:
        """Where a cutout stands in the index."""
        items = self._index["item"]
        row = bisect.bisect_left(range(len(items)), item, key=lambda index: items[index].as_py())
        if row == len(items) or items[row].as_py() != item:
            raise BadDataError(Reason.MISSING_FILE, f"no cutout {item!r} in {self.path}")
        return row


def open_whole(path: Path) -> Library:
    """A library whose summary and index agree.

    Raises
    ------
    OSError, ValueError, TypeError, KeyError
        If it is damaged.
    """
    summary = _read_summary(path)
    if file_sha256(path / INDEX) != summary["index"]:
        raise ValueError(f"{INDEX} is not what was written")
    index = map_table(path / INDEX)
    if len(index) != summary["cutouts"]:
        raise ValueError(f"expected {summary['cutouts']} cutouts, found {len(index)}")
    return Library(path)


def _read_summary(path: Path) -> dict[str, Any]:
    summary: dict[str, Any] = json.loads((path / SUMMARY).read_text(encoding="utf-8"))
    if not isinstance(summary, dict) or summary != seal(summary):
        raise ValueError(f"{SUMMARY} is not what was written")
    return summary


def _damaged(path: Path, error: Exception | str) -> UsageError:
    return UsageError(f"the library of cutouts {path} is damaged ({error}); start again, and it is extracted again")
