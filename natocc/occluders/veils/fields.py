"""Smooth random fields and thin lines, from which see-through things are made."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.float32]

_OCTAVES = 5


def noise(rng: np.random.Generator, x: Plane, y: Plane, knots: float, octaves: int = _OCTAVES) -> Plane:
    """Smooth noise at points, about 0 on average and 1 in its deviation.

    Parameters
    ----------
    rng : numpy.random.Generator
        Of its values.
    x, y : (h, w) float32
        Where; any unit.
    knots : float
        Distance between the knots of the coarsest octave, in that unit.
    octaves : int
        Each is twice as fine as the one before, and half as strong.

    References
    ----------
    .. [1] K. Perlin, "An Image Synthesizer", SIGGRAPH 1985.
    """
    total, strength = np.zeros(x.shape, np.float32), 1.0
    for octave in range(octaves):
        values = rng.normal(size=(64, 64)).astype(np.float32)
        scale = 2.0**octave / knots
        # Within a tile and a margin on each side, so that cubic interpolation meets itself where the tile is repeated.
        tile = np.pad(values, 2, mode="wrap")
        columns, rows = (_wrapped(axis * np.float32(scale) + np.float32(shift)) for axis, shift in ((x, 17.0), (y, 41.0)))
        total += np.float32(strength) * cv2.remap(tile, columns + 2, rows + 2, cv2.INTER_LINEAR)
        strength /= 2
    return np.asarray(total / 0.8, dtype=np.float32)


def _wrapped(at: Plane) -> Plane:
    """Places on a tile of 64, by what is left over; NumPy's own takes five times as long."""
    return np.asarray(at - 64 * np.floor(at * np.float32(1 / 64)), dtype=np.float32)


def rises(value: Plane, low: float, high: float) -> Plane:
    """0 below `low`, 1 above `high`, smooth between them (Hermite's cubic); `low` may be the larger one."""
    share = ((value - low) / (high - low)).clip(0, 1)
    return np.asarray(share * share * (3 - 2 * share), dtype=np.float32)


def line(distance: Plane, breadth: float) -> Plane:
    """Coverage of pixels by a line, by their distance from its middle; both px. A line finer than a pixel covers a part of it."""
    return np.asarray((breadth / 2 + 0.5 - np.abs(distance)).clip(0, min(1.0, breadth)), dtype=np.float32)


def over(below: Plane, above: Plane) -> Plane:
    """Opacity of one thing behind another."""
    return np.asarray(1 - (1 - below) * (1 - above), dtype=np.float32)
