"""The manifest: one row a sample, rejected ones too; made from the shard records, so it can be made again."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from natocc.errors import UsageError
from natocc.plans import Json
from natocc.shards.disk import aside
from natocc.shards.layout import FOLDERS, Layout
from natocc.shards.records import MEASURES, ShardRecord, read_shards, record_to_json

_AS_THEY_ARE = ("index", "set", "method", "face", "variant", "identity", "split", "occluders", "detector")


def write_manifest(layout: Layout) -> None:
    """Write ``manifest.parquet`` from the records of all whole shards; one record in memory at a time.

    The bytes depend on the samples alone: neither on when nor on how fast they were made.

    Raises
    ------
    UsageError
        If a record is damaged.
    RunError
        If the disk refuses.
    """
    import pyarrow
    import pyarrow.parquet

    columns = schema()
    with (
        aside(layout.manifest) as path,
        pyarrow.OSFile(os.fsencode(path), "wb") as file,  # a folder's name may be no text
        pyarrow.parquet.ParquetWriter(file, columns, compression="zstd") as writer,
    ):
        for record in read_shards(layout):
            writer.write_table(pyarrow.Table.from_pylist(_rows(record), schema=columns))


def read_manifest(root: Path) -> list[dict[str, Json]]:
    """Rows of a dataset's manifest by index, each a mapping of column to value; ``plan`` is JSON text.

    Raises
    ------
    UsageError
        If it is missing or damaged.
    """
    import pyarrow
    import pyarrow.parquet

    path = Layout(root, 1).manifest
    try:
        with pyarrow.memory_map(os.fsencode(path)) as file:
            table = pyarrow.parquet.read_table(file)
        rows: list[dict[str, Json]] = table.to_pylist()
    except (OSError, ValueError, OverflowError, pyarrow.ArrowException) as error:  # ValueError: text that is not UTF-8
        raise UsageError(f"{path} is no manifest that can be read: {error}") from None
    if not table.schema.equals(schema()):
        raise UsageError(f"{path} is no manifest of natocc's: its columns are not those of a manifest")
    return rows


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


def _rows(record: ShardRecord) -> list[dict[str, Json]]:
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
        rows.append(row)
    return rows
