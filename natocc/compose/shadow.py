"""Shadows on a face: the darkness where an occluder is close to it, and the shadow that it casts away from the light."""

from __future__ import annotations

import dataclasses
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


@dataclasses.dataclass(frozen=True, eq=False)
class Shade:
    """What an occluder takes of the light on a face, in parts: looked at again with another contact.

    Parameters
    ----------
    cast : (h, w) float32
        Share of the light that its shadow takes.
    close : (h, w) float32
        Share of the surroundings' light that it hides: 3/4 at a straight outline, more between fingers and on the side away from
        the light, less towards it.
    fading : (h, w) float32
        Share of both that is left towards the face's edge: what lies beyond may be far behind.
    contact : float
        From the plan.
    """

    cast: Float
    close: Float
    fading: Float
    contact: float

    def light_left(self, more: float = 0.0) -> Float:
        """(h, w) float32: share of the light that is left to the face, with `more` contact."""
        contact = min(self.contact + more, _MOST)
        dark = 1 - (1 - self.cast) * (1 - contact * self.close) if contact > 0 else self.cast
        return np.asarray(1 - dark * self.fading, dtype=np.float32)


def shade_of(overview: Overview, shadow: Shadow) -> Shade:
    """The parts of a planned shadow, where `overview` shows the occluder and the face around it."""
    cast = shadow.strength * _blurred(
        _moved(overview, shadow.x / overview.step, shadow.y / overview.step), shadow.blur / overview.step
    )
    reach, far = max(shadow.contact_blur, 1.0) / overview.step, math.hypot(shadow.x, shadow.y)
    aside = _ASIDE * reach / far if far > 0 else 0.0
    near = _blurred(_moved(overview, aside * shadow.x, aside * shadow.y), reach)
    inside = _blurred(overview.on_face, max(shadow.contact_blur, shadow.blur) / (2 * overview.step))
    fading = np.minimum(1, 2 * (inside - 0.5).clip(0, None) + 0.25)
    return Shade(cast, near * (2 - near), fading, shadow.contact)


def _moved(overview: Overview, x: float, y: float) -> Float:
    """Coverage, moved by px of the overview."""
    if x == 0 and y == 0:
        return overview.matte
    size = overview.matte.shape[::-1]
    moved = cv2.warpAffine(overview.matte, np.array([[1, 0, x], [0, 1, y]]), size, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, dtype=np.float32)


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
        See :meth:`Shade.light_left`.
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
