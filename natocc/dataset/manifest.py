"""The manifest: one row a sample, rejected ones too; made from the shard records, so it can be made again."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from natocc.core.errors import UsageError
from natocc.core.plans import Json
from natocc.dataset.description import read_dataset
from natocc.dataset.layout import FOLDERS, Layout
from natocc.dataset.records import MEASURES, ShardRecord, read_shards, record_to_json
from natocc.io.atomic import open_aside

_DESCRIPTION = b"natocc"
_OF_THE_MOMENT = ("status", "samples", "counts", "shards", "sha256")
_ROWS_AT_ONCE = 1024
_AS_THEY_ARE = ("index", "set", "method", "face", "variant", "identity", "split", "occluders", "detector")


def write_manifest(layout: Layout) -> None:
    """Write ``manifest.parquet`` from the records of all whole shards; one record in memory at a time.

    The bytes depend on the samples and the recipe alone: neither on when nor on how fast they were made. The file carries a copy
    of what ``dataset.json`` says, from which that can be made again.

    Raises
    ------
    UsageError
        If ``dataset.json`` or a record is damaged.
    RunError
        If the disk refuses.
    """
    description = read_dataset(layout.root)
    with open_aside(layout.manifest) as file:
        write_rows(read_shards(layout), description, file)


def write_rows(records: Iterable[ShardRecord], description: Mapping[str, Json], file: BinaryIO) -> None:
    """Write the manifest's bytes to a file that is open; see :func:`write_manifest`."""
    import pyarrow
    import pyarrow.parquet

    lasting = {key: value for key, value in description.items() if key not in _OF_THE_MOMENT}
    columns = schema().with_metadata({_DESCRIPTION: json.dumps(lasting).encode("ascii")})
    with pyarrow.parquet.ParquetWriter(file, columns, compression="zstd", write_page_checksum=True) as writer:
        for record in records:
            writer.write_table(pyarrow.Table.from_pylist(rows_of(record), schema=columns))


def read_manifest(root: Path, first: int | None = None, last: int | None = None) -> list[dict[str, Json]]:
    """Rows of a dataset's manifest by index, each a mapping of column to value; ``plan`` is JSON text.

    Parameters
    ----------
    root : Path
        The dataset's folder.
    first, last : int, optional
        Indices of the first and the last sample wanted; all unless given.

    Raises
    ------
    UsageError
        If it is missing or damaged.
    """
    import pyarrow
    import pyarrow.parquet

    path = Layout(root, 1).manifest
    wanted = None if first is None or last is None else [("index", ">=", first), ("index", "<=", last)]
    try:
        with pyarrow.OSFile(os.fsencode(path)) as file:  # a folder's name may be no text
            table = pyarrow.parquet.read_table(file, filters=wanted, page_checksum_verification=True)
        rows: list[dict[str, Json]] = table.to_pylist()
    except (OSError, ValueError, KeyError, OverflowError, pyarrow.ArrowException) as error:  # ValueError: text that is not UTF-8
        raise UsageError(f"{path} is no manifest that can be read: {error}") from None
    if not table.schema.equals(schema()):
        raise UsageError(f"{path} is no manifest of natocc's: its columns are not those of a manifest")
    return rows


def stream_manifest(root: Path, columns: Sequence[str]) -> Iterator[dict[str, Json]]:
    """Some columns of a dataset's manifest, row by row, a few rows in memory at a time.

    Parameters
    ----------
    root : Path
        The dataset's folder.
    columns : sequence of str
        Those of :func:`schema` that are wanted.

    Raises
    ------
    UsageError
        If it is missing or damaged; some rows may have been told by then.
    """
    import pyarrow
    import pyarrow.parquet

    path = Layout(root, 1).manifest
    try:
        with (
            pyarrow.OSFile(os.fsencode(path)) as opened,
            pyarrow.parquet.ParquetFile(opened, page_checksum_verification=True) as file,
        ):
            if not file.schema_arrow.equals(schema()):
                raise UsageError(f"{path} is no manifest of natocc's: its columns are not those of a manifest")
            for batch in file.iter_batches(_ROWS_AT_ONCE, columns=list(columns)):
                yield from batch.to_pylist()
    except (OSError, ValueError, KeyError, OverflowError, pyarrow.ArrowException) as error:
        raise UsageError(f"{path} is no manifest that can be read: {error}; natocc verify --repair") from None


def read_manifest_head(root: Path) -> ManifestHead:
    """What stands in the manifest beside its rows; no row is read.

    Raises
    ------
    UsageError
        If it is missing or damaged.
    """
    import pyarrow
    import pyarrow.parquet

    path = Layout(root, 1).manifest
    try:
        with pyarrow.OSFile(os.fsencode(path)) as mapped, pyarrow.parquet.ParquetFile(mapped) as file:
            metadata = file.schema_arrow.metadata or {}
            description = json.loads(metadata.get(_DESCRIPTION, b"{}"))
            return ManifestHead(int(file.metadata.num_rows), str(file.metadata.created_by), description)
    except (OSError, ValueError, pyarrow.ArrowException) as error:
        raise UsageError(f"{path} is no manifest that can be read: {error}") from None


@dataclasses.dataclass(frozen=True)
class ManifestHead:
    """What stands in a manifest beside its rows.

    Parameters
    ----------
    rows : int
        How many there are.
    writer : str
        The library that wrote it, and its version.
    description : mapping
        Copy of ``dataset.json``, without status, counts and seal; empty where there is none.
    """

    rows: int
    writer: str
    description: Mapping[str, Json]


def schema() -> Any:
    """Columns of the manifest, a ``pyarrow.Schema``."""
    import pyarrow

    text, number = pyarrow.string(), pyarrow.int64()
    of_measure = {float: pyarrow.float64(), int: number, bool: pyarrow.bool_()}
    occluder = pyarrow.struct([(name, text) for name in ("dataset", "item", "sha256", "licence", "category")])
    landmark = pyarrow.struct([("x", pyarrow.float64()), ("y", pyarrow.float64()), ("hidden", pyarrow.bool_())])
    return pyarrow.schema(
        [
            ("index", number),
            *((name, text) for name in ("set", "method", "face")),
            ("variant", number),
            *((name, text) for name in ("identity", "split")),
            *((name, text) for name in ("status", "reason", "stage", "detail")),
            *((f"face_{name}", text) for name in ("dataset", "item", "sha256", "licence")),
            ("occluders", pyarrow.list_(occluder)),
            *((name, of_measure[kind]) for name, kind in MEASURES.items()),
            ("detector", text),
            ("landmarks", pyarrow.list_(landmark)),
            *((name, text) for folder in FOLDERS for name in (f"{folder}_path", f"{folder}_sha256")),
            ("plan", text),
        ]
    )


def rows_of(record: ShardRecord) -> list[dict[str, Json]]:
    """The rows that a shard's record gives; columns of which a sample says nothing are left out."""
    paths = record.paths()
    rows = []
    for sample in record.samples:
        value = record_to_json(sample)
        row: dict[str, Json] = {name: value[name] for name in _AS_THEY_ARE}
        row["landmarks"] = [{"x": x, "y": y, "hidden": hidden} for x, y, hidden in sample.landmarks]
        row["status"] = "made" if sample.rejection is None else "rejected"
        row |= value["rejection"] or {}
        row |= {f"face_{name}": text for name, text in (value["face_origin"] or {}).items()}
        row |= value["measures"]
        for folder, digest in sample.files.items():
            row |= {f"{folder}_path": paths[sample.index][folder], f"{folder}_sha256": digest}
        row["plan"] = json.dumps(value["plan"], sort_keys=True) if value["plan"] else None
        rows.append({name: _text(cell) for name, cell in row.items()})
    return rows


def _text(cell: Json) -> Json:
    """A cell whose text is valid Unicode: bytes of a file name that are none are spelled out, such as ``\\udcff``."""
    if isinstance(cell, str):
        return cell.encode("utf-8", "backslashreplace").decode()
    if isinstance(cell, list):
        return [_text(item) for item in cell]
    return {name: _text(item) for name, item in cell.items()} if isinstance(cell, dict) else cell
