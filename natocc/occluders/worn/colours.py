"""Colours that such things have in shops, sRGB in [0, 1]."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

Colour = npt.NDArray[np.float32]
"""(3,): sRGB in [0, 1]."""

CLOTH = (
    "1d1e22", "17181a", "2b2c31", "e9e6e0", "dcd9d2", "8d9095", "5a5d63", "1f2a44", "26375e", "3d5a80", "7a93ad",
    "4a1f28", "7d2230", "a63a3e", "c98a8f", "d8b7b0", "5d6b4e", "38453a", "7f8f6a", "c9b899", "a98b64", "6b4f3a",
    "c77f3a", "d9b44a", "5b3f66", "8a6f9b",
)  # fmt: skip
"""Of cotton and knitted things."""
SURGICAL = (
    "9cc3dc", "a9cbe0", "8fbbd9", "b3d3e3", "9fc9d3", "dfe2e3", "e3e2df", "a5cfc3", "b6d6c8", "26272a", "1e1f22",
    "dcb9c4", "e3c5cb",
)  # fmt: skip
"""Of surgical masks."""
RESPIRATOR = (
    "e0e1e0", "e4e3e0", "dcdddd", "dfddd8", "232428", "2a2b2e", "a9bccb", "c7b3b0", "8e9196", "cdbfae",
)  # fmt: skip
"""Of FFP2 and N95 masks."""


def hexadecimal(text: str) -> Colour:
    """Six hexadecimal digits as sRGB."""
    return np.array([int(text[i : i + 2], 16) / 255 for i in (0, 2, 4)], dtype=np.float32)


def pick(rng: np.random.Generator, palette: Sequence[str], spread: float = 0.025) -> Colour:
    """One of a palette, a little lighter or darker and of a slightly other hue."""
    colour = hexadecimal(palette[int(rng.integers(len(palette)))])
    moved = colour * (1 + rng.normal(0, 2 * spread)) + rng.normal(0, spread / 2, 3)
    return np.clip(moved, 0.04, 0.96).astype(np.float32)


def contrasting(rng: np.random.Generator, to: Colour, palette: Sequence[str], least: float = 0.18) -> Colour:
    """One of a palette that is lighter or darker than another colour by at least `least`."""
    for _ in range(12):
        colour = pick(rng, palette)
        if abs(float(colour.mean() - to.mean())) >= least:
            return colour
    return np.asarray(np.clip(to + (0.4 if to.mean() < 0.5 else -0.4), 0.04, 0.96), dtype=np.float32)


def varied(colour: Colour, factor: float) -> Colour:
    """A lighter (factor above 1) or darker shade."""
    return np.asarray(np.clip(colour * factor, 0.02, 0.97), dtype=np.float32)


def bgr8(colour: Colour) -> tuple[float, float, float]:
    """As OpenCV draws it on an 8-bit picture in RGB order."""
    red, green, blue = (float(value) for value in np.rint(colour * 255))
    return red, green, blue


def softened(picture: npt.NDArray[np.uint8], sigma: float) -> npt.NDArray[np.uint8]:
    """A tile made softer without a seam at its edges."""
    pad = int(4 * sigma) + 1
    wrapped = cv2.copyMakeBorder(picture, pad, pad, pad, pad, cv2.BORDER_WRAP)
    return np.ascontiguousarray(cv2.GaussianBlur(wrapped, (0, 0), sigma)[pad:-pad, pad:-pad])
