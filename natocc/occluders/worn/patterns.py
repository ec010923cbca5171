"""Patterns of printed and woven cloth: tiles that repeat without a seam."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from natocc.occluders.worn.canvas import Canvas, Field
from natocc.occluders.worn.colours import CLOTH, Colour, bgr8, contrasting, pick, softened, varied
from natocc.occluders.worn.weaves import tiled

Tile: TypeAlias = npt.NDArray[np.uint8]

SIDE = 384
"""Of a tile, px."""
PLAIN = 0.4
"""Share of things without a pattern."""


def patterned(
    rng: np.random.Generator,
    canvas: Canvas,
    u: Field,
    v: Field,
    palette: Sequence[str] = CLOTH,
    plain: float = PLAIN,
    angle: float = 0.0,
) -> tuple[Field, Colour]:
    """Colours of a cloth, and its ground colour.

    Parameters
    ----------
    rng : Generator
        Draws the pattern, its size and its colours.
    canvas : Canvas
        What is drawn.
    u, v : (h, w) float32
        Place on the cloth, mm.
    palette : sequence of str
        Colours to choose the ground from.
    plain : float
        How often there is no pattern, in [0, 1].
    angle : float
        How the cloth is turned, rad.

    Returns
    -------
    colours : (h, w, 3) float32
        sRGB in [0, 1].
    ground : (3,) float32
        The main colour.
    """
    ground = pick(rng, palette)
    if rng.random() < plain:
        return np.broadcast_to(ground, (*u.shape, 3)).astype(np.float32), ground
    draw, low, high = PATTERNS[int(rng.integers(len(PATTERNS)))]
    tile = draw(rng, ground)
    colours = tiled(canvas, tile, u, v, float(rng.uniform(low, high)), angle)
    return colours.astype(np.float32) / np.float32(255), ground


def _ground(colour: Colour) -> Tile:
    return np.full((SIDE, SIDE, 3), np.rint(colour * 255), np.uint8)


def _stripes(rng: np.random.Generator, ground: Colour) -> Tile:
    tile = _ground(ground).astype(np.float32)
    other = contrasting(rng, ground, CLOTH)
    at = np.arange(SIDE) / SIDE * int(rng.integers(3, 8))
    share = rng.uniform(0.15, 0.55)
    inside = np.clip((share / 2 - np.abs(at - np.floor(at) - 0.5)) * 40 + 0.5, 0, 1).astype(np.float32)
    tile += inside[None, :, None] * (other * 255 - tile)
    turned = tile if rng.random() < 0.5 else tile.transpose(1, 0, 2)
    return np.ascontiguousarray(turned).astype(np.uint8)


def _gingham(rng: np.random.Generator, ground: Colour) -> Tile:
    white = pick(rng, CLOTH[3:5])
    at = np.arange(SIDE) / SIDE * int(rng.integers(4, 9))
    bands = np.clip((0.25 - np.abs(at - np.floor(at) - 0.5)) * 30 + 0.5, 0, 1).astype(np.float32)
    share = (bands[:, None] + bands[None, :]) / 2
    return np.rint((white + share[..., None] * (ground - white)) * 255).astype(np.uint8)


def _tartan(rng: np.random.Generator, ground: Colour) -> Tile:
    """Threads of both directions show in turn, in diagonals, as in twill."""
    sett = np.tile(ground, (SIDE, 1))
    for _ in range(int(rng.integers(3, 6))):
        colour = contrasting(rng, ground, CLOTH, 0.1)
        middle, half = int(rng.integers(SIDE)), int(rng.integers(3, SIDE // 7))
        sett[np.arange(middle - half, middle + half) % SIDE] = colour
    rows, columns = np.mgrid[:SIDE, :SIDE]
    warp = ((rows + columns) // 2 % 2 == 0)[..., None]
    cloth = np.where(warp, sett[None, :], sett[:, None])
    return softened(np.rint(cloth * 255).astype(np.uint8), 1.0)


def _dots(rng: np.random.Generator, ground: Colour) -> Tile:
    tile, colour = _ground(ground), bgr8(contrasting(rng, ground, CLOTH))
    count = int(rng.integers(3, 7))
    pitch, radius = SIDE / count, SIDE / count * rng.uniform(0.12, 0.26)
    for row in range(2 * count):
        for column in range(count):
            at = ((column + (row % 2) / 2 + 0.25) * pitch, (row / 2 + 0.25) * pitch)
            _stamp(tile, at, lambda picture, xy: cv2.circle(picture, xy, round(radius * 16), colour, -1, cv2.LINE_AA, 4))
    return tile


def _flowers(rng: np.random.Generator, ground: Colour) -> Tile:
    tile = _ground(ground)
    colours = [contrasting(rng, ground, CLOTH, 0.12) for _ in range(3)]
    leaf = bgr8(pick(rng, ("5d6b4e", "38453a", "7f8f6a", "8a9a5b")))
    middle = bgr8(pick(rng, ("d9b44a", "e9e6e0", "6b4f3a")))
    for place in _scattered(rng, int(rng.integers(9, 26))):
        size, turn = rng.uniform(16, 38), rng.uniform(0, 2 * np.pi)
        petals, colour = int(rng.integers(5, 8)), colours[int(rng.integers(3))]
        for side in (0.3, 2.2):
            _petal(tile, place, 1.5 * size, turn + side, 0.22, leaf)
        for k in range(petals):
            shade = varied(colour, float(rng.uniform(0.88, 1.08)))
            _petal(tile, place, size, turn + 2 * np.pi * k / petals, 0.42, bgr8(shade))
        _stamp(tile, place, lambda picture, xy, size=size: cv2.circle(picture, xy, round(size * 4), middle, -1, cv2.LINE_AA, 4))  # type: ignore[misc]
    return softened(tile, 0.8)


def _petal(
    tile: Tile, at: tuple[float, float], size: float, turn: float, slim: float, colour: tuple[float, float, float]
) -> None:
    centre = (at[0] + 0.5 * size * np.cos(turn), at[1] + 0.5 * size * np.sin(turn))
    axes = (round(size * 8), round(size * slim * 8))
    _stamp(
        tile, centre,
        lambda picture, xy: cv2.ellipse(picture, xy, axes, float(np.degrees(turn)), 0, 360, colour, -1, cv2.LINE_AA, 4),
    )  # fmt: skip


def _camouflage(rng: np.random.Generator, ground: Colour) -> Tile:
    tile = _ground(ground)
    families = (
        ("4b5340", "2f3329", "8a8463", "6b5a43"),
        ("6f7478", "2a2d31", "a7abae", "4c5055"),
        ("b49a76", "8a6f4f", "d3c3a3", "5c4a37"),
    )
    family = families[int(rng.integers(len(families)))]
    tile[:] = np.rint(pick(rng, family[:1]) * 255)
    for name in family[1:]:
        spots = _wrapped_clouds(rng, int(rng.integers(4, 8))) + 0.4 * _wrapped_clouds(rng, 16)
        tile[spots > rng.uniform(0.45, 0.8)] = np.rint(pick(rng, (name,)) * 255)
    return softened(tile, 1.0)


def _print(rng: np.random.Generator, ground: Colour) -> Tile:
    """Small drawings: stars, leaves, triangles, rings."""
    tile = _ground(ground)
    colours = [contrasting(rng, ground, CLOTH) for _ in range(2)]
    corners, depth = int(rng.integers(3, 7)), rng.uniform(0.35, 1.0)
    for place in _scattered(rng, int(rng.integers(14, 40))):
        size, turn = rng.uniform(10, 24), rng.uniform(0, 2 * np.pi)
        angles = turn + np.pi * np.arange(2 * corners) / corners
        radii = size * np.where(np.arange(2 * corners) % 2, depth, 1.0)
        star = np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1)
        colour = bgr8(colours[int(rng.integers(2))])
        _stamp(
            tile, place,
            lambda picture, xy, star=star, colour=colour: cv2.fillPoly(  # type: ignore[misc]
                picture, [np.rint(star * 16 + xy).astype(np.int32)], colour, cv2.LINE_AA, 4
            ),
        )  # fmt: skip
    return softened(tile, 0.8)


def _batik(rng: np.random.Generator, ground: Colour) -> Tile:
    """Contours of clouds: marbled, dyed or paisley-like prints."""
    other = contrasting(rng, ground, CLOTH, 0.12)
    waves = np.sin(rng.uniform(1.2, 2.6) * (_wrapped_clouds(rng, 5) + 0.35 * _wrapped_clouds(rng, 12)))
    share = rng.uniform(0.4, 0.9) * np.clip(waves * rng.uniform(0.5, 2.5) + 0.5, 0, 1)[..., None]
    return np.rint((ground + share * (other - ground)) * 255).astype(np.uint8)


def _wrapped_clouds(rng: np.random.Generator, cells: int) -> Field:
    grid = np.pad(rng.standard_normal((cells, cells), dtype=np.float32), 2, mode="wrap")
    step = SIDE / cells
    at = np.broadcast_to((np.arange(SIDE, dtype=np.float32) + 0.5) / step + 1.5, (SIDE, SIDE)).astype(np.float32)
    return np.asarray(cv2.remap(grid, at, np.ascontiguousarray(at.T), cv2.INTER_CUBIC), dtype=np.float32) * np.float32(1.2)


def _scattered(rng: np.random.Generator, count: int) -> list[tuple[float, float]]:
    """Places with room around them: a jittered grid."""
    side = max(2, round(count**0.5))
    places = [
        ((c + rng.uniform(0.1, 0.9)) * SIDE / side, (r + rng.uniform(0.1, 0.9)) * SIDE / side)
        for r in range(side)
        for c in range(side)
    ]
    return [(float(x), float(y)) for x, y in places]


def _stamp(tile: Tile, at: tuple[float, float], draw: Callable[[Tile, tuple[int, int]], object]) -> None:
    """Draw at a place and at those by which the tile goes on beyond its edges; OpenCV's coordinates are sixteenths of a pixel."""
    for across in (-SIDE, 0, SIDE):
        for down in (-SIDE, 0, SIDE):
            x, y = at[0] + across, at[1] + down
            if -80 < x < SIDE + 80 and -80 < y < SIDE + 80:
                draw(tile, (round(x * 16), round(y * 16)))


PATTERNS: tuple[tuple[Callable[[np.random.Generator, Colour], Tile], float, float], ...] = (
    (_stripes, 30, 60),
    (_gingham, 26, 60),
    (_tartan, 45, 90),
    (_dots, 30, 60),
    (_flowers, 50, 95),
    (_camouflage, 90, 160),
    (_print, 45, 90),
    (_batik, 35, 75),
)
"""Each with the least and the greatest width of its tile, mm."""
