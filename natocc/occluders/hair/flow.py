"""How hair falls over a face: sheets along which its strands run, from above the hairline downwards."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from natocc.core.samples import Mask
from natocc.occluders.drawn_on_faces import Sitter

Float = npt.NDArray[np.float64]

ROWS = COLUMNS = 5
"""Control points of a sheet: along its strands, from root to tip, and across them."""

_BROWS = -21.0  # mm from the eyes; up is negative, as in the picture
_HIGHEST, _LOWEST = -105.0, -26.0  # mm: where a hairline is looked for
_FRINGE = -52.0  # mm: a face that ends lower on its forehead has a fringe already
_WIDEST = 60.0  # mm from the middle: beyond lie the temples
_TURNED = 15.0  # degrees from which hair hangs at the side of the face that is seen
_ALONG = np.linspace(0, 1, ROWS)


@dataclasses.dataclass(frozen=True, eq=False)
class Sheet:
    """A smooth surface of hair.

    Parameters
    ----------
    points : (5, 5, 2) float64
        x and y: of rows from root to tip, of columns across, mm of the generic head, seen from the front.
    density : (float, float)
        Breadth of all its strands together, over its own; share of strands that belong to no lock.
    """

    points: Float
    density: tuple[float, float]


def draw_sheets(rng: np.random.Generator, kind: str, sitter: Sitter) -> list[Sheet]:
    """Sheets of hair of a kind, on the generic head; they begin above the face's own hairline and follow gravity."""
    line = hairline(sitter)
    if kind == "fringe":
        return _fringe(rng, line)
    if kind == "side":
        yaw = sitter.pose.yaw
        side = float(-np.sign(yaw)) if abs(yaw) > _TURNED else float(rng.choice((-1.0, 1.0)))
        return [_side(rng, line, side)]
    return [_strand(rng, line) for _ in range(int(rng.choice((1, 2, 3), p=(0.4, 0.35, 0.25))))]


def on_picture(points: Float, sitter: Sitter) -> Float:
    """Points (..., 2) of a sheet on the head, turned as the face is: (..., 2) px."""
    flat = points.reshape(-1, 2)
    solid = np.column_stack([flat, _depth(flat)])
    return np.asarray(sitter.pose.project(solid)[:, :2].reshape(points.shape))


def hairline(sitter: Sitter) -> Float:
    """(n, 2): x, and the y at which the face ends above, mm of the generic head; by the face mask."""
    across = np.linspace(-_WIDEST, _WIDEST, 25)
    heights = np.arange(_LOWEST, _HIGHEST, -1.0)
    mask: Mask = sitter.face.face_mask
    grid = np.stack(np.meshgrid(across, heights), axis=2)
    columns, rows = np.moveaxis(np.rint(on_picture(grid, sitter)).astype(np.intp), 2, 0)
    inside = (rows >= 0) & (rows < mask.shape[0]) & (columns >= 0) & (columns < mask.shape[1])
    on_face = np.zeros(inside.shape, bool)
    on_face[inside] = mask[rows[inside], columns[inside]] > 0
    # Locks that lie on the forehead already are holes in it: the face ends above its highest pixel.
    highest = np.where(on_face.any(axis=0), heights[len(heights) - 1 - on_face[::-1].argmax(axis=0)], _LOWEST)
    smooth = np.convolve(np.pad(highest, 2, mode="edge"), np.ones(5) / 5, mode="valid")
    return np.column_stack([across, smooth])


def _depth(points: Float) -> Float:
    """How far behind the tip of the forehead hair lies at x and y, mm: on an ellipsoid that is longer below."""
    x, y = points.T
    reach = np.where(y < -10, 130.0, 260.0)
    return np.asarray(95 - 100 * np.sqrt((1 - (x / 78) ** 2 - ((y + 10) / reach) ** 2).clip(0.03, 1)))


def _top(line: Float, x: Float) -> Float:
    """Where hair comes from above x: the hairline, or higher, where a fringe hides it."""
    return np.asarray(np.minimum(np.interp(x, line[:, 0], line[:, 1]), _FRINGE))


def _fringe(rng: np.random.Generator, line: Float) -> list[Sheet]:
    """Bangs: straight down, swept to a side, or parted."""
    cover, level = rng.uniform(1.0, 2.4), _BROWS + rng.normal(2, 7)
    style = rng.choice(("straight", "swept", "parted"), p=(0.4, 0.35, 0.25))
    if style == "straight":
        reach = rng.uniform(40, 58)
        return [_bangs(rng, line, (-reach, reach), rng.normal(0, 4), level, rng.uniform(0, 10), cover)]
    if style == "swept":
        way = float(rng.choice((-1.0, 1.0)))
        begins = -way * rng.uniform(20, 48)
        return [_bangs(rng, line, (begins, way * rng.uniform(42, 58)), way * rng.uniform(14, 34), level, 12.0, cover)]
    parting = rng.uniform(-22, 22)
    return [
        _bangs(rng, line, (parting, way * rng.uniform(46, 58)), way * rng.uniform(10, 24), level, rng.uniform(10, 30), cover)
        for way in (-1.0, 1.0)
    ]


def _bangs(
    rng: np.random.Generator, line: Float, span: tuple[float, float], sweep: float, level: float, longer: float, cover: float
) -> Sheet:
    """Bangs whose roots lie above the hairline in `span`, whose tips lie `sweep` beside them at `level`; lower at temples."""
    low, high = min(span), max(span)
    roots = np.linspace(low, high, COLUMNS)
    tips = roots + sweep + rng.normal(0, 2, COLUMNS)
    bottom = level + longer * (tips / 55) ** 2 + rng.normal(0, 2.5, COLUMNS)
    start = _top(line, roots) - rng.uniform(15, 26)
    bottom = np.maximum(bottom, start + 35)
    towards = _ALONG[:, None]
    x = roots * (0.8 + 0.2 * towards.clip(0, 0.5) / 0.5) + (tips - roots) * towards**1.7
    y = start + (bottom - start) * (0.85 * towards + 0.15 * towards**2)
    return Sheet(np.stack([x, y], axis=2), (cover, 0.09))


def _strand(rng: np.random.Generator, line: Float) -> Sheet:
    """A loose lock that falls from the hairline across forehead and cheek."""
    root = rng.uniform(-42, 42)
    way = float(np.sign(root)) if rng.random() < 0.75 else float(-np.sign(root))
    tip = np.array([root + way * rng.uniform(4, 36), rng.uniform(-12, 80)])
    tip[0] = np.clip(tip[0], -72, 72)
    start = np.array([root - way * rng.uniform(0, 8), float(_top(line, np.array([root]))[0]) - rng.uniform(18, 28)])
    bulge, bend = way * rng.uniform(-4, 14), way * rng.normal(0, 5)
    middle = start + (tip - start) * _ALONG[:, None]
    middle[:, 0] += bulge * np.sin(np.pi * _ALONG) + bend * np.sin(2 * np.pi * _ALONG)
    breadth = rng.uniform(3, 13) * np.linspace(1, rng.uniform(0.3, 1.5), ROWS)
    offsets = breadth[:, None] * np.linspace(-0.5, 0.5, COLUMNS)
    points = np.stack([middle[:, :1] + offsets, np.repeat(middle[:, 1:], COLUMNS, axis=1)], axis=2)
    return Sheet(points, (rng.uniform(0.35, 1.0), rng.uniform(0.2, 0.5)))


def _side(rng: np.random.Generator, line: Float, side: float) -> Sheet:
    """A curtain of hair on one side, from a parting past temple and cheek to chin or shoulder."""
    parting = rng.uniform(-22, 14)
    reach, end = rng.uniform(26, 52), rng.uniform(75, 165)
    top = float(_top(line, np.array([side * parting]))[0]) - rng.uniform(6, 14)
    inner = np.array(
        [
            [parting, top],
            [(parting + 0.8 * reach) / 2, 0.6 * top - 6 + rng.normal(0, 4)],
            [reach, -2],
            [reach + rng.normal(2, 5), 42],
            [0, end],
        ]
    )
    inner[4, 0] = inner[3, 0] + rng.normal(2, 6)
    outer = np.array([[parting + 16, top - 24], [74, -62], [86, 0], [88, 52], [84 + rng.normal(0, 6), end + rng.uniform(0, 20)]])
    across = np.linspace(0, 1, COLUMNS)[None, :, None]
    points = inner[:, None] * (1 - across) + outer[:, None] * across
    points[..., 0] *= side
    return Sheet(points, (rng.uniform(2.2, 4.2), 0.09))
