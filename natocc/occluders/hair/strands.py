"""Strands of hair along a sheet, drawn with their exact coverage.

A strand is finer than a pixel or little broader. It is cut into short pieces, and the area of each goes to the four pixels around
its middle, by bilinear weights: their sums are the share of each pixel that hair covers. Strands lie in layers, the deeper ones
first, each in the shade of those above it.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from natocc.core import seeds
from natocc.core.samples import Image, Matte
from natocc.occluders.cutting.matting import spread
from natocc.occluders.drawn_on_faces import box_around, trimmed
from natocc.occluders.hair.flow import COLUMNS, ROWS

Float = npt.NDArray[np.float64]
Plane = npt.NDArray[np.float32]

_LAYERS = 9
_STEP = 0.9  # px along a strand
_LINE = 0.8  # px: broader strands are drawn as several lines
_FINEST, _BREADTH, _BROADEST = 0.12, 0.34, 0.95  # mm: a few hairs that lie together; the middle one is the median
_LOCK = (2.5, 8.0)  # mm between the middles of neighbouring locks
_FADE = 22.0  # mm over which strands come out of the hair above
_MOST = 2600  # strands in a sheet
_SHADE = 0.2  # share of the light that hair above takes away
_SPLAT = 0.45  # px: the blur of bilinear weights


def draw_hair(
    sheets: list[Float],
    density: list[tuple[float, float]],
    palette: Float,
    px_per_mm: float,
    blur: float,
    shape: tuple[int, int],
    seed: int,
) -> tuple[Image, Matte, tuple[int, int]]:
    """Hair along sheets.

    Parameters
    ----------
    sheets : list of (5, 5, 2) float64
        Control points, px: rows from root to tip, columns across.
    density : list of (float, float)
        Breadth of all strands of a sheet together, over its own; share of strands that belong to no lock.
    palette : (n, 3) float64
        sRGB from shadow to highlight.
    px_per_mm : float
        Scale of the face.
    blur : float
        Standard deviation of the picture's own blur, px.
    shape : (int, int)
        Height and width of the face's picture; nothing beyond it is drawn.
    seed : int
        Of every detail.

    Returns
    -------
    foreground : (h, w, 3) uint8
        sRGB, straight, valid beyond the matte's edge.
    matte : (h, w) uint8
        Share of each pixel that hair covers.
    at_xy : (int, int)
        Where the first pixel of both lies in the picture.
    """
    rng = seeds.generator(seed, "hair")
    left, top, width, height = box_around(np.concatenate([sheet.reshape(-1, 2) for sheet in sheets]), shape, 12 * px_per_mm)
    covered, tone = np.zeros((height, width), np.float32), np.zeros((height, width), np.float32)
    for sheet, (cover, stray) in zip(sheets, density, strict=True):
        layers = _strands(rng, sheet - (left, top), cover, stray, px_per_mm)
        for depth, (points, area, light) in enumerate(layers):
            share, lights = _splat(points, area, light, (height, width))
            _lay(covered, tone, share, lights, 0.0 if depth == 0 else _SHADE, px_per_mm)
    more = math.sqrt(max(blur**2 - _SPLAT**2, 0.0))
    if more > 0.1:
        covered, tone = _blurred(covered, more), _blurred(tone, more)
    matte = np.rint(255 * covered.clip(0, 1)).astype(np.uint8)
    bare = np.asarray(tone / np.maximum(covered, 1e-6), dtype=np.float32)
    straight = spread(bare, covered.clip(0, 0.25) * np.float32(4))
    steps = np.linspace(0, 1, len(palette))
    colours = np.stack([np.interp(straight, steps, palette[:, channel]) for channel in range(3)], axis=2)
    return trimmed(np.rint(colours).astype(np.uint8), matte, left, top)


def sheet_at(sheet: Float, along: Plane, across: Plane) -> tuple[Plane, Plane]:
    """x and y of points of a sheet: polynomials through its control points, from root 0 to tip 1, across from 0 to 1."""
    # Coefficients of powers along (rows) and across (columns), then Horner's rule.
    powers = (_powers(ROWS) @ sheet.transpose(2, 0, 1) @ _powers(COLUMNS).T).astype(np.float32)
    x, y = (_horner([_horner(list(of_along), along) for of_along in axis.T], across) for axis in powers)
    return x, y


@functools.cache
def _powers(count: int) -> Float:
    """(count, count): values on evenly spaced nodes in [0, 1] to the coefficients of the polynomial through them."""
    return np.asarray(np.linalg.inv(np.vander(np.linspace(0, 1, count), increasing=True)))


def _horner(coefficients: Sequence[Plane], at: Plane) -> Plane:
    """A polynomial's values; the coefficient of the lowest power comes first."""
    total = at * coefficients[-1]
    for coefficient in coefficients[-2:0:-1]:
        total += coefficient
        total *= at
    total += coefficients[0]
    return np.asarray(total, dtype=np.float32)


def _strands(
    rng: np.random.Generator, sheet: Float, cover: float, stray: float, px_per_mm: float
) -> list[tuple[Plane, Plane, Plane]]:
    """Pieces of all strands, by layer, the deepest first: x and y (2, n) px, their area px², their tone in [0, 1]."""
    breadth = float(np.hypot(*(sheet[:, -1] - sheet[:, 0]).T).mean())
    length = float(np.hypot(*np.moveaxis(np.diff(sheet, axis=0), 2, 0)).sum(axis=0).max())
    count = int(np.clip(cover * breadth / (_BREADTH * px_per_mm), 6, _MOST))
    spacing = min(rng.uniform(*_LOCK) * px_per_mm, breadth / rng.uniform(2, 5))
    locks = max(1, round(breadth / spacing))
    lock = rng.choice(locks, size=count, p=_shares(rng, locks))
    loose = rng.random(count) < stray
    middle = ((np.arange(locks) + rng.uniform(0.1, 0.9, locks)) / locks)[lock]
    # Strands of a lock come together towards its tip; loose ones lie anywhere, and cross them.
    away = np.where(loose, rng.uniform(-0.5, 0.5, count) * min(1.0, 4 / locks), rng.normal(0, 0.5 / locks, count))
    together = np.where(loose, 0.0, rng.uniform(-0.1, 0.75, locks)[lock])
    drift = (
        rng.normal(0, 0.5 / locks, locks)[lock]
        + rng.normal(0, 0.3 / locks, count)
        + np.where(loose, rng.normal(0, 0.08, count), 0.0)
    )
    first = np.abs(rng.normal(0, _FADE / 3, count)) * px_per_mm / length
    last = (rng.normal(0.95, 0.06, locks)[lock] - rng.exponential(0.08, count) + loose * rng.normal(0.02, 0.08, count)).clip(
        0.4, 1.04
    )
    width = (_BREADTH * np.exp(rng.normal(0, 0.45, count))).clip(_FINEST, _BROADEST) * np.where(loose, 0.6, 1.0) * px_per_mm
    curl = (
        rng.gamma(1.8, 0.7) * rng.uniform(0.3, 1.2, locks)[lock] * rng.uniform(0.6, 1.4, count)
        + loose * rng.gamma(2.0, 0.6, count)
    ) * px_per_mm
    waves = rng.uniform(0.4, 1.6) * length / (55 * px_per_mm) * rng.uniform(0.8, 1.2, locks)[lock]
    phase = rng.random(locks)[lock] + rng.normal(0, 0.1, count) + loose * rng.random(count)
    depth = (rng.integers(_LAYERS, size=locks)[lock] + rng.integers(-2, 3, count)).clip(0, _LAYERS - 1)
    lightness = (
        0.5 + 0.13 * rng.normal(size=locks)[lock] + 0.26 * rng.normal(size=count) + 0.3 * (depth / (_LAYERS - 1) - 0.5)
        - 0.05 * (np.abs(away) * locks / 0.5 - 0.7).clip(0, 1.5)
    )  # fmt: skip
    shine_at, shine = rng.uniform(0.3, 0.55) + rng.normal(0, 0.05, count), rng.uniform(0.05, 0.26) * rng.uniform(0.2, 1.2, count)
    flicker = rng.uniform(0, 2 * math.pi, (2, count))

    steps = max(8, math.ceil(1.1 * length / _STEP))
    share = np.linspace(0, 1, steps, dtype=np.float32)
    taper = (share * length / (_FADE * px_per_mm)).clip(0, 1) * (1 - 0.85 * ((share - 0.45) / 0.55).clip(0, 1) ** 1.6)
    drawn = (first, last - first, middle, away, together, drift, curl, waves, phase, width, lightness, shine, shine_at, *flicker)
    lines = np.ceil(width / _LINE)  # beside each other, so that a broad strand covers its breadth
    layers = []
    for layer in range(_LAYERS):
        pieces: list[tuple[Plane, Plane, Plane]] = []
        for count in range(1, int(lines.max(initial=1)) + 1):
            mine = (depth == layer) & (lines == count)
            start, run, at, aside, closer, drifts, curls, waving, begins, wide, tone, shines, brightest, *flickers = (
                each[mine, None].astype(np.float32) for each in drawn
            )
            v = at + aside * (1 - closer * share**1.3) + drifts * share
            x, y = sheet_at(sheet, start + run * share, v.clip(-0.12, 1.12))
            x += curls * share * np.sin(2 * math.pi * (waving * share + begins))
            light = tone + (0.07 * share - 0.14 * (1 - share / 0.3).clip(0, 1))
            light += shines * np.exp(-np.square((share - brightest) * (1 / 0.11)))
            for flicker_at, wave in zip(flickers, (11.0, 27.0), strict=True):
                light += 0.035 * np.sin(wave * share + flicker_at)
            pieces += _side_by_side(x, y, wide, wide * taper.astype(np.float32), light, count)
        where, area, lights = zip(*pieces, strict=True)
        layers.append((np.concatenate(where, axis=1), np.concatenate(area), np.concatenate(lights)))
    return layers


def _shares(rng: np.random.Generator, locks: int) -> Float:
    """Which share of the strands each lock has: some are thin."""
    sizes = rng.gamma(1.6, 1.0, locks) + 0.05
    return np.asarray(sizes / sizes.sum())


def _side_by_side(
    x: Plane, y: Plane, width: Plane, area: Plane, light: Plane, lines: int
) -> Iterator[tuple[Plane, Plane, Plane]]:
    """Strands (n, steps) of a width as so many lines beside each other; `area` is that of a px of their length."""
    right, down = (np.gradient(axis, axis=1).astype(np.float32, copy=False) for axis in (x, y))
    length = np.hypot(right, down)
    each = (area * length / lines).astype(np.float32, copy=False).ravel()
    if lines > 1:
        step = width / np.maximum(length, np.float32(1e-6))
        right, down = right * step, down * step
    for offset in (np.arange(lines) + 0.5) / lines - 0.5:
        shift = np.float32(offset)
        where = np.stack([(x - shift * down).ravel(), (y + shift * right).ravel()])
        yield where, each, (light - np.float32(0.05 * abs(offset))).clip(0, 1).ravel()


def _splat(points: Plane, area: Plane, light: Plane, shape: tuple[int, int]) -> tuple[Plane, Plane]:
    """Share of each pixel that pieces cover, at most 1, and the tone in it times that share."""
    height, width = shape
    inside = (points > -1).all(axis=0) & (points[0] < width) & (points[1] < height)
    points, area, light = points[:, inside], area[inside], light[inside]
    corner = np.floor(points)
    (x, y), (column, row) = points - corner, corner.astype(np.int32)
    # On a grid with a pixel more on each side, so that pieces half outside need no care.
    wide, size = width + 2, (height + 2) * (width + 2)
    first = (row + 1) * wide + column + 1
    upper, lower = area * (1 - y), area * y
    weights = np.concatenate([upper * (1 - x), upper * x, lower * (1 - x), lower * x])
    index = np.concatenate([first, first + 1, first + wide, first + wide + 1])
    covered, lit = (
        np.bincount(index, each, size).reshape(height + 2, wide)[1:-1, 1:-1].astype(np.float32)
        for each in (weights, weights * np.tile(light, 4))
    )
    whole = np.maximum(covered, np.float32(1))
    return np.asarray(covered / whole, dtype=np.float32), np.asarray(lit / whole, dtype=np.float32)


def _blurred(plane: Plane, sigma: float) -> Plane:
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT), dtype=np.float32)


def _lay(covered: Plane, tone: Plane, share: Plane, light: Plane, shade: float, px_per_mm: float) -> None:
    """Lay a layer over those below it, in place; tones come times their coverage; what lies below is darker."""
    if shade:
        near = _blurred(share, max(0.6, 0.9 * px_per_mm))
        tone *= 1 - shade * near
    tone *= 1 - share
    tone += light
    covered += share * (1 - covered)
