"""The narrow dark line where a hand touches a face: hardly any light gets in between two rounded surfaces."""

from __future__ import annotations

import math

import cv2
import numpy as np

from natocc.compose.colour_spaces import GAMMA, Float
from natocc.compose.shadow import WARM
from natocc.compose.warp import Layer
from natocc.core.samples import Image, Mask

_WIDTH = 0.004  # face heights: standard deviation of the line, 0.8 mm
_SIDED = 1.2  # 0: as dark on the side towards the light as away from it
_OF_CONTACT = 1.3  # share of light missing in the line, as a multiple of what is missing around the hand
_MOST = 0.85  # share of light: closer to black, the line looks drawn
_ABOVE = 0.7  # of the light on a face: what comes from above besides
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
    matte = np.zeros(face_mask[box].shape, np.uint8)
    matte[inner] = layer.matte
    covered = np.asarray(cv2.GaussianBlur(matte, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE), dtype=np.uint8)
    # Most at the outline, where half is covered; the light shines into it from its own side; none where the face ends.
    x, y = towards_light[0], towards_light[1] - _ABOVE
    x, y = (sigma * part / max(math.hypot(x, y), 0.1) for part in (x, y))
    lit, unlit = (_moved(covered, sign * x, sign * y) for sign in (1, -1))
    near = cv2.multiply(cv2.LUT(covered, _LINE), cv2.addWeighted(unlit, _SIDED, lit, -_SIDED, 127.5), scale=1 / 255)
    on_face = cv2.LUT(
        cv2.GaussianBlur(face_mask[box] * np.uint8(255), (0, 0), 2 * sigma, borderType=cv2.BORDER_REPLICATE), _FADES
    )
    dark = np.asarray(cv2.multiply(near, on_face, scale=1 / 255), dtype=np.uint8)
    image[box] = _darkened(image[box], dark, _left(most, grey))
    return layer.with_foreground(_darkened(layer.foreground, dark[inner], _left(_ON_HAND * most, grey)))


def _left(most: float, grey: bool) -> Float:
    """(256, 3) float32: factors on sRGB values for each level of darkness."""
    light = 1 - most * np.arange(256)[:, None] / 255
    return np.asarray(light ** (np.array((1, 1, 1) if grey else WARM) / GAMMA), dtype=np.float32)


def _moved(plane: Image, x: float, y: float) -> Image:
    moved = cv2.warpAffine(plane, np.array([[1, 0, x], [0, 1, y]]), plane.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, dtype=np.uint8)


def _darkened(picture: Image, dark: Mask, light: Float) -> Image:
    """A copy with each pixel in the light that is left at its level of darkness."""
    line, darkened = np.nonzero(dark), picture.copy()
    if len(line[0]):
        darkened[line] = cv2.multiply(picture[line][None], light[dark[line]][None], dtype=cv2.CV_8U)[0]
    return darkened


_SHARES = np.arange(256) / 255
_LINE = np.rint(255 * 4 * _SHARES * (1 - _SHARES)).astype(np.uint8)
_FADES = np.rint(255 * (2 * _SHARES - 1).clip(0, 1)).astype(np.uint8)
