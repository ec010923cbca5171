"""A change of lightness that is smooth but for the edges of what it is made on."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.float32]

_RADIUS = 8  # px
_EDGE = 8.0  # CIELAB: steps of lightness well above are followed, those well below are left as they are


def follow(lightness: Plane, change: Plane, weight: Plane) -> tuple[Plane, Plane]:
    """Express a change of lightness as a gain and an offset, both smooth [1]_.

    Parameters
    ----------
    lightness, change : (h, w) float32
        CIELAB L of each pixel, and what is to be added to it.
    weight : (h, w) float32
        How much each pixel counts, in [0, 1].

    Returns
    -------
    gain, offset : (h, w) float32
        ``gain * lightness + offset`` is the change: close to what is asked for across edges, smooth within them. They may be
        enlarged and applied to the lightness of a larger picture, which keeps its detail.

    References
    ----------
    .. [1] K. He, J. Sun, X. Tang, "Guided Image Filtering", TPAMI 35(6), 2013.
    """
    counted = weight + 1e-3
    planes = [lightness, change, lightness * lightness, lightness * change]
    light, wanted, squared, crossed = _means(planes, counted)
    gain = ((crossed - light * wanted) / (np.maximum(squared - light * light, 0) + _EDGE**2)).astype(np.float32)
    gain, offset = _means([gain, wanted - gain * light], counted)
    return gain, offset


def _means(planes: list[Plane], weight: Plane) -> list[Plane]:
    """Weighted mean of each plane around each pixel."""
    side = (2 * _RADIUS + 1, 2 * _RADIUS + 1)
    summed = cv2.blur(np.dstack([*(plane * weight for plane in planes), weight]), side, borderType=cv2.BORDER_REFLECT)
    return [np.asarray(summed[..., index] / summed[..., -1], dtype=np.float32) for index in range(len(planes))]
