"""Contrast along the line where an occluder lies on a face: measured, and what it takes to reach a wanted one."""

from __future__ import annotations

import cv2
import numpy as np

from natocc.compose.colour_spaces import Float
from natocc.compose.overview import Overview
from natocc.compose.quantiles import quantile

_SIDE = 2.0  # px of an overview, 1/40 face width: how much of each side is looked at
_LEAST = 12  # points of a line, without which there is nothing to measure
_ROUNDS = 9
_MOST = 28.0  # L*
_SHORT = 4.0  # for each unit of contrast that is not reached: what a direction counts as too far
_DARKER = 6.0  # L*, the same for a darker hand: hands before faces are nearer to the light, and the face is in their shade


def sides(overview: Overview, hand: Float, face: Float) -> tuple[Float, Float]:
    """Colours on both sides of an occluder's line on the face: means over what is near each point of the line.

    Parameters
    ----------
    overview : Overview
        Tells where the occluder ends on the face.
    hand, face : (h, w, 3) float32
        CIELAB of the occluder and of the face, as `overview` is reduced.

    Returns
    -------
    hand, face : (n, 3) float32
    """
    within = (overview.matte > 0.9).astype(np.float32)
    out = ((overview.matte < 0.1) & (overview.on_face > 0.9)).astype(np.float32)
    near_in, near_out = _near(within), _near(out)
    edge = cv2.morphologyEx((overview.matte >= 0.5).astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    line = edge & (near_in > 0.1) & (near_out > 0.1)
    places = np.flatnonzero(line)
    one, other = (
        _near(colours * cv2.merge([part] * 3)).reshape(-1, 3).take(places, axis=0) / near.ravel().take(places)[:, None]
        for colours, part, near in ((hand, within, near_in), (face, out, near_out))
    )
    return one, other


def step_between(hand: Float, face: Float) -> float:
    """Median difference of colour (CIELAB) over the points of a line."""
    return _moved(hand - face, 0.0)


def missing_lightness(hand: Float, face: Float, wanted: float, lighter: float, darker: float) -> float:
    """By how much the occluder must become lighter against the face (negative: darker), so that the step is at least as wanted.

    Parameters
    ----------
    hand, face : (n, 3) float32
        Colours on both sides; see :func:`sides`.
    wanted : float
        Least median difference of colour, CIELAB.
    lighter, darker : float
        L* that it can become lighter and darker at most.

    Returns
    -------
    difference : float
        L*; 0 where the step is enough, or the line too short. It goes where it is less far, and there is room.
    """
    if len(hand) < _LEAST or step_between(hand, face) >= wanted:
        return 0.0
    gap = hand - face
    found = []
    for sign, most in ((1.0, min(lighter, _MOST)), (-1.0, min(darker, _MOST))):
        low, high = 0.0, most
        for _ in range(_ROUNDS):
            middle = (low + high) / 2
            low, high = (low, middle) if _moved(gap, sign * middle) >= wanted else (middle, high)
        short = max(0.0, wanted - _moved(gap, sign * high))
        found.append((high + _SHORT * short + (0.0 if sign > 0 else _DARKER), sign * high))
    return min(found)[1]


def _moved(gap: Float, difference: float) -> float:
    """Median step after one side has become lighter."""
    return quantile(np.hypot(gap[:, 0] + difference, np.hypot(gap[:, 1], gap[:, 2])), 0.5)


def _near(plane: Float) -> Float:
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), _SIDE / 2, borderType=cv2.BORDER_CONSTANT), dtype=np.float32)
