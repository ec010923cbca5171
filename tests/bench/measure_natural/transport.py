"""Colours: how far a recoloured hand's colours are from the skin's, and how much of its own modelling it keeps."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable, Iterator

import cv2
import numpy as np
import numpy.typing as npt

from natocc.compose.appearance import Photo
from natocc.compose.colour import transfer_colour
from natocc.compose.colour_spaces import to_lab
from natocc.compose.transfers import TRANSFERS
from natocc.core.samples import Cutout
from natocc.core.seeds import generator

Float = npt.NDArray[np.float64]

STEPS, DIRECTIONS = 15, 5
"""Of the full transport: each step moves every pixel by the mean of five one-dimensional transports along random directions."""

_QUANTILES = (np.arange(256) + 0.5) / 256
_EVERY = 128  # directions of the distance


@dataclasses.dataclass(frozen=True)
class Recoloured:
    """A hand recoloured for a face.

    Parameters
    ----------
    transfer : str
        Its name; ``none`` and ``full transport`` are what it is measured against.
    distance : float
        Sliced Wasserstein distance to the skin, CIELAB.
    correlation : float
        Of the lightness gradients before and after.
    seconds : float
        It took.
    """

    transfer: str
    distance: float
    correlation: float
    seconds: float


def measure(pairs: Iterable[tuple[Cutout, Photo]]) -> Iterator[list[Recoloured]]:
    """All transfers for each pair of a hand and a face."""
    for cutout, photo in pairs:
        covered = cutout.matte >= 128
        before = to_lab(cutout.foreground)
        skin = to_lab(photo.skin[None])[0].astype(np.float64)
        found = [Recoloured("none", sliced_distance(before[covered], skin), 1.0, 0.0)]
        for name in sorted(TRANSFERS):
            start = time.perf_counter()
            after = to_lab(transfer_colour(cutout.foreground, cutout.matte, photo.skin, name))
            took = time.perf_counter() - start
            found.append(Recoloured(name, sliced_distance(after[covered], skin), _kept(before, after, covered), took))
        start, after = time.perf_counter(), before.copy()
        after[covered] = full_transport(before[covered].astype(np.float64), skin)
        took = time.perf_counter() - start
        found.append(Recoloured("full transport", sliced_distance(after[covered], skin), _kept(before, after, covered), took))
        yield found


def sliced_distance(one: npt.NDArray[np.floating], other: npt.NDArray[np.floating]) -> float:
    """Mean over directions of the distance between two sets of colours, (n, 3) and (m, 3) CIELAB, each projected on it [1]_.

    .. [1] N. Bonneel et al., "Sliced and Radon Wasserstein Barycenters of Measures", JMIV 51, 2015.
    """
    axes = _directions(_EVERY, "distance")
    gaps = [
        np.abs(np.quantile(one @ axis, _QUANTILES) - np.quantile(other @ axis, _QUANTILES)).mean()
        for axis in axes.astype(one.dtype)
    ]
    return float(np.mean(gaps))


def full_transport(source: Float, target: Float) -> Float:
    """Move all of (n, 3) onto the distribution of (m, 3) by sliced optimal transport, as the paper's authors do."""
    moved, ranks = source.copy(), (np.arange(len(source)) + 0.5) / len(source)
    axes = _directions(STEPS * DIRECTIONS, "transport").reshape(STEPS, DIRECTIONS, 3)
    for step in axes:
        change = np.zeros_like(moved)
        for axis in step:
            along = moved @ axis
            order = np.argsort(along)
            wanted = np.interp(ranks, (np.arange(len(target)) + 0.5) / len(target), np.sort(target @ axis))
            change[order] += (wanted - along[order])[:, None] * axis
        moved += change / DIRECTIONS
    return moved


def _kept(before: npt.NDArray[np.float32], after: npt.NDArray[np.float32], covered: npt.NDArray[np.bool_]) -> float:
    inner = cv2.erode(covered.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    one, other = _gradients(before[..., 0])[inner], _gradients(after[..., 0])[inner]
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def _gradients(lightness: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    plane = np.ascontiguousarray(lightness)
    return np.dstack([cv2.Scharr(plane, cv2.CV_32F, 1, 0), cv2.Scharr(plane, cv2.CV_32F, 0, 1)])


def _directions(count: int, name: str) -> Float:
    axes = generator(3, name).normal(size=(count, 3))
    return np.asarray(axes / np.linalg.norm(axes, axis=1, keepdims=True))
