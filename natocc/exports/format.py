"""What every export has in common: options with a name, and one method that writes a folder."""

from __future__ import annotations

import abc
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Literal

from natocc.core.errors import UsageError
from natocc.exports.reader import SourceDataset, SourceSample
from natocc.exports.writer import ExportWriter
from natocc.plugins.options import Options

Labels = Literal["masks", "amodal", "parts", "kinds", "regions"]


class ExportOptions(Options, abc.ABC):
    """How a dataset is laid out for another tool."""

    to: str
    """Name of the format."""
    labels: Labels = "masks"
    """Which label maps are exported: the visible face, the face before it was covered, the face source's own classes with the
    occluder as one more, the kinds of occluders, or face, occluder over it and occluder elsewhere. The dataset must have them."""
    takes_clean: ClassVar[bool] = False
    """Whether the format has a place for the pictures without occluders, which a dataset may have beside its samples."""
    jpeg_layout: ClassVar[str | None] = None
    """Whose layout it is, if that has JPEG pictures and no others."""

    def check(self, dataset: SourceDataset) -> None:
        """Refuse a dataset that the format cannot express, before anything is written.

        Raises
        ------
        UsageError
            If the dataset lacks the label maps that are asked for, or its pictures are no JPEG where they must be.
        """
        dataset.classes(self.labels)
        suffix = dataset.image_suffix
        if self.jpeg_layout and suffix != ".jpg":
            raise UsageError(
                f"{dataset.root}: {self.jpeg_layout} has .jpg pictures, found {suffix}; output.image.format in a recipe decides"
            )

    @abc.abstractmethod
    def write(self, dataset: SourceDataset, samples: Iterator[SourceSample], writer: ExportWriter, target: Path) -> None:
        """Write the export.

        Parameters
        ----------
        dataset : SourceDataset
            What is exported.
        samples : iterator of SourceSample
            All that are wanted, by index; each one taken counts as progress, so iterate once.
        writer : ExportWriter
            Writes and links files below the folder of the export.
        target : Path
            Where the export will lie when it is done.
        """
