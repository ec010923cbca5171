"""Face masks estimated from landmarks."""

from __future__ import annotations

import numpy as np

from natocc.faces.polygons import fill_polygon
from natocc.samples import Mask, Points

FOREHEAD = 0.72
"""Height of the forehead above the eyes' line, over the distance from that line to the chin."""


def face_region(landmarks_xy: Points, shape: tuple[int, int]) -> Mask:
    """Face mask that follows the jaw, and a half ellipse over the forehead.

    Parameters
    ----------
    landmarks_xy : (68, 2) float32
        In pixels.
    shape : (int, int)
        Height and width of the picture.

    Returns
    -------
    mask : (H, W) uint8
        1 on the face without ears, 0 elsewhere; empty if the face lies outside the picture.

    Raises
    ------
    ValueError
        If there are not 68 points.
    """
    points = np.asarray(landmarks_xy, dtype=np.float64)
    if points.shape != (68, 2):
        raise ValueError(f"landmarks_xy must be (68, 2), got {points.shape}")
    jaw = points[:17]
    middle, across = (jaw[0] + jaw[16]) / 2, (jaw[16] - jaw[0]) / 2
    up = -(jaw[8] - middle) * FOREHEAD
    angles = np.linspace(0, np.pi, 33)[1:-1, None]
    forehead = middle + np.cos(angles) * across + np.sin(angles) * up
    mask = np.zeros(shape, np.uint8)
    fill_polygon(mask, np.concatenate([jaw, forehead]).clip(-50_000, 50_000), 1)
    return mask
