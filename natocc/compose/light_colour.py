"""An object in the light, the exposure and the tint of a picture."""

from __future__ import annotations

import cv2
import numpy as np

from natocc.compose.appearance import Photo
from natocc.compose.colour_spaces import LINEAR, LUMA, LUMINANCE, chroma, from_lab, to_lab, to_levels
from natocc.compose.quantiles import quantile
from natocc.compose.reduced import sampled
from natocc.compose.tint import Tint
from natocc.core.samples import MATTE_THRESHOLD, Image, Matte

_MOST_SAMPLES = 2048
_BLACK, _BRIGHTEST = 0.01, 0.95  # linear light
_SHARE = 0.5  # of the difference in exposure and colourfulness: the rest is the object's own, for a dark cup is darker
_ABOVE_SKIN = 0.5  # stops: light paint, paper and highlights, the bright parts of things, return more light than skin
_DARKER, _LIGHTER = -0.5, 1.5  # stops, at most: skin may itself be dark, and dim light is told by the tint


def shift_to_light(foreground: Image, matte: Matte, photo: Photo, strength: float) -> Image:
    """Shift an object's white point, tones, exposure and colourfulness towards a picture's.

    Parameters
    ----------
    foreground : (h, w, 3) uint8
        sRGB, straight; taken to be white-balanced.
    matte : (h, w) uint8
        Coverage of the object.
    photo : Photo
        The colour of its light (:class:`natocc.compose.tint.Tint`) is applied to the object in linear light: by `strength` what
        may be an error of the estimate, fully what exceeds that. As far as the picture is of one tone (sepia, black and white, a
        light of one colour), the object's lightness takes the colour that the picture has there. Its bright parts come half the
        way to those of the face, lighter by at most 1.5 stops, darker by at most half a stop; in dim light it is darker by what
        the light is dimmer. Where it is more colourful than the picture, it becomes less so.
    strength : float
        In [0, 1]; 0 changes nothing. It is of the doubtful part of the light's colour alone.

    Returns
    -------
    shifted : (h, w, 3) uint8
    """
    if strength == 0:
        return foreground
    covered = sampled(foreground, matte, _MOST_SAMPLES, MATTE_THRESHOLD)
    if not len(covered):
        return foreground
    tint = photo.tint
    bright = min(quantile(LINEAR[covered] @ LUMINANCE[0], 0.9) + 0.01, _BRIGHTEST)
    stops = float(np.log2(photo.brightness / bright)) - tint.stops + _ABOVE_SKIN
    exposure = 2 ** min(max(_SHARE * stops, _DARKER), _LIGHTER)
    # What becomes lighter keeps its white, as on film: a highlight is not blown out; and its black, which is mostly noise.
    lighter = max(_steeper(bright, min(exposure * bright, _BRIGHTEST)) - 1, 0)
    exposed = LINEAR * (min(exposure, 1) + lighter * LINEAR / (LINEAR + _BLACK)) / (1 + lighter * LINEAR)
    gains = np.exp(strength * tint.doubtful + tint.certain) * 2**tint.stops
    levels = to_levels(exposed[:, None] * gains)
    shifted = np.asarray(cv2.LUT(foreground, levels[None]), dtype=np.uint8)
    kept = min((photo.chroma / max(chroma(to_lab(covered[None])[0]), 1e-3)) ** _SHARE, 1.0)
    if kept < 1:
        luma = np.broadcast_to((1 - kept) * LUMA, (3, 3))
        shifted = np.asarray(cv2.transform(shifted, luma + kept * np.eye(3)), dtype=np.uint8)
    return shifted if tint.colour == 1 else _toned(shifted, tint)


def _steeper(light: float, wanted: float) -> float:
    """Factor on dark light of the curve that brings `light` to `wanted` and keeps 0 and 1, where it is above 1."""
    return wanted * (1 - light) / (light * (1 - wanted))


def _toned(image: Image, tint: Tint) -> Image:
    """A picture brought onto the curve of tones, but for the share of its colours that is kept."""
    lab = to_lab(image)
    lab[..., 1:] = tint.colour * lab[..., 1:] + (1 - tint.colour) * tint.tones_at(np.ascontiguousarray(lab[..., 0]))
    return np.rint(from_lab(lab)).astype(np.uint8)
