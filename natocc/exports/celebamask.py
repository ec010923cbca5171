"""CelebAMask-HQ's own folders, for what was written for them: one picture a face, one mask a part."""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np

from natocc.core.errors import UsageError
from natocc.exports.format import ExportOptions
from natocc.exports.notes import readme
from natocc.exports.reader import SourceDataset, SourceSample
from natocc.exports.writer import ExportWriter
from natocc.faces.classes import PARTS
from natocc.faces.sources.celebamask import mask_stem
from natocc.io.images import encode_png

_OCCLUDER = "occluder"


class CelebAMaskExport(ExportOptions):
    """``CelebA-HQ-img/N.jpg`` and ``CelebAMask-HQ-mask-anno/K/NNNNN_part.png``, 0 and 255, a mask for each part that is seen.

    Faces are numbered from 0 without gaps; ``samples.csv`` says which sample each is, ``train.txt`` and so on which split. What
    covers a face is in the masks of a part that CelebAMask-HQ does not have, ``occluder``; what is to be ignored is in none.
    """

    to: Literal["celebamask"] = "celebamask"
    jpeg_layout = "CelebAMask-HQ"
    labels: Literal["parts"] = "parts"
    """Parts are all that this layout has."""

    def check(self, dataset: SourceDataset) -> None:
        """Refuse parts that CelebAMask-HQ does not know, and pictures that are no JPEG.

        Raises
        ------
        UsageError
            If there are such.
        """
        super().check(dataset)
        unknown = [name for name in dataset.classes("parts").values() if name not in (*PARTS, _OCCLUDER)]
        if unknown:
            raise UsageError(f"{dataset.root}: CelebAMask-HQ has no parts called {', '.join(unknown)}; try --to voc")

    def write(self, dataset: SourceDataset, samples: Iterator[SourceSample], writer: ExportWriter, target: Path) -> None:
        """Link the pictures, write their masks and the lists."""
        del target
        parts = {value: name for value, name in dataset.classes("parts").items() if value > 0}
        table = io.StringIO()
        rows = csv.writer(table, lineterminator="\n")
        rows.writerow(["number", "index", "split", "face", "licence"])
        with contextlib.ExitStack() as stack:
            lists = {split: stack.enter_context(writer.open(f"{split}.txt")) for split in dataset.counts}
            for number, sample in enumerate(samples):
                writer.take(sample.files["images"], f"CelebA-HQ-img/{number}.jpg", sample.sha256("images"))
                plane, stem = sample.plane("parts"), mask_stem(Path(), number).as_posix()
                for value, name in parts.items():
                    if (plane == value).any():
                        writer.write(f"{stem}_{name}.png", encode_png((plane == value) * np.uint8(255)))
                lists[sample.split].write(f"{number}\n".encode())
                rows.writerow([number, sample.index, sample.split, sample.row["face"], sample.row["face_licence"] or ""])
        writer.write("samples.csv", table.getvalue())
        said = "Masks are 0 and 255. Occluders are the part `occluder`; pixels to ignore are in no mask."
        writer.write("README.md", readme(dataset, "parts", said))
