"""What a picture tells about the lens and the sensor that made it: how sharp it is, how noisy."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from natocc.samples import Image, Mask

_FIRST_BLUR = 0.5  # px, against noise
_REBLUR = 1.0  # px
_LEAST_GRADIENT = 3.0  # levels a pixel
_ABOVE_NOISE = 4.0  # standard deviations of the noise, a pixel
_LEAST_EDGES = 30  # pixels
_LAPLACIAN = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)


def edge_blur(image: Image, where: Mask, rank: float = 0.5) -> float | None:
    """Blur of the stronger edges of a picture, as the standard deviation of a Gaussian, px.

    An edge that is blurred again loses the more of its gradient the sharper it was [1]_.

    Parameters
    ----------
    image : (H, W, 3) uint8
        sRGB.
    where : (H, W) uint8
        Not 0 where to look.
    rank : float
        Which of them counts, from the sharpest (0) to the softest (1).

    Returns
    -------
    blur : float or None
        In [0.3, 8]; None where there are too few edges to tell.

    References
    ----------
    .. [1] S. Zhuo, T. Sim, "Defocus map estimation from a single image", Pattern Recognition 44(9), 2011.
    """
    blurs = edge_blurs(image, where)
    return None if blurs is None else ranked(blurs, rank)


def ranked(blurs: npt.NDArray[np.float32], rank: float) -> float:
    """The blur that has a rank among those of edges; see :func:`edge_blur`."""
    return float(np.quantile(blurs, rank).clip(0.3, 8))


def edge_blurs(image: Image, where: Mask) -> npt.NDArray[np.float32] | None:
    """(n,) blur of each of the stronger edges; see :func:`edge_blur`."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    gradient, again = _gradient(grey, _FIRST_BLUR), _gradient(grey, math.hypot(_FIRST_BLUR, _REBLUR))
    inside = cv2.erode((where > 0).astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    if not inside.any():
        return None
    noise = float(np.median(np.abs(cv2.filter2D(grey, cv2.CV_32F, _LAPLACIAN)[inside]))) * 1.4826 / 6
    least = _LEAST_GRADIENT + _ABOVE_NOISE * noise
    ridge = inside & (gradient >= cv2.dilate(gradient, np.ones((3, 3), np.uint8))) & (gradient > least)
    if np.count_nonzero(ridge) < _LEAST_EDGES:
        return None
    strong = gradient[ridge] >= np.quantile(gradient[ridge], 0.5)
    ratio = (gradient[ridge][strong] / np.maximum(again[ridge][strong], 1e-3)).clip(1.001, 20)
    blur = np.sqrt(np.maximum(_REBLUR**2 / (ratio**2 - 1) - _FIRST_BLUR**2, 0.0))
    return np.asarray(blur, dtype=np.float32)


def noise_level(image: Image, where: Mask) -> npt.NDArray[np.float32] | None:
    """Standard deviation of a picture's noise where it is flat [1]_.

    Parameters
    ----------
    image : (H, W, 3) uint8
        sRGB.
    where : (H, W) uint8
        Not 0 where to look.

    Returns
    -------
    noise : (3,) float32 or None
        Of luma and both chroma differences (YCrCb, 0-255); None where there is too little to see.

    References
    ----------
    .. [1] J. Immerkær, "Fast Noise Variance Estimation", CVIU 64(2), 1996.
    """
    planes = cv2.cvtColor(image, cv2.COLOR_RGB2YCrCb).astype(np.float32)
    inside = cv2.erode((where > 0).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    inside &= (planes[..., 0] > 8) & (planes[..., 0] < 247)
    if np.count_nonzero(inside) < 100:
        return None
    gradient = _gradient(planes[..., 0], 1.5)
    flat = inside & (gradient <= np.quantile(gradient[inside], 0.6))
    return noise_response(planes, flat)


def noise_response(planes: npt.NDArray[np.float32], flat: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """(3,) Immerkær's estimate for each plane of (H, W, 3), over the pixels `flat`, without their outliers."""
    response = np.abs(cv2.filter2D(planes, cv2.CV_32F, _LAPLACIAN)[flat])
    kept = np.minimum(response, np.quantile(response, 0.9, axis=0))
    return np.asarray(math.sqrt(math.pi / 2) / 6 * kept.mean(axis=0), dtype=np.float32)


def _gradient(grey: npt.NDArray[np.float32], blur: float) -> npt.NDArray[np.float32]:
    """Levels a pixel, after a Gaussian."""
    smooth = cv2.GaussianBlur(grey, (0, 0), blur)
    across, down = cv2.Scharr(smooth, cv2.CV_32F, 1, 0), cv2.Scharr(smooth, cv2.CV_32F, 0, 1)
    return np.asarray(np.hypot(across, down) / 32, dtype=np.float32)
