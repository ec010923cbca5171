"""Sunglasses and clear glasses: frames of plastic or metal, lenses with tint and reflection."""

from __future__ import annotations

import cv2
import numpy as np

from natocc.occluders.worn.canvas import Canvas, Curve, Field, Layers, curve, inset, moved, ribbon
from natocc.occluders.worn.colours import Colour, hexadecimal, pick
from natocc.occluders.worn.outlines import outline_points
from natocc.occluders.worn.relief import Light, clouds, draw_light, gloss, grain, shade
from natocc.occluders.worn.template import WornTemplate

BOX = (-82.0, -34.0, 82.0, 42.0)
SCALE = 5.0
ANCHORS = ("27", "28", "36", "39", "42", "45", "0", "16", "ear_left", "ear_right", "temple_left", "temple_right")
"""What ties glasses to a face."""

_DARK = ("wayfarer", "wayfarer", "aviator", "aviator", "round", "sport", "rectangle", "cat", "large")
_CLEAR = ("wayfarer", "round", "rectangle", "aviator", "cat")
_THIN = {"aviator": 0.9, "round": 0.6, "rectangle": 0.4, "large": 0.3, "wayfarer": 0.1, "cat": 0.1, "sport": 0.0}
"""How often a shape has a frame of metal."""
_TINTS = ("121416", "17181a", "1c1a17", "2b211a", "3a2a1d", "1c2420", "23302a", "171b22", "1e1a1e")
_MIRRORS = ("3a5f8a", "8a5a2a", "7d8790", "4a7a6a", "8a4a5a")
_PLASTIC = ("101113", "141517", "18191c", "2a1a12", "1d2430", "e7e4de", "6e1f26", "3b3d42", "a98b64")
_METAL = ("b08d4a", "c2a15c", "a9acb0", "8d9095", "2a2b2e", "1c1d1f")


def draw_sunglasses(rng: np.random.Generator, px_per_mm: float) -> WornTemplate:
    """Sunglasses; the lenses hide the eyes, with opacities from 0.8 to 1."""
    layers, light, lens, rim = _begin(rng, px_per_mm, _DARK)
    canvas = layers.canvas
    top, bottom = float(canvas.y[lens > 0.5].min()), float(canvas.y[lens > 0.5].max())
    down = np.clip((canvas.y - top) / (bottom - top), 0, 1)
    mirror = rng.random() < 0.16
    tint = pick(rng, _MIRRORS if mirror else _TINTS)
    fade = rng.uniform(0, 0.9) if rng.random() < 0.5 else rng.uniform(0, 0.15)  # lighter towards the lower edge
    colours = tint * (1 + np.float32(fade) * down**1.5)[..., None] + np.float32(0.06 * fade) * (down**2)[..., None]
    scene = _reflection(rng, canvas)
    strength = rng.uniform(0.35, 0.7) if mirror else rng.uniform(0.02, 0.14)
    sky = np.array([0.86, 0.92, 1.0], np.float32) if not mirror else np.clip(tint * 1.9 + 0.12, 0, 1)
    colours = colours + np.float32(strength) * scene[..., None] * (sky - colours)
    colours *= (0.72 + 0.28 * np.clip(canvas.depth(lens) / 2.5, 0, 1))[..., None]
    opacity = rng.uniform(0.92, 1.0) - rng.uniform(0.02, 0.1) * fade * down
    layers.lay(colours.astype(np.float32), lens * np.clip(opacity, 0.8, 1).astype(np.float32))
    _frame(layers, rng, light, rim)
    return layers.finish("sunglasses", ANCHORS)


def draw_glasses(rng: np.random.Generator, px_per_mm: float) -> WornTemplate:
    """Clear glasses: lenses of an opacity from 0.06 to 0.15, a little more where they reflect, so that the eyes stay visible."""
    layers, light, lens, rim = _begin(rng, px_per_mm, _CLEAR)
    canvas = layers.canvas
    scene = _reflection(rng, canvas)
    # Reflections keep to the outer and upper parts.
    away = np.clip((np.hypot(np.abs(canvas.x) - 31, (canvas.y - 1) * 1.3) - 9) / 12, 0, 1)
    glare = np.float32(rng.uniform(0.05, 0.3)) * away * scene
    opacity = np.float32(rng.uniform(0.06, 0.12)) + np.clip(glare, 0, 0.3)
    tinted = np.array([0.72, 0.76, 0.8], np.float32) * rng.uniform(0.75, 1.1)
    colours = tinted + (np.clip(glare * 4, 0, 1) * np.float32(0.8))[..., None] * (np.array([0.9, 0.95, 1.0], np.float32) - tinted)
    edge = np.clip(1 - canvas.depth(lens) / 0.8, 0, 1) * np.float32(0.25)
    layers.lay(np.clip(colours, 0, 1).astype(np.float32), lens * np.clip(opacity + edge, 0, 0.45))
    _frame(layers, rng, light, rim)
    return layers.finish("glasses", ANCHORS)


class _Rim:
    """What a frame is made of, and its parts."""

    def __init__(self, rng: np.random.Generator, shape: str, lens: Curve) -> None:
        self.metal = bool(rng.random() < _THIN[shape])
        self.width = rng.uniform(1.0, 1.7) if self.metal else rng.uniform(2.2, 4.2) * (0.6 if shape == "sport" else 1)
        self.lens = lens
        self.shape = shape


def _begin(rng: np.random.Generator, px_per_mm: float, shapes: tuple[str, ...]) -> tuple[Layers, Light, Field, _Rim]:
    """An empty picture with temples on it, the light, the lenses and the frame that will hold them."""
    canvas, light = Canvas.seen(px_per_mm, BOX, SCALE), draw_light(rng)
    shape = shapes[int(rng.integers(len(shapes)))]
    points = outline_points(f"{shape} lens")
    middle = points.mean(axis=0)
    points = (
        middle
        + (points - middle) * [rng.uniform(0.93, 1.04), rng.uniform(0.88, 1.06)]
        + [rng.normal(0, 0.7), rng.normal(1.5, 1.5)]
    )
    outline = curve(points, closed=True)
    rim = _Rim(rng, shape, outline)
    outermost = float(outline[:, 0].max()) + rim.width
    if outermost > 71:
        outline = outline - [outermost - 71, 0]
        rim.lens = outline
    lens = canvas.covered(outline, outline * [-1, 1])
    return Layers(canvas), light, lens, rim


def _reflection(rng: np.random.Generator, canvas: Canvas) -> Field:
    """What domed lenses mirror: sky over a horizon, things before it, perhaps a window; the same in both but for the place."""
    side = np.sign(canvas.x)
    local = (canvas.x - 31 * side) / 30
    bulge = local * np.float32(0.8) + 0.25 * local**3
    rise = (canvas.y - 2) / 22
    bend = rise * (1 + 0.25 * local**2) + local * np.float32(rng.normal(0, 0.25))
    horizon = rng.uniform(-0.5, 0.4)
    scenery = clouds(rng, canvas.coarse(2), (24, 10), 2)
    seen = np.roll(canvas.enlarged(scenery), round(canvas.px(int(rng.integers(4, 20)))), axis=1)
    skyline = np.clip((horizon + 0.1 * seen - bend) * np.float32(rng.uniform(1.5, 5)), 0, 1)
    scene = skyline * (0.75 + 0.06 * seen) + (1 - skyline) * np.clip(0.1 + 0.05 * seen, 0, 0.5)
    if rng.random() < 0.45:  # a window or a lamp
        x0, y0, wide, high = rng.uniform(-0.7, 0.4), rng.uniform(-0.75, -0.2), rng.uniform(0.2, 0.6), rng.uniform(0.25, 0.6)
        inside = np.minimum(wide / 2 - np.abs(bulge - x0 + 0.2 * bend), high / 2 - np.abs(bend - y0))
        scene += np.clip(inside * 16, 0, 1) * np.float32(rng.uniform(0.5, 1.2))
    return np.asarray(np.clip(scene, 0, 1.6), dtype=np.float32)


def _frame(layers: Layers, rng: np.random.Generator, light: Light, rim: _Rim) -> None:
    """Temples, rims, bridge and, of metal, nose pads, over the lenses."""
    canvas, outline = layers.canvas, rim.lens
    colour = pick(rng, _METAL if rim.metal else _PLASTIC)
    hinge = outline[int(np.argmax(outline[:, 0] - 0.7 * outline[:, 1]))]
    end = np.array([73.0, rng.uniform(-8, -3)])
    start = moved(hinge, rim.width * 0.3, 1.0 if rim.metal else 2.0)
    thick = np.array([1.8, 1.2]) if rim.metal else np.array([rim.width * 1.3 + 1, 3.0])
    temple = ribbon(curve([start, (start + end) / 2 + [0, -0.3], end]), np.linspace(thick[0], thick[1], 25))
    arms = np.maximum(canvas.covered(temple), canvas.covered(temple * [-1, 1])) * np.clip((73 - np.abs(canvas.x)) / 2.5, 0, 1)
    arms_lit = shade(cv2.sqrt(np.minimum(canvas.depth(arms), 1.5)), canvas, light, 0.0)
    arms_lit *= np.clip(1.0 - (np.abs(canvas.x) - abs(start[0])) / 30, 0.5, 1)
    layers.lay(colour * (0.8 * arms_lit)[..., None], arms)

    outer = inset(outline, -rim.width)
    if not rim.metal:  # thicker above, as plastic frames are
        lift = np.clip((float(outline[:, 1].mean()) - outer[:, 1]) / 14, 0, 1)[:, None]
        outer = outer + lift * [0.15, -0.35] * np.array([rim.width, rim.width])
    rings = np.maximum(canvas.covered(outer, outline), canvas.covered(outer * [-1, 1], outline * [-1, 1]))
    parts = [rings, *(canvas.covered(part) for part in _bridge(rng, rim))]
    coverage = np.maximum.reduce(parts)
    height = _rounded(canvas, coverage, 0.6 if rim.metal else 0.9)
    # The front is curved around the face.
    height += np.float32(14) * cv2.sqrt(np.clip(1 - (canvas.x / 92) ** 2, 0, 1))
    lit = shade(height, canvas, light, 0.25)
    colours = _material(rng, canvas, colour, rim.metal) * lit[..., None]
    sparkle = gloss(height, canvas, light, 18 if rim.metal else 60)
    bright = (0.55 if rim.metal else 0.35) * rng.uniform(0.5, 1.2)
    colours = colours + (np.float32(bright) * sparkle)[..., None]
    shadow = cv2.GaussianBlur(coverage, (0, 0), 1.2 * canvas.scale)
    layers.darken(1 - 0.35 * np.roll(shadow, round(0.8 * canvas.scale), axis=0))
    if rim.metal:
        _pads(layers, outline)
    layers.lay(np.clip(colours, 0, 1).astype(np.float32), coverage)


def _rounded(canvas: Canvas, coverage: Field, radius: float) -> Field:
    """Height of a rim with a round profile, mm."""
    deep = np.minimum(canvas.depth(coverage), np.float32(radius))
    return np.asarray(cv2.GaussianBlur(cv2.sqrt(np.maximum(radius**2 - (radius - deep) ** 2, 0)), (0, 0), canvas.px(1.0)))


def _bridge(rng: np.random.Generator, rim: _Rim) -> list[Curve]:
    """One or two bars between the lenses."""
    inner = float(rim.lens[:, 0].min())
    y = float(rim.lens[int(np.argmin(rim.lens[:, 0] + 0.4 * np.abs(rim.lens[:, 1] + 4))), 1])
    reach = inner + 1.5
    if rim.metal:
        arch = curve([[-reach, y - 1], [-reach * 0.5, y - 3], [0, y - 3.6], [reach * 0.5, y - 3], [reach, y - 1]])
        bars = [ribbon(arch, rim.width * 1.15)]
        if rim.shape == "aviator":
            top = float(rim.lens[:, 1].min()) + 2
            bars.append(ribbon(curve([[-reach - 5, top], [0, top - 0.8], [reach + 5, top]]), rim.width))
        return bars
    # Of plastic it is one piece with the rims: a saddle that is lower above and arched below.
    x, y = rim.lens[0]
    wide, dip = rim.width, rng.uniform(0, 1.5)
    upper = [[x + 4, y - wide * 1.25], [x * 0.4, y - wide + dip], [0, y - wide + 1.2 * dip]]
    low = y + rng.uniform(1.5, 4)
    lower = [[0, low], [x * 0.5, low + 1.2], [x - wide * 0.3, y + rng.uniform(6, 9)], [x + 1, y + 5]]
    right = np.array(upper[::-1] + lower[::-1])
    return [np.vstack([curve(right), curve(right)[::-1] * [-1, 1]])]


def _pads(layers: Layers, outline: Curve) -> None:
    """Nose pads of clear plastic and the wires that hold them."""
    canvas = layers.canvas
    inner = float(outline[:, 0].min())
    turn = np.linspace(0, 2 * np.pi, 30, endpoint=False)
    pad = np.stack([inner - 1.2 + 1.7 * np.cos(turn) + 0.5 * np.sin(turn), 8 + 4.2 * np.sin(turn)], axis=1)
    coverage = np.maximum(canvas.covered(pad), canvas.covered(pad * [-1, 1]))
    shine = np.clip(canvas.depth(coverage), 0, 1)
    layers.lay((np.array([0.62, 0.56, 0.5], np.float32) + 0.3 * shine[..., None]).astype(np.float32), coverage * np.float32(0.5))


def _material(rng: np.random.Generator, canvas: Canvas, colour: Colour, metal: bool) -> Field:
    """Colours of a frame: plain, of metal with streaks, or tortoise shell."""
    plain = np.ones((*canvas.shape, 1), np.float32) * colour
    if metal:
        return plain * (0.85 + 0.03 * grain(rng, canvas, 1.0) + 0.06 * clouds(rng, canvas, (6, 3)))[..., None]
    if rng.random() < 0.25:
        spots = clouds(rng, canvas, 5, 2)
        share = np.clip(spots * 0.5 + 0.4, 0, 1)[..., None]
        return np.asarray(hexadecimal("1f120b") + share * (hexadecimal("6e421f") - hexadecimal("1f120b")), dtype=np.float32)
    return plain
