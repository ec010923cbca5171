"""LaPa's own folders, for what was written for them: pictures and label maps of eleven classes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np

from natocc.core.samples import IGNORE
from natocc.exports.format import ExportOptions
from natocc.exports.notes import readme
from natocc.exports.reader import SourceDataset, SourceSample
from natocc.exports.writer import ExportWriter
from natocc.faces.classes import CLASS_TABLES
from natocc.io.images import encode_png

_VALUES = {name: value for value, name in CLASS_TABLES["lapa"].items()}


class LaPaExport(ExportOptions):
    """``SPLIT/images/NAME.jpg`` and ``SPLIT/labels/NAME.png`` with LaPa's values; 255 is to be ignored.

    Parts that LaPa does not have (ears, neck, glasses, hat) and occluders are background. There are no ``landmarks``: LaPa's are
    106, natocc's 68.
    """

    to: Literal["lapa"] = "lapa"
    jpeg_layout = "LaPa"
    labels: Literal["parts"] = "parts"
    """Parts are all that this layout has."""

    def write(self, dataset: SourceDataset, samples: Iterator[SourceSample], writer: ExportWriter, target: Path) -> None:
        """Link the pictures and write their label maps in LaPa's values."""
        del target
        table = np.zeros(256, np.uint8)
        table[IGNORE] = IGNORE
        classes = dataset.classes("parts")
        for value, name in classes.items():
            table[value] = _VALUES.get(name, 0)
        for sample in samples:
            writer.take(sample.files["images"], f"{sample.split}/images/{sample.stem}.jpg", sample.sha256("images"))
            writer.write(f"{sample.split}/labels/{sample.stem}.png", encode_png(table[sample.plane("parts")]))
        other = [name for name in classes.values() if name not in _VALUES]
        named = ", ".join(f"{value} {name}" for name, value in _VALUES.items())
        said = f"Values: {named}; 255 is to be ignored. Background, as LaPa has no class for them: {', '.join(other) or 'none'}."
        writer.write("README.md", readme(dataset, "parts", said))
