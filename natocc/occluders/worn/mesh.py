"""A picture on a bent sheet, seen by a camera: which of its pixels shows where, and which are hidden behind others."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from natocc.occluders.worn.face_model import Float

_EDGE = 1e-6  # px: what lies on an edge lies in both triangles
_FLAT = 1e-9  # px²: nothing is inside a triangle seen edge-on


def visible(seen: Float, sheet: Float, width: int, height: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Where on the sheet each pixel of a picture looks.

    Parameters
    ----------
    seen : (R, C, 3) float64
        Knots of a grid on the sheet: x and y in the picture, px, and the distance. Nearer triangles are laid over farther ones;
        what turns its back to the camera is not seen, since it lies on the far side of a head.
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
    corners, values = _triangles(seen), _triangles(sheet)  # (n, 3, 3), (n, 3, k)
    one, other = corners[:, 1, :2] - corners[:, 0, :2], corners[:, 2, :2] - corners[:, 0, :2]
    area = one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]  # twice
    order = np.flatnonzero(area > _FLAT)
    order = order[np.argsort(-corners[order, :, 2].sum(axis=1), kind="stable")]  # the nearest is laid last, and stays
    corners, values, area, one, other = corners[order], values[order], area[order, None], one[order], other[order]
    triangle, row, first, last = _spans(corners[..., :2], width, height)
    length = last - first + 1
    shown = np.zeros(height * width, np.int32)  # number of the triangle, from 1
    steps = np.arange(int(length.sum()), dtype=np.int32) - np.repeat((length.cumsum() - length).astype(np.int32), length)
    shown[np.repeat((row * width + first).astype(np.int32), length) + steps] = np.repeat(triangle + 1, length)
    # On a triangle the sheet is linear in x and y.
    second, third = values[:, 1] - values[:, 0], values[:, 2] - values[:, 0]
    along_x = (second * other[:, 1:] - third * one[:, 1:]) / area
    along_y = (third * one[:, :1] - second * other[:, :1]) / area
    start = values[:, 0] - along_x * corners[:, 0, :1] - along_y * corners[:, 0, 1:2]
    x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)[:, None]
    looks_at = np.empty((sheet.shape[2], height, width), np.float32)
    for plane, terms in zip(looks_at, np.stack([along_x, along_y, start]).transpose(2, 0, 1), strict=True):
        of_shown = (np.take(np.concatenate([[0], term]).astype(np.float32), shown) for term in terms)
        by_x, by_y, plane[...] = (term.reshape(height, width) for term in of_shown)
        plane += by_x * x
        plane += by_y * y
    return np.moveaxis(looks_at, 0, 2), shown.reshape(height, width) > 0


def _triangles(grid: Float) -> Float:
    """(2 (R - 1) (C - 1), 3, k): the two triangles of each cell."""
    a, b, c, d = grid[:-1, :-1], grid[:-1, 1:], grid[1:, :-1], grid[1:, 1:]
    both = [np.stack(three, axis=2).reshape(-1, 3, grid.shape[2]) for three in ((a, b, d), (a, d, c))]
    return np.concatenate(both)


def _spans(corners: Float, width: int, height: int) -> tuple[npt.NDArray[np.intp], ...]:
    """The pixels of a picture inside triangles (n, 3, 2): number of the triangle, row, first and last column of each span."""
    x, y = corners[..., 0], corners[..., 1]
    top = np.ceil(y.min(axis=1) - _EDGE).clip(0, height).astype(np.intp)
    bottom = np.floor(y.max(axis=1) + _EDGE).clip(-1, height - 1).astype(np.intp)
    rows = (bottom - top + 1).clip(0)
    triangle = np.repeat(np.arange(len(corners)), rows)
    row = np.arange(len(triangle)) - np.repeat(rows.cumsum() - rows, rows) + top[triangle]
    leftmost, rightmost = x.min(axis=1)[triangle], x.max(axis=1)[triangle]
    left, right = np.full(len(triangle), np.inf), np.full(len(triangle), -np.inf)
    for a, b in ((0, 1), (1, 2), (2, 0)):
        # Where an edge crosses the row; of a level one, both of its ends are ends of the others.
        rise = y[:, b] - y[:, a]
        slope = (x[:, b] - x[:, a]) / np.where(rise == 0, np.nan, rise)
        share = row - y[:, a][triangle]
        crosses = (share * (row - y[:, b][triangle]) <= _EDGE) & (rise != 0)[triangle]
        at = (x[:, a][triangle] + share * slope[triangle]).clip(leftmost, rightmost)
        left = np.where(crosses, np.minimum(left, at), left)
        right = np.where(crosses, np.maximum(right, at), right)
    found = left <= right
    triangle, row, left, right = triangle[found], row[found], left[found], right[found]
    first = np.ceil(left - _EDGE).clip(0, width).astype(np.intp)
    last = np.floor(right + _EDGE).clip(-1, width - 1).astype(np.intp)
    some = last >= first
    return triangle[some], row[some], first[some], last[some]
