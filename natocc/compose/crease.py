"""The narrow dark line where a hand touches a face: hardly any light gets in between two rounded surfaces."""

from __future__ import annotations

import math

import cv2
import numpy as np

from natocc.compose.colour_spaces import GAMMA, Float
from natocc.compose.gaussian import gaussian
from natocc.compose.reduced import reduced
from natocc.compose.shadow import WARM
from natocc.compose.warp import Layer
from natocc.core.samples import Image, Mask, Matte

_WIDTH = 0.004  # face heights: standard deviation of the line, 0.8 mm
_SIDED = 1.2  # 0: as dark on the side towards the light as away from it
_OF_CONTACT = 1.3  # share of light missing in the line, as a multiple of what is missing around the hand
_MOST = 0.85  # share of light: closer to black, the line looks drawn
_ABOVE = 0.7  # of the light on a face: what comes from above besides
_REACH = 2.5  # of a blur, in its standard deviations
_SOFT = 1.4  # px: what is blurred by twice that is blurred on a smaller picture
_ON_HAND = 0.6  # share of the darkness that the hand's side has: it is lit from the front


def crease(
    image: Image,
    layer: Layer,
    face_mask: Mask,
    contact: float,
    face_height: float,
    towards_light: tuple[float, float],
    grey: bool,
) -> Layer:
    """Darken a face and a hand where they touch, the face in place.

    Photographs of hands before faces are 4 L* darker (10-90 %: 0 to 11) within some pixels of the outline than on both of its
    sides (``make bench-natural``).

    Parameters
    ----------
    image : (H, W, 3) uint8
        The face's picture.
    layer : Layer
        The hand.
    face_mask : (H, W) uint8
        1 on the face.
    contact : float
        Share of the light that is missing around the hand, in [0, 1].
    face_height : float
        Longer side of the face, px: gives the line's width.
    towards_light : (float, float)
        Unit vector.
    grey : bool
        Whether the picture is black and white; else the line is a little redder.

    Returns
    -------
    layer : Layer
        The hand in its new colours.
    """
    most, sigma = min(_OF_CONTACT * contact, _MOST), max(_WIDTH * face_height, 0.5)
    if most <= 0:
        return layer
    box, inner = layer.around(math.ceil(4 * sigma), face_mask.shape)
    matte: Matte = np.zeros(face_mask[box].shape, np.uint8)
    matte[inner] = layer.matte
    step, (height, width) = _step(sigma), matte.shape
    covered = _soft(matte, sigma, step)
    faces, sigma = reduced(face_mask[box] * np.uint8(255), covered.shape[::-1]), sigma / step
    # Most at the outline, where half is covered; the light shines into it from its own side; none where the face ends.
    x, y = towards_light[0], towards_light[1] - _ABOVE
    x, y = (sigma * part / max(math.hypot(x, y), 0.1) for part in (x, y))
    # The light comes from (x, y): less is covered there than where it goes.
    away = cv2.filter2D(covered, cv2.CV_8U, _SIDED * (_at(x, y) - _at(-x, -y)), delta=127.5, borderType=cv2.BORDER_REPLICATE)
    near = cv2.multiply(cv2.LUT(covered, _LINE), away, scale=1 / 255)
    inside = cv2.LUT(_blurred(faces, 2 * sigma), _FADES)
    dark = np.asarray(cv2.multiply(near, inside, scale=1 / 255), dtype=np.uint8)
    on_face, on_hand = (cv2.resize(_left(dark, share, grey), (width, height)) for share in (most, _ON_HAND * most))
    image[box] = cv2.multiply(image[box], on_face, scale=1 / 255)
    return layer.with_foreground(np.asarray(cv2.multiply(layer.foreground, on_hand[inner], scale=1 / 255), dtype=np.uint8))


def _left(dark: Matte, most: float, grey: bool) -> Image:
    """(h, w, 3) uint8: factors on sRGB values, in levels, at each level of darkness."""
    light = 1 - most * np.arange(256) / 255
    curves = (np.rint(255 * light ** (power / GAMMA)).astype(np.uint8) for power in ((1, 1, 1) if grey else WARM))
    return np.asarray(cv2.merge([cv2.LUT(dark, curve) for curve in curves]), dtype=np.uint8)


def _step(sigma: float) -> int:
    """How much smaller a picture is on which what stays soft is worked out."""
    return 1 << max(0, int(math.log2(sigma / _SOFT)))


def _soft(plane: Matte, sigma: float, step: int) -> Matte:
    """A Gaussian blur, on a smaller picture: reducing it and enlarging it blur by half a pixel of that."""
    height, width = plane.shape
    left = sigma if step == 1 else math.sqrt((sigma / step) ** 2 - 0.25)
    return gaussian(reduced(plane, (max(width // step, 1), max(height // step, 1))), left, _REACH, cv2.BORDER_REPLICATE)


def _blurred(plane: Matte, sigma: float) -> Matte:
    """A Gaussian blur, by way of a smaller picture where it is wide."""
    soft = _soft(plane, sigma, _step(sigma))
    return np.asarray(cv2.resize(soft, plane.shape[::-1], interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def _at(x: float, y: float) -> Float:
    """Kernel that looks x px to the right and y px down, between pixels bilinearly."""
    reach = math.ceil(max(abs(x), abs(y)))
    places = np.arange(-reach, reach + 1)
    down, right = ((1 - np.abs(places - part)).clip(0, None) for part in (y, x))
    return np.outer(down, right).astype(np.float32)


_SHARES = np.arange(256) / 255
_LINE = np.rint(255 * 4 * _SHARES * (1 - _SHARES)).astype(np.uint8)
_FADES = np.rint(255 * (2 * _SHARES - 1).clip(0, 1)).astype(np.uint8)
