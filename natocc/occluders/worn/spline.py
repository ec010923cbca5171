"""Thin-plate splines: the smoothest map of the plane that takes given points to given values."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float64]


class ThinPlate:
    """A thin-plate spline [1]_ through values at points of the plane, or near them.

    Parameters
    ----------
    points_xy : (n, 2) float64
        At least three, not on a line.
    values : (n, k) float64
        What it takes there.
    stiffness : float
        0 goes through all values; the larger, the nearer to a map without any bend. In units of the points' spread, so that
        it does not depend on the scale.

    References
    ----------
    .. [1] F. L. Bookstein, "Principal Warps: Thin-Plate Splines and the Decomposition of Deformations", TPAMI 1989.

    Examples
    --------
    >>> corners = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], dtype=float)
    >>> ThinPlate(corners, 2 * corners)(np.array([[0.5, 0.25]])).round(6).tolist()
    [[1.0, 0.5]]
    """

    def __init__(self, points_xy: Float, values: Float, stiffness: float = 0.0) -> None:
        self._middle = points_xy.mean(axis=0)
        self._scale = float(np.sqrt(((points_xy - self._middle) ** 2).sum(axis=1).mean())) or 1.0
        self._points = (points_xy - self._middle) / self._scale
        count = len(self._points)
        flat = np.hstack([np.ones((count, 1)), self._points])
        system = np.zeros((count + 3, count + 3))
        # The bent part is divided by n, as a smoothing spline's mean squared error is.
        system[:count, :count] = _kernel(self._points, self._points) + stiffness * count * np.eye(count)
        system[:count, count:], system[count:, :count] = flat, flat.T
        self._weights = np.linalg.lstsq(system, np.vstack([values, np.zeros((3, values.shape[1]))]), rcond=None)[0]

    def __call__(self, points_xy: Float) -> Float:
        """(m, k): its values at (m, 2) points."""
        points = (points_xy - self._middle) / self._scale
        flat = np.hstack([np.ones((len(points), 1)), points])
        return np.asarray(_kernel(points, self._points) @ self._weights[:-3] + flat @ self._weights[-3:])


class Similarity:
    """The move, turn and scaling of the plane that brings points nearest to others (least squares); as a displacement.

    Parameters
    ----------
    points_xy, targets_xy : (n, 2) float64
        At least two.

    Examples
    --------
    >>> corners = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], dtype=float)
    >>> Similarity(corners, 2 * corners + 1)(np.array([[0.5, 0.25]])).round(6).tolist()
    [[1.5, 1.25]]
    """

    def __init__(self, points_xy: Float, targets_xy: Float) -> None:
        # As complex numbers, a turn and a scaling are one factor.
        points, targets = (each @ np.array([1, 1j]) for each in (points_xy, targets_xy))
        centred = points - points.mean()
        self._factor = (centred.conj() @ (targets - targets.mean())) / max(float((np.abs(centred) ** 2).sum()), 1e-12)
        self._shift = targets.mean() - self._factor * points.mean()

    def __call__(self, points_xy: Float) -> Float:
        """(m, 2): what is to be added to (m, 2) points."""
        points = points_xy @ np.array([1, 1j])
        moved = self._factor * points + self._shift - points
        return np.column_stack([moved.real, moved.imag])


def _kernel(one: Float, other: Float) -> Float:
    across, down = (np.subtract.outer(one[:, axis], other[:, axis]) for axis in (0, 1))
    squared = across * across + down * down
    return np.asarray(0.5 * squared * np.log(np.maximum(squared, 1e-20)))
