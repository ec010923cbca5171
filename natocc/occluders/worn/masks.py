"""Face masks of soft cloth: surgical ones with pleats, and sewn ones with a seam over the nose."""

from __future__ import annotations

import cv2
import numpy as np

from natocc.occluders.worn.canvas import Canvas, Curve, Field, Layers, curve, dashes, inset, mirrored, moved, ribbon
from natocc.occluders.worn.colours import CLOTH, SURGICAL, Colour, contrasting, pick, varied
from natocc.occluders.worn.face_model import DERIVED
from natocc.occluders.worn.outlines import outline_points
from natocc.occluders.worn.patterns import patterned
from natocc.occluders.worn.relief import Light, bell, clouds, draw_light, face_form, fading, folds, grain, shade
from natocc.occluders.worn.template import WornTemplate
from natocc.occluders.worn.weaves import Weave, woven

BOX = (-82.0, -22.0, 82.0, 138.0)
"""What masks are drawn on, mm."""
ANCHORS = (
    *(str(i) for i in range(1, 16)), "27", "28", "29", "30", "31", "33", "35", "48", "54", "57", "36", "39", "41", "42", "45",
    "46", "ear_left", "ear_right",
)  # fmt: skip
"""What ties a mask to a face."""


def mask_outline(rng: np.random.Generator, name: str, loose: float = 1.2) -> tuple[Curve, Curve]:
    """The outline of a mask, and its right half, each as a fine curve; a little different each time."""
    half = outline_points(f"{name} half")
    half[1:-1] += rng.normal(0, loose / 2, half[1:-1].shape)
    half[:, 0] *= rng.uniform(0.98, 1.03)
    half[:, 1] += np.linspace(rng.normal(0, loose), rng.normal(1, loose), len(half))
    whole = mirrored(half)
    whole += rng.normal(0, loose / 4, whole.shape)
    return curve(whole[:-1], closed=True), curve(half)


def loops(
    layers: Layers, rng: np.random.Generator, light: Light, ends: tuple[Curve, Curve], colour: Colour, width: float = 4.0
) -> None:
    """Elastic loops from a mask's upper and lower corner, on the right and mirrored, to behind the ears.

    Parameters
    ----------
    ends : two (2,) arrays
        Upper and lower corner on the right of the picture, mm.
    """
    canvas = layers.canvas
    ear = np.array(DERIVED["ear_right"][:2])
    upper, lower = ends
    sag = rng.uniform(-1, 1)
    lines = [
        curve([moved(upper, -4, 0), upper, moved((upper + ear) / 2, -1, 2 + sag), moved(ear, -3.5, 3), moved(ear, -2, -4)]),
        curve([moved(lower, -4, -1), lower, moved((lower + ear) / 2, -1, 21 - sag), moved(ear, -4, 38), moved(ear, -3, 33)]),
    ]
    lines += [line * [-1, 1] for line in lines]
    # Towards the ears they turn away from the viewer: narrower, and in the shadow of ear and hair.
    widths = width * np.linspace(1, 0.55, 49)
    coverage = np.maximum.reduce([canvas.covered(ribbon(line, widths[: len(line)])) for line in lines])
    height = 1.2 * cv2.sqrt(np.minimum(canvas.depth(coverage), np.float32(width / 2)))
    height += 0.05 * canvas.shown(1.1) * np.sin(canvas.y * np.float32(2 * np.pi / 1.1))
    lit = shade(height, canvas, light, 0.2) * (1 + 0.03 * grain(rng, canvas))
    lit *= np.clip(1.1 - ((np.abs(canvas.x) - 52) / 34), 0.45, 1)
    coverage = coverage * np.clip((73.5 - np.abs(canvas.x)) / 2, 0, 1)
    layers.lay(colour * lit[..., None], coverage)


def edges(half: Curve, canvas: Canvas) -> tuple[Field, Field]:
    """Upper and lower edge of a mask at every pixel's column, y in mm; `half` is its right half, from above to below."""
    corner = int(np.argmax(half[:, 0]))
    return canvas.at(half[: corner + 1]), canvas.at(half[corner:][::-1])


def draw_surgical(rng: np.random.Generator, px_per_mm: float) -> WornTemplate:
    """A surgical mask: three pleats, welded hems, a wire over the nose, loops."""
    canvas, light = Canvas.seen(px_per_mm, BOX), draw_light(rng)
    outline, half = mask_outline(rng, "surgical")
    body = canvas.covered(outline)
    deep = canvas.depth(body)
    x, y = canvas.x, canvas.y
    top, bottom = edges(half, canvas)
    v = (y - top) / np.maximum(bottom - top, 8)

    height = face_form(canvas, rng.uniform(70, 76), rng.uniform(12, 18))
    height += _pleats(rng, canvas, v)
    height += 0.6 * cv2.sqrt(np.minimum(deep, 1.2))
    below = y - top
    height += 0.9 * bell(below - 3, 1.5) * np.clip((46 - np.abs(x)) / 3, 0, 1)  # the wire
    height -= 0.3 * bell(np.minimum(below, deep * np.float32(1.3)) - 4.8, 0.8)
    lit = shade(height, canvas, light, 0.5)

    colour = pick(rng, SURGICAL)
    tone = 1 + 0.022 * woven(rng, canvas, "fleece", x, y) + 0.012 * clouds(rng, canvas, 20, 2)
    cloth = colour * np.ones((*canvas.shape, 1), np.float32)
    if rng.random() < 0.45:  # hems of white cloth folded over
        white = pick(rng, SURGICAL[5:7])
        cloth += (np.clip(5.0 - (y - top), 0, 1) * 0.6)[..., None] * (white - cloth)
    stitches = canvas.stroked(_welds(half, 4.4), 0.5)
    tone -= 0.07 * stitches
    layers = Layers(canvas)
    white = pick(rng, SURGICAL[5:7]) if colour.mean() > 0.4 else varied(colour, 1.1)
    corner = half[int(np.argmax(half[:, 0]))]
    lower = half[int(np.argmin(np.hypot(half[:, 0] - 50, half[:, 1] - 88)))]
    loops(layers, rng, light, (moved(corner, -1, 1.5), moved(lower, -1, -2)), white, rng.uniform(2.0, 3.0))
    layers.lay(cloth * (lit * tone)[..., None], body)
    return layers.finish("surgical", ANCHORS)


def _pleats(rng: np.random.Generator, canvas: Canvas, v: Field) -> Field:
    """Height of three pleats that open downwards, of the creases that pull at them, and of their gathered ends, mm; `v` is 0 at a
    mask's upper edge and 1 at its lower one."""
    opened = np.clip(1 - (canvas.x / np.float32(68)) ** 2, 0, 1)
    sway = canvas.enlarged(clouds(rng, canvas.coarse(4), 45)) * np.float32(0.008)
    height = np.zeros(canvas.shape, np.float32)
    for at in np.array([0.33, 0.52, 0.7]) + rng.normal(0, 0.018, 3):
        above = v + sway - np.float32(at)
        height += (
            fading(-above, 1 / 7)
            * np.clip(0.5 - above * np.float32(rng.uniform(50, 90)), 0, 1)
            * (np.float32(0.9) + opened)
            * np.float32(rng.uniform(0.7, 1.4))
        )
    pulled = []
    for side in (-1, 1):
        for y, lift in ((40, -8), (40, 3), (42, 14), (84, 4), (86, -10)):
            reach = rng.uniform(8, 30)
            line = np.array([[side * 60, y], [side * (60 + reach) / 2, y + 0.6 * lift], [side * reach, y + lift]])
            pulled.append(line + rng.normal(0, 2.5, (3, 2)))
    height += folds(canvas, pulled, float(rng.uniform(3, 5)), float(rng.uniform(0.5, 2.0)))
    height += canvas.enlarged(clouds(rng, canvas.coarse(4), (36, 18))) * np.float32(0.7)
    gathered = np.clip((np.abs(canvas.x) - 42) / 18, 0, 1) ** 2
    return height + gathered * np.sin(v * 40 + sway * 900) * np.float32(rng.uniform(0.2, 0.5))


def _welds(half: Curve, below: float) -> list[Curve]:
    """Dotted lines along the upper hem and the sides."""
    upper = half[half[:, 1] < 44] + [0, below]
    both = [upper, upper * [-1, 1], moved(upper, 0, 1.6), moved(upper * [-1, 1], 0, 1.6)]
    return [dash for line in both for dash in dashes(line, 1.1, 1.3)]


def draw_cloth(rng: np.random.Generator, px_per_mm: float) -> WornTemplate:
    """A sewn mask of cotton or jersey: two halves and a seam over nose and chin, or one piece; a hem with stitches, loops."""
    canvas, light = Canvas.seen(px_per_mm, BOX), draw_light(rng)
    outline, half = mask_outline(rng, "cloth", 1.6)
    body = canvas.covered(outline)
    deep = canvas.depth(body)
    x, y = canvas.x, canvas.y
    seam = rng.random() < 0.7

    form = face_form(canvas, rng.uniform(70, 76), rng.uniform(15, 21) if seam else 14, 10)
    tension = [
        np.array([[side * 60, a], [side * 38, (a + b) / 2 + rng.normal(0, 3)], [side * rng.uniform(10, 24), b]])
        for side in (-1, 1)
        for a, b in ((38, rng.uniform(40, 56)), (52, rng.uniform(56, 70)), (66, rng.uniform(66, 84)), (74, rng.uniform(82, 98)))
    ]
    creases = folds(canvas, tension, rng.uniform(3, 6), 1.6) * np.float32(rng.uniform(0.5, 1.6))
    creases += clouds(rng, canvas, (32, 20), 2) * np.float32(rng.uniform(0.6, 1.3))
    away = np.abs(x - np.float32(0.5) * np.sin(y / 17))
    if seam:
        form = form - 2.2 * fading(away, 9) - 0.7 * bell(away, 0.6) + 0.35 * bell(away - 1.6, 1.0)
    u, v = (80 * np.arcsin(np.clip(x / 80, -1, 1))).astype(np.float32), y + 0.002 * x**2
    slant = rng.uniform(-0.25, 0.25)
    if seam:  # halves are cut slanting, and do not meet in the pattern
        turn = np.float32(rng.uniform(0.1, 0.35)) * np.sign(x)
        u, v = u * np.cos(turn) + v * np.sin(turn) + 7 * np.sign(x), v * np.cos(turn) - u * np.sin(turn)
    colours, ground = patterned(rng, canvas, u.astype(np.float32), v.astype(np.float32), angle=slant)
    weaves: tuple[Weave, ...] = ("plain", "plain", "linen", "twill", "jersey")
    weave = weaves[int(rng.integers(len(weaves)))]
    threads = woven(rng, canvas, weave, u.astype(np.float32), v.astype(np.float32))
    tone = 1 + 0.04 * threads + 0.018 * clouds(rng, canvas, 18, 2)

    hem = rng.uniform(3.5, 6)
    bound = rng.random() < 0.3  # an edge of another cloth
    height = form + creases + 0.05 * threads + 0.9 * np.sqrt(np.clip(deep, 0, 1.5))
    if bound:
        tape = np.clip((hem - deep) * 3, 0, 1)
        colours = colours + tape[..., None] * (contrasting(rng, ground, CLOTH, 0.08) - colours)
        height = height + 0.9 * tape
    else:
        height = height + 0.5 * np.clip((hem - deep) * 2, 0, 1)
    puckers = np.clip(1 - np.abs(deep - hem) / 4, 0, 1) * clouds(rng, canvas, 3.5) * np.float32(0.22)
    height = height + puckers
    thread = varied(ground, 0.75 if ground.mean() > 0.35 else 1.7) if rng.random() < 0.7 else contrasting(rng, ground, CLOTH)
    lines = dashes(inset(outline, hem - 0.8), 2.0, 0.8)
    if seam:
        for side in (-2.2, 2.2):
            run = np.arange(half[0, 1] + 1, half[-1, 1] - 1, 1.0)
            lines += dashes(np.stack([side + 0.5 * np.sin(run / 17), run], axis=1), 2.0, 0.8)
    stitches = canvas.stroked(lines, 0.45)
    height = height - 0.25 * canvas.stroked(lines, 1.0)
    lit = shade(height.astype(np.float32), canvas, light, 0.6)
    colours = colours + (0.75 * stitches)[..., None] * (thread - colours)
    layers = Layers(canvas)
    corner = half[int(np.argmax(half[:, 0]))]
    lower = half[int(np.argmin(np.hypot(half[:, 0] - 52, half[:, 1] - 76)))]
    loop = ground if rng.random() < 0.4 else pick(rng, ("1d1e22", "e9e6e0"))
    loops(layers, rng, light, (moved(corner, -1, 1.5), moved(lower, -1, -1)), loop, rng.uniform(2.5, 4.5))
    layers.lay(colours * (lit * tone)[..., None], body)
    return layers.finish("cloth", ANCHORS)
