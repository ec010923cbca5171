"""Estimates of lens and sensor from a picture: how sharp it is, how noisy."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from natocc.core.samples import Image, Mask

_FIRST_BLUR = 0.5  # px, against noise
_REBLUR = 1.0  # px
_LEAST_GRADIENT = 3.0  # levels a pixel
_ABOVE_NOISE = 4.0  # standard deviations of the noise, a pixel
_LEAST_EDGES = 30  # pixels
_ENOUGH = 65_536  # pixels: estimates from that many are the same as from all
_BLOCK = 64  # px: side of the blocks that are sampled from a larger picture
_MOST_SAMPLES = 4096
_LAPLACIAN = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)


def edge_blur(image: Image, where: Mask, rank: float = 0.5) -> float | None:
    """Blur of the stronger edges of a picture, as the standard deviation of a Gaussian, px.

    The sharper an edge is, the more of its gradient it loses when it is blurred again [1]_.

    Parameters
    ----------
    image : (H, W, 3) uint8
        sRGB.
    where : (H, W) uint8
        Pixels to measure: all but 0.
    rank : float
        Quantile of the edges, from the sharpest (0) to the softest (1).

    Returns
    -------
    blur : float or None
        In [0.3, 8]; None where there are too few edges.

    References
    ----------
    .. [1] S. Zhuo, T. Sim, "Defocus map estimation from a single image", Pattern Recognition 44(9), 2011.
    """
    blurs = edge_blurs(image, where)
    return None if blurs is None else ranked(blurs, rank)


def ranked(blurs: npt.NDArray[np.float32], rank: float) -> float:
    """Quantile of the blurs of edges; see :func:`edge_blur`."""
    return float(np.quantile(blurs, rank).clip(0.3, 8))


def edge_blurs(image: Image, where: Mask) -> npt.NDArray[np.float32] | None:
    """(n,) blur of each of the stronger edges; see :func:`edge_blur`. Large pictures are sampled in blocks."""
    image, where = _blocks(image, where)
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    gradient, again = _gradient(grey, _FIRST_BLUR), _gradient(grey, math.hypot(_FIRST_BLUR, _REBLUR))
    inside = _inner(where, 7)
    if not inside.any():
        return None
    response = cv2.filter2D(grey, cv2.CV_32F, _LAPLACIAN)[inside]
    noise = float(np.median(np.abs(response[:: 1 + len(response) // _MOST_SAMPLES]))) * 1.4826 / 6
    least = _LEAST_GRADIENT + _ABOVE_NOISE * noise
    ridge = inside & (gradient >= cv2.dilate(gradient, np.ones((3, 3), np.uint8))) & (gradient > least)
    if np.count_nonzero(ridge) < _LEAST_EDGES:
        return None
    steep, left = gradient[ridge], again[ridge]
    strong = steep >= np.quantile(steep, 0.5)
    ratio = (steep[strong] / np.maximum(left[strong], 1e-3)).clip(1.001, 20)
    blur = np.sqrt(np.maximum(_REBLUR**2 / (ratio**2 - 1) - _FIRST_BLUR**2, 0.0))
    return np.asarray(blur, dtype=np.float32)


def noise_level(image: Image, where: Mask) -> npt.NDArray[np.float32] | None:
    """Standard deviation of a picture's noise where it is flat [1]_.

    Parameters
    ----------
    image : (H, W, 3) uint8
        sRGB.
    where : (H, W) uint8
        Pixels to measure: all but 0.

    Returns
    -------
    noise : (3,) float32 or None
        Of luma and both chroma differences (YCrCb, 0-255); None where too few pixels are flat. Large pictures are sampled
        in blocks.

    References
    ----------
    .. [1] J. Immerkær, "Fast Noise Variance Estimation", CVIU 64(2), 1996.
    """
    image, where = _blocks(image, where)
    planes = cv2.cvtColor(image, cv2.COLOR_RGB2YCrCb).astype(np.float32)
    luma = np.ascontiguousarray(planes[..., 0])
    inside = _inner(where, 5) & (luma > 8) & (luma < 247)
    if np.count_nonzero(inside) < 100:
        return None
    gradient = _gradient(luma, 1.5)
    flat = inside & (gradient <= np.quantile(gradient[inside][::4], 0.6))
    return noise_response(planes, flat)


def noise_response(planes: npt.NDArray[np.float32], flat: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """(3,) Immerkær's estimate for each plane of (H, W, 3), over the pixels `flat`, without their outliers."""
    pixels = np.flatnonzero(flat)
    pixels = pixels[:: 1 + len(pixels) // _MOST_SAMPLES]
    response = np.abs(cv2.filter2D(planes, cv2.CV_32F, _LAPLACIAN).reshape(-1, 3)[pixels].T)
    kept = np.minimum(response, np.quantile(response, 0.9, axis=1)[:, None])
    return np.asarray(math.sqrt(math.pi / 2) / 6 * kept.mean(axis=1), dtype=np.float32)


def _gradient(grey: npt.NDArray[np.float32], blur: float) -> npt.NDArray[np.float32]:
    """Gradient after a Gaussian, levels per pixel."""
    smooth = cv2.GaussianBlur(grey, (0, 0), blur)
    across, down = cv2.Scharr(smooth, cv2.CV_32F, 1, 0), cv2.Scharr(smooth, cv2.CV_32F, 0, 1)
    return np.asarray(cv2.magnitude(across, down) / 32, dtype=np.float32)


def _inner(where: Mask, side: int) -> npt.NDArray[np.bool_]:
    """Where a square of that side lies within the mask."""
    square = np.ones((side, side), np.uint8)
    return np.asarray(cv2.erode(where, square, borderType=cv2.BORDER_CONSTANT, borderValue=0) > 0)


def _blocks(image: Image, where: Mask) -> tuple[Image, Mask]:
    """A picture and its mask within the mask's box; of a large box evenly spaced blocks, side by side.

    The mask leaves out the seams between the blocks.
    """
    left, top, width, height = cv2.boundingRect(where)
    box = (slice(top, top + height), slice(left, left + width))
    share = math.sqrt(_ENOUGH / max(width * height, 1))
    if not width or share >= 1:
        return (image[box], where[box]) if width else (image, where)
    image, where = image[box], where[box]
    rows, columns = (_evenly(length, share) for length in (height, width))
    tiles = [[image[top : top + _BLOCK, left : left + _BLOCK] for left in columns] for top in rows]
    masks = [[_framed(where[top : top + _BLOCK, left : left + _BLOCK]) for left in columns] for top in rows]
    return np.vstack([np.hstack(row) for row in tiles]), np.vstack([np.hstack(row) for row in masks])


def _evenly(length: int, share: float) -> list[int]:
    """Where evenly spaced blocks begin that together cover a share of a length."""
    count = max(1, round(length * share / _BLOCK))
    return [int(start) for start in np.linspace(0, max(length - _BLOCK, 0), count + 2)[1:-1]] if length > _BLOCK else [0]


def _framed(mask: Mask) -> Mask:
    """A copy without its outermost pixels."""
    framed = np.zeros_like(mask)
    framed[1:-1, 1:-1] = mask[1:-1, 1:-1]
    return framed
