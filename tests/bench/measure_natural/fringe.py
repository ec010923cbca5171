"""Fringes: composites of cutouts whose true foreground is known, against the truth.

A shape is rendered over a first background and cut out of that picture by its true matte, as a perfect matting would give it. The
cutout is laid on a second background, moved by parts of a pixel, turned and scaled. The truth is the same shape rendered there at
once: what a perfect resampler of a perfect cutout would give, so that the blur of the lens (0.7 px) is scaled with the shape.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping

import cv2
import numpy as np
import numpy.typing as npt

from natocc.core.seeds import generator

Float = npt.NDArray[np.float64]
Way = Callable[[npt.NDArray[np.uint8], npt.NDArray[np.uint8], npt.NDArray[np.uint8], Float], npt.NDArray[np.uint8]]
"""Picture over the first background, true matte, second background, affine (2, 3): to the composite."""

SIDE = 160
FINE = 8  # times as many pixels each way, before they are averaged
LENS = 0.7  # px
COLOUR = (205.0, 150.0, 70.0)
GREEN, DARK, LIGHT = (20, 200, 40), (25, 30, 60), (240, 240, 235)
PLACEMENTS: Mapping[str, tuple[float, float, float, float]] = {
    "moved by (0.25, 0.5)": (0.25, 0.5, 0.0, 1.0),
    "turned by 7 degrees": (0.3, 0.1, 7.0, 1.0),
    "shrunk to 0.5": (0.2, 0.4, 3.0, 0.5),
    "enlarged to 1.4": (0.4, 0.3, -5.0, 1.4),
}
"""x, y, degrees, scale about the middle."""


@dataclasses.dataclass(frozen=True)
class Error:
    """Absolute difference from the truth along the edge, levels of 0-255."""

    shape: str
    placement: str
    mean: float
    percentile_99: float


def measure(way: Way) -> Iterator[Error]:
    """The error of a way of cutting out and compositing, for each shape and placement; the worse of four pairs of backgrounds."""
    still = _affine(0, 0, 0, 1)
    for name, outlines in shapes().items():
        for placement, values in PLACEMENTS.items():
            affine = _affine(*values)
            errors = []
            for first, second in ((GREEN, DARK), (GREEN, LIGHT), (DARK, LIGHT), (LIGHT, DARK)):
                coverage, weighted = render(outlines, still)
                picture = _levels(weighted + (1 - coverage[..., None]) * background(first))
                behind = _levels(background(second))
                composite = way(picture, np.rint(255 * coverage).astype(np.uint8), behind, affine)
                there, coloured = render(outlines, affine)
                truth = coloured + (1 - there[..., None]) * behind
                edge = cv2.dilate(((there > 0.02) & (there < 0.98)).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
                difference = np.abs(composite - truth).max(axis=2)[edge]
                errors.append((float(difference.mean()), float(np.quantile(difference, 0.99))))
            yield Error(name, placement, max(error[0] for error in errors), max(error[1] for error in errors))


def shapes() -> dict[str, list[Float]]:
    """Outlines, (n, 2) x, y in pixels, of a disc and of hair-like strands."""
    turn = np.linspace(0, 2 * math.pi, 240, endpoint=False)
    disc = np.stack([80.3 + 42.6 * np.cos(turn), 79.6 + 42.6 * np.sin(turn)], axis=1)
    rng, strands = generator(1, "strands"), []
    for _ in range(9):
        start, end = rng.uniform(35, 125, 2), rng.uniform(35, 125, 2)
        bend = (start + end) / 2 + rng.normal(size=2) * 14
        t = np.linspace(0, 1, 60)[:, None]
        middle = (1 - t) ** 2 * start + 2 * t * (1 - t) * bend + t**2 * end
        along = np.gradient(middle, axis=0)
        across = np.stack([-along[:, 1], along[:, 0]], axis=1) / np.hypot(*along.T)[:, None]
        half = np.linspace(rng.uniform(1.2, 2.0), 0.75, 60)[:, None]
        strands.append(np.concatenate([middle + half * across, (middle - half * across)[::-1]]))
    return {"disc": [disc], "hair": strands}


def render(outlines: list[Float], affine: Float) -> tuple[Float, Float]:
    """True coverage (H, W) in [0, 1] and colour weighted by it (H, W, 3), at a placement."""
    side = SIDE * FINE
    fine = np.zeros((side, side), np.uint8)
    for outline in outlines:
        placed = (outline @ affine[:, :2].T + affine[:, 2] + 0.5) * FINE - 0.5
        one = np.zeros_like(fine)
        cv2.fillPoly(one, [np.rint(placed * 16).astype(np.int32)], 1, cv2.LINE_8, 4)
        fine |= one
    rows, columns = np.mgrid[:side, :side]
    at = np.stack([(columns + 0.5) / FINE - 0.5, (rows + 0.5) / FINE - 0.5], axis=-1) - affine[:, 2]
    x, y = np.moveaxis(at @ np.linalg.inv(affine[:, :2]).T, -1, 0)
    wave = 22 * np.sin(x / 9.0) + 18 * np.cos(y / 7.0 + x / 15.0)
    colour = np.array(COLOUR) + wave[..., None]
    blur = LENS * FINE * math.sqrt(abs(float(np.linalg.det(affine[:, :2]))))
    planes = np.dstack([fine.astype(np.float32), (colour * fine[..., None]).astype(np.float32)])
    planes = cv2.resize(cv2.GaussianBlur(planes, (0, 0), blur), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return planes[..., 0].astype(np.float64), planes[..., 1:].astype(np.float64)


def background(colour: tuple[int, int, int]) -> Float:
    """(H, W, 3) 0-255: a colour with a soft texture."""
    texture = cv2.GaussianBlur(generator(2, "ground").normal(size=(SIDE, SIDE, 3)), (0, 0), 3) * 30
    return np.clip(np.array(colour) + texture, 0, 255)


def _affine(x: float, y: float, degrees: float, scale: float) -> Float:
    angle, middle = math.radians(degrees), (SIDE - 1) / 2
    linear = scale * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    return np.column_stack([linear, np.array([middle + x, middle + y]) - linear @ (middle, middle)])


def _levels(image: Float) -> npt.NDArray[np.uint8]:
    return np.rint(image.clip(0, 255)).astype(np.uint8)
