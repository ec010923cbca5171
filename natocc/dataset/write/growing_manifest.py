"""The manifest of a dataset that is being made: it grows as shards are committed, so that little is left to write at the end."""

from __future__ import annotations

import collections
import contextlib
from collections.abc import Callable, Iterable, Iterator

from natocc.dataset.description import read_dataset
from natocc.dataset.layout import Layout
from natocc.dataset.manifest import open_table, rows_as_lines
from natocc.dataset.records import MadeShard, read_shard
from natocc.io.atomic import open_aside

_KEPT = 2**25  # bytes of rows that wait in memory for a shard before them
_AT_ONCE = 2  # shards written for each that is told: one that lags behind catches up, and nobody waits long for it


class GrowingManifest:
    """Takes shards in any order and writes them in theirs.

    Parameters
    ----------
    layout : Layout
        Of the dataset; what was not told, or waited too long, is read from its records.
    shards : range
        All that it will have.
    whole : iterable of int
        Those that are committed already.
    add : callable
        Takes a shard's rows.
    """

    def __init__(self, layout: Layout, shards: range, whole: Iterable[int], add: Callable[[bytes], None]) -> None:
        self._layout, self._add = layout, add
        self._left, self._whole = collections.deque(shards), set(whole)
        self._waiting: dict[int, bytes] = {}

    def tell(self, made: MadeShard) -> None:
        """Take note of a shard that is committed."""
        self._whole.add(made.shard)
        if sum(map(len, self._waiting.values())) + len(made.rows) <= _KEPT:
            self._waiting[made.shard] = made.rows
        for _ in range(_AT_ONCE):
            if self._left and self._left[0] in self._whole:
                self._write_next()

    def finish(self) -> None:
        """Write all that are left; all are committed."""
        while self._left:
            self._write_next()

    def _write_next(self) -> None:
        shard = self._left.popleft()
        self._whole.discard(shard)
        self._add(self._waiting.pop(shard, b"") or rows_as_lines(read_shard(self._layout, shard)))


@contextlib.contextmanager
def growing_manifest(layout: Layout, shards: range, whole: Iterable[int]) -> Iterator[GrowingManifest]:
    """A manifest that is whole when the block is left; the same bytes as :func:`natocc.dataset.manifest.write_manifest` writes.

    Raises
    ------
    UsageError
        If ``dataset.json`` or a record is damaged.
    RunError
        If writing fails (disk full, read-only, no permission); nothing is left of it then.
    """
    with open_aside(layout.manifest) as file, open_table(read_dataset(layout.root, layout.shown), file) as add:
        manifest = GrowingManifest(layout, shards, whole, add)
        yield manifest
        manifest.finish()
