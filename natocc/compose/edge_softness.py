"""How soft an occluder's edge is, and how soft it should be."""

from __future__ import annotations

import math

import cv2
import numpy as np

from natocc.core.samples import Matte

_STEEPEST = 3.0  # times as steep: beyond that the matte's own steps become visible


def edge_softness(matte: Matte) -> float | None:
    """Standard deviation of the blur across a matte's edge, px; None without an edge.

    A step blurred by a Gaussian rises by 1 / (sigma sqrt(2 pi)) a pixel where it is half covered.

    Parameters
    ----------
    matte : (h, w) uint8
        Coverage, 0-255.
    """
    half = np.flatnonzero((matte > 0.35 * 255) & (matte < 0.65 * 255))
    if len(half) < 8:
        return None
    across, down = (cv2.Scharr(matte, cv2.CV_32F, *axis, scale=1 / (32 * 255)).ravel()[half] for axis in ((1, 0), (0, 1)))
    slope = float(np.median(cv2.magnitude(across, down)))
    return 1 / (max(slope, 0.02) * math.sqrt(2 * math.pi))


def soften(matte: Matte, softness: float) -> Matte:
    """A matte whose edge has the wanted softness: blurred, or made steeper about its half-covered line.

    Parameters
    ----------
    matte : (h, w) uint8
        Coverage, 0-255.
    softness : float
        Wanted standard deviation of the blur across its edge, px; below 0.5, which pixels cannot show, 0.5 is used.

    Returns
    -------
    softened : (h, w) uint8
        The same where it is that soft already, or has no soft edge.
    """
    measured, wanted = edge_softness(matte), max(softness, 0.5)
    current = 0.5 if measured is None else measured
    if current < wanted:
        return np.asarray(cv2.GaussianBlur(matte, (0, 0), max(math.sqrt(wanted**2 - current**2), 0.05)), dtype=np.uint8)
    steeper = min(current / wanted, _STEEPEST)
    levels = np.rint(((np.arange(256) - 127.5) * steeper + 127.5).clip(0, 255)).astype(np.uint8)
    return np.asarray(cv2.LUT(matte, levels), dtype=np.uint8)
