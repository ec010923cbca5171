"""A dataset of natocc's for PyTorch. Nothing else of natocc imports PyTorch: ``pip install natocc[torch]``."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from natocc.core.errors import UsageError
from natocc.dataset.layout import PICTURES
from natocc.exports.reader import SourceDataset
from natocc.io.images import MOST_PIXELS, read_labels, read_rgb
from natocc.io.paths import unlinked

try:
    import torch
    from torch.utils.data import Dataset
except ImportError:
    raise ImportError("natocc.torch needs PyTorch: pip install 'natocc[torch]'") from None

if TYPE_CHECKING:
    from natocc.dataset.splits import Splits

Tensors: TypeAlias = tuple[torch.Tensor, ...]


class OccludedFaces(Dataset[Tensors]):
    """Pictures and label maps, read from the dataset's own folder as they are asked for.

    Can be pickled, so that it works in the workers of a ``DataLoader``; holds some 100 bytes a sample.

    Parameters
    ----------
    root : path
        A dataset that natocc built.
    split : str, optional
        Such as ``train``; all samples unless given.
    labels : str
        Folder of the label maps: ``masks``, ``amodal``, ``parts``, ...
    dtype : torch.dtype
        Of the pictures: ``torch.uint8``, 0-255, or a floating type, 0-1.
    transform : callable, optional
        Is given picture and label map, and the clean picture where asked for, and returns as many: ``image, mask =
        transform(image, mask)``, as torchvision's v2 transforms and :class:`natocc.Occlude` do.
    shares : Splits, optional
        How a dataset without splits is divided, by person.
    clean : bool
        Whether a sample is followed by the picture without occluders, for de-occlusion; ``output: {clean: true}`` in a recipe
        makes them.
    tv_tensors : bool, optional
        Whether pictures and label maps are torchvision's ``tv_tensors.Image`` and ``tv_tensors.Mask``, by which v2 transforms
        know what to turn, and what to recolour. By default they are, for `transform`, where torchvision's v2 is imported.

    Raises
    ------
    UsageError
        If there is no such dataset, split or label map.

    Notes
    -----
    ``dataset[i]`` is an image (3, H, W) of `dtype` and a mask (H, W) int64, 255 where neither label is right: what
    ``torch.nn.CrossEntropyLoss(ignore_index=255)`` takes; with `clean`, a third tensor like the first. ``dataset.indices[i]`` is
    the sample's row in the manifest.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        split: str | None = None,
        *,
        labels: str = "masks",
        dtype: torch.dtype = torch.uint8,
        transform: Callable[..., Tensors] | None = None,
        shares: Splits | None = None,
        clean: bool = False,
        tv_tensors: bool | None = None,
    ) -> None:
        if dtype is not torch.uint8 and not dtype.is_floating_point:
            raise ValueError(f"dtype must be torch.uint8 or a floating type, got {dtype}")
        source = SourceDataset.open(Path(root), None if split is None else (split,), shares)
        self.root = source.root
        self.classes = source.classes(labels)
        """Value in the label maps to name."""
        self._dtype = dtype
        self._transform = transform
        self._wrapped = _has_v2() and transform is not None if tv_tensors is None else tv_tensors
        if self._wrapped:
            _tv_tensors()
        if clean and "clean" not in source.folders:
            raise UsageError(f"{root} has no clean pictures: output.clean in a recipe asks for them")
        self._folders = ("images", labels, *(["clean"] if clean else []))
        indices, paths = [], []
        for sample in source.samples():
            indices.append(sample.index)
            paths.append([sample.files[folder].relative_to(self.root).as_posix().encode() for folder in self._folders])
        self.indices = np.array(indices, np.int64)
        """Row of each sample in the manifest."""
        self._paths = np.array(paths)  # one array: workers share its pages, which they would not of many strings

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Tensors:
        paths = (unlinked(self.root, path.decode()) for path in self._paths[index].tolist())
        sample = tuple(
            self._image(path) if folder in PICTURES else self._labels(path)
            for folder, path in zip(self._folders, paths, strict=True)
        )
        return sample if self._transform is None else self._transform(*sample)

    def _image(self, path: Path) -> torch.Tensor:
        pixels = read_rgb(path, MOST_PIXELS)[0]
        image = torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))
        image = image if self._dtype is torch.uint8 else image.to(self._dtype) / 255
        return _tv_tensors().Image(image) if self._wrapped else image

    def _labels(self, path: Path) -> torch.Tensor:
        labels = torch.from_numpy(read_labels(path, MOST_PIXELS).astype(np.int64))
        return _tv_tensors().Mask(labels) if self._wrapped else labels


def _has_v2() -> bool:
    """Whether somebody has imported torchvision's transforms that know tensors by their types."""
    return "torchvision.transforms.v2" in sys.modules


def _tv_tensors() -> Any:
    try:
        return importlib.import_module("torchvision.tv_tensors")
    except (ImportError, RuntimeError) as error:  # a RuntimeError where it was built for another PyTorch
        raise ImportError(
            f"tv_tensors=True needs torchvision 0.16 or newer, for the PyTorch that is installed: {error}"
        ) from None
