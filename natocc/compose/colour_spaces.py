"""Colour spaces: sRGB, linear light, CIELAB."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from natocc.compose.quantiles import quantile
from natocc.core.samples import Image

Float = npt.NDArray[np.float32]

GAMMA = 2.2
"""Power that approximates sRGB's curve: multiplying light by ``f`` multiplies sRGB values by ``f ** (1 / GAMMA)``."""

LUMINANCE: Float = np.array([[0.2126, 0.7152, 0.0722]], np.float32)
"""(1, 3) share of each channel of linear light in luminance."""

_SRGB = np.arange(256) / 255

LUMA = np.array([0.299, 0.587, 0.114])
"""(3,) share of each sRGB channel in luma (ITU-R BT.601, as in YCrCb and JPEG)."""

LINEAR: Float = np.where(_SRGB <= 0.04045, _SRGB / 12.92, ((_SRGB + 0.055) / 1.055) ** 2.4).astype(np.float32)
"""(256,) float32: linear light in [0, 1] of each sRGB level (IEC 61966-2-1)."""


def to_levels(light: npt.NDArray[np.floating]) -> Image:
    """Linear light to sRGB levels, clipped; any shape."""
    inside = light.clip(0, 1)
    curved = np.where(inside <= 0.0031308, inside * 12.92, 1.055 * np.maximum(inside, 1e-6) ** (1 / 2.4) - 0.055)
    levels: Image = np.rint(curved * 255).astype(np.uint8)
    return levels


def to_lab(image: Image | Float) -> Float:
    """(h, w, 3) sRGB 0-255 to float32 CIELAB (L 0-100, D65)."""
    return np.asarray(cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2Lab), dtype=np.float32)


def from_lab(lab: Float) -> Float:
    """(h, w, 3) CIELAB to float32 sRGB 0-255, clipped."""
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB).clip(0, 1) * 255, dtype=np.float32)


def chroma(lab: Float) -> float:
    """95th percentile of the chroma of (n, 3) CIELAB."""
    return quantile(np.hypot(lab[:, 1], lab[:, 2]), 0.95)
