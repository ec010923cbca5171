"""Colour transfers: from samples of two sets of colours to a map that takes one to the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from natocc import seeds
from natocc.plugins import Table

Lab: TypeAlias = npt.NDArray[np.float32]
ColourMap: TypeAlias = Callable[[Lab], Lab]
Transfer: TypeAlias = Callable[[Lab, Lab], ColourMap]

_STEPS = 4
_THICKNESS = 1.5  # CIELAB units
_KNOTS = (np.arange(50) + 0.5) / 50


def reinhard(source: Lab, target: Lab) -> ColourMap:
    """Match mean and deviation of each CIELAB channel [1]_.

    Parameters
    ----------
    source, target : (k, 3), (m, 3) float32
        CIELAB samples of what is recoloured and of what is wanted; not empty.

    Returns
    -------
    recolour : callable
        (n, 3) CIELAB to (n, 3). A channel without deviation is shifted only; contrast changes by a factor of at most 2 either
        way.

    References
    ----------
    .. [1] E. Reinhard et al., "Color Transfer between Images", IEEE Computer Graphics and Applications 21(5), 2001.
    """
    mean, wanted = source.mean(axis=0), target.mean(axis=0)
    deviation = source.std(axis=0)
    ratio = np.where(deviation > 1e-3, target.std(axis=0) / np.maximum(deviation, 1e-3), 1.0).clip(0.5, 2.0)
    return lambda colours: ((colours - mean) * ratio + wanted).astype(np.float32)


def histogram(source: Lab, target: Lab) -> ColourMap:
    """Match the histogram of each CIELAB channel [1]_; as :func:`reinhard` otherwise.

    References
    ----------
    .. [1] R. C. Gonzalez, R. E. Woods, "Digital Image Processing", section 3.3: histogram matching.
    """
    have, want = _knots(source), _knots(target)
    return lambda colours: _match(colours, have, want)


def sliced_transport(source: Lab, target: Lab) -> ColourMap:
    """Move one distribution onto the other by sliced optimal transport [1]_, [2]_; as :func:`reinhard` otherwise.

    Four steps; each rotates the axes and matches the quantiles along all three.

    Notes
    -----
    The rotations are a fixed low-discrepancy sequence, and the noise is always the same: the result is a function of its
    arguments.

    References
    ----------
    .. [1] F. Pitié, A. C. Kokaram, R. Dahyot, "Automated colour grading using colour distribution transfer", CVIU 107, 2007.
    .. [2] N. Bonneel et al., "Sliced and Radon Wasserstein Barycenters of Measures", JMIV 51, 2015.
    """
    # A thin set, such as a smooth ramp, would be crumpled to fill a thick one: noise in both keeps it a ramp.
    learnt, target = _thickened(source), _thickened(target)
    steps = []
    for step in range(_STEPS):
        axes = _rotation(step)
        turned = learnt @ axes.T
        have, want = _knots(turned), _knots(target @ axes.T)
        learnt = _match(turned, have, want) @ axes
        steps.append((axes, have, want))

    def recolour(colours: Lab) -> Lab:
        for axes, have, want in steps:
            colours = _match(colours @ axes.T, have, want) @ axes
        return colours

    return recolour


TRANSFERS = Table[Transfer]("natocc.transfers", {"histogram": histogram, "reinhard": reinhard, "sot": sliced_transport})
"""Name in a recipe to colour transfer; other packages add theirs by entry points ``natocc.transfers``."""


def _thickened(colours: Lab) -> Lab:
    noise = seeds.generator(0, "thickness").standard_normal(colours.shape, dtype=np.float32)
    return colours + _THICKNESS * noise


def _knots(colours: Lab) -> Lab:
    """(50, 3): quantiles of each channel."""
    ranked = np.sort(colours, axis=0)
    return ranked[(_KNOTS * len(ranked)).astype(np.intp)]


def _match(colours: Lab, have: Lab, want: Lab) -> Lab:
    """Monotone map that takes quantiles to quantiles, channel by channel; beyond them the shift at the end is kept."""
    matched = np.empty_like(colours)
    for channel in range(3):
        values, at = colours[:, channel], have[:, channel]
        inside = values.clip(at[0], at[-1])
        matched[:, channel] = np.interp(inside, at, want[:, channel]) + (values - inside)
    return matched


def _rotation(step: int) -> npt.NDArray[np.float32]:
    """The step-th of a low-discrepancy sequence of rotations (Shoemake's uniform quaternions of an additive recurrence)."""
    u, v, w = (step * np.array([0.8191725, 0.6710436, 0.5497005])) % 1.0
    a, b = np.sqrt(1 - u), np.sqrt(u)
    x, y, z, s = a * np.sin(2 * np.pi * v), a * np.cos(2 * np.pi * v), b * np.sin(2 * np.pi * w), b * np.cos(2 * np.pi * w)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * s), 2 * (x * z + y * s)],
            [2 * (x * y + z * s), 1 - 2 * (x * x + z * z), 2 * (y * z - x * s)],
            [2 * (x * z - y * s), 2 * (y * z + x * s), 1 - 2 * (x * x + y * y)],
        ],
        dtype=np.float32,
    )
