"""A colour transfer: move the mean."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Lab = npt.NDArray[np.float32]


def mean(source: Lab, target: Lab) -> Callable[[Lab], Lab]:
    """From (k, 3) and (m, 3) CIELAB samples to a map of (n, 3)."""
    shift = target.mean(axis=0) - source.mean(axis=0)
    return lambda colours: (colours + shift).astype(np.float32)
