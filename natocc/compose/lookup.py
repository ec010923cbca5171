"""A map of colours as a lookup table: learnt on few colours, carried to all pixels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image as PillowImage
from PIL import ImageFilter

from natocc.samples import Image, Mask

_NODES = 33  # along each axis of the sRGB cube: 8 levels apart
_LEVELS = np.linspace(0, 255, _NODES, dtype=np.float32)


def recolour(image: Image, where: Mask, mapping: Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]]) -> Image:
    """Map every pixel's colour, by trilinear interpolation between the nodes of a table.

    Parameters
    ----------
    image : (H, W, 3) uint8
        sRGB.
    where : (H, W) uint8
        Not 0 on the pixels whose colours matter; only the nodes around those are computed, the rest of the table is the identity.
    mapping : callable
        (n, 3) float32 sRGB, 0-255, to the same.

    Returns
    -------
    recoloured : (H, W, 3) uint8
    """
    near = _nodes_around(image[where > 0])
    table = np.stack(np.meshgrid(_LEVELS, _LEVELS, _LEVELS, indexing="ij"), axis=-1)
    table[near] = mapping(table[near])
    # Pillow's table runs through red first.
    flat = np.ascontiguousarray((table / 255).transpose(2, 1, 0, 3)).ravel()
    return np.asarray(PillowImage.fromarray(image).filter(ImageFilter.Color3DLUT(_NODES, flat)), dtype=np.uint8)


def _nodes_around(pixels: Image) -> npt.NDArray[np.bool_]:
    """(33, 33, 33): the corners of every cell of the table that a pixel lies in."""
    cell = (pixels.astype(np.int32) * (_NODES - 1)) // 255
    at = (cell[:, 0] * _NODES + cell[:, 1]) * _NODES + cell[:, 2]
    near = np.bincount(at, minlength=_NODES**3).reshape((_NODES,) * 3) > 0
    for axis in range(3):
        near |= np.roll(near, 1, axis=axis)
    return near
