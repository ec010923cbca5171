"""Masks that filter (FFP2, N95): folded once, folded in three panels, or a stiff cup."""

from __future__ import annotations

import cv2
import numpy as np

from natocc.occluders.worn.canvas import Canvas, Curve, Field, Layers, curve, dashes, inset, moved, ribbon
from natocc.occluders.worn.colours import RESPIRATOR, Colour, pick, varied
from natocc.occluders.worn.masks import ANCHORS, BOX, loops, mask_outline
from natocc.occluders.worn.relief import Light, bell, clouds, draw_light, face_form, fading, folds, gloss, grain, shade
from natocc.occluders.worn.template import WornTemplate
from natocc.occluders.worn.weaves import woven


def draw_respirator(rng: np.random.Generator, px_per_mm: float) -> WornTemplate:
    """A mask that filters, of one of three makes."""
    make = ("fold", "boat", "cup")[int(rng.choice(3, p=(0.45, 0.3, 0.25)))]
    canvas, light = Canvas.seen(px_per_mm, BOX), draw_light(rng)
    outline, half = mask_outline(rng, make)
    body = canvas.covered(outline)
    deep = canvas.depth(body)
    x, y = canvas.x, canvas.y
    colour = pick(rng, RESPIRATOR[:4] if make == "cup" or rng.random() < 0.5 else RESPIRATOR)
    height = {"fold": _folded, "boat": _panels, "cup": _cup}[make](rng, canvas)
    height += 0.6 * cv2.sqrt(np.minimum(deep, 1.0))
    height += canvas.enlarged(clouds(rng, canvas.coarse(4), (30, 22))) * np.float32(0.25 if make == "cup" else 0.45)
    if make == "cup":
        height -= 2.5 * np.clip((5 - deep) / 1.2, 0, 1)  # the rim is pressed flat
    else:
        marks = [dash for by in (3.0, 4.6) for dash in dashes(inset(outline, by), 1.0, 1.0)]
        height -= 0.3 * canvas.stroked(marks, 0.9)
    lit = shade(height, canvas, light, 0.45)
    tone = 1 + 0.016 * woven(rng, canvas, "fleece", x, y)

    layers = Layers(canvas)
    corner = half[int(np.argmax(half[:, 0]))]
    if make == "cup":
        _straps(layers, rng, light)
    else:
        lower = half[int(np.argmin(np.hypot(half[:, 0] - 56, half[:, 1] - 78)))]
        loops(layers, rng, light, (moved(corner, -1, -1), moved(lower, -1, 0)), varied(colour, 1.0), rng.uniform(2.4, 4.0))
    layers.lay(colour * (lit * tone)[..., None], body)
    if make == "cup" or rng.random() < 0.3:
        _clip(layers, rng, light, half)
    if rng.random() < (0.6 if make == "cup" else 0.15):
        _valve(layers, rng, light, colour, 0.0 if make == "cup" else float(rng.choice([-1, 1])) * 33)
    return layers.finish("respirator", ANCHORS)


def _folded(rng: np.random.Generator, canvas: Canvas) -> Field:
    """Folded upright, with a welded fin in the middle."""
    away = np.abs(canvas.x)
    height = face_form(canvas, rng.uniform(68, 74), 9, 4)
    height += np.float32(rng.uniform(9, 15)) * fading(away, 20)
    fin = np.clip((2.4 - away) * 3, 0, 1)
    height += 0.7 * fin * (1 + np.float32(0.35 * canvas.shown(1.7)) * np.sin(canvas.y * 3.6) * np.sin(canvas.x * 3.6))
    height -= 0.5 * bell(away - 3.2, 0.7)
    pulled = [
        np.array([[side * 60, y0], [side * 44, (y0 + y1) / 2 + rng.normal(0, 2)], [side * rng.uniform(14, 30), y1]])
        for side in (-1, 1) for y0, y1 in ((44, 50), (50, 66), (66, 78), (72, 92))
    ]  # fmt: skip
    return height + folds(canvas, pulled, float(rng.uniform(3, 5)), float(rng.uniform(0.6, 1.8)))


def _panels(rng: np.random.Generator, canvas: Canvas) -> Field:
    """Three panels: the upper one looks up, the middle one forwards, the lower one down."""
    away = (canvas.x / 64) ** 2
    upper = np.float32(rng.uniform(40, 46)) + away * 18
    lower = np.float32(rng.uniform(88, 94)) - away * 20
    over, under = np.maximum(upper - canvas.y, 0), np.maximum(canvas.y - lower, 0)
    height = face_form(canvas, rng.uniform(68, 74), 6, 2)
    height += np.float32(12) * bell(canvas.x, 34)
    height -= 0.42 * over + 0.55 * under
    for seam in (upper, lower):
        off = canvas.y - seam
        height += (
            0.6 * np.clip((1.6 - np.abs(off)) * 3, 0, 1) * (1 + np.float32(0.3 * canvas.shown(1.8)) * np.sin(canvas.x * 3.4))
        )
        height -= 0.4 * bell(np.abs(off) - 2.2, 0.6)
    return height


def _cup(rng: np.random.Generator, canvas: Canvas) -> Field:
    """A stiff cup with pressed ribs."""
    around = np.clip(1 - (canvas.x / 62) ** 2 - ((canvas.y - 66) / 62) ** 2, 0.02, 1)
    height = np.float32(34) * cv2.sqrt(around)
    height += 8 * bell(canvas.x, 12) * bell(canvas.y - 24, 20)
    if rng.random() < 0.6:
        ring = np.sqrt((canvas.x / 1.05) ** 2 + (canvas.y - 68) ** 2)
        height += 0.7 * bell(ring - np.float32(rng.uniform(34, 40)), 1.5)
    return height + np.float32(0.06 * canvas.shown(2.4)) * np.sin(canvas.x * 2.6) * np.sin(canvas.y * 2.6)


def _straps(layers: Layers, rng: np.random.Generator, light: Light) -> None:
    """Two elastic straps around the head: above the ears and under them."""
    colour = pick(rng, ("e6d9a8", "e9e6e0", "d9b44a", "e9e6e0", "7a93ad"))
    drawn: list[Curve] = []
    for start, end in (([34, 46], [76, -14]), ([38, 92], [70, 62])):
        line = curve(np.array([start, moved(np.add(start, end) / 2, 1, 1.5), end]))
        drawn += [ribbon(line, np.linspace(5.5, 4.0, len(line))), ribbon(line * [-1, 1], np.linspace(5.5, 4.0, len(line)))]
    canvas = layers.canvas
    coverage = np.maximum.reduce([canvas.covered(band) for band in drawn])
    coverage *= np.clip((74 - np.abs(canvas.x)) / 2, 0, 1)
    height = 0.5 * cv2.sqrt(np.minimum(canvas.depth(coverage), 1.0)) + 0.08 * canvas.shown(1.1) * np.sin(
        (canvas.x + canvas.y) * 4.0
    )
    lit = shade(height, canvas, light, 0.2) * np.clip(1.15 - (np.abs(canvas.x) - 46) / 50, 0.5, 1)
    layers.lay(colour * (lit * (1 + 0.03 * grain(rng, canvas)))[..., None], coverage)


def _clip(layers: Layers, rng: np.random.Generator, light: Light, half: Curve) -> None:
    """A strip of metal over the nose."""
    canvas = layers.canvas
    upper = half[half[:, 0] < rng.uniform(24, 32)]
    upper = upper[upper[:, 1] < 40] + [0, rng.uniform(5, 7)]
    line = np.vstack([upper[::-1] * [-1, 1], upper[1:]])
    coverage = canvas.covered(ribbon(line, rng.uniform(3.4, 4.8)))
    height = face_form(canvas, 76, 14) + 0.8 * cv2.sqrt(np.minimum(canvas.depth(coverage), 0.8))
    tone = shade(height, canvas, light, 0.3) * 0.92 + 0.5 * gloss(height, canvas, light, 30)
    colour = pick(rng, ("aeb1b4", "b9bbbd", "9a9da0"))
    layers.lay(np.clip(colour * (tone * (1 + 0.02 * grain(rng, canvas)))[..., None], 0, 1), coverage)


def _valve(layers: Layers, rng: np.random.Generator, light: Light, cloth: Colour, x: float) -> None:
    """A plastic valve with slots."""
    canvas = layers.canvas
    at, radius = np.array([x, rng.uniform(66, 74)]), rng.uniform(12, 15)
    turn = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    power = 2 / rng.uniform(2.2, 4.5)
    ring = np.stack(
        [np.sign(np.cos(turn)) * np.abs(np.cos(turn)) ** power, np.sign(np.sin(turn)) * np.abs(np.sin(turn)) ** power], 1
    )
    shadow = canvas.covered(at + [1, 2.5] + ring * radius * 1.03)
    layers.darken(1 - 0.4 * cv2.GaussianBlur(shadow, (0, 0), 1.6 * canvas.scale))
    coverage = canvas.covered(at + ring * radius)
    deep = canvas.depth(coverage)
    height = 3 * cv2.sqrt(np.minimum(deep, 2.5)) + 0.9 * np.clip((deep - 4) * 2, 0, 1)
    slots = [moved([[-radius * 0.55, dy], [radius * 0.55, dy]], *at) for dy in (-4.5, -1.5, 1.5, 4.5)]
    height -= 1.6 * canvas.stroked(slots, 1.3)
    colour = varied(cloth, 0.97) if rng.random() < 0.6 else pick(rng, ("2b2c31", "8d9095", "7a93ad", "e9e6e0"))
    lit = shade(height, canvas, light, 0.6) + 0.25 * gloss(height, canvas, light, 40) - 0.1
    layers.lay(np.clip(colour * lit[..., None], 0, 1), coverage)
