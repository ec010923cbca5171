"""A reduced picture, each pixel a mean of those that it stands for; and pixels of a picture, evenly spaced."""

from __future__ import annotations

import math

import cv2
import numpy as np

from natocc.core.samples import Image, Mask


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


def sampled(picture: Image, where: Mask, most: int, least: int = 1) -> Image:
    """(n, 3) pixels of (H, W, 3) where a mask is `least` or more: about `most` of them at most, evenly spaced.

    NumPy's own indexing takes four times as long.
    """
    step = 1 + math.isqrt(cv2.countNonZero(where) // most)
    if step > 1:
        size = (math.ceil(where.shape[1] / step), math.ceil(where.shape[0] / step))
        picture, where = (
            np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_NEAREST), np.uint8) for plane in (picture, where)
        )
    return picture.reshape(-1, 3).compress(where.reshape(-1) >= least, axis=0)
