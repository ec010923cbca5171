"""Parquet files of samples, as ``datasets`` reads and writes them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from typing import IO, Any

from natocc.core.plans import Json
from natocc.exports.described import arrow_fields, features
from natocc.exports.writer import ExportWriter

_GROUP = 100
"""Rows that a reader of Parquet has in memory at once."""


class ParquetFiles(contextlib.AbstractContextManager["ParquetFiles"]):
    """Rows in Parquet files of equal length; a few rows in memory.

    Parameters
    ----------
    writer : ExportWriter
        Opens the files.
    name : str
        Of the files, below the export's folder; ``{number:05d}`` in it counts from 0.
    schema : pyarrow.Schema
        The columns.
    rows_per_file : int
        Rows in a file; the last one may hold fewer.
    """

    def __init__(self, writer: ExportWriter, name: str, schema: Any, rows_per_file: int) -> None:
        self._target, self._name, self._schema, self._most = writer, name, schema, rows_per_file
        self._rows: list[dict[str, Any]] = []
        self._done = 0
        self._file: contextlib.ExitStack | None = None
        self._writer: Any = None

    def add(self, row: dict[str, Any]) -> None:
        """A row."""
        self._rows.append(row)
        if len(self._rows) == min(_GROUP, self._most - self._done % self._most):
            self._flush()

    def __exit__(self, *error: object) -> None:
        if self._rows and error[0] is None:
            self._flush()
        self._close()

    def _flush(self) -> None:
        import pyarrow
        import pyarrow.parquet

        if self._file is None:
            self._file = contextlib.ExitStack()
            name = self._name.format(number=self._done // self._most)
            opened: IO[bytes] = self._file.enter_context(self._target.open(name))
            self._writer = self._file.enter_context(pyarrow.parquet.ParquetWriter(opened, self._schema))
        self._writer.write_table(pyarrow.Table.from_pylist(self._rows, schema=self._schema))
        self._done += len(self._rows)
        self._rows = []
        if self._done % self._most == 0:
            self._close()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None


def with_pictures(pictures: Iterable[str]) -> Any:
    """Columns of pictures, each ``bytes`` and ``path``, then what is known of a sample; and what ``datasets`` takes them for."""
    import pyarrow

    picture = pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])
    known: dict[str, Json] = {**{name: {"_type": "Image"} for name in pictures}, **features()}
    fields = [*((name, picture) for name in pictures), *arrow_fields()]
    return pyarrow.schema(fields, metadata={b"huggingface": json.dumps({"info": {"features": known}}).encode("ascii")})


def with_paths(columns: Iterable[str]) -> Any:
    """Columns of paths, then what is known of a sample."""
    import pyarrow

    return pyarrow.schema([*((name, pyarrow.string()) for name in columns), *arrow_fields()])
