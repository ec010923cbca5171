"""Caps and beanies."""

from __future__ import annotations

import cv2
import numpy as np

from natocc.occluders.worn.canvas import Canvas, Curve, Field, Layers, curve, dashes, inset, mirrored
from natocc.occluders.worn.colours import CLOTH, Colour, contrasting, pick, varied
from natocc.occluders.worn.outlines import outline_points
from natocc.occluders.worn.patterns import patterned
from natocc.occluders.worn.relief import Light, bell, clouds, draw_light, fading, folds, grain, head_form, shade
from natocc.occluders.worn.template import WornTemplate
from natocc.occluders.worn.weaves import Weave, knit_tile, tiled, woven

BOX = (-104.0, -190.0, 104.0, 14.0)
SCALE = 3.4
ANCHORS = (
    "0", "16", *(str(i) for i in range(17, 28)), "36", "39", "42", "45", "temple_left", "temple_right", "forehead", "crown",
)  # fmt: skip
"""What ties a hat to a face."""


def head_outline(rng: np.random.Generator, name: str, loose: float = 2.0) -> tuple[Curve, Curve]:
    """Outline of a hat and the control points of its right half."""
    half = outline_points(f"{name} half")
    half[:, 0] *= rng.uniform(0.97, 1.04)
    half[half[:, 1] < -90, 1] += rng.normal(0, 2 * loose)
    half[1:-1] += rng.normal(0, loose / 3, half[1:-1].shape)
    whole = mirrored(half)
    whole += rng.normal(0, loose / 4, whole.shape)
    return curve(whole[:-1], closed=True), half


def around_head(canvas: Canvas, half_width: float, top: float, middle: float) -> Field:
    """How far around the head every place lies, mm from the middle; on a dome lines of equal value meet at its top."""
    up = np.clip((canvas.y - middle) / (top - middle), 0, 0.97)
    wide = np.float32(half_width) * cv2.sqrt(1 - cv2.pow(up, 2.2))
    return np.asarray(np.float32(half_width) * np.arcsin(np.clip(canvas.x / wide, -1, 1)), dtype=np.float32)


def draw_cap(rng: np.random.Generator, px_per_mm: float) -> WornTemplate:
    """A cap with a visor, seen from the front."""
    canvas, light = Canvas.seen(px_per_mm, BOX, SCALE), draw_light(rng)
    outline, half = head_outline(rng, "cap")
    body = canvas.covered(outline)
    x, y = canvas.x, canvas.y
    top = float(half[0, 1])
    u = around_head(canvas, 86, top - 3, -20)

    height = head_form(canvas, 83, top - 4, -30)
    height += 0.8 * cv2.sqrt(np.minimum(canvas.depth(body), 1.5))
    panels = (0.0, 47.0) if rng.random() < 0.75 else (38.0,)
    stitches: list[Field] = []
    for at in panels:
        off = np.abs(np.abs(u) - at)
        height -= 0.9 * bell(off, 0.7) - 0.35 * bell(off - 2.2, 1.6)
        stitches.append(bell(off - 3.0, 0.45) * (np.sin(y * 2.4) > -0.4))
    soft = rng.random() < 0.5
    height += clouds(rng, canvas, (30, 24), 2) * np.float32(1.8 if soft else 0.8)
    creases = [
        np.array([[s * rng.uniform(55, 80), -40 - 14 * i], [s * 40, -52 - 20 * i], [s * rng.uniform(5, 30), -70 - 18 * i]])
        for s in (-1, 1)
        for i in range(3)
    ]
    height += folds(canvas, creases, float(rng.uniform(4, 7)), float(rng.uniform(0.3, 1.2) * (2.2 if soft else 0.9)))
    colours, ground = patterned(rng, canvas, u, y + 0.003 * x * x, plain=0.9)
    weaves: tuple[Weave, ...] = ("twill", "twill", "plain", "linen")
    tone = 1 + 0.035 * woven(rng, canvas, weaves[int(rng.integers(4))], u, y) + 0.02 * clouds(rng, canvas, 24, 2)
    if len(panels) == 2 and rng.random() < 0.25:  # the front of another colour
        front = np.clip((47 - np.abs(u)) * 2, 0, 1)[..., None]
        colours = colours + front * (contrasting(rng, ground, CLOTH, 0.1) - colours)
    thread = varied(ground, 1.25 if ground.mean() < 0.4 else 0.8)
    sewn = np.minimum(np.add.reduce(stitches), 1)[..., None]
    colours = colours + 0.6 * sewn * (thread - colours)
    for side in (-1, 1):
        hole = np.hypot(u - side * 26, (y - (top + 42)) * 1.1)
        height += 0.7 * bell(hole - 2.0, 0.8)
        tone *= 1 - 0.6 * bell(hole, 1.0)
    colours, height = _emblem(rng, canvas, colours, height, ground, u)
    layers = Layers(canvas)
    lit = shade(height, canvas, light, 0.4)
    layers.lay(colours * (lit * tone)[..., None], body)
    above = canvas.part(-9, top - 5, 9, top + 7)
    button = above.covered(curve([[-7, top + 2], [0, top - 2.5], [7, top + 2], [0, top + 5]], closed=True))
    layers.lay(ground * (0.95 * shade(2 * cv2.sqrt(above.depth(button)), above, light))[..., None], button, above)
    _visor(layers, rng, light, pick(rng, CLOTH) if rng.random() < 0.2 else ground, thread)
    return layers.finish("cap", ANCHORS)


def _emblem(
    rng: np.random.Generator, canvas: Canvas, colours: Field, height: Field, ground: Colour, u: Field
) -> tuple[Field, Field]:
    """Embroidery on the front: letters, a badge, or nothing."""
    if rng.random() < 0.4:
        return colours, height
    raw = np.zeros(canvas.shape, np.uint8)
    colour = contrasting(rng, ground, CLOTH, 0.25)
    at = canvas.pixels(np.array([0.0, rng.uniform(-86, -76)]))
    if rng.random() < 0.7:
        text = "".join(chr(int(c)) for c in rng.integers(65, 91, int(rng.integers(1, 4))))
        font = (cv2.FONT_HERSHEY_TRIPLEX, cv2.FONT_HERSHEY_SCRIPT_COMPLEX, cv2.FONT_HERSHEY_DUPLEX)[int(rng.integers(3))]
        size, thick = rng.uniform(3.2, 5) / len(text) ** 0.6 * canvas.scale / 4, round(2.2 * canvas.scale)
        (wide, high), _ = cv2.getTextSize(text, font, size, thick)
        cv2.putText(raw, text, (round(at[0] - wide / 2), round(at[1] + high / 2)), font, size, 255, thick, cv2.LINE_AA)
    else:
        radius = rng.uniform(13, 19) * canvas.scale
        corners = int(rng.integers(3, 9))
        turn = -np.pi / 2 + np.pi * np.arange(2 * corners) / corners
        reach = radius * np.where(np.arange(2 * corners) % 2, rng.uniform(0.5, 1.0), 1.0)
        star = at + np.stack([reach * np.cos(turn), reach * np.sin(turn)], 1)
        cv2.fillPoly(raw, [np.rint(star).astype(np.int32)], 255, cv2.LINE_AA)
        if rng.random() < 0.3:
            cv2.circle(raw, (round(at[0]), round(at[1])), round(radius * 0.35), 0, round(canvas.scale), cv2.LINE_AA)
    # The dome bends it.
    columns = ((u - canvas.box[0]) * np.float32(canvas.scale) - np.float32(0.5)).astype(np.float32)
    rows = ((canvas.y - canvas.box[1]) * np.float32(canvas.scale) - np.float32(0.5)).astype(np.float32)
    share = cv2.remap(raw, columns, rows, cv2.INTER_LINEAR).astype(np.float32) / np.float32(255)
    yarn = 1 + np.float32(0.08 * canvas.shown(0.8)) * np.sin((canvas.x * 0.5 + canvas.y) * 7)
    raised = cv2.GaussianBlur(share, (0, 0), 0.35 * canvas.scale)
    return colours + share[..., None] * (colour * yarn[..., None] - colours), height + 1.0 * raised + 0.06 * canvas.shown(
        0.9
    ) * share * np.sin(canvas.y * 7)


def _visor(layers: Layers, rng: np.random.Generator, light: Light, colour: Colour, thread: Colour) -> None:
    """The visor, curved, coming towards the viewer."""
    drop, reach = rng.uniform(15, 30), rng.uniform(68, 76)
    join, fall = -49 + rng.normal(0, 1.5), rng.uniform(15, 25)
    across = np.linspace(0, 1, 12)
    upper = np.stack([reach * across, join + fall * across**2], 1)
    thick = drop * (1 - across ** rng.uniform(2.6, 4.2)) ** 0.55
    canvas = layers.canvas.part(-reach - 8, join - 12, reach + 8, join + fall + drop + 8)
    half = np.vstack([upper, (upper + np.stack([2.0 * across, thick], 1))[::-1]])
    outline = curve(mirrored(half)[:-1], closed=True)
    coverage = canvas.covered(outline)
    shadow = cv2.GaussianBlur(coverage, (0, 0), 2.5 * canvas.scale)
    layers.darken(1 - 0.3 * shadow, canvas)
    deep = canvas.depth(coverage)
    height = 16 * cv2.sqrt(np.clip(1 - (canvas.x / 92) ** 2, 0.05, 1)) + 0.55 * (canvas.y - join)
    height += 1.1 * cv2.sqrt(np.minimum(deep, 1.6))
    stitched: list[Curve] = []
    rows = int(rng.integers(3, 8))
    for i in range(rows):
        stitched += dashes(inset(outline, 2.0 + i * rng.uniform(2.4, 2.8)), 1.7, 0.7)
    sewn = canvas.stroked(stitched, 0.4) * np.clip((canvas.y - canvas.at(upper) - 3) / 2, 0, 1)
    height -= 0.35 * cv2.GaussianBlur(sewn, (0, 0), canvas.px(1.0))
    tone = 1 + 0.03 * woven(rng, canvas, "twill", canvas.x, canvas.y)
    tone *= 0.72 + 0.28 * np.clip((canvas.y - canvas.at(upper)) / 7, 0, 1)
    colours = colour + (0.5 * sewn)[..., None] * (thread - colour)
    layers.lay(
        (colours * (shade(height.astype(np.float32), canvas, light, 0.3) * tone)[..., None]).astype(np.float32), coverage, canvas
    )


def draw_beanie(rng: np.random.Generator, px_per_mm: float) -> WornTemplate:
    """A knitted cap, with or without a turned-up cuff and a pompom."""
    canvas, light = Canvas.seen(px_per_mm, BOX, SCALE), draw_light(rng)
    outline, half = head_outline(rng, "beanie", 3.0)
    body = canvas.covered(outline)
    deep = canvas.depth(body)
    top = float(half[0, 1])
    u = around_head(canvas, 92, top - 2, -25)
    x, y = canvas.x, canvas.y
    rim = curve(half[-5:][::-1])
    lower = canvas.at(rim)
    cuff_high = rng.uniform(34, 48) if rng.random() < 0.75 else 0.0
    above = lower - y + np.float32(0.012) * x * x * np.float32(rng.uniform(-0.2, 0.2))
    cuff = np.clip((np.float32(cuff_high) - above) * 2, 0, 1) if cuff_high else np.zeros(canvas.shape, np.float32)
    warp = canvas.enlarged(clouds(rng, canvas.coarse(4), 35)) * np.float32(0.8)

    stitch = rng.uniform(3.2, 6.5)
    rib = int(rng.integers(0, 4))
    tile = knit_tile(rib)
    wide = stitch * max(1, 2 * rib)
    knit = tiled(canvas, tile, u + warp, y + warp, wide)
    cuff_rib = int(rng.integers(1, 4))
    knit = knit + cuff * (tiled(canvas, knit_tile(cuff_rib), u + warp, lower - y, stitch * 2 * cuff_rib) - knit)
    bulk = np.float32(stitch * 0.32)

    height = head_form(canvas, 88, top - 4, -30) + bulk * cv2.GaussianBlur(knit, (0, 0), canvas.px(0.8))
    height += 3.2 * cuff * cv2.sqrt(np.clip((cuff_high - above) / 6, 0, 1)) * cv2.sqrt(np.clip(above / 5 + 0.05, 0, 1))
    height += 2.0 * cv2.sqrt(np.minimum(deep, 3.0)) + clouds(rng, canvas, (45, 22), 2) * np.float32(1.5)
    lit = shade(height.astype(np.float32), canvas, light, 0.55)
    tone = (0.86 + 0.2 * knit) * (1 + 0.03 * grain(rng, canvas, 0.7) + 0.02 * clouds(rng, canvas, 14, 2))
    tone *= 1 - 0.3 * fading(above - np.float32(cuff_high), 2.5) * (above > cuff_high) * (cuff_high > 0)
    ground = pick(rng, CLOTH)
    colours = np.ones((*canvas.shape, 1), np.float32) * ground
    if rng.random() < 0.3:  # rings of another yarn
        other, pitch, share = contrasting(rng, ground, CLOTH, 0.12), rng.uniform(14, 40), rng.uniform(0.2, 0.5)
        rings = np.clip((share - np.mod(y + warp, pitch) / pitch) * pitch * 1.5, 0, 1)[..., None]
        colours = colours + rings * (other - colours)
    elif rng.random() < 0.35:  # mixed yarn
        mixed = np.clip(clouds(rng, canvas, (4, 1.5), 2) * 0.4 + 0.3, 0, 1)[..., None]
        colours = colours + mixed * (varied(ground, 1.5 if ground.mean() < 0.5 else 0.75) - colours)
    layers = Layers(canvas)
    if rng.random() < 0.25:
        _pompom(layers, rng, light, pick(rng, CLOTH) if rng.random() < 0.4 else ground, top)
    layers.lay((colours * (lit * tone)[..., None]).astype(np.float32), _fuzzy(rng, canvas, body))
    return layers.finish("beanie", ANCHORS)


def _fuzzy(rng: np.random.Generator, canvas: Canvas, coverage: Field) -> Field:
    """An edge as wool has: a little uneven, with fibres."""
    soft = cv2.GaussianBlur(coverage, (0, 0), 0.3 * canvas.scale)
    return np.asarray(np.clip((soft - 0.5) * 2.2 + 0.5 + 0.12 * grain(rng, canvas, 1.2) * (4 * soft * (1 - soft)), 0, 1))


def _pompom(layers: Layers, rng: np.random.Generator, light: Light, colour: Colour, top: float) -> None:
    """A ball of yarn ends."""
    canvas = layers.canvas
    radius = rng.uniform(17, 24)
    dx, dy = canvas.x - np.float32(rng.normal(0, 3)), canvas.y - np.float32(top - radius * 0.3)
    around, away = np.arctan2(dy, dx), np.hypot(dx, dy)
    tufts = clouds(rng, canvas, 3.5, 2)
    edge = radius + 1.3 * np.sin(around * 23 + 2 * tufts) + 1.0 * np.sin(around * 41) + 0.6 * tufts
    coverage = np.clip((edge - away) / 1.2, 0, 1)
    height = np.sqrt(np.maximum(radius**2 - away**2, 0)) + 1.6 * tufts
    lit = shade(height.astype(np.float32), canvas, light, 0.5) * (1 + 0.1 * grain(rng, canvas, 1.0))
    layers.lay((colour * lit[..., None]).astype(np.float32), coverage.astype(np.float32))
