"""Grain: an occluder's noise brought to that of the face's picture."""

from __future__ import annotations

import functools
import math

import cv2
import numpy as np
import numpy.typing as npt

from natocc.compose.lens import noise_level, noise_response
from natocc.core import seeds
from natocc.core.samples import MATTE_THRESHOLD, Image, Matte

_NOTICED = 1.1  # a smaller ratio of two noise levels is not noticed
_LEAST = 0.1  # levels: less is lost by rounding
_CORE = 3.0  # standard deviations of the noise: what differs more from its surroundings is detail
_SIDE = 512  # px of the template
_COARSENESS = (0.4, 1.2, 0.2)  # px: least, most and step of the blur of added grain
_TO_RGB = np.array([[1, 1.403, 0], [1, -0.714, -0.344], [1, 0, 1.773]])  # from Y, Cr, Cb


def match_grain(
    foreground: Image, matte: Matte, noise: npt.NDArray[np.float32], blur: float, strength: float, seed: int
) -> Image:
    """Bring an occluder's noise to a picture's: add the missing noise, as coarse as the picture is blurred, or smooth it.

    Parameters
    ----------
    foreground : (h, w, 3) uint8
        sRGB.
    matte : (h, w) uint8
        Where its own noise is measured.
    noise : (3,) float32
        Noise of the picture; see :func:`natocc.compose.lens.noise_level`.
    blur : float
        Blur of the picture, px.
    strength : float
        In [0, 1].
    seed : int
        Seed of the added noise.

    Returns
    -------
    matched : (h, w, 3) uint8
    """
    own = noise_level(foreground, (matte >= MATTE_THRESHOLD).view(np.uint8)) if strength else None
    if own is None:
        return foreground
    if own[0] > noise[0] * _NOTICED + 0.1:
        keep = strength * (1 - float(noise[0] / own[0]))
        foreground = _smoothed(foreground, max(blur, 0.8), float(own[0]), keep)
    missing = np.sqrt(np.maximum(noise**2 - own**2, 0)) * strength
    if missing.max() < _LEAST:
        return foreground
    least, most, step = _COARSENESS
    steps = round((min(max(0.5 * blur, least), most) - least) / step)
    return _added(foreground, _template(steps), _TO_RGB * missing, seed)


def _smoothed(foreground: Image, blur: float, noise: float, share: float) -> Image:
    """Coring: reduce by a share what differs from its surroundings by no more than noise does."""
    side = 2 * round(math.sqrt(3 * blur * blur + 0.25) - 0.5) + 1  # of a box that blurs as much as a Gaussian
    detail = cv2.addWeighted(foreground, 1, cv2.blur(foreground, (side, side)), -1, 128)
    levels = np.arange(256) - 128
    less = np.rint(share * levels * np.exp(-0.5 * (levels / (_CORE * noise + 1)) ** 2)).astype(np.int8).view(np.uint8)
    # It brings nothing beyond its surroundings: bytes that wrap around are right.
    return foreground - np.asarray(cv2.LUT(detail, less), np.uint8)


@functools.lru_cache(maxsize=8)
def _template(steps: int) -> npt.NDArray[np.float32]:
    """(512, 512, 3) float32: noise that tiles without a seam, whose :func:`noise_level` is 1 in each of Y, Cr, Cb.

    Drawn once and tiled from another offset for each occluder, as film grain is synthesized [1]_.

    References
    ----------
    .. [1] A. Norkin, N. Birkbeck, "Film Grain Synthesis for AV1 Video Codec", Data Compression Conference 2018.
    """
    blur = _COARSENESS[0] + steps * _COARSENESS[2]
    white = seeds.generator(0, "grain").standard_normal((_SIDE, _SIDE, 3), dtype=np.float32)
    room = 8
    around = cv2.copyMakeBorder(white, room, room, room, room, cv2.BORDER_WRAP)
    grain = np.asarray(cv2.GaussianBlur(around, (0, 0), blur), dtype=np.float32)[room:-room, room:-room]
    return grain / noise_response(grain, np.arange(_SIDE * _SIDE))


def _added(foreground: Image, grain: npt.NDArray[np.float32], to_rgb: npt.NDArray[np.float64], seed: int) -> Image:
    """The picture with the grain, taken to R, G and B, tiled over it from an offset that the seed determines."""
    to_levels = np.hstack([to_rgb, np.full((3, 1), 128.0)])
    height, width = foreground.shape[:2]
    out = np.empty_like(foreground)
    for top in range(-(seed % _SIDE), height, _SIDE):
        for left in range(-(seed // _SIDE % _SIDE), width, _SIDE):
            rows = slice(max(top, 0), min(top + _SIDE, height))
            columns = slice(max(left, 0), min(left + _SIDE, width))
            tile = grain[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
            levels = cv2.convertScaleAbs(cv2.transform(tile, to_levels))
            out[rows, columns] = cv2.addWeighted(foreground[rows, columns], 1, levels, 1, -128)
    return out
