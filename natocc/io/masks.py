"""Label maps brought to the size of their picture, and classes of them to a mask."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from natocc.core.errors import BadDataError, Reason
from natocc.core.samples import Mask

_FEW = 5
ASPECT_TOLERANCE = 0.01
"""How far the aspects of picture and mask may differ: the mask of an odd-sized picture was rounded when it was reduced."""
MOST_ENLARGED = 8
"""A mask more than so many times smaller than its picture is a thumbnail or damage, and no label of a pixel."""


def fit_labels(labels: Mask, shape: tuple[int, int], name: str, reduced: tuple[int, int] | None = None) -> Mask:
    """A mask or label map in the size of its picture.

    Parameters
    ----------
    labels : (h, w) uint8
        Any values.
    shape : (int, int)
        Height and width of the picture.
    name : str
        For the message.
    reduced : (int, int), optional
        Height and width that the picture was decoded to, where that is less.

    Returns
    -------
    fitted : (H, W) uint8
        Nearest neighbour; `labels` itself if it has the shape already.

    Raises
    ------
    BadDataError
        ``size-mismatch`` if the aspects differ by more than 1 %, or the mask is more than 8 times smaller than the picture.
    """
    if labels.shape == shape == (reduced or shape):
        return labels
    height, width = shape
    aspect = labels.shape[1] * height / (labels.shape[0] * width)
    if abs(aspect - 1) > ASPECT_TOLERANCE or height > MOST_ENLARGED * labels.shape[0]:
        size = f"{labels.shape[1]} x {labels.shape[0]}"
        raise BadDataError(Reason.SIZE_MISMATCH, f"{name} is {size} beside a picture of {width} x {height}")
    height, width = reduced or shape
    # EXACT: pixel centres at halves, so that a mask of half the size is doubled without a shift.
    return np.asarray(cv2.resize(labels, (width, height), interpolation=cv2.INTER_NEAREST_EXACT), dtype=np.uint8)


def mask_of(labels: Mask, values: Sequence[int]) -> Mask:
    """1 where a label map has one of `values`, 0 elsewhere.

    Examples
    --------
    >>> mask_of(np.array([[0, 3], [7, 3]], np.uint8), [3, 9]).tolist()
    [[0, 1], [0, 1]]
    """
    if 0 < len(values) <= _FEW:  # each of a few comparisons takes a tenth of the time of looking up
        mask: Mask = np.equal(labels, values[0]).view(np.uint8)
        for value in values[1:]:
            mask |= labels == value
        return mask
    table = np.zeros(256, np.uint8)
    table[list(values)] = 1
    return np.asarray(cv2.LUT(labels, table), dtype=np.uint8)  # NumPy's isin takes three times as long
