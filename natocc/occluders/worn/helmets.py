"""Helmets with chin straps: hard hats, riding helmets, and those of cyclists."""

from __future__ import annotations

import cv2
import numpy as np

from natocc.occluders.worn.canvas import Canvas, Curve, Field, Layers, curve, mirrored, ribbon
from natocc.occluders.worn.colours import Colour, pick
from natocc.occluders.worn.headwear import head_outline
from natocc.occluders.worn.relief import Light, draw_light, gloss, grain, head_form, shade, slopes
from natocc.occluders.worn.template import WornTemplate

BOX = (-108.0, -184.0, 108.0, 140.0)
SCALE = 2.9
ANCHORS = (
    *(str(i) for i in range(27)), "27", "36", "39", "42", "45", "temple_left", "temple_right", "forehead", "crown", "below_chin",
    "ear_left", "ear_right",
)  # fmt: skip

_SHELLS = ("dfab22", "d6d5d2", "c4c6c8", "b3242b", "23508c", "d9642a", "1b1c1f", "141518", "2a2b2e", "3d6b46", "8d9095")


def draw_helmet(rng: np.random.Generator, px_per_mm: float) -> WornTemplate:
    """A helmet, with straps along the cheeks that meet under the chin."""
    make = ("hard hat", "riding", "cycling")[int(rng.integers(3))]
    canvas, light = Canvas.seen(px_per_mm, BOX, SCALE), draw_light(rng)
    outline, half = head_outline(rng, "helmet")
    body = canvas.covered(outline)
    top = float(half[0, 1])
    layers = Layers(canvas)
    _straps(layers, rng, light)
    height = head_form(canvas, 98, top - 5, -30) + 1.5 * cv2.sqrt(np.minimum(canvas.depth(body), 3.0))
    colour = pick(rng, _SHELLS)
    colours = np.ones((*canvas.shape, 1), np.float32) * colour
    x, y = canvas.x, canvas.y
    shine, sharp = 0.5, 45.0
    if make == "hard hat":
        for at, wide in ((0.0, 9.0), (26.0, 4.5)):
            ridge = np.clip(
                (wide - np.abs(np.abs(x) - at * cv2.sqrt(np.clip(1 - ((y + 30) / (top + 20)) ** 2, 0.1, 1)))) / 3, 0, 1
            )
            height += 2.6 * ridge * np.clip((-58 - y) / 8, 0, 1)
    elif make == "cycling":
        vents = _vents(rng, canvas, top)
        height -= 5 * cv2.GaussianBlur(vents, (0, 0), 0.8 * canvas.scale)
        inner = np.array([0.05, 0.05, 0.055], np.float32)
        colours = colours + (0.93 * vents)[..., None] * (inner - colours)
        if rng.random() < 0.6:
            stripe = np.clip((np.abs(np.abs(x) - 40 + 0.2 * (y + 80)) - rng.uniform(8, 14)) * -2, 0, 1)[..., None]
            colours = colours + stripe * (1 - vents[..., None]) * (pick(rng, _SHELLS) - colours)
    else:
        shine, sharp = float(rng.uniform(0.02, 0.5)), 25.0
        height += 0.8 * np.clip((9 - np.abs(x)) / 1.5, 0, 1) * np.clip((-40 - y) / 10, 0, 1)
    lit = shade(height, canvas, light, 0.4)
    reflected = gloss(height, canvas, light, sharp) + np.float32(0.35) * np.clip(0.35 - slopes(height, canvas)[1] * -1, 0, 1)
    colours = colours * (lit * (1 + 0.01 * grain(rng, canvas)))[..., None] + np.float32(shine) * reflected[..., None] * (
        1 - 0.75 * colours
    )
    layers.lay(np.clip(colours, 0, 1).astype(np.float32), body)
    if make != "cycling" or rng.random() < 0.3:
        _peak(layers, rng, light, colour if make == "hard hat" or rng.random() < 0.6 else pick(rng, _SHELLS), shine)
    return layers.finish("helmet", ANCHORS)


def _vents(rng: np.random.Generator, canvas: Canvas, top: float) -> Field:
    """Long openings that run over the head."""
    slots: list[Curve] = []
    for across, start, end in (
        (0.0, -66, -108),
        (22.0, -60, -100),
        (22.0, -110, -140),
        (46.0, -54, -92),
        (44.0, -100, -128),
        (68.0, -56, -86),
    ):
        jitter = rng.normal(0, 2, 2)
        narrow = 1 - 0.35 * (abs(end) - 90) / 60
        line = curve([[across, start + jitter[0]], [across * 0.98, (start + end) / 2], [across * narrow, end + jitter[1]]])
        wide = rng.uniform(8, 12) * np.sin(np.linspace(0.25, np.pi - 0.25, len(line)))
        slots += [ribbon(line, wide)] + ([ribbon(line * [-1, 1], wide)] if across else [])
    return np.asarray(np.maximum.reduce([canvas.covered(slot) for slot in slots]))


def _peak(layers: Layers, rng: np.random.Generator, light: Light, colour: Colour, shine: float) -> None:
    """The short peak over the brows."""
    join, drop, reach = -58 + rng.normal(0, 1.5), rng.uniform(12, 20), rng.uniform(76, 88)
    half = np.array([
        [0, join], [34, join + 3], [62, join + 10], [reach, join + 22], [reach, join + 22], [reach - 8, join + 24],
        [54, join + drop + 5], [28, join + drop + 1.5], [0, join + drop],
    ])  # fmt: skip
    canvas = layers.canvas.part(-reach - 8, join - 12, reach + 8, join + drop + 34)
    coverage = canvas.covered(curve(mirrored(half)[:-1], closed=True))
    layers.darken(1 - 0.3 * cv2.GaussianBlur(coverage, (0, 0), 2.5 * canvas.scale), canvas)
    height = 18 * cv2.sqrt(np.clip(1 - (canvas.x / 104) ** 2, 0.05, 1)) + 0.5 * canvas.y
    height += 1.4 * cv2.sqrt(np.minimum(canvas.depth(coverage), 2.2))
    lit = shade(height, canvas, light, 0.3) * (0.75 + 0.25 * np.clip((canvas.y - join - 0.0028 * canvas.x**2) / 6, 0, 1))
    colours = colour * lit[..., None] + np.float32(shine) * gloss(height, canvas, light, 40)[..., None] * (1 - 0.75 * colour)
    layers.lay(np.clip(colours, 0, 1).astype(np.float32), coverage, canvas)


def _straps(layers: Layers, rng: np.random.Generator, light: Light) -> None:
    """Webbing from before and behind the ears to under the chin, with a buckle."""
    canvas = layers.canvas.part(-92, -50, 92, 136)
    colour = pick(rng, ("141518", "1d1e22", "232428", "3b3d42", "e9e6e0"))
    joint = (64.5, rng.uniform(48, 58))
    lines = [
        curve([(74, -46), (70, 0), (68.5, 25), joint]),
        curve([(83, -44), (79, 10), (73, 36), joint]),
        curve([joint, (58.5, 74), (44, 98), (24, 116), (12, 120.5), (0, 122)]),
    ]
    lines[2] = np.vstack([lines[2], (lines[2] * [-1, 1])[::-1][1:]])
    widths = (4.5, 3.5, 7.5)
    drawn = [ribbon(line * [side, 1], wide) for line, wide in zip(lines, widths, strict=True) for side in (1, -1)]
    coverage = np.maximum.reduce([canvas.covered(band) for band in drawn])
    deep = canvas.depth(coverage)
    height = (
        0.9 * cv2.sqrt(np.minimum(deep, 1.2))
        + 0.12 * canvas.shown(1.1) * np.sin((canvas.x + 2 * canvas.y) * 2.6)
        - 0.25 * np.clip(deep - 1.5, 0, 1)
    )
    side = 1 - 0.5 * np.clip((np.abs(canvas.x) - 45) / 40, 0, 1) - 0.4 * np.clip((canvas.y - 105) / 25, 0, 1)
    lit = shade(height.astype(np.float32), canvas, light, 0.3) * side * (1 + 0.03 * grain(rng, canvas))
    layers.lay((colour * lit[..., None]).astype(np.float32), coverage, canvas)
    at = np.array([float(rng.choice([-1, 1])) * 53, 88.0])
    buckle = canvas.covered(at + curve(np.array([[-6, -5], [5, -7], [6, 4], [-4, 7]]), closed=True))
    lit = shade(1.8 * cv2.sqrt(np.minimum(canvas.depth(buckle), 2)), canvas, light) * 0.95
    layers.lay((pick(rng, ("141518", "232428", "3b3d42")) * lit[..., None]).astype(np.float32), buckle, canvas)
