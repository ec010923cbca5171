"""Sticking plasters, pads with tape, and gauze around the head."""

from __future__ import annotations

import cv2
import numpy as np

from natocc.occluders.worn.canvas import Canvas, Field, Layers, curve
from natocc.occluders.worn.colours import pick
from natocc.occluders.worn.face_model import ANCHORS as PLACES
from natocc.occluders.worn.patterns import patterned
from natocc.occluders.worn.relief import Light, clouds, draw_light, face_form, fading, grain, head_form, shade
from natocc.occluders.worn.template import WornTemplate

ANCHORS = (
    "0", "2", "4", "6", "8", "10", "12", "14", "16", "17", "19", "21", "22", "24", "26", "27", "28", "29", "30", "31", "35",
    "36", "39", "42", "45", "48", "54", "forehead",
)  # fmt: skip
HEAD_ANCHORS = (
    "0", "16", *(str(i) for i in range(17, 28)), "36", "39", "42", "45", "temple_left", "temple_right", "forehead", "crown",
)  # fmt: skip

_SKIN = ("d9b08c", "c99a76", "e0bc9c", "b98a68", "cfa585", "a97c5c")
_SPOTS = (
    ((44, -40), 35.0), ((22, -46), 20.0), ((0, 14), 8.0), ((0, 16), 5.0), ((44, 42), 35.0), ((48, 58), 30.0), ((0, 98), 12.0),
    ((0, -44), 15.0),
)  # fmt: skip
"""Where plasters stick (mirrored or not), mm, and by how much they are turned, degrees."""


def draw_plaster(rng: np.random.Generator, px_per_mm: float) -> WornTemplate:
    """A sticking plaster, or a pad of gauze held by tape: on brow, nose, cheek or chin."""
    light = draw_light(rng)
    spot, spread = _SPOTS[int(rng.integers(len(_SPOTS)))]
    side = float(rng.choice([-1, 1]))
    at = np.array([side * spot[0], spot[1]]) + rng.normal(0, 3, 2) * [abs(np.sign(spot[0])), 1]
    turn = np.radians(rng.normal(0, spread))
    canvas = Canvas.seen(px_per_mm, (at[0] - 46, at[1] - 46, at[0] + 46, at[1] + 46), 5.0)
    cos, sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    u = (canvas.x - at[0]) * cos + (canvas.y - at[1]) * sin
    v = (canvas.y - at[1]) * cos - (canvas.x - at[0]) * sin
    layers = Layers(canvas)
    u, v = u.astype(np.float32), v.astype(np.float32)
    if spot[0] == 0 or rng.random() < 0.6:
        _plaster(layers, rng, light, u, v)
    else:
        _pad(layers, rng, light, u, v)
    return layers.finish("plaster", ANCHORS)


def _box(u: Field, v: Field, half_long: float, half_high: float, radius: float, scale: float) -> tuple[Field, Field]:
    """Coverage and depth (mm) of a rectangle with round corners."""
    du, dv = np.abs(u) - np.float32(half_long - radius), np.abs(v) - np.float32(half_high - radius)
    outside = np.hypot(np.maximum(du, 0), np.maximum(dv, 0)) + np.minimum(np.maximum(du, dv), 0)
    deep = np.float32(radius) - outside
    return np.clip(deep * scale + 0.5, 0, 1), np.maximum(deep, 0)


def _plaster(layers: Layers, rng: np.random.Generator, light: Light, u: Field, v: Field) -> None:
    """A strip with round ends and a raised pad in its middle, with small holes."""
    canvas = layers.canvas
    high = rng.uniform(7, 10)
    long = rng.uniform(18, 27)
    coverage, deep = _box(u, v, long, high, high * rng.uniform(0.6, 1.0), canvas.scale)
    pad = np.clip(1.2 - np.maximum(np.abs(u) - long * 0.36, np.abs(v) - high * 0.8) / 1.2, 0, 1)
    holes = fading(2 - np.cos(u * 2.1) - np.cos(v * 2.1), 0.22) * (1 - 0.35 * pad)
    height = face_form(canvas, 80, 12) + 0.8 * pad + 0.35 * cv2.sqrt(np.minimum(deep, 0.8)) - 0.25 * holes
    height += canvas.enlarged(clouds(rng, canvas.coarse(2), (5, 12), 2)) * np.float32(0.22)
    if rng.random() < 0.7:
        colours: Field = np.ones((*canvas.shape, 1), np.float32) * pick(rng, _SKIN)
        tone = 1 - 0.2 * holes + 0.012 * grain(rng, canvas, 0.8)
    else:
        colours, _ = patterned(rng, canvas, u, v, plain=0.4)
        tone = 1 + 0.03 * grain(rng, canvas, 0.8) - 0.12 * holes
    layers.lay((colours * (shade(height, canvas, light, 0.4) * tone)[..., None]).astype(np.float32), coverage)


def _pad(layers: Layers, rng: np.random.Generator, light: Light, u: Field, v: Field) -> None:
    """A square of gauze and two strips of white tape."""
    canvas = layers.canvas
    half = rng.uniform(14, 22)
    coverage, deep = _box(u, v, half * rng.uniform(0.9, 1.2), half, 2.0, canvas.scale)
    threads = canvas.shown(1.5) * np.sin(u * 4.2) * np.sin(v * 4.2)
    height = (
        face_form(canvas, 80, 12)
        + 1.6 * cv2.sqrt(np.minimum(deep / 3, 1))
        + 0.05 * threads
        + 0.5 * canvas.enlarged(clouds(rng, canvas.coarse(2), 8, 2))
    )
    white = pick(rng, ("e4e2dd", "dddbd6"))
    tone = 1 + 0.035 * threads + 0.025 * grain(rng, canvas)
    layers.lay((white * (shade(height, canvas, light) * tone)[..., None]).astype(np.float32), coverage)
    for off in (-0.62, 0.62):
        shift = np.float32(off * half)
        tape, inner = _box(
            u, v - shift - np.float32(rng.normal(0, 0.03)) * u, min(half + rng.uniform(7, 12), 33), 5.0, 0.4, canvas.scale
        )
        wrinkled = height + 0.3 * cv2.sqrt(np.minimum(inner, 0.6)) + 0.3 * clouds(rng, canvas, (3, 10), 2)
        lit = shade(wrinkled, canvas, light, 0.3)
        layers.lay(
            (pick(rng, ("e6e4e0", "e0d6c8")) * (lit * (1 + 0.012 * grain(rng, canvas)))[..., None]).astype(np.float32),
            tape * np.float32(0.94),
        )


def draw_bandage(rng: np.random.Generator, px_per_mm: float) -> WornTemplate:
    """Gauze wound around the head over the brow, each turn over the one before."""
    canvas, light = Canvas.seen(px_per_mm, (-90, -112, 90, -4)), draw_light(rng)
    x, y = canvas.x, canvas.y
    layers = Layers(canvas)
    reach, low = float(PLACES["temple_right"][0]) + 7, rng.uniform(-36, -27)
    colour = pick(rng, ("e2dfd8", "dcd8cf", "d6cdbd"))
    stretch = rng.uniform(2.4, 3.4)
    for _ in range(int(rng.integers(3, 5))):
        lift, tilt, wide = rng.uniform(0, 22), rng.normal(0, 5), rng.uniform(26, 38)
        lower = [
            [-reach, low + 13 - lift + tilt],
            [-40, low - lift + tilt / 2],
            [0, low - 4 - lift],
            [40, low - lift - tilt / 2],
            [reach, low + 13 - lift - tilt],
        ]
        line = curve(np.array(lower) + rng.normal(0, 0.6, (5, 2)))
        upper = line - np.stack([0.03 * line[:, 0], np.full(len(line), wide)], 1)
        side = np.array([[1.2, -0.35 * wide], [1.2, -0.65 * wide]])
        band = np.vstack([line, line[-1] + side, upper[::-1], line[0] + side[::-1] * [-1, 1]])
        coverage = canvas.covered(band)
        layers.darken(1 - 0.28 * np.roll(cv2.GaussianBlur(coverage, (0, 0), 1.1 * canvas.scale), round(canvas.px(3)), axis=0))
        off = np.interp(x[0], line[:, 0], line[:, 1]).astype(np.float32) - y
        u = (76 * np.arcsin(np.clip(x / 79, -1, 1))).astype(np.float32)
        threads = canvas.shown(2 * np.pi / stretch) * (np.sin(u * stretch) * 0.5 + np.sin(off * stretch) * 0.7)
        creases = canvas.enlarged(clouds(rng, canvas.coarse(2), (40, 3.5), 2))
        height = (
            head_form(canvas, 78.5, -190, -20)
            + 0.09 * threads
            + 0.45 * creases
            + 0.6 * cv2.sqrt(np.minimum(canvas.depth(coverage), 1.2))
        )
        lit = shade(height.astype(np.float32), canvas, light, 0.45) * (1 + 0.035 * threads + 0.03 * grain(rng, canvas))
        layers.lay((colour * lit[..., None]).astype(np.float32), coverage)
    return layers.finish("bandage", HEAD_ANCHORS)
