"""A dataset of natocc's as labelled pictures."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from natocc.core.errors import UsageError
from natocc.core.samples import IGNORE, Image, Mask
from natocc.evaluation.classes import BACKGROUND, FACE, OCCLUDER
from natocc.evaluation.pictures import About, Pictures
from natocc.exports.reader import SourceDataset
from natocc.io.images import read_labels, read_plane, read_rgb


@dataclasses.dataclass(frozen=True)
class DatasetPictures(Pictures):
    """Samples by their nine-digit stem.

    Parameters
    ----------
    files : mapping of str to mapping of str to Path
        Stem to folder to file.
    entries : mapping of str to About
        Occlusion ratio, categories of occluders, and the set as ``part``.
    """

    files: Mapping[str, Mapping[str, Path]]
    entries: Mapping[str, About]

    @functools.cached_property
    def names(self) -> tuple[str, ...]:
        """By index."""
        return tuple(self.files)

    @property
    def _folders(self) -> frozenset[str]:
        return frozenset(next(iter(self.files.values())))

    @property
    def has_occluders(self) -> bool:
        """Where the dataset has masks of its occluders, or the face before it was covered."""
        return not self._folders.isdisjoint(("occluders", "amodal"))

    @property
    def has_mattes(self) -> bool:
        """Mattes, and the face below them."""
        return {"mattes", "amodal"} <= self._folders

    def labels(self, name: str) -> Mask:
        """See :meth:`natocc.evaluation.pictures.Pictures.labels`."""
        files = self.files[name]
        modal = read_labels(files["masks"])
        labels = np.where(modal == IGNORE, IGNORE, BACKGROUND).astype(np.uint8)
        for folder in ("occluders", "amodal"):
            if folder in files:
                labels[(read_labels(files[folder]) > 0) & (modal != IGNORE)] = OCCLUDER
        labels[modal == FACE] = FACE
        return labels

    def visible_face(self, name: str) -> Mask:
        """See :meth:`natocc.evaluation.pictures.Pictures.visible_face`."""
        return read_labels(self.files[name]["masks"])

    def image(self, name: str) -> Image:
        """See :meth:`natocc.evaluation.pictures.Pictures.image`."""
        return read_rgb(self.files[name]["images"])[0]

    def about(self, name: str) -> About:
        """By the manifest."""
        return self.entries[name]

    def face_share(self, name: str) -> npt.NDArray[np.float32]:
        """The face before it was covered, times what the occluders' mattes leave of each pixel."""
        if not self.has_mattes:
            return super().face_share(name)
        files = self.files[name]
        matte = read_plane(files["mattes"])
        left = 1 - matte.astype(np.float32) / np.iinfo(matte.dtype).max
        return np.asarray((read_labels(files["amodal"]) == FACE) * left, dtype=np.float32)


def open_dataset_pictures(root: Path, split: str | None = None) -> DatasetPictures:
    """Samples of a complete dataset that have a file.

    Raises
    ------
    UsageError
        If it is unfinished, damaged, without face masks, or has no such split.
    """
    source = SourceDataset.open(root, None if split is None else (split,))
    if "masks" not in source.folders:
        raise UsageError(f"{root} has no face masks: output.masks in a recipe says which are made")
    files, entries = {}, {}
    for sample in source.samples():
        files[sample.stem] = sample.files
        kinds = tuple(dict.fromkeys(sample.categories))
        entries[sample.stem] = About(float(sample.row["occlusion_ratio"]), kinds, str(sample.row["set"]))
    return DatasetPictures(files, entries)
