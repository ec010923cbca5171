"""Where a hand's fingers point, from its mask alone."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from natocc.samples import Mask

_ENDS = 0.18  # share of the hand's length that counts as an end


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
        end that is the wrist: cut straight, so that the outline there lies across the axis and fills its width.
    """
    rows, columns = np.nonzero(mask)
    points = np.stack([columns, rows], axis=1).astype(np.float64)
    centre = points.mean(axis=0)
    cut = _border_points(mask)
    if len(cut):
        direction = centre - cut.mean(axis=0)
    else:
        _, _, axes = np.linalg.svd(points[:: 1 + len(points) // 5000] - centre, full_matrices=False)
        along, across = (points - centre) @ axes[0], (points - centre) @ axes[1]
        direction = axes[0] if _bluntness(along, across) < _bluntness(-along, across) else -axes[0]
    length = float(np.hypot(*direction))
    return (round(float(direction[0]) / length, 4), round(float(direction[1]) / length, 4)) if length > 0 else (0.0, -1.0)


def _bluntness(along: npt.NDArray[np.float64], across: npt.NDArray[np.float64]) -> float:
    """How much of its own box the end at large `along` fills: a cut wrist nearly all, fingers less."""
    low, high = along.min(), along.max()
    end = across[along > high - _ENDS * (high - low)]
    return len(end) / (max(float(np.ptp(end)), 1.0) * _ENDS * (high - low))


def _border_points(mask: Mask) -> npt.NDArray[np.float64]:
    """(n, 2) x, y of the mask's pixels on the border of its picture; empty where hardly any are."""
    frame = np.ones_like(mask)
    frame[2:-2, 2:-2] = 0
    outline = cv2.findNonZero(mask * frame)
    if outline is None or len(outline) < 0.05 * np.sqrt(np.count_nonzero(mask)):
        return np.empty((0, 2))
    return np.asarray(outline, dtype=np.float64).reshape(-1, 2)
