"""An object in the light, the exposure and the tint of a picture."""

from __future__ import annotations

import math

import cv2
import numpy as np

from natocc.compose.appearance import Photo
from natocc.compose.colour_spaces import LINEAR, LUMA, chroma, from_lab, log_mean_luminance, to_lab, to_levels
from natocc.compose.tint import Tint
from natocc.core.samples import MATTE_THRESHOLD, Image, Matte

_MOST_SAMPLES = 3072
_EXPOSURE_SHARE = 0.5  # of the difference: a dark cup stays darker than a light one
_MOST_EXPOSURE = 0.5  # stops


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
        light of one colour), the object's lightness takes the colour that the picture has there. The object's mean luminance
        moves towards its exposure, by at most half a stop; in dim light it is darker by what the light is dimmer.
    strength : float
        In [0, 1]; 0 changes nothing.

    Returns
    -------
    shifted : (h, w, 3) uint8
    """
    step = 1 + math.isqrt(int(np.count_nonzero(matte)) // _MOST_SAMPLES)
    covered = foreground[::step, ::step][matte[::step, ::step] >= MATTE_THRESHOLD]
    if strength == 0 or not len(covered):
        return foreground
    tint = photo.tint
    stops = float(np.log2(photo.exposure / log_mean_luminance(covered)))
    stops = min(max(_EXPOSURE_SHARE * stops, -_MOST_EXPOSURE), _MOST_EXPOSURE)
    gains = np.exp(strength * tint.doubtful + tint.certain) * 2 ** (strength * stops + tint.stops)
    levels = to_levels(LINEAR[:, None] * gains)
    shifted = np.asarray(cv2.LUT(foreground, levels[None]), dtype=np.uint8)
    kept = min((photo.chroma / max(chroma(covered), 1e-3)) ** (strength / 2), 1.0)
    if kept < 1:
        luma = np.broadcast_to((1 - kept) * LUMA, (3, 3))
        shifted = np.asarray(cv2.transform(shifted, luma + kept * np.eye(3)), dtype=np.uint8)
    return shifted if tint.colour == 1 else _toned(shifted, tint)


def _toned(image: Image, tint: Tint) -> Image:
    """A picture brought onto the curve of tones, but for the share of its colours that is kept."""
    lab = to_lab(image)
    lab[..., 1:] = tint.colour * lab[..., 1:] + (1 - tint.colour) * tint.tones_at(np.ascontiguousarray(lab[..., 0]))
    return np.rint(from_lab(lab)).astype(np.uint8)
