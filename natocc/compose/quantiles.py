"""Quantiles of plain arrays: as NumPy's, without what those do for every kind of array, which takes five times as long."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def quantile(values: npt.NDArray[Any], share: float) -> float:
    """The value below which a share of (n,) values lies, between the two nearest of them; NaN of none."""
    if not len(values):
        return float("nan")
    place = share * (len(values) - 1)
    below = int(place)
    above = min(below + 1, len(values) - 1)
    parted = np.partition(values, (below, above))
    return float(parted[below] + (place - below) * (float(parted[above]) - float(parted[below])))


def medians(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """(c,) of (n, c) values, n at least 1: of an even number the upper one of the two in the middle."""
    middle = len(values) // 2
    parted: npt.NDArray[Any] = np.partition(np.ascontiguousarray(values.T), middle, axis=1)[:, middle]
    return parted
