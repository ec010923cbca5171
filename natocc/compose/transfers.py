"""Colour transfers: from samples of two sets of colours to a map from one to the other."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from natocc.core import seeds
from natocc.plugins.table import Table

Lab: TypeAlias = npt.NDArray[np.float32]
Planes: TypeAlias = npt.NDArray[np.float32]
Step: TypeAlias = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.float32]]
"""Three axes and a curve along each: (3, 4) colours to nodes, (1, 256, 3) what is added at each node, (3, 3) back to colours."""
ColourMap: TypeAlias = Callable[[Lab], Lab]
Transfer: TypeAlias = Callable[[Lab, Lab], ColourMap]

_STEPS = 4
_THICKNESS = 1.5  # CIELAB units
_LAST = 255  # of the nodes of a curve
_ASIDE = 4 * _LAST * np.arange(3)[:, None]
_NODES = (np.arange(_LAST + 1) + _ASIDE).ravel()
_FINE = 64  # to a CIELAB unit, which leaves room for 512 either way
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
    step = _step(source, np.eye(3, dtype=np.float32), _knots(target.T))
    return lambda colours: _moved(colours, step)


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
    learnt = _thickened(source)
    steps: list[Step] = []
    for axes, wanted in zip(_ROTATIONS, _wanted(np.asarray(target, np.float32).tobytes()), strict=True):
        learnt = _moved(learnt, steps[-1]) if steps else learnt
        steps.append(_step(learnt, axes, wanted))
    return lambda colours: functools.reduce(_moved, steps, colours)


def _thickened(colours: Lab) -> Lab:
    return colours + _noise(1 << len(colours).bit_length())[: len(colours)]


@functools.lru_cache(maxsize=4)
def _noise(count: int) -> Lab:
    return _THICKNESS * seeds.generator(0, "thickness").standard_normal((count, 3), dtype=np.float32)


@functools.lru_cache(maxsize=4)
def _wanted(target: bytes) -> tuple[Planes, ...]:
    """Quantiles of wanted colours (the bytes of (m, 3) float32) along each rotation's axes: one face's serve every round."""
    colours = _thickened(np.frombuffer(target, np.float32).reshape(-1, 3)).T
    return tuple(_knots(axes @ colours) for axes in _ROTATIONS)


def _knots(planes: Planes) -> Planes:
    """(3, 50) quantiles of (3, n)."""
    # Whole numbers of 16 bits are sorted by their digits (NumPy's "stable"), in a third of the time.
    levels = np.asarray(cv2.addWeighted(planes, _FINE, planes, 0, 0, dtype=cv2.CV_16S), dtype=np.int16)
    ranked = np.sort(levels, axis=1, kind="stable")
    return np.asarray(ranked[:, (_KNOTS * planes.shape[1]).astype(np.intp)] / np.float32(_FINE), dtype=np.float32)


def _step(source: Lab, axes: Planes, wanted: Planes) -> Step:
    """For each of three axes the monotone curve that takes the quantiles of a source to the wanted ones."""
    before = _knots(axes @ source.T)
    least = before[:, :1]
    nodes_per_unit = _LAST / np.maximum(before[:, -1:] - least, 1e-6)
    # In one call: each axis a stretch of its own.
    places = (before - least) * nodes_per_unit + _ASIDE
    added = np.interp(_NODES, places.ravel(), (wanted - before).ravel()).reshape(3, -1)
    place = cv2.hconcat([nodes_per_unit * axes, -nodes_per_unit * least])
    return place, added.T[None].astype(np.float32, order="C"), axes.T


def _moved(colours: Lab, step: Step) -> Lab:
    """(n, 3) colours after a curve along each axis; beyond its ends a curve adds what it adds there."""
    place, added, back = step
    # Looked up: interpolating for each colour takes many times as long.
    nodes = cv2.convertScaleAbs(cv2.threshold(cv2.transform(colours[None], place), 0, 0, cv2.THRESH_TOZERO)[1])
    return np.asarray(colours + cv2.transform(cv2.LUT(nodes, added), back)[0], dtype=np.float32)


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
