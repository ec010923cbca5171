"""Where a hand's fingers point, from its mask alone."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from natocc.core.samples import Mask

_ENDS = 0.18  # share of the hand's length that counts as an end
_WRIST = 0.3  # breadth of a wrist over the root of the hand's area, at least
_CLEARLY = 1.3  # ratio below which the two ends, or the two axes, are not told apart
_UPRIGHT = 0.85  # height of the axis from which a hand is taken to stand: closed ones ("O", "C") are broader at their fingers
_UP = (0.0, -1.0)


def finger_direction(mask: Mask) -> tuple[float, float]:
    """Unit vector from the wrist to the fingers.

    Parameters
    ----------
    mask : (H, W) uint8
        1 on the hand, not empty.

    Returns
    -------
    x, y : float
        In pixels of the mask. Where the frame cuts the hand, away from the cut; else along the hand's longer axis, away from the
        end that is the wrist, which covers more than finger tips do. Where neither is clear, as for a fist, and where that axis
        is upright: up, as hands are mostly photographed.
    """
    rows, columns = np.nonzero(mask)
    points = np.stack([columns, rows], axis=1).astype(np.float64)
    centre = points.mean(axis=0)
    cut = _border_points(mask)
    if len(cut):
        return _unit(centre - cut.mean(axis=0))
    _, spread, axes = np.linalg.svd(points[:: 1 + len(points) // 5000] - centre, full_matrices=False)
    along = (points - centre) @ axes[0]
    reach = _ENDS * float(np.ptp(along))
    high, low = np.count_nonzero(along > along.max() - reach), np.count_nonzero(along < along.min() + reach)
    if spread[0] < _CLEARLY * spread[1]:
        return _UP
    if max(high, low) < _CLEARLY * min(high, low) or abs(axes[0][1]) > _UPRIGHT:
        return _unit(axes[0] if axes[0][1] < 0 else -axes[0])
    return _unit(axes[0] if high < low else -axes[0])


def _unit(direction: npt.NDArray[np.float64]) -> tuple[float, float]:
    length = float(np.hypot(*direction))
    return (round(float(direction[0]) / length, 4), round(float(direction[1]) / length, 4)) if length > 0 else _UP


def _border_points(mask: Mask) -> npt.NDArray[np.float64]:
    """(n, 2) x, y of the longest stretch of the mask along the border of its picture; empty unless it is as broad as a wrist."""
    frame = np.ones_like(mask)
    frame[2:-2, 2:-2] = 0
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(mask * frame, connectivity=8)
    if count < 2:
        return np.empty((0, 2))
    longest = 1 + int(statistics[1:, cv2.CC_STAT_AREA].argmax())
    rows, columns = np.nonzero(labels == longest)
    if max(np.ptp(rows), np.ptp(columns)) < _WRIST * np.sqrt(np.count_nonzero(mask)):
        return np.empty((0, 2))  # finger tips reach the border too
    return np.stack([columns, rows], axis=1).astype(np.float64)
