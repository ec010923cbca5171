"""Optics: an occluder's sharpness and JPEG history brought to those of the face's picture; how often it is out of focus."""

from __future__ import annotations

import math

import cv2
import numpy as np
from pydantic import Field

from natocc.compose.gaussian import gaussian
from natocc.compose.lens import edge_blur
from natocc.core.samples import MATTE_THRESHOLD, Image, Matte
from natocc.io.images import MOST_PIXELS, decode_rgb, encode_jpeg
from natocc.plugins.options import Options
from natocc.plugins.ranges import QualityRange, UnitRange

_NOTICED = 1.1  # a smaller ratio of two blurs is not noticed
_MOST_SHARPENING = 0.6  # more becomes visible as halos
_REACH = 2.5  # of a blur, in its standard deviations
_REACH_OF_SHARPENING = 1.8  # what lies beyond adds less than a level
_BLOCK = 8  # px, of JPEG


class OpticsRule(Options):
    """The marks of lens, sensor and file in the face's picture, given to the occluder."""

    edge: bool = True
    """Whether the matte's edge is made as soft as the picture's own edges."""
    sharpness: UnitRange = (1.0, 1.0)
    """Strength with which the occluder's blur is brought to the picture's."""
    grain: UnitRange = (1.0, 1.0)
    """Strength with which the occluder's noise is brought to the picture's."""
    jpeg: QualityRange | None = None
    """Quality at which the occluder is compressed once, on the picture's own grid of blocks."""
    defocus: float = Field(0.0, ge=0, le=1)
    """Probability that an occluder, nearer than the face, is out of focus. Its edge widens; it is labelled where at least half
    of it is left."""
    defocus_radius: UnitRange = (0.002, 0.01)
    """Radius of the disc that a point out of focus becomes, in face widths."""
    motion: float = Field(0.0, ge=0, le=1)
    """Probability that an occluder moves while the shutter is open, in any direction."""
    motion_length: UnitRange = (0.005, 0.025)
    """How far it moves, in face widths."""


def match_sharpness(foreground: Image, matte: Matte, blur: float, strength: float) -> Image:
    """Bring an occluder's blur to a picture's: blur it again, or sharpen it (unsharp mask) as far as possible.

    Parameters
    ----------
    foreground : (h, w, 3) uint8
        sRGB.
    matte : (h, w) uint8
        Where its blur is measured.
    blur : float
        Blur of the picture, px; see :func:`natocc.compose.lens.edge_blur`.
    strength : float
        In [0, 1].

    Returns
    -------
    matched : (h, w, 3) uint8
        The input itself where the occluder has too few edges, or is as sharp already.
    """
    own = edge_blur(foreground, (matte >= MATTE_THRESHOLD).view(np.uint8)) if strength else None
    if own is None or 1 / _NOTICED <= own / blur <= _NOTICED:
        return foreground
    if own < blur:
        sigma = strength * math.sqrt(blur**2 - own**2)
        return gaussian(foreground, sigma, _REACH) if sigma > 0.1 else foreground
    amount = strength * min(own / blur - 1, _MOST_SHARPENING)
    smooth = gaussian(foreground, min(own, 2.0), _REACH_OF_SHARPENING)
    return np.asarray(cv2.addWeighted(foreground, 1 + amount, smooth, -amount, 0), dtype=np.uint8)


def once_compressed(foreground: Image, left: int, top: int, quality: int) -> Image:
    """An occluder after JPEG compression, on the block grid of the picture that it lies in.

    Parameters
    ----------
    foreground : (h, w, 3) uint8
        sRGB.
    left, top : int
        Of the occluder's box in the picture, px.
    quality : int
        JPEG quality, 1 to 100.
    """
    height, width = foreground.shape[:2]
    before = (top % _BLOCK, left % _BLOCK)
    padded = cv2.copyMakeBorder(foreground, before[0], 0, before[1], 0, cv2.BORDER_REPLICATE)
    decoded = decode_rgb(encode_jpeg(np.asarray(padded, dtype=np.uint8), quality), "occluder", MOST_PIXELS)
    return np.ascontiguousarray(decoded[before[0] : before[0] + height, before[1] : before[1] + width])
