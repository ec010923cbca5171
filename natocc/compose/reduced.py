"""A reduced picture, each pixel a mean of those that it stands for."""

from __future__ import annotations

import cv2
import numpy as np

from natocc.core.samples import Image


def reduced(picture: Image, size: tuple[int, int]) -> Image:
    """A picture (H, W) or (H, W, 3), uint8, at a size of (width, height) px; not for class indices.

    It is halved as often as it can be, the rest is linear: a tenth of the time that means over other areas take. An odd last row
    or column is left out, which moves what is seen by less than half a pixel of the large picture.
    """
    while picture.shape[1] >= 2 * size[0] and picture.shape[0] >= 2 * size[1] and min(picture.shape[:2]) > 1:
        height, width = picture.shape[0] // 2, picture.shape[1] // 2
        picture = np.asarray(
            cv2.resize(picture[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA), np.uint8
        )
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR), np.uint8)
