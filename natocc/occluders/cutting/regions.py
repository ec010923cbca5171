"""Sums over the neighbourhood of a mask's outline: what quality and trimming have in common."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from natocc.core.samples import Mask

_Plane = npt.NDArray[np.float32]


def depth(shape: Mask) -> _Plane:
    """(H, W) distance to the nearest 0, px."""
    return np.asarray(cv2.distanceTransform(shape, cv2.DIST_L2, cv2.DIST_MASK_5), dtype=np.float32)


def disc(radius: float) -> Mask:
    size = 2 * max(1, round(radius)) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), dtype=np.uint8)


def local_mean(lab: _Plane, where: npt.NDArray[np.bool_], radius: int) -> _Plane:
    """Mean colour of the pixels `where` within `radius` of each; 0 where there is none."""
    weight = where.astype(np.float32)
    window = (2 * radius + 1, 2 * radius + 1)
    total = np.maximum(cv2.boxFilter(weight, -1, window), 1e-4)
    sums = cv2.boxFilter(lab * cv2.merge([weight, weight, weight]), -1, window)
    return np.asarray(sums / cv2.merge([total, total, total]), dtype=np.float32)


def distance(first: _Plane, second: _Plane) -> _Plane:
    """(H, W) distance of colours."""
    difference = first - second
    return np.asarray(np.sqrt(dot(difference, difference)), dtype=np.float32)


def dot(first: _Plane, second: _Plane) -> _Plane:
    """(H, W) sum of the products of two colours' channels."""
    return np.asarray(cv2.transform(first * second, np.ones((1, 3), np.float32)), dtype=np.float32)
