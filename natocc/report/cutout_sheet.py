"""Cutouts on a neutral ground, to look at."""

from __future__ import annotations

import numpy as np

from natocc.report.contact_sheet import Tile
from natocc.samples import Cutout

_LIGHT, _DARK, _SQUARE = 150, 110, 16


def cutout_tile(cutout: Cutout) -> Tile:
    """A cutout over grey squares, which show holes, rims and soft edges, and its category and size."""
    height, width = cutout.matte.shape
    rows, columns = np.mgrid[:height, :width] // _SQUARE
    squares = np.where((rows + columns) % 2 == 0, _LIGHT, _DARK)[..., None]
    alpha = cutout.matte[..., None] / 255
    picture = np.rint(cutout.foreground * alpha + squares * (1 - alpha)).astype(np.uint8)
    return Tile(picture, f"{cutout.category} {width}x{height}")
