"""A picture on a bent sheet, seen by a camera: which of its pixels shows where, and which are hidden behind others."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from natocc.occluders.worn.face_model import Float

_MOST_AT_ONCE = 2_000_000


def visible(seen: Float, sheet: Float, width: int, height: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Where on the sheet each pixel of a picture looks.

    Parameters
    ----------
    seen : (R, C, 3) float64
        Knots of a grid on the sheet: x and y in the picture, px, and the distance; nearer triangles hide farther ones.
    sheet : (R, C, k) float64
        The same knots on the flat sheet, any units; linear in between.
    width, height : int
        Size of the picture.

    Returns
    -------
    looks_at : (height, width, k) float32
        Point of the sheet, 0 where there is none.
    hit : (height, width) bool
        Where there is one.
    """
    corners = _triangles(seen)  # (n, 3, 3)
    values = _triangles(sheet)  # (n, 3, k)
    low = np.ceil(corners[..., :2].min(axis=1)).astype(np.intp)
    high = np.floor(corners[..., :2].max(axis=1)).astype(np.intp)
    in_picture = (high >= low).all(axis=1) & (high >= 0).all(axis=1) & (low < (width, height)).all(axis=1)
    corners, values, low, high = corners[in_picture], values[in_picture], low[in_picture], high[in_picture]
    looks_at = np.zeros((height * width, sheet.shape[2]), np.float32)
    nearest = np.full(height * width, np.inf)
    extents = (high - low).max(axis=1, initial=0) + 1
    # Triangles of about the same size are filled together: a turned sheet has thin ones and wide ones.
    for side in 2 ** np.arange(1, 1 + math.ceil(math.log2(max(int(extents.max(initial=2)), 2)))):
        chosen = np.flatnonzero((extents <= side) & (extents > side // 2) if side > 2 else extents <= side)
        for part in np.array_split(chosen, 1 + len(chosen) * int(side) ** 2 // _MOST_AT_ONCE):
            _fill(corners[part], values[part], low[part], int(side), (width, height), looks_at, nearest)
    return looks_at.reshape(height, width, -1), np.isfinite(nearest).reshape(height, width)


def _triangles(grid: Float) -> Float:
    """(2 (R - 1) (C - 1), 3, k): the two triangles of each cell."""
    a, b, c, d = grid[:-1, :-1], grid[:-1, 1:], grid[1:, :-1], grid[1:, 1:]
    both = [np.stack(three, axis=2).reshape(-1, 3, grid.shape[2]) for three in ((a, b, d), (a, d, c))]
    return np.concatenate(both)


def _fill(
    corners: Float,
    values: Float,
    low: npt.NDArray[np.intp],
    side: int,
    size: tuple[int, int],
    looks_at: npt.NDArray[np.float32],
    nearest: Float,
) -> None:
    """Lay triangles whose boxes are at most `side` wide and high over what is there, in place."""
    offsets = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=2).reshape(-1, 2)
    pixels = low[:, None] + offsets  # (n, side², 2)
    origin, one, other = corners[:, None, 0, :2], corners[:, None, 1, :2], corners[:, None, 2, :2]
    twice_area = _cross(one - origin, other - origin)
    flat = np.abs(twice_area) < 1e-9
    twice_area = np.where(flat, 1.0, twice_area)
    second = _cross(pixels - origin, other - origin) / twice_area
    third = _cross(one - origin, pixels - origin) / twice_area
    first = 1 - second - third
    edge = -1e-6
    inside = (first >= edge) & (second >= edge) & (third >= edge) & ~flat
    inside &= (pixels >= 0).all(axis=2) & (pixels < size).all(axis=2)
    triangle, place = np.nonzero(inside)
    weights = np.stack([first[inside], second[inside], third[inside]], axis=1)
    depth = (weights * corners[triangle, :, 2]).sum(axis=1)
    target = pixels[triangle, place, 1] * size[0] + pixels[triangle, place, 0]
    order = np.argsort(-depth, kind="stable")  # the nearest is written last, and stays
    triangle, weights, depth, target = triangle[order], weights[order], depth[order], target[order]
    nearer = depth < nearest[target]
    triangle, weights, depth, target = triangle[nearer], weights[nearer], depth[nearer], target[nearer]
    nearest[target] = depth
    looks_at[target] = (weights[..., None] * values[triangle]).sum(axis=1)


def _cross(one: Float, other: Float) -> Float:
    return np.asarray(one[..., 0] * other[..., 1] - one[..., 1] * other[..., 0])
