"""Hugging Face datasets: an ``imagefolder`` with metadata, or Parquet with the pictures in it; and a card that names them."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Literal

from pydantic import Field

from natocc.core.plans import Json
from natocc.core.text import plain
from natocc.exports.described import arrow_fields, described, features
from natocc.exports.format import ExportOptions
from natocc.exports.reader import SourceDataset, SourceSample
from natocc.exports.writer import ExportWriter

_SIZES = {"n<1K": 1_000, "1K<n<10K": 10_000, "10K<n<100K": 100_000, "100K<n<1M": 1_000_000, "1M<n<10M": 10_000_000}
_FOLDER_OF = 1000
"""Samples in a folder: the Hub takes no more than 10 000 files in one."""
_GROUP = 100
"""Rows that a reader of Parquet has in memory at once."""
_LOADING = """## How to load it

    from datasets import load_dataset

    rows = load_dataset("PATH_OR_NAME_OF_THIS_FOLDER")["train"]
    image, mask = rows[0]["image"], rows[0]["mask"]  # PIL; 255 in the mask is to be ignored

Column `image` is `images/` above, `mask` is `{labels}/`; the other folders are columns of their names.

"""


class HuggingFaceExport(ExportOptions):
    """``load_dataset(TARGET)``: columns ``image``, ``mask``, the other folders by name, and what is known of a sample."""

    to: Literal["hf"] = "hf"
    takes_clean = True
    style: Literal["imagefolder", "parquet"] = "imagefolder"
    """Files beside a ``metadata.jsonl``, or pictures embedded in Parquet."""
    rows_per_file: int = Field(1000, ge=1)
    """Samples in a Parquet file."""

    def write(self, dataset: SourceDataset, samples: Iterator[SourceSample], writer: ExportWriter, target: Path) -> None:
        """Write pictures and metadata, then the card."""
        del target
        columns = {"image": "images", "mask": self.labels}
        columns |= {folder: folder for folder in dataset.folders if folder not in columns.values()}
        if self.style == "parquet":
            _write_parquet(dataset, samples, writer, columns, self.rows_per_file)
        else:
            _write_folders(dataset, samples, writer, columns)
        sheet = dataset.root / "contact_sheet.jpg"
        if sheet.is_file():  # the card shows it
            writer.take(sheet, sheet.name)
        writer.write("README.md", hub_card(dataset, self.labels, "*.parquet" if self.style == "parquet" else "**"))


def _write_folders(
    dataset: SourceDataset, samples: Iterator[SourceSample], writer: ExportWriter, columns: Mapping[str, str]
) -> None:
    with contextlib.ExitStack() as stack:
        metadata = {split: stack.enter_context(writer.open(f"data/{split}/metadata.jsonl")) for split in dataset.counts}
        for sample in samples:
            row: dict[str, Json] = {}
            for column, folder in columns.items():
                name = f"{folder}/{sample.index // _FOLDER_OF:05d}/{sample.files[folder].name}"
                writer.take(sample.files[folder], f"data/{sample.split}/{name}", sample.sha256(folder))
                row["file_name" if column == "image" else f"{column}_file_name"] = name
            line = json.dumps({**row, **described(sample)}, allow_nan=False)
            metadata[sample.split].write(line.encode("ascii") + b"\n")


def _write_parquet(
    dataset: SourceDataset, samples: Iterator[SourceSample], writer: ExportWriter, columns: Mapping[str, str], rows_per_file: int
) -> None:
    with contextlib.ExitStack() as stack:
        writers = {
            split: stack.enter_context(_Parquet(writer, split, count, rows_per_file, tuple(columns)))
            for split, count in dataset.counts.items()
        }
        for sample in samples:
            pictures = {
                column: {"bytes": sample.read(folder), "path": sample.files[folder].name} for column, folder in columns.items()
            }
            writers[sample.split].add({**pictures, **described(sample)})


class _Parquet(contextlib.AbstractContextManager["_Parquet"]):
    """The Parquet files of one split; a few rows in memory."""

    def __init__(self, writer: ExportWriter, split: str, count: int, rows_per_file: int, pictures: tuple[str, ...]) -> None:
        self._target, self._split, self._most = writer, split, rows_per_file
        self._total = math.ceil(count / rows_per_file)
        self._schema = _schema(pictures)
        self._rows: list[dict[str, Any]] = []
        self._done = 0
        self._file: contextlib.ExitStack | None = None
        self._writer: Any = None

    def add(self, row: dict[str, Any]) -> None:
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
            name = f"data/{self._split}-{self._done // self._most:05d}-of-{self._total:05d}.parquet"
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


def _schema(pictures: tuple[str, ...]) -> Any:
    """Columns, and what ``datasets`` takes them for."""
    import pyarrow

    picture = pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])
    known: dict[str, Json] = {**{name: {"_type": "Image"} for name in pictures}, **features()}
    fields = [*((name, picture) for name in pictures), *arrow_fields()]
    return pyarrow.schema(fields, metadata={b"huggingface": json.dumps({"info": {"features": known}}).encode("ascii")})


def hub_card(dataset: SourceDataset, labels: str, pattern: str) -> str:
    """The dataset's own card below the front matter that the Hub reads, with how to load it from here.

    Parameters
    ----------
    dataset : SourceDataset
        What is exported.
    labels : str
        Folder of the label maps that became ``mask``.
    pattern : str
        Pattern of the files of a split, behind its name.
    """
    import yaml

    size = next((name for name, most in _SIZES.items() if len(dataset) < most), "n>10M")
    separator = "-" if pattern.endswith(".parquet") else "/"
    front = {
        "pretty_name": plain(dataset.name),
        "license": "other",
        "task_categories": ["image-segmentation"],
        "size_categories": [size],
        "tags": ["face", "occlusion", "synthetic"],
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": split, "path": f"data/{split}{separator}{pattern}"} for split in dataset.counts],
            }
        ],
    }
    own = dataset.root / "README.md"
    body = own.read_text(encoding="utf-8") if own.is_file() else f"# {plain(dataset.name)}\n\nOccluded faces with exact masks.\n"
    head, _, rest = body.partition("## How to load it\n")
    _, heading, citation = rest.partition("## Citation\n")
    body = f"{head.rstrip()}\n\n{_LOADING.format(labels=labels)}{heading}{citation}"
    return f"---\n{yaml.safe_dump(front, sort_keys=False, allow_unicode=True)}---\n\n{body}"
