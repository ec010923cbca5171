"""A change of colours, smooth but for the edges of what it is made on: learnt on a small picture, applied to a large one.

A change is (h, w, 4) float32: a gain on luma, which is added to all three channels, and an offset to each of R, G and B.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from natocc.compose.spaces import LUMA, Float
from natocc.samples import Image

Plane = npt.NDArray[np.float32]

_RADIUS = 4  # px
_EDGE = 20.0  # levels: steps of luma well above are followed, those well below are left as they are
_SMOOTH_HUE = 0.7  # px
_LUMA = LUMA.astype(np.float32)


def learn_change(colours: Float, wanted: Float, weight: Plane) -> Float:
    """The change that brings colours close to those wanted: across edges of luma, and smooth within them [1]_.

    Parameters
    ----------
    colours, wanted : (h, w, 3) float32
        sRGB, 0-255.
    weight : (h, w) float32
        How much each pixel counts, in [0, 1].

    Returns
    -------
    change : (h, w, 4) float32

    References
    ----------
    .. [1] K. He, J. Sun, X. Tang, "Guided Image Filtering", TPAMI 35(6), 2013.
    """
    counted = weight + 1e-3
    more = wanted - colours
    luma, brighter = _luma(colours), _luma(more)
    light, lighter, squared, crossed = _means([luma, brighter, luma * luma, luma * brighter], counted)
    gain = np.asarray((crossed - light * lighter) / (np.maximum(squared - light * light, 0) + _EDGE**2), np.float32)
    gain, offset = _means([gain, lighter - gain * light], counted)
    tinted = cv2.GaussianBlur((more - brighter[..., None]) * counted[..., None], (0, 0), _SMOOTH_HUE).reshape(more.shape)
    hue = tinted / cv2.GaussianBlur(counted, (0, 0), _SMOOTH_HUE)[..., None]
    return np.asarray(np.dstack([gain, hue + offset[..., None]]), dtype=np.float32)


def change_colours(colours: Float, change: Float) -> Float:
    """Colours (..., 3), sRGB 0-255, after a change (..., 4); not clipped."""
    return colours + change[..., :1] * _luma(colours)[..., None] + change[..., 1:]


def join_changes(first: Float, second: Float) -> Float:
    """One change that does what two do one after the other."""
    gain, offset = second[..., :1], second[..., 1:]
    return np.concatenate(
        [
            first[..., :1] + gain * (1 + first[..., :1]),
            first[..., 1:] + gain * _luma(first[..., 1:])[..., None] + offset,
        ],
        axis=-1,
    )


def change_image(image: Image, change: Float) -> Image:
    """A picture (H, W, 3) after a change that was learnt on a smaller one, (h, w, 4); clipped and rounded."""
    size = (image.shape[1], image.shape[0])
    gain = cv2.resize(np.ascontiguousarray(change[..., 0]), size, interpolation=cv2.INTER_LINEAR)
    offset = cv2.resize(np.ascontiguousarray(change[..., 1:]), size, interpolation=cv2.INTER_LINEAR)
    brighter = cv2.multiply(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), gain, dtype=cv2.CV_32F)
    return np.asarray(cv2.add(image, cv2.add(offset, cv2.merge([brighter] * 3)), dtype=cv2.CV_8U), dtype=np.uint8)


def _luma(colours: Float) -> Plane:
    return np.asarray(colours @ _LUMA, dtype=np.float32)


def _means(planes: list[Plane], weight: Plane) -> list[Plane]:
    """Weighted mean of each plane around each pixel."""
    side = (2 * _RADIUS + 1, 2 * _RADIUS + 1)
    summed = cv2.blur(np.dstack([*(plane * weight for plane in planes), weight]), side, borderType=cv2.BORDER_REFLECT)
    return [np.asarray(summed[..., index] / summed[..., -1], dtype=np.float32) for index in range(len(planes))]
