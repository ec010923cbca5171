"""Colour transfers: from samples of two sets of colours to a map from one to the other."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from natocc.core import seeds
from natocc.plugins.table import Table

Lab: TypeAlias = npt.NDArray[np.float32]
Planes: TypeAlias = npt.NDArray[np.float32]
Curve: TypeAlias = tuple[float, float, npt.NDArray[np.float32]]
ColourMap: TypeAlias = Callable[[Lab], Lab]
Transfer: TypeAlias = Callable[[Lab, Lab], ColourMap]

_STEPS = 4
_THICKNESS = 1.5  # CIELAB units
_NODES = np.linspace(0, 1, 256)
_KNOTS = (np.arange(50) + 0.5) / 50


def reinhard(source: Lab, target: Lab) -> ColourMap:
    """Match mean and deviation of each CIELAB channel [1]_.

    Parameters
    ----------
    source, target : (k, 3), (m, 3) float32
        CIELAB samples of what is recoloured and of the wanted colours; not empty.

    Returns
    -------
    recolour : callable
        (n, 3) CIELAB to (n, 3). A channel without deviation is only shifted; contrast changes by a factor of at most 2 either
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
    curves = _curves(source.T, target.T)
    return lambda colours: _matched(colours.T, curves).T


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
    # A thin set, such as a smooth ramp, would be folded to fill a thick one: noise in both keeps it a ramp.
    learnt, wanted = _thickened(source).T, _thickened(target).T
    steps = []
    for axes in _ROTATIONS:
        turned = axes @ learnt
        curves = _curves(turned, axes @ wanted)
        learnt = axes.T @ _matched(turned, curves)
        steps.append((axes, curves))

    def recolour(colours: Lab) -> Lab:
        planes = colours.T
        for axes, curves in steps:
            planes = axes.T @ _matched(axes @ planes, curves)
        return np.ascontiguousarray(planes.T)

    return recolour


def _thickened(colours: Lab) -> Lab:
    return colours + _noise(len(colours))


@functools.lru_cache(maxsize=4)
def _noise(count: int) -> Lab:
    return _THICKNESS * seeds.generator(0, "thickness").standard_normal((count, 3), dtype=np.float32)


def _curves(source: Planes, target: Planes) -> list[Curve]:
    """For each of three channels the monotone curve that takes quantiles to quantiles, as what it adds."""
    curves = []
    for have, want in zip(source, target, strict=True):
        before, after = (np.sort(values)[(_KNOTS * len(values)).astype(np.intp)] for values in (have, want))
        least, most = float(before[0]), float(before[-1])
        nodes = least + (most - least) * _NODES
        added = (np.interp(nodes, before, after) - nodes).astype(np.float32)
        curves.append((least, (len(_NODES) - 1) / max(most - least, 1e-6), added))
    return curves


def _matched(planes: Planes, curves: list[Curve]) -> Planes:
    """(3, n) after a curve for each channel; beyond its ends a curve adds what it adds there."""
    # Looked up: interpolating for each colour takes four times as long.
    matched = np.empty(planes.shape, np.float32)
    for values, (least, nodes_per_unit, added), out in zip(planes, curves, matched, strict=True):
        nodes = ((values - least) * nodes_per_unit + 0.5).clip(0, len(added) - 1).astype(np.int32)
        np.add(values, added[nodes], out=out)
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


_ROTATIONS = [_rotation(step) for step in range(_STEPS)]

TRANSFERS = Table[Transfer]("natocc.transfers", {"histogram": histogram, "reinhard": reinhard, "sot": sliced_transport})
"""Name in a recipe to colour transfer; other packages add theirs by entry points ``natocc.transfers``."""
