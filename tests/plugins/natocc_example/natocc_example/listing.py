"""An export: a CSV of pictures and masks, linked beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from natocc.exports.format import ExportOptions
from natocc.exports.reader import SourceDataset, SourceSample
from natocc.exports.writer import ExportWriter


class ListingExport(ExportOptions):
    """``list.csv`` of stem, picture and mask."""

    to: Literal["listing"] = "listing"
    header: bool = True
    """Whether the first line names the columns."""

    def write(self, dataset: SourceDataset, samples: Iterator[SourceSample], writer: ExportWriter, target: Path) -> None:
        lines = ["stem,picture,mask"] if self.header else []
        for sample in samples:
            names = [f"{folder}/{sample.stem}{sample.files[folder].suffix}" for folder in ("images", self.labels)]
            for folder, name in zip(("images", self.labels), names, strict=True):
                writer.take(sample.files[folder], name)
            lines.append(",".join([sample.stem, *names]))
        writer.write("list.csv", "\n".join(lines) + "\n")
