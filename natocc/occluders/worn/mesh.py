"""A picture on a bent sheet, seen by a camera: which of its pixels shows where, and which are hidden behind others."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from natocc.occluders.worn.face_model import Float

_MOST_AT_ONCE = 200_000  # pixels of boxes: arrays that stay in a processor's cache
_SIZES = 4  # px
_EDGE = -1e-6


def visible(seen: Float, sheet: Float, width: int, height: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Where on the sheet each pixel of a picture looks.

    Parameters
    ----------
    seen : (R, C, 3) float64
        Knots of a grid on the sheet: x and y in the picture, px, and the distance. Nearer triangles hide farther ones; what turns
        its back to the camera is not seen, since it lies on the far side of a head.
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
    one, other = corners[:, 1, :2] - corners[:, 0, :2], corners[:, 2, :2] - corners[:, 0, :2]
    faces_camera = one[:, 0] * other[:, 1] > one[:, 1] * other[:, 0]
    in_picture = faces_camera & (high >= low).all(axis=1) & (high >= 0).all(axis=1) & (low < (width, height)).all(axis=1)
    corners, values, low, high = corners[in_picture], values[in_picture], low[in_picture], high[in_picture]
    looks_at = np.zeros((height * width, sheet.shape[2]), np.float32)
    nearest = np.full(height * width, np.inf)
    extents = (high - low).max(axis=1, initial=0) + 1
    # Triangles of about the same size are filled together: a turned sheet has small ones and large ones.
    groups = np.ceil(extents / _SIZES).astype(np.intp)
    for group in np.unique(groups):
        chosen, side = np.flatnonzero(groups == group), int(group) * _SIZES
        for part in np.array_split(chosen, 1 + len(chosen) * side**2 // _MOST_AT_ONCE):
            _fill(corners[part], values[part], low[part], side, (width, height), looks_at, nearest)
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
    steps = np.arange(side)
    x, y = low[:, :1] + steps, low[:, 1:] + steps  # (n, side): columns and rows of each box
    origin = corners[:, 0, :2]
    one, other = corners[:, 1, :2] - origin, corners[:, 2, :2] - origin
    twice_area = one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]
    across = np.where(np.abs(twice_area) < 1e-9, np.nan, twice_area)[:, None]  # nothing is inside a triangle seen edge-on
    from_x, from_y = x - origin[:, :1], y - origin[:, 1:]
    # Weights of the corners are linear in x and y: a sum of what depends on one and what depends on the other.
    second = (from_x * other[:, 1:] / across)[:, None, :] - (from_y * other[:, :1] / across)[:, :, None]
    third = (from_y * one[:, :1] / across)[:, :, None] - (from_x * one[:, 1:] / across)[:, None, :]
    inside = (second >= _EDGE) & (third >= _EDGE) & (second + third <= 1 - _EDGE)
    inside &= ((x >= 0) & (x < size[0]))[:, None, :] & ((y >= 0) & (y < size[1]))[:, :, None]
    triangle, row, column = np.nonzero(inside)
    weights = np.stack([1 - second[inside] - third[inside], second[inside], third[inside]], axis=1)
    target = y[triangle, row] * size[0] + x[triangle, column]
    depth = (weights * corners[triangle, :, 2]).sum(axis=1)
    order = np.argsort(-depth, kind="stable")  # the nearest is written last, and stays
    triangle, weights, depth, target = triangle[order], weights[order], depth[order], target[order]
    nearer = depth < nearest[target]
    triangle, weights, depth, target = triangle[nearer], weights[nearer], depth[nearer], target[nearer]
    nearest[target] = depth
    looks_at[target] = (weights[..., None] * values[triangle]).sum(axis=1)
