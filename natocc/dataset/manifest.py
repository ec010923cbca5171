"""The manifest: one row a sample, rejected ones too; made from the shard records, so it can be made again."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

from natocc.core.errors import UsageError
from natocc.core.samples import Origin, SampleRecord
from natocc.dataset.checked_rows import check_row
from natocc.dataset.description import DatasetDescription, read_dataset
from natocc.dataset.layout import FOLDERS, MOST_SHARD_SIZE, Layout
from natocc.dataset.measures import MEASURES, checked_measure
from natocc.dataset.records import ShardRecord, read_shards
from natocc.io.atomic import encode_json, open_aside

Row: TypeAlias = Mapping[str, Any]
"""A sample of the manifest: column to value, of the types of :func:`schema`; None where a sample has none."""

_DESCRIPTION = b"natocc"
_FILE = re.compile(r"[a-z]+/\d{5,}/\d{9,}\.(?:jpg|png)")
_ROWS_AT_ONCE, _BYTES_AT_ONCE = 1024, 2**26
_MOST_BYTES, _MOST_VALUES = 2**18, 2**12
"""Of a row, on average: bytes of all its columns, values of one. The longest plans, of 16 masks that are worn, take 100 kB."""
_AS_THEY_ARE = {"set": "set_name"} | {
    name: name for name in ("index", "method", "face", "variant", "identity", "split", "face_labels_sha256", "detector")
}
"""Column to attribute of a sample's record."""


def write_manifest(layout: Layout) -> None:
    """Write ``manifest.parquet`` from the records of all whole shards; one record in memory at a time.

    The bytes depend on the samples and the recipe alone: neither on when nor on how fast they were made. The file carries a copy
    of what ``dataset.json`` says, from which that can be made again.

    Raises
    ------
    UsageError
        If ``dataset.json`` or a record is damaged.
    RunError
        If writing fails (disk full, read-only, no permission).
    """
    description = read_dataset(layout.root, layout.shown)
    with open_aside(layout.manifest) as file:
        write_rows(read_shards(layout), description, file)


def write_rows(records: Iterable[ShardRecord], description: DatasetDescription, file: BinaryIO) -> None:
    """Write the manifest's bytes to a file that is open; see :func:`write_manifest`."""
    with open_table(description, file) as add:
        for record in records:
            add(rows_as_lines(record))


@contextlib.contextmanager
def open_table(description: DatasetDescription, file: BinaryIO) -> Iterator[Callable[[bytes], None]]:
    """A manifest that is being written to a file: a function that takes a shard's rows, see :func:`rows_as_lines`, in order."""
    import pyarrow
    import pyarrow.json
    import pyarrow.parquet

    columns = schema().with_metadata({_DESCRIPTION: json.dumps(description.lasting()).encode("ascii")})
    parsed = pyarrow.json.ParseOptions(explicit_schema=columns, unexpected_field_behavior="error")

    def add(rows: bytes) -> None:
        # By way of JSON text: tables made from Python's objects take ten times as long, and import pandas.
        read = pyarrow.json.ReadOptions(use_threads=False, block_size=len(rows))
        writer.write_table(pyarrow.json.read_json(pyarrow.BufferReader(rows), read, parsed).cast(columns))

    # Of text none: whether an empty text counts as the least depends on what was in memory before (Arrow 26).
    measured = [field.name for field in columns if pyarrow.types.is_primitive(field.type)]
    # No dictionaries: they would say a long text a million times in a few bytes, and readers could not tell what they are in for.
    options = {"compression": "zstd", "write_page_checksum": True, "write_statistics": measured, "use_dictionary": False}
    with pyarrow.parquet.ParquetWriter(file, columns, **options) as writer:
        yield add


def own_file(root: Path, row: Row, folder: str) -> str:
    """Path of a file of a row, relative to the dataset; the manifest may be anybody's, so it is one that natocc gives.

    Raises
    ------
    UsageError
        If it is none, or not one below `folder`: such as one that leads out of the dataset.
    """
    path = row[f"{folder}_path"]
    if not isinstance(path, str) or not _FILE.fullmatch(path) or not path.startswith(f"{folder}/"):
        manifest = Layout(root, 1).manifest
        raise UsageError(f"{manifest} is damaged: sample {row['index']} has the {folder} file {path!r}; natocc verify --repair")
    return path


def read_manifest(root: Path, first: int | None = None, last: int | None = None, shown: str | None = None) -> list[Row]:
    """Rows of a dataset's manifest by index, each a mapping of column to value; ``plan`` is JSON text.

    Parameters
    ----------
    root : Path
        The dataset's folder.
    first, last : int, optional
        Indices of the first and the last sample wanted; all unless given.
    shown : str, optional
        How messages name the folder; `root` unless given.

    Raises
    ------
    UsageError
        If it is missing or damaged.
    """
    import pyarrow
    import pyarrow.parquet

    path = Layout(root, 1).manifest
    shown = f"{shown or root}/{path.name}"
    wanted = None if first is None or last is None else [("index", ">=", first), ("index", "<=", last)]
    try:
        with pyarrow.OSFile(os.fsencode(path)) as file:  # a folder's name may be no text
            _rows_at_once(pyarrow.parquet.ParquetFile(file))
            table = pyarrow.parquet.read_table(file, filters=wanted, page_checksum_verification=True)
        rows: list[Row] = table.to_pylist()
        for row in rows:
            check_row(row)
    except (OSError, ValueError, KeyError, OverflowError, pyarrow.ArrowException) as error:  # ValueError: text that is not UTF-8
        raise UsageError(f"{shown} cannot be read as a manifest: {error}") from None
    return rows


def stream_manifest(root: Path, columns: Sequence[str], shown: str | None = None) -> Iterator[Row]:
    """Some columns of a dataset's manifest, row by row, a few rows in memory at a time.

    Parameters
    ----------
    root : Path
        The dataset's folder.
    columns : sequence of str
        Those of :func:`schema` that are wanted.
    shown : str, optional
        How messages name the folder; `root` unless given.

    Raises
    ------
    UsageError
        If it is missing or damaged; some rows may have been yielded by then.
    """
    import pyarrow
    import pyarrow.parquet

    path = Layout(root, 1).manifest
    try:
        with (
            pyarrow.OSFile(os.fsencode(path)) as opened,
            pyarrow.parquet.ParquetFile(opened, page_checksum_verification=True) as file,
        ):
            for batch in file.iter_batches(_rows_at_once(file), columns=list(columns)):
                for row in batch.to_pylist():
                    check_row(row)
                    yield row
    except (OSError, ValueError, KeyError, OverflowError, pyarrow.ArrowException) as error:
        place = f"{shown or root}/{path.name}"
        raise UsageError(f"{place} cannot be read as a manifest: {error}; natocc verify --repair") from None


def _rows_at_once(file: Any) -> int:
    """How many rows of a ``pyarrow.parquet.ParquetFile`` fit into memory together, by what its head says.

    Raises
    ------
    ValueError
        If natocc did not write it: its columns are others, or its rows would take more than any of natocc's.
    """
    if not file.schema_arrow.equals(schema()):
        raise ValueError("not a manifest of natocc: its columns are others")
    largest = 1
    for number in range(file.metadata.num_row_groups):
        group = file.metadata.row_group(number)
        rows = group.num_rows
        columns = [group.column(index) for index in range(group.num_columns)]
        if rows > MOST_SHARD_SIZE or group.total_byte_size > _MOST_BYTES * (rows + 1):
            raise ValueError(f"{rows} rows together that take {group.total_byte_size} bytes")
        words = max((column.total_uncompressed_size for column in columns if column.has_dictionary_page), default=0)
        if words > _MOST_BYTES or any(column.num_values > _MOST_VALUES * (rows + 1) for column in columns):
            raise ValueError("columns that say much in few bytes, as natocc does not")
        largest = max(largest, words, group.total_byte_size // max(rows, 1))
    return max(1, min(_ROWS_AT_ONCE, _BYTES_AT_ONCE // largest))


def read_manifest_head(root: Path, shown: str | None = None) -> ManifestHead:
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
            description = description if isinstance(description, dict) else {}
            return ManifestHead(int(file.metadata.num_rows), str(file.metadata.created_by), description)
    except (OSError, ValueError, pyarrow.ArrowException) as error:
        raise UsageError(f"{shown or root}/{path.name} cannot be read as a manifest: {error}") from None


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
    description: Mapping[str, Any]


def schema() -> Any:
    """Columns of the manifest, a ``pyarrow.Schema``.

    ``FOLDER_sha256`` is of the sample's file in that folder, ``source_sha256`` of the picture that a face or an occluder is from,
    ``face_labels_sha256`` of what labels the face (:attr:`natocc.compose.appearance.Photo.labels_sha256`).
    ``plan`` is JSON text, as its field's metadata say.
    """
    import pyarrow

    text, number = pyarrow.string(), pyarrow.int64()
    of_measure = {float: pyarrow.float64(), int: number, bool: pyarrow.bool_()}
    occluder = pyarrow.struct([(name, text) for name in ("dataset", "item", "source_sha256", "licence", "category")])
    landmark = pyarrow.struct([("x", pyarrow.float64()), ("y", pyarrow.float64()), ("hidden", pyarrow.bool_())])
    return pyarrow.schema(
        [
            ("index", number),
            *((name, text) for name in ("set", "method", "face")),
            ("variant", number),
            *((name, text) for name in ("identity", "split")),
            *((name, text) for name in ("status", "reason", "stage", "detail")),
            *((f"face_{name}", text) for name in ("dataset", "item", "source_sha256", "licence", "labels_sha256")),
            ("occluders", pyarrow.list_(occluder)),
            *((name, of_measure[kind]) for name, kind in MEASURES.items()),
            ("detector", text),
            ("landmarks", pyarrow.list_(landmark)),
            *((name, text) for folder in FOLDERS for name in (f"{folder}_path", f"{folder}_sha256")),
            pyarrow.field("plan", text, metadata={b"media_type": b"application/json"}),
        ]
    )


def rows_of(record: ShardRecord) -> list[Row]:
    """The rows that a shard's record gives; columns of which a sample says nothing are left out."""
    paths = record.paths()
    rows: list[Row] = []
    for sample in record.samples:
        row = dict(row_without_plan(sample))
        row["landmarks"] = [{"x": x, "y": y, "hidden": hidden} for x, y, hidden in sample.landmarks]
        for folder, digest in sample.files.items():
            row |= {f"{folder}_path": paths[sample.index][folder], f"{folder}_sha256": digest}
        row["plan"] = json.dumps(sample.plan.to_json(), sort_keys=True) if sample.plan else None
        rows.append(row)
    return rows


def rows_as_lines(record: ShardRecord) -> bytes:
    """:func:`rows_of` as JSON, a line each."""
    return b"".join(map(encode_json, rows_of(record)))


def row_without_plan(sample: SampleRecord) -> Row:
    """A sample's row but for its plan, its landmarks and its files, which take most of the time."""
    origins = zip(sample.occluder_origins, sample.categories, strict=True)
    row: dict[str, Any] = {name: getattr(sample, attribute) for name, attribute in _AS_THEY_ARE.items()}
    row["occluders"] = [{**_origin(origin), "category": category} for origin, category in origins]
    row["status"] = "made" if sample.rejection is None else "rejected"
    if sample.rejection is not None:
        row |= {"reason": str(sample.rejection.reason), "stage": sample.rejection.stage, "detail": sample.rejection.detail}
    if sample.face_origin is not None:
        row |= {f"face_{name}": text for name, text in _origin(sample.face_origin).items()}
    row |= {name: checked_measure(name, value) for name, value in sample.measures.items()}
    return {name: _text(cell) for name, cell in row.items()}


def _origin(origin: Origin) -> dict[str, str | None]:
    return {"source_sha256" if name == "sha256" else name: text for name, text in vars(origin).items()}


def _text(cell: Any) -> Any:
    """A cell whose text is valid Unicode: bytes of a file name that are none are spelled out, such as ``\\udcff``."""
    if isinstance(cell, str):
        return cell.encode("utf-8", "backslashreplace").decode()
    if isinstance(cell, list):
        return [_text(item) for item in cell]
    return {name: _text(item) for name, item in cell.items()} if isinstance(cell, dict) else cell
