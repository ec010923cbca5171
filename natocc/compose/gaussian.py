"""A Gaussian blur whose kernel is no wider than its use needs: OpenCV's own is wider, and takes longer."""

from __future__ import annotations

import math
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

_Levels = TypeVar("_Levels", np.uint8, np.float32)


def gaussian(picture: npt.NDArray[_Levels], sigma: float, reach: float, border: int = cv2.BORDER_DEFAULT) -> npt.NDArray[_Levels]:
    """A picture (H, W) or (H, W, 3), blurred.

    Parameters
    ----------
    picture : (H, W) or (H, W, 3) uint8 or float32
    sigma : float
        Standard deviation, px, above 0.
    reach : float
        Where the kernel ends, in standard deviations.
    border : int
        What lies beyond the picture, one of OpenCV's ``BORDER_``.
    """
    side = 2 * math.ceil(reach * sigma) + 1
    return np.asarray(cv2.GaussianBlur(picture, (side, side), sigma, borderType=border), dtype=picture.dtype)
