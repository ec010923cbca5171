"""Outlines of RandOcc's shapes: drawn as a few numbers, made of them again as polygons in the unit square."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Annotated, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from pydantic import Field

from natocc.core.plans import Json, Reference
from natocc.occluders.drawn import Coordinate, DrawnNumbers, Pair, Triple, Unit

_Points: TypeAlias = npt.NDArray[np.float64]
OutlineKind: TypeAlias = Literal["bezier", "ellipse", "rectangle", "stroke", "polygon", "grid"]
Pieces: TypeAlias = list[list[_Points]]
"""The shape is the union of its pieces; a piece is its first ring without those that follow (even-odd)."""

_LEAST_AREA = 0.12  # of the unit square: less is a sliver
_TRIES = 20
_STEPS = 24  # points of the outline between two corners
_ROUND = np.linspace(0, 2 * math.pi, 96, endpoint=False)
_CIRCLE = np.stack([np.cos(_ROUND), np.sin(_ROUND)], axis=1)
_SQUARE = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])


class DrawnBezier(DrawnNumbers):
    """What :func:`draw_bezier` drew."""

    points: Annotated[list[Pair], Field(min_length=3, max_length=100)]
    roundness: Unit


class DrawnEllipse(DrawnNumbers):
    """What :func:`draw_ellipse` drew."""

    ratio: Unit
    turn: Coordinate


class DrawnStroke(DrawnNumbers):
    """What :func:`draw_stroke` drew."""

    points: Annotated[list[Pair], Field(min_length=4, max_length=4)]
    breadth: Unit


class DrawnPolygon(DrawnNumbers):
    """What :func:`draw_polygon` drew."""

    radii: Annotated[list[Unit], Field(min_length=3, max_length=100)]
    turn: Coordinate
    holes: Annotated[list[Triple], Field(max_length=10)]


class DrawnGrid(DrawnNumbers):
    """What :func:`draw_grid` drew."""

    bars: Annotated[list[Annotated[int, Field(ge=1, le=100)]], Field(min_length=2, max_length=2)]
    breadth: Unit
    turn: Coordinate


def draw_bezier(rng: np.random.Generator, points: tuple[int, int], smooth: float) -> dict[str, Json]:
    """A closed Bézier outline through random points: how many, and with which probability it is smooth rather than edgy."""
    for _ in range(_TRIES):
        corners = rng.random((int(rng.integers(points[0], points[1] + 1)), 2))
        if _area(outline(corners, 0.0)) >= _LEAST_AREA:
            break
    roundness = rng.uniform(0.2, 0.5) if rng.random() < smooth else rng.uniform(0.0, 0.1)
    return {"points": _listed(corners), "roundness": round(float(roundness), 4)}


def draw_ellipse(rng: np.random.Generator) -> dict[str, Json]:
    """An ellipse: the ratio of its axes, and how it is turned."""
    return {"ratio": _number(rng, 0.3, 1.0), "turn": _number(rng, 0, math.pi)}


def draw_stroke(rng: np.random.Generator) -> dict[str, Json]:
    """A brush stroke along a curve: its four control points, and its breadth."""
    return {"points": _listed(rng.random((4, 2))), "breadth": _number(rng, 0.08, 0.3)}


def draw_polygon(rng: np.random.Generator) -> dict[str, Json]:
    """A star-shaped polygon with up to three round holes: the radii of its corners; place and radius of each hole."""
    radii = rng.uniform(0.45, 1.0, int(rng.integers(5, 13)))
    turn = rng.uniform(0, 2 * math.pi)
    count = int(rng.integers(0, 4))
    holes = []
    for index in range(count):
        angle = turn + 2 * math.pi * index / count
        holes.append([0.25 * math.cos(angle), 0.25 * math.sin(angle), rng.uniform(0.06, 0.15)])
    return {"radii": [round(float(radius), 4) for radius in radii], "turn": round(float(turn), 4), "holes": _listed(holes)}


def draw_grid(rng: np.random.Generator) -> dict[str, Json]:
    """Crossing bars: how many each way, their breadth, and how they are turned."""
    bars = [int(rng.integers(2, 6)), int(rng.integers(2, 6))]
    return {"bars": bars, "breadth": _number(rng, 0.04, 0.1), "turn": _number(rng, 0, math.pi)}


def bezier(drawn: Reference) -> Pieces:
    """What :func:`draw_bezier` drew."""
    numbers = DrawnBezier.of(drawn)
    return [[outline(np.array(numbers.points, dtype=np.float64), numbers.roundness)]]


def ellipse(drawn: Reference) -> Pieces:
    """What :func:`draw_ellipse` drew."""
    numbers = DrawnEllipse.of(drawn)
    return [[_turned(_CIRCLE * (1.0, numbers.ratio), numbers.turn)]]


def rectangle(drawn: Reference) -> Pieces:
    """A rectangle, drawn as an ellipse is."""
    numbers = DrawnEllipse.of(drawn)
    return [[_turned(_SQUARE * (1.0, numbers.ratio), numbers.turn)]]


def stroke(drawn: Reference) -> Pieces:
    """What :func:`draw_stroke` drew: discs along the curve, and what lies between two of them."""
    numbers = DrawnStroke.of(drawn)
    first, second, third, last = np.array(numbers.points, dtype=np.float64)
    t = np.linspace(0, 1, 2 * _STEPS)[:, None]
    line = (1 - t) ** 3 * first + 3 * (1 - t) ** 2 * t * second + 3 * (1 - t) * t**2 * third + t**3 * last
    half = numbers.breadth / 2
    along = np.gradient(line, axis=0)
    across = half * np.stack([-along[:, 1], along[:, 0]], axis=1) / np.maximum(np.hypot(*along.T), 1e-9)[:, None]
    between = [np.stack([line[i] + across[i], line[i + 1] + across[i + 1], line[i + 1] - across[i + 1], line[i] - across[i]])
               for i in range(len(line) - 1)]  # fmt: skip
    return [*([half * _CIRCLE + point] for point in line), *([quadrilateral] for quadrilateral in between)]


def polygon(drawn: Reference) -> Pieces:
    """What :func:`draw_polygon` drew."""
    numbers = DrawnPolygon.of(drawn)
    radii = np.array(numbers.radii, dtype=np.float64)
    angles = numbers.turn + np.arange(len(radii)) * (2 * math.pi / len(radii))
    corners = radii[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return [[corners, *(radius * _CIRCLE + (x, y) for x, y, radius in numbers.holes)]]


def grid(drawn: Reference) -> Pieces:
    """What :func:`draw_grid` drew."""
    numbers = DrawnGrid.of(drawn)
    half = numbers.breadth
    upright, level = (np.linspace(half - 1, 1 - half, count) for count in numbers.bars)
    bars = [*(_SQUARE * (half, 1.0) + (x, 0.0) for x in upright), *(_SQUARE * (1.0, half) + (0.0, y) for y in level)]
    return [[_turned(bar, numbers.turn)] for bar in bars]


OUTLINES: Mapping[OutlineKind, Callable[[Reference], Pieces]] = {
    "bezier": bezier,
    "ellipse": ellipse,
    "rectangle": rectangle,
    "stroke": stroke,
    "polygon": polygon,
    "grid": grid,
}
"""OutlineKind of a shape to what makes its outline of the numbers that were drawn."""

DRAWS: Mapping[OutlineKind, Callable[[np.random.Generator], dict[str, Json]]] = {
    "ellipse": draw_ellipse,
    "rectangle": draw_ellipse,
    "stroke": draw_stroke,
    "polygon": draw_polygon,
    "grid": draw_grid,
}
"""OutlineKind of a shape to what draws it, but for ``bezier``, which has options of its own."""


def outline(points_xy: npt.NDArray[np.float64], roundness: float) -> npt.NDArray[np.float64]:
    """Closed outline through points, of cubic Bézier curves that meet with one tangent.

    Parameters
    ----------
    points_xy : (n, 2) float64
        Three or more, any unit; visited by their angle around their mean, so that the outline hardly crosses itself.
    roundness : float
        Length of the tangents over the distance between neighbours: 0 gives straight edges, 0.3-0.5 a smooth outline.

    Returns
    -------
    curve : (m, 2) float64
        In the same unit.
    """
    around = points_xy - points_xy.mean(axis=0)
    corners = points_xy[np.argsort(np.arctan2(around[:, 1], around[:, 0]), kind="stable")]
    before, after = np.roll(corners, 1, axis=0), np.roll(corners, -1, axis=0)
    chord = after - before
    tangent = chord / np.maximum(np.hypot(*chord.T), 1e-9)[:, None]
    reach = (roundness * np.hypot(*(after - corners).T))[:, None]
    first, second = corners + reach * tangent, after - reach * np.roll(tangent, -1, axis=0)
    t = np.linspace(0, 1, _STEPS, endpoint=False)[None, :, None]
    curve: npt.NDArray[np.float64] = (
        (1 - t) ** 3 * corners[:, None]
        + 3 * (1 - t) ** 2 * t * first[:, None]
        + 3 * (1 - t) * t**2 * second[:, None]
        + t**3 * after[:, None]
    ).reshape(-1, 2)
    return curve


def _area(polygon_xy: npt.NDArray[np.float64]) -> float:
    """Area of a polygon (shoelace)."""
    x, y = polygon_xy.T
    return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)


def _turned(ring: _Points, angle: float) -> _Points:
    cosine, sine = math.cos(angle), math.sin(angle)
    return np.asarray(ring @ np.array([[cosine, sine], [-sine, cosine]]))


def _number(rng: np.random.Generator, low: float, high: float) -> float:
    return round(float(rng.uniform(low, high)), 4)


def _listed(points: npt.ArrayLike) -> list[list[float]]:
    return [[round(float(value), 4) for value in point] for point in np.asarray(points, dtype=np.float64)]
