"""A face's picture, reduced: its light and its colours are measured on that, each in a tenth of the time."""

from __future__ import annotations

import dataclasses
import functools

import cv2
import numpy as np

from natocc.compose.colour_spaces import LINEAR, LUMINANCE, Float, to_lab
from natocc.compose.reduced import reduced
from natocc.core.samples import Image, Mask

_SIDE = 128
_LARGE = 8 * _SIDE
_STEP = 4


@dataclasses.dataclass(frozen=True, eq=False)
class SmallFace:
    """A picture of 128 x 128 px, whatever the proportions of the large one.

    Parameters
    ----------
    image : (128, 128, 3) uint8
        sRGB.
    skin, face : (128, 128) uint8
        1 on skin, 1 on the face.
    scale : (float, float)
        Px of the large picture, across and down, to one of this.
    """

    image: Image
    skin: Mask
    face: Mask
    scale: tuple[float, float]

    @functools.cached_property
    def light(self) -> Float:
        """(128, 128, 3) linear light in [0, 1]."""
        return np.asarray(cv2.LUT(self.image, LINEAR), np.float32)

    @functools.cached_property
    def luminance(self) -> Float:
        """(128, 128) of that."""
        return np.asarray(cv2.transform(self.light, LUMINANCE), np.float32)

    @functools.cached_property
    def few(self) -> tuple[Float, Mask]:
        """CIELAB (32, 32, 3) of every fourth pixel of every fourth row, and 1 where those are on the face."""
        return to_lab(self.image[::_STEP, ::_STEP]), self.face[::_STEP, ::_STEP]


def small_face(image: Image, skin_mask: Mask, face_mask: Mask) -> SmallFace:
    """Reduce a face's picture.

    Parameters
    ----------
    image : (H, W, 3) uint8
        sRGB.
    skin_mask, face_mask : (H, W) uint8
        1 on skin, 1 on the face.
    """
    size = (_SIDE, _SIDE)
    height, width = face_mask.shape
    if min(height, width) >= _LARGE:  # half as long as halving it twice
        image = np.asarray(cv2.resize(image, (width // 4, height // 4), interpolation=cv2.INTER_LINEAR), np.uint8)
    skin, face = (
        np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST), np.uint8) for mask in (skin_mask, face_mask)
    )
    return SmallFace(reduced(image, size), skin, face, (width / _SIDE, height / _SIDE))
