"""Hugging Face datasets: an ``imagefolder`` with metadata, or Parquet with the pictures in it; and a card that names them."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from natocc.core.errors import UsageError
from natocc.core.plans import Json
from natocc.exports.croissant import croissant, path_column
from natocc.exports.described import described
from natocc.exports.format import ExportOptions
from natocc.exports.hf_card import hub_card
from natocc.exports.hf_parquet import ParquetFiles, with_paths, with_pictures
from natocc.exports.reader import SourceDataset, SourceSample
from natocc.exports.writer import ExportWriter

_FOLDER_OF = 1000
"""Samples in a folder: the Hub takes no more than 10 000 files in one."""


class HuggingFaceExport(ExportOptions):
    """``load_dataset(TARGET)``: columns ``image``, ``label``, the other folders by name, and what is known of a sample.

    Beside the data lie a card, ``id2label.json`` and ``croissant.json``.
    """

    to: Literal["hf"] = "hf"
    takes_clean = True
    style: Literal["imagefolder", "parquet"] = "imagefolder"
    """Files beside a ``metadata.parquet``, or pictures embedded in Parquet."""
    rows_per_file: int = Field(1000, ge=1)
    """Samples in a Parquet file."""

    def check(self, dataset: SourceDataset) -> None:
        """Refuse names of splits that ``datasets`` refuses.

        Raises
        ------
        UsageError
            If there is one.
        """
        super().check(dataset)
        for split in dataset.counts:
            if "-" in split:
                raise UsageError(f"{dataset.root}: datasets takes no '-' in the name of a split, found {split!r}")

    def write(self, dataset: SourceDataset, samples: Iterator[SourceSample], writer: ExportWriter, target: Path) -> None:
        """Write pictures and metadata, then what describes them."""
        del target
        columns = {"image": "images", "label": self.labels}
        columns |= {folder: folder for folder in dataset.folders if folder not in columns.values()}
        if self.style == "parquet":
            _write_parquet(dataset, samples, writer, columns, self.rows_per_file)
        else:
            _write_folders(dataset, samples, writer, columns)
        sheet = dataset.root / "contact_sheet.jpg"
        if sheet.is_file():  # the card shows it
            writer.take(sheet, sheet.name)
        classes = dataset.classes(self.labels)
        writer.write_json("id2label.json", {str(value): name for value, name in classes.items()})
        writer.write_json("croissant.json", croissant(dataset, columns, self.style))
        pattern = "*.parquet" if self.style == "parquet" else "**"
        writer.write("README.md", hub_card(dataset, self.labels, columns, pattern))


def _write_folders(
    dataset: SourceDataset, samples: Iterator[SourceSample], writer: ExportWriter, columns: Mapping[str, str]
) -> None:
    """Parquet, not JSON lines: in those, columns of which a split knows nothing have another type, and nothing is loaded."""
    paths = {path_column(column): folder for column, folder in columns.items()}
    with contextlib.ExitStack() as stack:
        files = {
            split: stack.enter_context(ParquetFiles(writer, f"data/{split}/metadata.parquet", with_paths(paths), count))
            for split, count in dataset.counts.items()
        }
        for sample in samples:
            row: dict[str, Json] = {}
            for column, folder in paths.items():
                name = f"{folder}/{sample.index // _FOLDER_OF:05d}/{sample.files[folder].name}"
                writer.take(sample.files[folder], f"data/{sample.split}/{name}", sample.sha256(folder))
                row[column] = name
            files[sample.split].add({**row, **described(sample)})


def _write_parquet(
    dataset: SourceDataset, samples: Iterator[SourceSample], writer: ExportWriter, columns: Mapping[str, str], rows_per_file: int
) -> None:
    with contextlib.ExitStack() as stack:
        files = {}
        for split, count in dataset.counts.items():
            name = f"data/{split}-{{number:05d}}-of-{math.ceil(count / rows_per_file):05d}.parquet"
            files[split] = stack.enter_context(ParquetFiles(writer, name, with_pictures(columns), rows_per_file))
        for sample in samples:
            pictures: dict[str, Any] = {
                column: {"bytes": sample.read(folder), "path": sample.files[folder].name} for column, folder in columns.items()
            }
            files[sample.split].add({**pictures, **described(sample)})
