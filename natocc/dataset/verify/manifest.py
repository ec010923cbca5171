"""The manifest against the records that it is made from."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from natocc.core.errors import UsageError
from natocc.dataset.description import DatasetDescription
from natocc.dataset.findings import Depth, Finding, Kind
from natocc.dataset.layout import Layout, shard_count
from natocc.dataset.manifest import Row, read_manifest_head, rows_of, schema, stream_manifest, write_rows
from natocc.dataset.records import read_shard


def manifest_findings(
    layout: Layout, shards: list[int], samples: int, description: DatasetDescription, depth: Depth
) -> Iterator[Finding]:
    """What is wrong with the manifest of a complete dataset.

    Parameters
    ----------
    layout : Layout
        Where.
    shards : list of int
        Those whose records are sound; rows of others cannot be judged.
    samples : int
        How many rows there should be.
    description : DatasetDescription
        What ``dataset.json`` says, or should.
    depth : Depth
        ``FAST`` counts rows. Otherwise the manifest is made again from the records and compared byte by byte; where bytes
        differ, row by row. Another pyarrow may write the same rows in other bytes: that is no damage.
    """
    name = layout.manifest.name
    if not layout.manifest.is_file():
        yield Finding(Kind.MANIFEST, name, "the manifest", "none")
        return
    whole = len(shards) == shard_count(samples, layout.shard_size)
    if depth >= Depth.HASH and whole and _as_written(layout, shards, description):
        return
    try:
        head = read_manifest_head(layout.root, layout.shown)
        if depth == Depth.FAST:
            if head.rows != samples:
                yield Finding(Kind.MANIFEST, name, f"{samples} rows", str(head.rows))
            return
        differences = list(_differences(layout, shards, samples))
    except UsageError as error:
        yield Finding(Kind.MANIFEST, name, "rows that can be read", str(error))
        return
    yield from differences
    if whole and not differences and head.writer == _own_writer():
        yield Finding(Kind.MANIFEST, name, "the bytes that the records give", "the same rows in other bytes")


def _differences(layout: Layout, shards: list[int], samples: int) -> Iterator[Finding]:
    """A finding for each row that is not what its record says, too few or too many; a shard's rows in memory at a time."""
    name, columns = layout.manifest.name, schema().names
    sound, seen = set(shards), set[int]()
    read, stated = -1, dict[int, Row]()
    last = -1
    for actual in stream_manifest(layout.root, columns, layout.shown):
        index = actual["index"]
        if not isinstance(index, int) or index in seen:
            yield Finding(Kind.MANIFEST, name, "one row a sample", f"another of sample {index}")
            continue
        seen.add(index)
        if not 0 <= index < samples:
            yield Finding(Kind.MANIFEST, name, f"samples 0 to {samples - 1}", f"a row of sample {index}")
        elif index < last:
            yield Finding(Kind.MANIFEST, name, "rows by index", f"sample {index} after {last}")
        elif (shard := layout.shard_of(index)) in sound:
            if shard != read:
                read, stated = shard, {row["index"]: row for row in rows_of(read_shard(layout, shard))}
            yield from _of_row(name, shard, stated[index], actual)
        last = max(last, index)
    for shard in shards:
        for index in layout.indices(shard, samples):
            if index not in seen:
                yield Finding(Kind.MANIFEST, name, f"a row of sample {index}", "none", shard, index)


def _of_row(name: str, shard: int, stated: Row, actual: Row) -> Iterator[Finding]:
    """What a row says otherwise than the record."""
    index = stated["index"]
    wrong = [column for column in schema().names if not _same(stated.get(column), actual.get(column))]
    if wrong:
        expected, other = (_shown(cells.get(wrong[0])) for cells in (stated, actual))
        expected = f"{wrong[0]} of sample {index} to be {expected}, as its record says"
        other += f" and {len(wrong) - 1} more columns that differ" if len(wrong) > 1 else ""
        yield Finding(Kind.MANIFEST, name, expected, other, shard, index)


def _same(stated: object, actual: object) -> bool:
    return bool(stated == actual or json.dumps(stated) == json.dumps(actual))


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _own_writer() -> str:
    """How the pyarrow that runs here signs its files."""
    import pyarrow
    import pyarrow.parquet

    file = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"index": np.zeros(0, np.int64)}), file)
    return str(pyarrow.parquet.ParquetFile(io.BytesIO(file.getvalue())).metadata.created_by)


def _as_written(layout: Layout, shards: list[int], description: DatasetDescription) -> bool:
    comparison = _Comparison(layout.manifest)
    try:
        write_rows((read_shard(layout, shard) for shard in shards), description, comparison)  # type: ignore[arg-type]
        return comparison.holds
    finally:
        comparison.close()


class _Comparison(io.RawIOBase):
    """A file to write to that keeps nothing, and says whether all of it is what another file holds."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._other = path.open("rb")
        self._at, self._same = 0, True

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Compare."""
        written = bytes(data)
        self._same = self._same and self._other.read(len(written)) == written
        self._at += len(written)
        return len(written)

    def tell(self) -> int:
        """How much was written."""
        return self._at

    @property
    def holds(self) -> bool:
        """Whether both are equal, and equally long."""
        return self._same and not self._other.read(1)

    def close(self) -> None:
        """Close the other file."""
        self._other.close()
        super().close()
