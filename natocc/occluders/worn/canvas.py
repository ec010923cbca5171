"""Where worn things are drawn: the canonical face's plane in millimetres, curves on it, and layers laid on each other."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Iterable
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from natocc.core.samples import Image, Matte
from natocc.occluders.cutting.matting import spread
from natocc.occluders.worn.face_model import ANCHORS
from natocc.occluders.worn.template import WornTemplate

Field: TypeAlias = npt.NDArray[Any]
"""float32: one number, or one colour, a pixel."""
Curve: TypeAlias = npt.NDArray[np.float64]
"""(n, 2): points x, y in millimetres."""

_SUBPIXEL_BITS = 6
_CURVE_STEPS = 12
_REDUCED = tuple(2 ** (step / 2) for step in range(7))
_FINER = 1.2  # times as fine as the picture's pixels are a canvas' at least


@dataclasses.dataclass(frozen=True)
class Canvas:
    """Pixels over a part of the face's plane.

    Parameters
    ----------
    box : (left, top, right, bottom)
        What is drawn, mm; the origin lies between the eyes, x to the right, y down.
    scale : float
        Pixels a millimetre; at 4 the eyes are 250 px apart.
    reduced : float
        How many times coarser that is than the thing is drawn at most.
    """

    box: tuple[float, float, float, float]
    scale: float = 4.0
    reduced: float = 1.0

    @classmethod
    def seen(cls, px_per_mm: float, box: tuple[float, float, float, float], scale: float = 4.0) -> Canvas:
        """One of `scale`, or of as much less as still shows all that a picture of so many pixels a millimetre does."""
        reduced = max(by for by in _REDUCED if by == 1 or scale >= _FINER * px_per_mm * by)
        return cls(box, scale / reduced, reduced)

    @functools.cached_property
    def shape(self) -> tuple[int, int]:
        """Height and width, px."""
        left, top, right, bottom = self.box
        return round((bottom - top) * self.scale), round((right - left) * self.scale)

    @functools.cached_property
    def x(self) -> Field:
        """(h, w): x of every pixel's centre, mm."""
        row = self.box[0] + (np.arange(self.shape[1], dtype=np.float32) + 0.5) / self.scale
        return np.ascontiguousarray(np.broadcast_to(row.astype(np.float32), self.shape))

    @functools.cached_property
    def y(self) -> Field:
        """(h, w): y of every pixel's centre, mm."""
        column = self.box[1] + (np.arange(self.shape[0], dtype=np.float32) + 0.5) / self.scale
        return np.ascontiguousarray(np.broadcast_to(column.astype(np.float32)[:, None], self.shape))

    def coarse(self, factor: int) -> Canvas:
        """The same part with fewer pixels, for what is smooth: `factor` times fewer than a thing is drawn with at most."""
        fewer = max(1.0, factor / self.reduced)
        return Canvas(self.box, self.scale / fewer, self.reduced * fewer)

    def part(self, left: float, top: float, right: float, bottom: float) -> Canvas:
        """What lies in a box (mm), on the same pixels."""
        edges = np.array([left, top, right, bottom]) - np.tile(self.box[:2], 2)
        cells = np.clip(np.rint(edges * self.scale), 0, [*self.shape[::-1]] * 2) / self.scale + np.tile(self.box[:2], 2)
        return Canvas((float(cells[0]), float(cells[1]), float(cells[2]), float(cells[3])), self.scale, self.reduced)

    def px(self, at_most: float) -> float:
        """Pixels here that are so many of the finest canvas."""
        return at_most / self.reduced

    def shown(self, pitch: float) -> float:
        """How much is seen of what repeats every so many mm: nothing, in place of other patterns, where pixels are too coarse."""
        return 1.0 if self.reduced == 1 else float(np.clip((pitch * self.scale - 2) / 1.2, 0, 1))

    def at(self, line: Curve) -> Field:
        """y of a line at every pixel's column, mm; the line goes from the middle to the right and is mirrored."""
        outwards = np.maximum.accumulate(line[:, 0])
        row = np.interp(np.abs(self.x[0]), outwards, line[:, 1]).astype(np.float32)
        return np.ascontiguousarray(np.broadcast_to(row, self.shape))

    def enlarged(self, field: Field) -> Field:
        """A field of a coarser canvas at this one's size; the mean of one that is finer."""
        finer = field.shape[0] > self.shape[0] or field.shape[1] > self.shape[1]
        how = cv2.INTER_AREA if finer else cv2.INTER_CUBIC
        return np.asarray(cv2.resize(field, self.shape[::-1], interpolation=how), dtype=np.float32)

    def pixels(self, points: Curve) -> Curve:
        """Millimetres to pixels; pixel centres are at integers."""
        return np.asarray((points - np.array(self.box[:2])) * self.scale - 0.5, dtype=np.float64)

    def covered(self, *outlines: Curve) -> Field:
        """Share of every pixel inside closed outlines, in [0, 1]; where two overlap, outside again."""
        picture, polygons = self._finer(outlines)
        cv2.fillPoly(picture, polygons, 255, lineType=cv2.LINE_AA, shift=_SUBPIXEL_BITS)
        return self._mean(picture)

    def stroked(self, lines: Iterable[Curve], width: float) -> Field:
        """Share of every pixel under lines `width` mm thick, in [0, 1]; thinner than a pixel they grow faint."""
        picture, polylines = self._finer(lines)
        wide = width * self.scale * self._times
        cv2.polylines(picture, polylines, False, 255, max(1, round(wide)), lineType=cv2.LINE_AA, shift=_SUBPIXEL_BITS)
        return self._mean(picture) / np.float32(max(1.0, 1 / wide))

    @property
    def _times(self) -> int:
        """How many times finer edges are drawn: about as fine as on the finest canvas."""
        return math.ceil(self.reduced - 0.5)

    def _finer(self, lines: Iterable[Curve]) -> tuple[npt.NDArray[np.uint8], list[npt.NDArray[np.int32]]]:
        """An empty picture, finer than this one, and lines (mm) on it as OpenCV wants them."""
        times, (rows, columns) = self._times, self.shape
        fine = [(self.pixels(line) + 0.5) * times - 0.5 for line in lines]
        points = [np.rint(line * 2**_SUBPIXEL_BITS).astype(np.int32) for line in fine]
        return np.zeros((rows * times, columns * times), np.uint8), points

    def _mean(self, fine: npt.NDArray[np.uint8]) -> Field:
        """A finer picture of levels at this one's size, in [0, 1]."""
        levels = cv2.resize(fine, self.shape[::-1], interpolation=cv2.INTER_AREA) if self._times > 1 else fine
        return np.asarray(levels / np.float32(255), dtype=np.float32)

    def depth(self, coverage: Field) -> Field:
        """How far every pixel lies inside of what is covered, mm; 0 outside."""
        away = cv2.distanceTransform((coverage >= 0.5).astype(np.uint8), cv2.DIST_L2, 5)
        return np.asarray(cv2.GaussianBlur(away, (0, 0), self.px(0.9)) / np.float32(self.scale), dtype=np.float32)

    def distance(self, lines: Iterable[Curve]) -> Field:
        """How far every pixel lies from lines, mm."""
        away = (self.stroked(lines, 0.1) == 0).astype(np.uint8)
        return np.asarray(cv2.distanceTransform(away, cv2.DIST_L2, 5) / np.float32(self.scale), dtype=np.float32)


class Layers:
    """Colours and opacities laid on each other, the later ones in front."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas
        self._colour = np.zeros((*canvas.shape, 3), np.float32)
        self._opacity = np.zeros(canvas.shape, np.float32)

    def lay(self, colour: Field, opacity: Field, part: Canvas | None = None) -> None:
        """Lay a colour, sRGB in [0, 1], with an opacity in [0, 1] over what is there; both of the whole canvas or of a part."""
        left, top, width, height = cv2.boundingRect((opacity > 0).astype(np.uint8))
        inside = np.s_[top : top + height, left : left + width]
        over, (beneath, under) = opacity[inside], (field[inside] for field in self._of(part))
        total = over + under * (1 - over)
        share = over / np.maximum(total, np.float32(1e-6))
        added = colour[inside] - beneath
        added *= cv2.merge([share, share, share])
        beneath += added
        under[:] = total

    def darken(self, factor: Field, part: Canvas | None = None) -> None:
        """Multiply what is there, such as by the shadow of what will lie on it."""
        colour, _ = self._of(part)
        colour *= factor[..., None]

    def _of(self, part: Canvas | None) -> tuple[Field, Field]:
        """Colour and opacity of a part of the canvas."""
        if part is None:
            return self._colour, self._opacity
        column = round((part.box[0] - self.canvas.box[0]) * self.canvas.scale)
        row = round((part.box[1] - self.canvas.box[1]) * self.canvas.scale)
        inside = np.s_[row : row + part.shape[0], column : column + part.shape[1]]
        return self._colour[inside], self._opacity[inside]

    def finish(self, kind: str, anchors: Iterable[str]) -> WornTemplate:
        """The template, its colour continued beyond its edge.

        Parameters
        ----------
        kind : str
            Of the template.
        anchors : iterable of str
            Names in :data:`ANCHORS` of the points that tie it to the face.
        """
        matte: Matte = np.rint(np.clip(self._opacity, 0, 1) * 255).astype(np.uint8)
        filled = spread(self._colour, np.minimum(self._opacity * 8, 1) + np.float32(1e-6))
        foreground: Image = np.rint(np.clip(filled, 0, 1) * 255).astype(np.uint8)
        places = {name: self.canvas.pixels(np.array(ANCHORS[name][:2])) for name in anchors}
        return WornTemplate(foreground, matte, {name: (float(x), float(y)) for name, (x, y) in places.items()}, kind)


def curve(points: npt.ArrayLike, closed: bool = False) -> Curve:
    """Smooth curve through points (Catmull and Rom's spline); a point given twice is a corner.

    Parameters
    ----------
    points : (n, 2)
        Millimetres.
    closed : bool
        Whether the last is followed by the first.
    """
    through = np.asarray(points, dtype=np.float64)
    count = len(through)
    ends = (through[-1:], through[:2]) if closed else (through[:1], through[-1:])
    padded = np.vstack([ends[0], through, ends[1]])
    spans = count if closed else count - 1
    before, start, end, after = (padded[i : i + spans, None] for i in range(4))
    t = (np.arange(_CURVE_STEPS) / _CURVE_STEPS)[None, :, None]
    smooth = 0.5 * (
        2 * start
        + (end - before) * t
        + (2 * before - 5 * start + 4 * end - after) * t**2
        + (3 * start - before - 3 * end + after) * t**3
    )
    line = smooth.reshape(-1, 2)
    return line if closed else np.vstack([line, through[-1:]])


def moved(points: npt.ArrayLike, right: float, down: float) -> Curve:
    """One point or several, moved by so many mm."""
    return np.asarray(np.asarray(points, dtype=np.float64) + np.array([right, down]), dtype=np.float64)


def mirrored(half: Curve) -> Curve:
    """The whole outline of a half on the right of the picture, from its upper middle to its lower middle."""
    return np.vstack([half, half[::-1] * [-1, 1]])


def ribbon(line: Curve, width: float | npt.NDArray[np.float64]) -> Curve:
    """Outline of a band along a line, `width` mm wide: one number, or one a point."""
    normal = _normals(line) * (np.broadcast_to(np.asarray(width, dtype=np.float64), len(line))[:, None] / 2)
    return np.vstack([line + normal, (line - normal)[::-1]])


def inset(outline: Curve, by: float) -> Curve:
    """A closed outline (given clockwise on the picture) moved inwards by `by` mm; good where it is smooth."""
    around = np.vstack([outline, outline[:1]])
    return around + by * _normals(around, closed=True)


def dashes(line: Curve, length: float, gap: float) -> list[Curve]:
    """A line cut into stitches of a length with gaps, mm."""
    steps = np.hypot(*np.diff(line, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    starts = np.arange(0, along[-1] - length, length + gap)
    at = np.stack([starts, starts + length / 2, starts + length], axis=1)
    x, y = np.interp(at, along, line[:, 0]), np.interp(at, along, line[:, 1])
    return list(np.stack([x, y], axis=2))


def _normals(line: Curve, closed: bool = False) -> Curve:
    """Unit normals, to the right of the direction of travel where y points down."""
    if closed:
        padded = np.vstack([line[-2:-1], line, line[1:2]])
        along = padded[2:] - padded[:-2]
    else:
        along = np.gradient(line, axis=0)
    length = np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-9)
    return np.stack([-along[:, 1] / length, along[:, 0] / length], axis=1)
