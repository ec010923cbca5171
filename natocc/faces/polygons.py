"""Polygons to pixels."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from natocc.samples import Mask

FRACTION_BITS = 6


def fill_polygon(labels: Mask, corners_xy: npt.NDArray[np.floating], value: int) -> None:
    """Paint a polygon into a label map, in place.

    Parameters
    ----------
    labels : (H, W) uint8
        The map; pixels whose centre lies inside the polygon, or within about half a pixel of its edge, become `value`.
    corners_xy : (N, 2) float
        In pixels, pixel centres at integers; may lie outside the map, within ±100 000 px.
    value : int
        In [0, 255].
    """
    fixed_point = np.rint(np.asarray(corners_xy, dtype=np.float64) * 2**FRACTION_BITS).astype(np.int32)
    cv2.fillPoly(labels, [fixed_point], value, cv2.LINE_8, FRACTION_BITS)
