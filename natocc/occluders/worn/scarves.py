"""Cloth that hangs in folds: headscarves around the face, scarves, gaiters and bandanas before the mouth."""

from __future__ import annotations

import cv2
import numpy as np

from natocc.occluders.worn.canvas import Canvas, Curve, Field, Layers, curve, mirrored
from natocc.occluders.worn.outlines import outline_points
from natocc.occluders.worn.patterns import patterned
from natocc.occluders.worn.relief import bell, clouds, draw_light, face_form, fading, folds, grain, shade, streaks
from natocc.occluders.worn.template import WornTemplate
from natocc.occluders.worn.weaves import Weave, knit_tile, tiled, woven

HEAD_BOX = (-127.0, -162.0, 127.0, 240.0)
NECK_BOX = (-127.0, 0.0, 127.0, 214.0)
SCALE = 3.0
HEADSCARF_ANCHORS = (
    *(str(i) for i in range(27)), "27", "36", "45", "temple_left", "temple_right", "ear_left", "ear_right", "forehead", "crown",
    "below_chin", "neck_left", "neck_right",
)  # fmt: skip
SCARF_ANCHORS = (
    *(str(i) for i in range(17)), "27", "28", "29", "30", "31", "33", "35", "48", "54", "36", "39", "42", "45", "ear_left",
    "ear_right", "below_chin", "neck_left", "neck_right",
)  # fmt: skip


def _loose(rng: np.random.Generator, name: str, loose: float) -> tuple[Curve, Curve]:
    """An outline, a little different on both sides, and its control points."""
    half = outline_points(f"{name} half")
    whole = mirrored(half)[:-1]
    whole[1:] += rng.normal(0, loose, (len(whole) - 1, 2))
    whole[:, 1] += rng.normal(0, loose)
    return curve(whole, closed=True), half


def draw_headscarf(rng: np.random.Generator, px_per_mm: float) -> WornTemplate:
    """A headscarf that frames the face: hairline, sides of the cheeks, throat and shoulders."""
    canvas, light = Canvas.seen(px_per_mm, HEAD_BOX, SCALE), draw_light(rng)
    opening, _ = _loose(rng, "scarf opening", 1.2)
    outside, _ = _loose(rng, "scarf outside", 2.0)
    body = np.clip(canvas.covered(outside) - canvas.covered(opening), 0, 1)
    x, y = canvas.x, canvas.y
    away = np.asarray(
        cv2.distanceTransform((canvas.covered(opening) < 0.5).astype(np.uint8), cv2.DIST_L2, 5) / np.float32(canvas.scale)
    )
    around = np.arctan2(x, y - 25)

    height = 46 * bell(away, 62) - 0.05 * np.maximum(y - 120, 0)
    height += 2.4 * cv2.sqrt(np.clip(away / 4, 0, 1))  # the edge is folded in
    below = np.clip((y - 88) / 40, 0, 1)
    sides = np.clip((y + 70) / 70, 0.15, 1) * (1 - below)
    # Folds run around the face, more of them beside it; below the chin they cross from one shoulder to the other.
    spin = float(rng.choice([-1, 1]))
    wave = canvas.enlarged(clouds(rng, canvas.coarse(4), (70, 60))) * np.float32(4)
    length = np.hypot(x, y - 25)
    height += streaks(rng, canvas, away + wave, 40 * np.abs(around), 13) * sides * np.float32(rng.uniform(5, 9))
    slant = np.float32(rng.uniform(0.25, 0.6)) * spin
    hung = (y - 0.004 * (x - 20 * spin) ** 2) + slant * x + wave
    height += streaks(rng, canvas, hung, x - slant * y, 16) * below * np.float32(rng.uniform(9, 14))
    over = hung - np.float32(rng.uniform(132, 150))
    height += np.float32(5) * np.clip(0.5 - over * 0.5, 0, 1) * below  # one end lies over the other
    pinned = [
        np.array([[spin * 60, 70], [spin * 40, 108], [-spin * 20, 128 + k * 9]]) + rng.normal(0, 3, (3, 2)) for k in range(3)
    ]
    height += folds(canvas, pinned, 6, 1.5) - 0.02 * length
    colours, _ = patterned(rng, canvas, x + 0.4 * height, y + 0.4 * height, plain=0.82)
    weaves: tuple[Weave, ...] = ("plain", "jersey", "fleece")
    tone = 1 + 0.022 * woven(rng, canvas, weaves[int(rng.integers(3))], x, y) + 0.015 * clouds(rng, canvas, 30, 2)
    lit = shade(height.astype(np.float32), canvas, light, 0.6)
    layers = Layers(canvas)
    layers.lay((colours * (lit * tone)[..., None]).astype(np.float32), body)
    return layers.finish("headscarf", HEADSCARF_ANCHORS)


def draw_scarf(rng: np.random.Generator, px_per_mm: float) -> WornTemplate:
    """A scarf wound before the mouth, a gaiter pulled up, or a bandana."""
    make = ("wraps", "gaiter", "bandana")[int(rng.choice(3, p=(0.5, 0.25, 0.25)))]
    canvas, light = Canvas.seen(px_per_mm, NECK_BOX, SCALE), draw_light(rng)
    outline, half = _loose(rng, make, 1.5)
    body = canvas.covered(outline)
    deep = canvas.depth(body)
    x, y = canvas.x, canvas.y
    corner = int(np.argmax(half[: len(half) // 2, 0])) + 1
    (_, upper), (reach, lower) = half[0], half[corner - 1]
    top = np.float32(upper) + np.float32((lower - upper) / reach**2) * x * x
    wave = canvas.enlarged(clouds(rng, canvas.coarse(4), (50, 25)))
    if make == "wraps":
        height, tone, u, v = _wrapped(rng, canvas, y - top, wave)
        colours, _ = patterned(rng, canvas, u, v, plain=0.6)
        body = cv2.GaussianBlur(body, (0, 0), 0.25 * canvas.scale)
    else:
        height = face_form(canvas, 76 if make == "gaiter" else 80, 15, 8)
        under = np.maximum(y - 112, 0)
        height -= np.float32(0.5) * under if make == "gaiter" else np.float32(0.12) * under
        sag = np.float32(rng.uniform(6, 20)) * np.cos(np.clip(x / 75, -1, 1) * np.pi / 2)
        if make == "gaiter":
            height += (
                streaks(rng, canvas, y - sag + 4 * wave, x, 9) * np.clip((y - 84) / 30, 0, 1) * np.float32(rng.uniform(3, 6))
            )
            height += streaks(rng, canvas, y - 0.6 * sag + 3 * wave, x, 12) * np.clip(np.abs(x) / 50 - 0.3, 0, 1) * np.float32(2)
        lines = []
        for side in (-1, 1):
            for k in range(6 if make == "bandana" else 4):
                start = np.array([side * 66, 30 + 5 * k])
                end = np.array([side * rng.uniform(-5, 25), 48 + (17 if make == "bandana" else 12) * k])
                lines.append(np.array([start, (start + end) / 2 + [0, rng.uniform(0, 7)], end]))
        height += folds(canvas, lines, float(rng.uniform(3.5, 6)), float(rng.uniform(1.2, 2.8)))
        height += clouds(rng, canvas, (30, 18), 2) * np.float32(0.9)
        u, v = (80 * np.arcsin(np.clip(x / 82, -1, 1))).astype(np.float32), y + 0.002 * x * x
        colours, _ = patterned(rng, canvas, u, v, plain=0.45)
        tone = 1 + 0.03 * woven(rng, canvas, "jersey" if make == "gaiter" else "plain", u, v)
    height += 1.0 * cv2.sqrt(np.minimum(deep, 2.0))
    lit = shade(height.astype(np.float32), canvas, light, 0.6)
    layers = Layers(canvas)
    layers.lay((colours * (lit * tone)[..., None]).astype(np.float32), body)
    return layers.finish("scarf", SCARF_ANCHORS)


def _wrapped(rng: np.random.Generator, canvas: Canvas, below: Field, wave: Field) -> tuple[Field, Field, Field, Field]:
    """Two or three windings of wool: height, tone, and place on the cloth."""
    x = canvas.x
    height = 34 * cv2.sqrt(np.clip(1 - (x / 118) ** 2, 0.03, 1)) + 10 * bell(below - 60, 45)
    tilt = np.float32(rng.uniform(-0.12, 0.12))
    sag = np.float32(rng.uniform(8, 26)) * (1 - cv2.pow(np.minimum(np.abs(x) / 90, 1), 2.0))
    t = below + tilt * x - 0.5 * sag + 3 * wave
    v = t.copy()
    for at in np.cumsum(rng.uniform(34, 56, 3)):  # each winding lies over the next one
        off = t - np.float32(at)
        height += np.float32(rng.uniform(4, 7)) * fading(-off, 26) * np.clip(0.5 - off * 0.2, 0, 1)
        v = np.where(off > 0, v + np.float32(rng.uniform(5, 30)), v)
    height += streaks(rng, canvas, t + 0.4 * sag, x, float(rng.uniform(13, 20)), 5) * np.float32(rng.uniform(8, 13))
    height += 5 * cv2.sqrt(np.clip(below / 9, 0, 1))  # the upper edge rolls over
    height += canvas.enlarged(clouds(rng, canvas.coarse(3), (26, 16), 2)) * np.float32(0.9)
    u = (100 * np.arcsin(np.clip(x / 112, -1, 1))).astype(np.float32)
    if rng.random() < 0.6:
        stitch = rng.uniform(3.5, 7.0)
        rib = int(rng.integers(0, 3))
        warped = 1.5 * canvas.enlarged(clouds(rng, canvas.coarse(4), 25))
        knit = tiled(canvas, knit_tile(rib), v + warped, u + warped, stitch * max(1, 2 * rib))
        height += np.float32(stitch * 0.3) * cv2.GaussianBlur(knit, (0, 0), canvas.px(0.8))
        tone = (0.86 + 0.2 * knit) * (1 + 0.035 * grain(rng, canvas, 0.7))
    else:
        tone = 1 + 0.05 * woven(rng, canvas, "linen", u, v) + 0.05 * grain(rng, canvas, 1.2)
    return height.astype(np.float32), tone.astype(np.float32), u, v.astype(np.float32)
