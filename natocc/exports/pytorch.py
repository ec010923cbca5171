"""PyTorch reads the dataset as it lies: what is exported is a script that does so."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from natocc.exports.format import ExportOptions
from natocc.exports.reader import SourceDataset, SourceSample
from natocc.exports.writer import ExportWriter
from natocc.io.files import real

SCRIPT = "load.py"

_TEMPLATE = '''"""Loaders of a dataset that natocc built; needs natocc[torch]. The pictures stay where they are."""

from pathlib import Path

from torch.utils.data import DataLoader

from natocc import Splits
from natocc.torch import OccludedFaces

ROOT = Path(__file__).resolve().parent / {root!r}
SPLITS = {splits!r}
SHARES = {shares}
FLIP_PAIRS = {pairs!r}
"""Values that change places where a picture is mirrored: left and right."""


def dataset(split, **options):
    """Pairs of an image (3, H, W) and a mask (H, W) int64; 255 is to be ignored.

    A transform that mirrors both exchanges the values of FLIP_PAIRS in the mask, too.
    """
    return OccludedFaces(ROOT, split, labels={labels!r}, shares=SHARES, **options)


def loader(split, batch_size=8, num_workers=4, **options):
    """Batches of :func:`dataset`, shuffled for training."""
    training = split == "train"
    return DataLoader(dataset(split, **options), batch_size, shuffle=training, num_workers=num_workers, drop_last=training)


if __name__ == "__main__":
    for split in SPLITS:
        print(split, len(dataset(split)), "samples", dataset(split).classes)
'''


class TorchExport(ExportOptions):
    """``load.py``: loaders by :class:`natocc.torch.OccludedFaces` that find the dataset from where they lie."""

    to: Literal["torch"] = "torch"
    takes_clean = True

    def write(self, dataset: SourceDataset, samples: Iterator[SourceSample], writer: ExportWriter, target: Path) -> None:
        """Look at every row, so that what would stop the loaders is reported now; then write the script."""
        for _ in samples:
            pass
        shares = "None" if dataset.shares is None else f"Splits(**{dataset.shares.model_dump()!r})"
        root = os.path.relpath(real(dataset.root), real(target))
        pairs = dataset.flip_pairs(self.labels)
        text = _TEMPLATE.format(root=root, splits=tuple(dataset.counts), shares=shares, pairs=pairs, labels=self.labels)
        writer.write(SCRIPT, text)
