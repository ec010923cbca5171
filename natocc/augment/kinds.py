"""What carries a picture or a label map, to an array and back: arrays, PyTorch's tensors, Pillow's pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow

from natocc.augment import tensors

_LABELS = {"1", "L", "P", "I", "I;16"}  # modes of Pillow's whose pixels are one number


def are_plain(*values: object) -> bool:
    """Whether all can carry pictures or label maps, and none says which: their order tells."""
    plain = (isinstance(each, np.ndarray | Pillow.Image) or tensors.is_tensor(each) for each in values)
    return all(plain) and not any(tensors.kind_of(each) for each in values)


def is_picture(value: object) -> bool:
    """Whether it has the form of a picture: three channels, where this kind has them."""
    if isinstance(value, Pillow.Image):
        return value.mode == "RGB"
    if tensors.is_tensor(value):
        return tensors.looks_like_picture(value)
    return isinstance(value, np.ndarray) and value.ndim == 3 and value.shape[2] == 3 and value.dtype == np.uint8


def is_labels(value: object, height: int, width: int) -> bool:
    """Whether it has the form of a label map of a picture of this size."""
    if isinstance(value, Pillow.Image):
        return value.mode in _LABELS and value.size == (width, height)
    if tensors.is_tensor(value):
        return tensors.looks_like_labels(value, height, width)
    return isinstance(value, np.ndarray) and value.shape == (height, width) and value.dtype.kind in "biuf"


def size_of(picture: Any) -> tuple[int, int]:
    """Height and width of what :func:`is_picture` accepts."""
    if isinstance(picture, Pillow.Image):
        return picture.height, picture.width
    height, width = picture.shape[-2:] if tensors.is_tensor(picture) else picture.shape[:2]
    return int(height), int(width)


def picture_array(picture: Any) -> Any:
    """(H, W, 3) uint8 of a picture; what is neither a tensor nor Pillow's comes back as it is.

    Raises
    ------
    ValueError
        If a tensor or a picture of Pillow's is of another form.
    """
    if tensors.is_tensor(picture):
        return tensors.picture_array(picture)
    if not isinstance(picture, Pillow.Image):
        return picture
    if picture.mode != "RGB":
        raise ValueError(f'image: expected a picture of mode RGB, found {picture.mode}; pass image.convert("RGB")')
    return np.array(picture)


def picture_like(array: npt.NDArray[np.uint8], before: npt.NDArray[np.uint8], picture: Any) -> Any:
    """A picture of the kind of `picture`, of which `before` is the array."""
    if tensors.is_tensor(picture):
        return tensors.picture_like(array, before, picture)
    return Pillow.fromarray(array) if isinstance(picture, Pillow.Image) else array


def labels_array(labels: Any) -> npt.NDArray[Any]:
    """(H, W) of a label map, or (N, H, W) of a tensor that holds masks of N things.

    Raises
    ------
    ValueError
        If the pixels of a picture of Pillow's are no labels.
    """
    if tensors.is_tensor(labels):
        return tensors.labels_array(labels)
    if isinstance(labels, Pillow.Image) and labels.mode not in _LABELS:
        raise ValueError(f"mask: expected a picture of one number a pixel (mode L or P), found mode {labels.mode}")
    return np.asarray(labels)


def labels_like(array: npt.NDArray[Any], labels: Any) -> Any:
    """A label map of the kind of `labels`, with its palette if it has one."""
    if tensors.is_tensor(labels):
        return tensors.labels_like(array, labels)
    if not isinstance(labels, Pillow.Image):
        return array
    if labels.mode == "1":
        return Pillow.fromarray(array)
    made = Pillow.frombytes(labels.mode, labels.size, np.ascontiguousarray(array).tobytes())
    palette = labels.getpalette()
    if palette is not None:
        made.putpalette(palette)
    return made
