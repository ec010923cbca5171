"""Estimates of lens and sensor from a picture: how sharp it is, how noisy."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from natocc.compose.gaussian import gaussian
from natocc.compose.quantiles import quantile
from natocc.core.samples import Image, Mask

_FIRST_BLUR = 0.5  # px, against noise
_REBLUR = 1.0  # px
_LEAST_GRADIENT = 3.0  # levels a pixel
_ABOVE_NOISE = 4.0  # standard deviations of the noise, a pixel
_LEAST_EDGES = 30  # pixels
_ENOUGH = 32_768  # pixels: estimates of edges from that many are the same as from all
_ENOUGH_NOISE = 16_384
_BLOCK = 32  # px: side of the blocks that are sampled from a larger picture
_MOST_SAMPLES = 2048
_FLAT = 0.6  # share of the pixels
_NEAR = np.ones((3, 3), np.uint8)


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
    return min(max(quantile(blurs, rank), 0.3), 8.0)


def edge_blurs(image: Image, where: Mask | None = None) -> npt.NDArray[np.float32] | None:
    """(n,) blur of each of the stronger edges, anywhere without a mask; see :func:`edge_blur`. Large pictures are sampled in
    blocks."""
    image, where = _blocks(image, where, _ENOUGH)
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
    inside = _inner(where, 7)
    step = 1 + math.isqrt(int(np.count_nonzero(inside)) // _MOST_SAMPLES)
    response = _laplacian(grey)[::step, ::step][inside[::step, ::step]]
    if not len(response):
        return None
    least = _LEAST_GRADIENT + _ABOVE_NOISE * quantile(np.abs(response), 0.5) * 1.4826 / 6
    levels = grey.astype(np.float32)
    gradient = _gradient(gaussian(levels, _FIRST_BLUR, 3))
    ridge = np.flatnonzero(inside & (gradient > least) & (gradient >= cv2.dilate(gradient, _NEAR)))
    if len(ridge) < _LEAST_EDGES:
        return None
    steep = gradient.reshape(-1)[ridge]
    strong = steep >= quantile(steep, 0.5)
    again = _gradient(gaussian(levels, math.hypot(_FIRST_BLUR, _REBLUR), 3)).reshape(-1)[ridge[strong]]
    ratio = (steep[strong] / np.maximum(again, 1e-3)).clip(1.001, 20)
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
    image, where = _blocks(image, where, _ENOUGH_NOISE)
    planes = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2YCrCb), np.uint8)
    luma = cv2.extractChannel(planes, 0)
    inside = np.flatnonzero(_inner(where, 5) & (cv2.inRange(luma, 9, 246) > 0))
    if len(inside) < 100:
        return None
    inside = inside[:: 1 + int(len(inside) * _FLAT) // _MOST_SAMPLES]
    smooth = np.asarray(cv2.boxFilter(luma, cv2.CV_32F, (5, 5)), np.float32)
    gradient = _gradient(smooth).reshape(-1)[inside]
    return noise_response(planes, inside[gradient <= quantile(gradient, _FLAT)])


def noise_response(
    planes: npt.NDArray[np.uint8] | npt.NDArray[np.float32], pixels: npt.NDArray[np.intp]
) -> npt.NDArray[np.float32]:
    """(3,) Immerkær's estimate for each plane of (H, W, 3), over (n,) pixels, counted row by row, without their outliers."""
    response = np.sort(np.abs(_laplacian(planes).reshape(-1, 3).take(pixels, axis=0).T), axis=1)
    rank = round(0.9 * (response.shape[1] - 1))
    response[:, rank:] = response[:, rank : rank + 1]
    return np.asarray(math.sqrt(math.pi / 2) / 6 * response.mean(axis=1), dtype=np.float32)


def _laplacian(planes: npt.NDArray[np.uint8] | npt.NDArray[np.float32]) -> npt.NDArray[Any]:
    """The difference of two Laplacians, to which only noise responds: the kernel (1, -2, 1) along both axes."""
    found: npt.NDArray[Any] = cv2.Sobel(planes, cv2.CV_16S if planes.dtype == np.uint8 else cv2.CV_32F, 2, 2, ksize=3)
    return found


def _gradient(smooth: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Levels per pixel."""
    across, down = (cv2.Scharr(smooth, cv2.CV_32F, *axis, scale=1 / 32) for axis in ((1, 0), (0, 1)))
    return np.asarray(cv2.magnitude(across, down), dtype=np.float32)


def _inner(where: Mask, side: int) -> npt.NDArray[np.bool_]:
    """Where a square of that side lies within the mask."""
    square = np.ones((side, side), np.uint8)
    return np.asarray(cv2.erode(where, square, borderType=cv2.BORDER_CONSTANT, borderValue=0) > 0)


def _blocks(image: Image, where: Mask | None, enough: int) -> tuple[Image, Mask]:
    """A picture and its mask within the mask's box; of a large box evenly spaced blocks, side by side.

    The mask leaves out the seams between the blocks.
    """
    if where is None:
        where = np.broadcast_to(np.uint8(1), image.shape[:2])
    elif (box := cv2.boundingRect(where))[2]:
        left, top, width, height = box
        image, where = (plane[top : top + height, left : left + width] for plane in (image, where))
    share = math.sqrt(enough / where.size)
    if share < 1:
        rows, columns = (_evenly(length, share) for length in where.shape)
        image, where = _tiles(image, rows, columns), _tiles(where, rows, columns).copy()
        where[:: min(rows[1], _BLOCK)] = 0
        where[:, :: min(columns[1], _BLOCK)] = 0
    return image, where


def _evenly(length: int, share: float) -> tuple[int, int]:
    """How many evenly spaced blocks together cover a share of a length, and how far apart they are."""
    count = max(1, round(length * share / _BLOCK))
    return count, length // count


def _tiles(plane: Image, rows: tuple[int, int], columns: tuple[int, int]) -> Image:
    """The blocks in the middles of the parts of (H, W) or (H, W, c), side by side."""
    parts = plane[: rows[0] * rows[1], : columns[0] * columns[1]].reshape(*rows, *columns, -1)
    high, wide = (slice(max(apart - _BLOCK, 0) // 2, (apart + _BLOCK) // 2) for _, apart in (rows, columns))
    tiles = parts[:, high, :, wide]
    return tiles.reshape(tiles.shape[0] * tiles.shape[1], -1, *plane.shape[2:])
