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
    return np.asarray(cv2.boxFilter(lab * weight[..., None], -1, window) / total[..., None], dtype=np.float32)


def distance(first: _Plane, second: _Plane) -> _Plane:
    """(H, W) distance of colours."""
    difference = first - second
    return np.asarray(np.sqrt(np.einsum("ijk,ijk->ij", difference, difference)), dtype=np.float32)
