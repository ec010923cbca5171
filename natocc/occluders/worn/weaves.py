"""What cloth is woven or knitted of, seen near: heights and tones of threads that repeat."""

from __future__ import annotations

import functools
from typing import Literal, TypeAlias

import cv2
import numpy as np

from natocc.occluders.worn.canvas import Canvas, Field
from natocc.occluders.worn.relief import clouds, grain

Weave: TypeAlias = Literal["fleece", "plain", "linen", "twill", "jersey"]


def woven(rng: np.random.Generator, canvas: Canvas, weave: Weave, u: Field, v: Field) -> Field:
    """Tone of a cloth's threads, with mean 0 and a deviation of about 1.

    Parameters
    ----------
    rng : Generator
        Draws how uneven the threads are.
    canvas : Canvas
        What is drawn.
    weave : str
        ``fleece`` (no threads: non-woven), ``plain``, ``linen`` (threads of uneven thickness), ``twill`` (diagonals), ``jersey``
        (fine knit).
    u, v : (h, w) float32
        Place on the cloth, mm.
    """
    if weave == "fleece":
        return np.asarray(0.7 * grain(rng, canvas, 0.9) + 0.25 * clouds(rng, canvas, 3, 2))
    tau = np.float32(2 * np.pi)
    if weave == "twill":
        threads = canvas.shown(0.78) * np.sin(tau * (u + v) / np.float32(1.1))
        threads += np.float32(0.4 * canvas.shown(0.75)) * np.sin(tau * u / np.float32(0.75))
        return np.asarray(0.55 * threads + 0.6 * grain(rng, canvas, 0.7))
    if weave == "jersey":
        column = u / np.float32(1.3)
        slant = np.abs(column - np.floor(column) - np.float32(0.5)) * np.float32(2.4)
        stitches = np.sin(tau * (v / np.float32(1.1) + slant)) * np.float32(0.6) + np.cos(tau * column) * np.float32(0.6)
        return np.asarray(0.7 * canvas.shown(1.1) * stitches + 0.5 * grain(rng, canvas, 0.7))
    uneven = 1.0 if weave == "linen" else 0.4
    slubs = clouds(rng, canvas, (18, 0.55)) + clouds(rng, canvas, (0.55, 18))
    pitch = 1.0 if weave == "linen" else 0.8
    threads = canvas.shown(pitch) * np.sin(tau * u / np.float32(pitch)) * np.sin(tau * v / np.float32(pitch))
    return np.asarray(0.5 * threads + 0.35 * uneven * slubs + 0.5 * grain(rng, canvas, 0.6))


@functools.cache
def knit_tile(rib: int) -> Field:
    """(h, w) float32: height of a knit in [0, 1], as V-shaped stitches, one of them 48 x 40 px; the tile repeats.

    Parameters
    ----------
    rib : int
        Columns of stitches in a rib, followed by as many that lie deeper; 0: all alike (stocking stitch).
    """
    wide, high = 48, 40
    columns = max(1, 2 * rib)
    y, x = np.mgrid[: 2 * high, : columns * wide].astype(np.float32)
    column = np.floor(x / wide)
    across = (x / wide - column - 0.5) * 2
    phase = y / high - 0.55 * np.abs(across)
    along = phase - np.floor(phase) - 0.5
    limb = np.maximum(0, 1 - (along / 0.47) ** 2) ** 0.5 * np.maximum(0, 1 - ((np.abs(across) - 0.5) / 0.52) ** 2) ** 0.5
    strands = 0.06 * np.sin(2 * np.pi * (along * 3 + across * 1.5))
    height = limb + strands * (limb > 0.2)
    if rib:
        deep = 0.5 - 0.5 * np.tanh(4 * np.sin(2 * np.pi * (x / wide) / columns))
        height = height * (1 - 0.45 * deep) - 0.5 * deep
    return np.asarray(height - height.min(), dtype=np.float32) / np.float32(np.ptp(height))


def tiled(canvas: Canvas, tile: Field, u: Field, v: Field, width: float, angle: float = 0.0) -> Field:
    """A tile that repeats, `width` mm wide, laid on cloth whose place is u, v (mm), turned by `angle` rad.

    Parameters
    ----------
    tile : (h, w) or (h, w, 3) array
        Its left edge continues its right one, its upper its lower one.
    """
    while tile.shape[1] >= 2 * width * canvas.scale and not (tile.shape[0] % 2 or tile.shape[1] % 2):
        tile = np.asarray(cv2.resize(tile, (tile.shape[1] // 2, tile.shape[0] // 2), interpolation=cv2.INTER_AREA))
    scale = np.float32(tile.shape[1] / width)
    rows, columns = tile.shape[:2]
    x, y = u, v
    if angle:
        cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        x, y = u * cos + v * sin, v * cos - u * sin
    x, y = x * scale, y * scale
    x -= np.floor(x / columns) * np.float32(columns)
    y -= np.floor(y / rows) * np.float32(rows)
    return np.asarray(cv2.remap(tile, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP))
