"""Shadows on a face: the darkness where an occluder is close to it, and the shadow that it casts away from the light."""

from __future__ import annotations

import math

import cv2
import numpy as np

from natocc.compose.colour_spaces import GAMMA, Float
from natocc.compose.overview import Overview
from natocc.compose.warp import window
from natocc.core.plans import Shadow
from natocc.core.samples import Image, Mask

WARM = (0.78, 1.08, 1.25)
"""Powers of the light that is left, for R, G and B: light that has gone through skin is red, and fills shadows on it [1]_.

On photographs skin that a hand shades is more colourful than the skin around it: a* by 2.5, b* by 2.1 where L* is 15 less.

.. [1] H. W. Jensen et al., "A Practical Model for Subsurface Light Transport", SIGGRAPH 2001.
"""


OUTLINE = 0.75
"""Of what is taken away between fingers: the share that is missing beside a straight outline."""

_ASIDE = 0.15  # of how far it reaches: by so much the darkness around what is close lies away from the light
_MOST = 0.9  # share of light: closer to black, shadows look drawn


def room_for(shadow: Shadow) -> int:
    """How far from its occluder a shadow may fall, px."""
    return math.ceil(max(abs(shadow.x) + abs(shadow.y) + 3 * shadow.blur, 3 * shadow.contact_blur))


def light_left(overview: Overview, shadow: Shadow, more: float = 0.0) -> Float:
    """(h, w) float32: share of the light that an occluder leaves to the face.

    Parameters
    ----------
    overview : Overview
        The occluder and the face around it.
    shadow : Shadow
        From the plan.
    more : float
        Added to its `contact`.
    """
    moved = np.array([[1, 0, shadow.x / overview.step], [0, 1, shadow.y / overview.step]], dtype=np.float64)
    size = overview.matte.shape[::-1]
    cast = np.asarray(cv2.warpAffine(overview.matte, moved, size, borderMode=cv2.BORDER_REPLICATE), dtype=np.float32)
    dark = shadow.strength * _blurred(cast, shadow.blur / overview.step)
    contact = min(shadow.contact + more, _MOST)
    if contact > 0:
        dark = 1 - (1 - dark) * (1 - contact * closeness(overview, shadow))
    # It fades out towards the face's edge: what lies beyond may be far behind.
    fading = _blurred(overview.on_face, max(shadow.contact_blur, shadow.blur) / (2 * overview.step))
    return np.asarray(1 - dark * np.minimum(1, 2 * (fading - 0.5).clip(0, None) + 0.25), dtype=np.float32)


def closeness(overview: Overview, shadow: Shadow) -> Float:
    """(h, w) float32: share of the surroundings' light that the occluder hides from the face.

    3/4 at a straight outline, more between fingers and on the side away from the light, less towards it.
    """
    reach, far = max(shadow.contact_blur, 1.0) / overview.step, math.hypot(shadow.x, shadow.y)
    near = overview.matte
    if far > 0:
        x, y = (_ASIDE * reach * part / far for part in (shadow.x, shadow.y))
        size = near.shape[::-1]
        moved = cv2.warpAffine(near, np.array([[1, 0, x], [0, 1, y]]), size, borderMode=cv2.BORDER_REPLICATE)
        near = np.asarray(moved, dtype=np.float32)
    near = _blurred(near, reach)
    return np.asarray(near * (2 - near), dtype=np.float32)


def cast_shadow(image: Image, face_mask: Mask, overview: Overview, light: Float, grey: bool = False) -> None:
    """Darken the face around an occluder, in place.

    Parameters
    ----------
    image : (H, W, 3) uint8
        Darkened where the shadow lies on the face.
    face_mask : (H, W) uint8
        1 where a shadow may fall.
    overview : Overview
        Where `light` lies.
    light : (h, w) float32
        See :func:`light_left`.
    grey : bool
        Whether the picture is black and white; else shadows are a little redder than what they fall on.
    """
    powers = (1.0, 1.0, 1.0) if grey else WARM
    # Levels of shares are fine enough: what they leave out is less than a level of the picture.
    levels = cv2.convertScaleAbs(cv2.merge([cv2.pow(light, power / GAMMA) for power in powers]), alpha=255)
    left, top, width, height = overview.box
    full = cv2.resize(levels, (width, height), interpolation=cv2.INTER_LINEAR)
    box = window(left, top, (width, height))
    dark = cv2.multiply(image[box], full, scale=1 / 255)
    cv2.copyTo(dark, face_mask[box], image[box])


def _blurred(plane: Float, sigma: float) -> Float:
    if sigma < 0.3:
        return plane
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE), dtype=np.float32)
