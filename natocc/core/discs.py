"""Masks made larger all around, in a time that does not grow with how much."""

from __future__ import annotations

import cv2
import numpy as np

from natocc.core.samples import Mask


def grown(mask: Mask, radius: float) -> Mask:
    """A mask and all that lies within `radius` px of it.

    Parameters
    ----------
    mask : (H, W) uint8
        0 and 1.
    radius : float
        From pixel centre to pixel centre.

    Returns
    -------
    grown : (H, W) uint8
        0 and 1. As dilated by a disc; by distances, since a disc of 20 px alone reads a thousand pixels for each.

    Examples
    --------
    >>> grown(np.array([[0, 0, 0, 1, 0]], np.uint8), 2).tolist()
    [[0, 1, 1, 1, 1]]
    """
    left, top, width, height = cv2.boundingRect(mask)
    out = np.zeros_like(mask)
    if not width:
        return out
    room = int(radius) + 1
    box = slice(max(top - room, 0), top + height + room), slice(max(left - room, 0), left + width + room)
    away = cv2.distanceTransform(1 - mask[box], cv2.DIST_L2, cv2.DIST_MASK_5)
    out[box] = away <= radius + 1e-3
    return out
