"""See-through things before a face: how opaque and of which colour they are at each pixel.

All of them are drawn on points in millimetres of the generic head, seen from the front: x to the right of the picture, y down,
the origin between the eyes, the mouth at 71, the chin at 113.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt

from natocc.occluders.veils.fields import Plane, line, noise, over, rises

VeilKind = Literal["veil", "net", "smoke", "glass"]
Colours = npt.NDArray[np.float32]
Thing = tuple[Plane, Colours]
"""(h, w) opacity in [0, 1], and (h, w, 3) straight sRGB, 0-255."""

_CLOTHS = (
    (18, 18, 22),
    (30, 28, 34),
    (236, 232, 224),
    (244, 240, 236),
    (206, 188, 162),
    (96, 24, 34),
    (34, 48, 88),
    (196, 160, 170),
)
_DRINKS = ((226, 168, 60), (120, 52, 22), (138, 20, 36), (236, 214, 150), (214, 226, 230), (240, 150, 40))


def veil(rng: np.random.Generator, x: Plane, y: Plane, px: float) -> Thing:
    """Fine cloth with folds: over the lower face, over all of it, or from above down to the nose."""
    cloth = np.array(_CLOTHS[int(rng.integers(len(_CLOTHS)))], np.float32)
    opacity = rng.uniform(0.22, 0.72)
    where = rng.choice(("lower", "whole", "upper"), p=(0.5, 0.25, 0.25))
    sag = rng.uniform(4, 16)
    hem = noise(rng, x, y, 40.0, 2)
    if where == "lower":
        edge = y - (rng.uniform(14, 36) - sag * (x / 60) ** 2 + 0.8 * hem)
    elif where == "upper":
        edge = np.asarray((rng.uniform(18, 44) + sag * np.cos(x / 45) + 2 * hem) - y, dtype=np.float32)
    else:
        edge = y + 150 - 0.004 * x**2
    edge = np.minimum(edge, _beside(x, y, (68.0, 75.0) if where == "lower" else (98.0, 140.0), hem, rng)).astype(np.float32)
    inside = (edge * px + 0.5).clip(0, 1)
    # Folds fan out from where the cloth is held: the temples, or the top of the head.
    held = (
        (rng.uniform(-10, 10), rng.uniform(-280, -190))
        if where != "lower"
        else (rng.choice((-1, 1)) * rng.uniform(60, 90), -20.0)
    )
    angle = np.arctan2(y - held[1], x - held[0])
    swing = 0.06 * noise(rng, x, y, 70.0, 3)
    folds = np.zeros_like(x)
    for strength, many in ((1.0, rng.uniform(7, 12)), (0.55, rng.uniform(14, 24)), (0.25, rng.uniform(30, 44))):
        folds += strength * np.sin(many * (angle + swing) + rng.uniform(0, 2 * math.pi))
    ridge = rises(folds, 0.2, 1.7)
    thread = max(2.1 / px, rng.uniform(0.6, 1.0))
    weave = np.sin(2 * math.pi * x / thread) * np.sin(2 * math.pi * y / thread)
    denser = 1 + 1.3 * ridge + 0.05 * weave + 0.04 * noise(rng, x, y, 6.0, 3)
    alpha = inside * (1 - (1 - opacity) ** denser)
    seam = inside * rises(np.abs(edge), 1.6, 1.0) * 0.6 * opacity
    light = 1 + 0.17 * folds + 0.03 * weave
    return over(alpha.astype(np.float32), seam), _lit(cloth, light)


def net(rng: np.random.Generator, x: Plane, y: Plane, px: float) -> Thing:
    """Threads that cross: the net of a hat before eyes and nose, or before all of the face; its holes show the face untouched."""
    mesh, breadth = rng.uniform(3.5, 13.0), rng.uniform(0.22, 0.7)
    turn = rng.choice((math.pi / 4, rng.uniform(0, math.pi / 2)), p=(0.7, 0.3))
    slack = mesh * rng.uniform(0.1, 0.45)
    u, v = x + slack * noise(rng, x, y, 45.0, 2), (y + slack * noise(rng, x, y, 45.0, 2)) * rng.uniform(0.7, 1.0)
    across, along = u * math.cos(turn) + v * math.sin(turn), -u * math.sin(turn) + v * math.cos(turn)
    away = [(0.5 - np.abs((axis / mesh) % 1 - 0.5)) * mesh for axis in (across, along)]
    covered = over(*(line((distance * px).astype(np.float32), breadth * px) for distance in away))
    knots = rng.uniform(1.0, 2.4) * breadth - np.maximum(*away)
    covered = over(covered, (knots * px + 0.5).clip(0, 1).astype(np.float32))
    edge = y + 200.0
    if rng.random() < 0.6:
        edge = rng.uniform(8, 62) + rng.uniform(0, 10) * np.cos(x / 50) - y
        edge = np.minimum(edge, _beside(x, y, (84.0, 125.0), noise(rng, x, y, 40.0, 2), rng)).astype(np.float32)
        covered = over(covered, line(((edge - breadth) * px).astype(np.float32), 1.6 * breadth * px))
    colour = np.array(_CLOTHS[int(rng.integers(len(_CLOTHS)))], np.float32)
    covered = covered * (edge * px + 0.5).clip(0, 1) * rng.uniform(0.8, 1.0)
    return covered.astype(np.float32), _lit(colour, 1 + 0.08 * noise(rng, x, y, 3.0, 2))


def smoke(rng: np.random.Generator, x: Plane, y: Plane, px: float) -> Thing:
    """Smoke or steam that drifts before the face; thin but for its densest wisps."""
    del px
    centre, reach = (rng.uniform(-40, 40), rng.uniform(10, 110)), (rng.uniform(45, 90), rng.uniform(70, 130))
    lean = rng.uniform(-0.6, 0.6)
    u, v = x - centre[0] - lean * (centre[1] - y), y - centre[1]
    bend_x, bend_y = (26 * noise(rng, x, y, 60.0, 4) for _ in range(2))
    wisps = noise(rng, (u + bend_x).astype(np.float32), (0.45 * (v + bend_y)).astype(np.float32), 38.0)
    fades = np.exp(-((u / reach[0]) ** 2) - (v / reach[1]) ** 2)
    density = fades * (0.35 + rises(wisps, -1.2, 2.2))
    peak = rng.uniform(0.54, 0.8)
    alpha = 1 - np.exp(-density * (-math.log(1 - peak) / max(float(density.max()), 1e-6)))
    colour = np.full(3, rng.uniform(178, 240), np.float32) + rng.uniform(-1, 1) * np.array([-4, 0, 6], np.float32)
    return alpha.astype(np.float32), _lit(colour, 0.94 + 0.05 * wisps)


def glass(rng: np.random.Generator, x: Plane, y: Plane, px: float) -> Thing:
    """A tumbler before the mouth, or a pane with reflections; what is behind is tinted, not bent."""
    return _pane(rng, x, y) if rng.random() < 0.35 else _tumbler(rng, x, y, px)


THINGS: Mapping[VeilKind, Callable[[np.random.Generator, Plane, Plane, float], Thing]] = {
    "veil": veil,
    "net": net,
    "smoke": smoke,
    "glass": glass,
}
"""Kind to what draws it: of a generator, x and y (mm) of each pixel, and px per mm."""


def _beside(x: Plane, y: Plane, breadth: tuple[float, float], hem: Plane, rng: np.random.Generator) -> Plane:
    """Distance from the sides of a cloth, mm; they fall outwards, and wave."""
    half = rng.uniform(*breadth) + rng.uniform(0.1, 0.35) * (y + 40).clip(0, 200)
    return np.asarray(half + 2.5 * hem - np.abs(x), dtype=np.float32)


def _tumbler(rng: np.random.Generator, x: Plane, y: Plane, px: float) -> Thing:
    """A glass that is drunk from: its rim at the mouth, its foot below, tilted."""
    tilt, top = rng.normal(0, 0.22), rng.uniform(58, 76)
    height, half = rng.uniform(85, 120), rng.uniform(30, 39)
    foot, flat = half * rng.uniform(0.72, 0.95), rng.uniform(0.1, 0.24)
    shift = x - rng.uniform(-8, 8)
    u = shift * math.cos(tilt) + (y - top) * math.sin(tilt)
    v = (y - top) * math.cos(tilt) - shift * math.sin(tilt)
    share = (v / height).clip(0, 1)
    radius = half + (foot - half) * share
    across = (u / radius).clip(-1, 1)
    bulge = np.sqrt(1 - across**2)
    rim, base = -flat * half * bulge, height + flat * foot * bulge
    inside = ((radius - np.abs(u)) * px + 0.5).clip(0, 1) * ((v - rim) * px + 0.5).clip(0, 1) * ((base - v) * px + 0.5).clip(0, 1)
    wall = np.abs(across).astype(np.float32) ** rng.uniform(6, 14)
    alpha = inside * (rng.uniform(0.05, 0.14) + 0.55 * wall)
    tint = np.array([206, 216, 216], np.float32) * rng.uniform(0.75, 1.05)
    colour = np.broadcast_to(tint, (*x.shape, 3)).copy() * (1 - 0.35 * wall)[..., None]
    if rng.random() < 0.65:
        drink, strength = np.array(_DRINKS[int(rng.integers(len(_DRINKS)))], np.float32), rng.uniform(0.3, 0.85)
        surface = height * rng.uniform(0.25, 0.7) + shift * math.tan(tilt)
        filled = inside * ((v - surface) * px + 0.5).clip(0, 1) * rises(np.abs(across).astype(np.float32), 0.97, 0.9)
        filled = filled * ((height * 0.94 - v) * px + 0.5).clip(0, 1)
        level = inside * line(((v - surface) * px).astype(np.float32), 1.3 * px) * 0.45
        colour, alpha = _laid(colour, alpha, drink * (0.8 + 0.25 * bulge)[..., None], strength * filled)
        colour, alpha = _laid(colour, alpha, np.minimum(drink * 1.35, 250.0), level)
    bottom = inside * rises(v, 0.93 * height, 0.98 * height)
    colour, alpha = _laid(colour, alpha, tint * (0.55 + 0.5 * rises(across, -1.0, 0.6))[..., None], 0.55 * bottom)
    gleam = rises(noise(rng, x, y, 24.0, 3), -1.0, 1.4)
    for back in (-1.0, 1.0):
        edge = line(((v - back * rim) * px).astype(np.float32), rng.uniform(0.9, 1.5) * px) * (
            (radius - np.abs(u)) * px + 0.5
        ).clip(0, 1)
        colour, alpha = _laid(colour, alpha, np.full(3, 236.0, np.float32), edge * gleam * rng.uniform(0.3, 0.6))
    for _ in range(int(rng.integers(2, 5))):
        at, broad = rng.uniform(-0.85, 0.85), rng.uniform(0.03, 0.16)
        streak = (
            rises(np.abs(across - at).astype(np.float32), broad, 0.1 * broad) * rises(share, 0.02, 0.2) * rises(share, 0.95, 0.7)
        )
        colour, alpha = _laid(
            colour, alpha, np.full(3, 250.0, np.float32), inside * streak * (0.3 + 0.7 * gleam) * rng.uniform(0.2, 0.7)
        )
    return alpha.astype(np.float32), colour.astype(np.float32)


def _pane(rng: np.random.Generator, x: Plane, y: Plane) -> Thing:
    """A window before all of the picture, or a part of it: a faint tint, and bright reflections of what is on this side."""
    turn = rng.uniform(-0.5, 0.5)
    u, v = (x * math.cos(turn) + y * math.sin(turn)), (y * math.cos(turn) - x * math.sin(turn)).astype(np.float32)
    alpha = np.full_like(x, rng.uniform(0.03, 0.12))
    colour = np.broadcast_to(np.array([188, 204, 208], np.float32), (*x.shape, 3)).copy()
    soft = rng.uniform(2, 14)
    for number in range(int(rng.integers(2, 6))):
        left, broad = rng.uniform(-110, 90), rng.uniform(10, 60)
        high, low = sorted(rng.uniform(-130, 170, 2))
        slant = np.asarray(u - 0.35 * v, dtype=np.float32)
        shape = rises(slant, left - soft, left + soft) * rises(slant, left + broad + soft, left + broad - soft)
        if rng.random() < 0.5:
            shape = shape * rises(v, high - soft, high + soft) * rises(v, low + 60 + soft, low + 60 - soft)
        strength = rng.uniform(0.15 if number else 0.6, 0.68)
        bright = np.asarray(strength * shape * (0.75 + 0.25 * noise(rng, x, y, 50.0, 3)).clip(0, 1.2), dtype=np.float32)
        tone = np.array([214, 224, 236], np.float32) + rng.uniform(-22, 14, 3).astype(np.float32)
        colour, alpha = _laid(colour, alpha, tone, bright)
    return alpha.astype(np.float32), colour


def _laid(colour: Colours, alpha: Plane, above: Colours, opacity: Plane) -> Thing:
    """Straight colour and opacity of two things, one before the other."""
    opacity = np.asarray(opacity.clip(0, 1), dtype=np.float32)
    both = over(alpha, opacity)
    share = (opacity / np.maximum(both, 1e-6))[..., None]
    return np.asarray(colour + share * (above - colour), dtype=np.float32), both


def _lit(colour: Colours, light: npt.NDArray[np.floating]) -> Colours:
    """One colour, brighter or darker at each pixel."""
    return np.asarray((colour * light[..., None]).clip(0, 255), dtype=np.float32)
