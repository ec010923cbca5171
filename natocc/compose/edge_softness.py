"""How soft an occluder's edge is, and how soft it should be."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from natocc.compose.gaussian import gaussian
from natocc.compose.quantiles import quantile
from natocc.core.samples import Matte

_MOST_SAMPLES, _MOST_ROWS = 2048, 256
_REACH = 3.0  # of a blur, in its standard deviations
_STEEPEST = 3.0  # times as steep: beyond that the matte's own steps become visible


def edge_softness(matte: Matte) -> float | None:
    """Standard deviation of the blur across a matte's edge, px; None without an edge.

    A step blurred by a Gaussian rises by 1 / (sigma sqrt(2 pi)) a pixel where it is half covered.

    Parameters
    ----------
    matte : (h, w) uint8
        Coverage, 0-255.
    """
    step = 1 + len(matte) // _MOST_ROWS
    half = np.flatnonzero(cv2.inRange(matte[::step], 90, 165) > 0)
    rows, columns = np.divmod(half[:: 1 + len(half) // _MOST_SAMPLES], matte.shape[1])
    rows *= step
    inside = (rows > 0) & (rows < matte.shape[0] - 1) & (columns > 0) & (columns < matte.shape[1] - 1)
    rows, columns = rows[inside], columns[inside]
    if len(rows) < 8:
        return None

    def near(down: int, right: int) -> npt.NDArray[np.int32]:
        return np.asarray(matte[rows + down, columns + right], dtype=np.int32)

    # Scharr's gradient, of these pixels alone.
    falling, rising = near(1, 1) - near(-1, -1), near(-1, 1) - near(1, -1)
    across = 10 * (near(0, 1) - near(0, -1)) + 3 * (rising + falling)
    down = 10 * (near(1, 0) - near(-1, 0)) + 3 * (falling - rising)
    slope = quantile(np.hypot(across, down), 0.5) / (32 * 255)
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
        return gaussian(matte, max(math.sqrt(wanted**2 - current**2), 0.05), _REACH)
    steeper = min(current / wanted, _STEEPEST)
    levels = np.rint(((np.arange(256) - 127.5) * steeper + 127.5).clip(0, 255)).astype(np.uint8)
    return np.asarray(cv2.LUT(matte, levels), dtype=np.uint8)
