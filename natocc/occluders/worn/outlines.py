"""Outlines of worn things, drawn by us: points tied to the face's anchors, in `assets/worn/outlines.yaml`."""

from __future__ import annotations

import functools

import numpy as np
import yaml

from natocc.io.paths import own_folder
from natocc.occluders.worn.canvas import Curve
from natocc.occluders.worn.face_model import ANCHORS


@functools.cache
def _points() -> dict[str, Curve]:
    text = (own_folder("assets") / "worn" / "outlines.yaml").read_text(encoding="utf-8")
    return {
        name: np.array([_place(*point) for point in points], dtype=np.float64) for name, points in yaml.safe_load(text).items()
    }


def _place(anchor: str | float, *offset: float) -> tuple[float, float]:
    """A point: an anchor's name and an offset, or a place; mm."""
    if isinstance(anchor, str):
        x, y, _ = ANCHORS[anchor]
        return x + offset[0], y + offset[1]
    return float(anchor), float(offset[0])


def outline_points(name: str) -> Curve:
    """Control points of an outline, mm, to be moved a little and joined by :func:`natocc.occluders.worn.canvas.curve`."""
    return _points()[name].copy()
