"""How much more a colour speaks for skin than for what surrounds it, learnt from the picture itself."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from natocc.core.samples import Image

_BINS = 24
_FIRST = np.array([0, -48, -48], np.float32)  # L*, a*, b* of the lower end
_STEP = np.array([100 / 24, 4, 4], np.float32)  # skin and hair lie within ±48 of grey; what does not shares the last bin
_SPREAD = (3.0, 1.0, 1.0)  # standard deviation, bins, to which samples are smoothed: shading changes lightness more than hue
_FLOOR = 1e-5  # of the probability of a bin: what was seen nowhere speaks for neither

Bins = npt.NDArray[np.intp]


def colour_bins(image: Image) -> Bins:
    """Bin of every pixel in CIELAB, 24 bins an axis.

    Parameters
    ----------
    image : (H, W, 3) uint8
        sRGB.

    Returns
    -------
    bins : (H, W) int
        In [0, 24³).
    """
    lab = np.asarray(cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), dtype=np.float32)
    steps = np.clip((lab - _FIRST) / _STEP, 0, _BINS - 1).astype(np.intp)
    bins: Bins = (steps[..., 0] * _BINS + steps[..., 1]) * _BINS + steps[..., 2]
    return bins


def evidence(inside: Bins, outside: Bins, most: float) -> npt.NDArray[np.float64]:
    """Logarithm of the ratio of two colour distributions, for every bin.

    Parameters
    ----------
    inside, outside : (N,) and (M,) int
        Bins of sample pixels; may be empty.
    most : float
        Limit of its magnitude.

    Returns
    -------
    evidence : (24³,) float64
        Positive where a colour is more frequent inside than outside, 0 where it was seen in neither.
    """
    ratio = np.log((_density(inside) + _FLOOR) / (_density(outside) + _FLOOR))
    limited: npt.NDArray[np.float64] = np.clip(ratio, -most, most)
    return limited


def _density(bins: Bins) -> npt.NDArray[np.float64]:
    """Smoothed histogram whose sum is 1 (0 without samples)."""
    cube = np.bincount(bins, minlength=_BINS**3).astype(np.float64).reshape(_BINS, _BINS, _BINS)
    apart = np.subtract.outer(np.arange(_BINS), np.arange(_BINS))
    for axis, spread in enumerate(_SPREAD):
        kernel = np.exp(-0.5 * (apart / spread) ** 2)
        # einsum rather than a matrix product, whose last bits depend on the number of threads.
        cube = np.moveaxis(np.einsum("ij,jkl->ikl", kernel, np.moveaxis(cube, axis, 0)), 0, axis)
    density: npt.NDArray[np.float64] = cube.ravel() / max(cube.sum(), 1.0)
    return density
