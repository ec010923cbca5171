"""Light on what is worn: a height for every pixel, lit as a surface, so that folds, seams and threads shade alike."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence

import cv2
import numpy as np

from natocc.core.seeds import generator
from natocc.occluders.worn.canvas import Canvas, Curve, Field

_GAMMA = 1 / 2.2
_NOISE_SIDE = 1024


@dataclasses.dataclass(frozen=True)
class Light:
    """A lamp and the light that comes from everywhere.

    Parameters
    ----------
    x, y : float
        Where the lamp lies as seen from the thing: -1 left or above, 1 right or below; it is always before the face.
    ambient : float
        Share of the light that comes from everywhere, in [0, 1].
    """

    x: float
    y: float
    ambient: float

    @property
    def z(self) -> float:
        """How far before the face, where the lamp's distance is 1."""
        return float(max(0.1, 1 - self.x**2 - self.y**2) ** 0.5)


def draw_light(rng: np.random.Generator) -> Light:
    """A lamp before and above the face, more or less soft."""
    return Light(float(rng.uniform(-0.5, 0.5)), float(rng.uniform(-0.55, -0.2)), float(rng.uniform(0.3, 0.48)))


def slopes(height: Field, canvas: Canvas) -> tuple[Field, Field]:
    """Rise to the right and downwards, mm a mm."""
    across = cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=3, scale=canvas.scale / 8)
    down = cv2.Sobel(height, cv2.CV_32F, 0, 1, ksize=3, scale=canvas.scale / 8)
    return np.asarray(across, dtype=np.float32), np.asarray(down, dtype=np.float32)


def shade(height: Field, canvas: Canvas, light: Light, hollows: float = 0.5) -> Field:
    """What a matte surface's colour is multiplied by, as sRGB values.

    Parameters
    ----------
    height : (h, w) float32
        Towards the viewer, mm.
    canvas : Canvas
        Its scale.
    light : Light
        The lamp.
    hollows : float
        How much darker hollows are, which see less of what is around (0: not).

    Returns
    -------
    factor : (h, w) float32
        1 where the surface faces the viewer and nothing is near.
    """
    across, down = slopes(height, canvas)
    steep = cv2.sqrt(across * across + down * down + np.float32(1))
    lamp = np.maximum(1 - across * np.float32(light.x / light.z) - down * np.float32(light.y / light.z), 0)
    lit = (lamp * np.float32(1 - light.ambient) + down * np.float32(0.18 * light.ambient)) / steep + np.float32(light.ambient)
    if hollows:
        lit *= _openness(height, canvas, hollows)
    return np.asarray(cv2.pow(np.maximum(lit, np.float32(0.02)), _GAMMA), dtype=np.float32)


def gloss(height: Field, canvas: Canvas, light: Light, sharpness: float) -> Field:
    """The lamp's reflection in a glossy surface, in [0, 1]; `sharpness` from 8 (satin) to 200 (varnish)."""
    across, down = slopes(height, canvas)
    half = (light.x, light.y, 1 + light.z)
    length = float(np.hypot(np.hypot(half[0], half[1]), half[2]))
    facing = np.float32(half[2]) - across * np.float32(half[0]) - down * np.float32(half[1])
    facing /= cv2.sqrt(across * across + down * down + np.float32(1)) * np.float32(length)
    return np.asarray(cv2.pow(np.maximum(facing, np.float32(1e-3)), sharpness), dtype=np.float32)


def bell(distance: Field, width: float) -> Field:
    """1 where the distance is 0, less beside it: a bell curve, `width` where it is 1/e."""
    ratio = distance * np.float32(1 / width)
    return np.asarray(cv2.exp(np.maximum(-ratio * ratio, np.float32(-20))), dtype=np.float32)


def fading(distance: Field, length: float) -> Field:
    """1 where the distance is 0 or less, 1/e after a length."""
    return np.asarray(cv2.exp(np.clip(distance * np.float32(-1 / length), -20, 0)), dtype=np.float32)


def _openness(height: Field, canvas: Canvas, strength: float) -> Field:
    """1 on the open surface, less in hollows: how far it lies below its surroundings, near and far."""
    near = _below(height, canvas, 0.8)
    coarse = canvas.coarse(4)
    far = canvas.enlarged(_below(cv2.resize(height, coarse.shape[::-1], interpolation=cv2.INTER_AREA), coarse, 5.0))
    return np.asarray(
        np.clip(1 - np.float32(strength / 2) * near, 0.4, 1.12) * np.clip(1 - np.float32(strength) * far, 0.4, 1.12),
        dtype=np.float32,
    )


def _below(height: Field, canvas: Canvas, radius: float) -> Field:
    """How far every place lies below the mean of those around it, in radii."""
    side = max(3, round(radius * canvas.scale) * 2 + 1)
    return np.asarray((cv2.blur(cv2.blur(height, (side, side)), (side, side)) - height) / np.float32(radius), dtype=np.float32)


def clouds(rng: np.random.Generator, canvas: Canvas, size: float | tuple[float, float], octaves: int = 1) -> Field:
    """Smooth noise with mean 0 and deviation of about 1; spots `size` mm large (or wide and high), and halves of it."""
    wide, high = size if isinstance(size, tuple) else (size, size)
    left, top, right, bottom = canvas.box
    total = np.zeros(canvas.shape, np.float32)
    for octave in range(octaves):
        cells = (
            max(2, round((bottom - top) / high * 2**octave) + 2),
            max(2, round((right - left) / wide * 2**octave) + 2),
        )
        grid = rng.standard_normal(cells, dtype=np.float32) * np.float32(0.5**octave)
        total += canvas.enlarged(grid)
    return total * np.float32(1.3)


def grain(rng: np.random.Generator, canvas: Canvas, soft: float = 0.7) -> Field:
    """Fine noise of fibres with mean 0 and deviation 1, `soft` px soft: a part of one large field.

    Pixels and deviation are those of the finest canvas: a coarser one shows means of them.
    """
    field = _noise(soft, canvas.reduced)
    side, (rows, columns) = len(field), canvas.shape
    up, left = (round(canvas.px(int(rng.integers(_NOISE_SIDE)))) for _ in range(2))
    part = np.take(np.take(field, np.arange(up, up + rows) % side, 0), np.arange(left, left + columns) % side, 1)
    return np.asarray(part[:, ::-1] if rng.random() < 0.5 else part)


@functools.cache
def _noise(soft: float, reduced: float) -> Field:
    if reduced > 1:
        side = round(_NOISE_SIDE / reduced)
        return np.asarray(cv2.resize(_noise(soft, 1.0), (side, side), interpolation=cv2.INTER_AREA), dtype=np.float32)
    noise = generator(0, "worn", "noise", str(soft)).standard_normal((_NOISE_SIDE, _NOISE_SIDE), dtype=np.float32)
    noise = np.asarray(cv2.GaussianBlur(np.pad(noise, 16, mode="wrap"), (0, 0), soft)[16:-16, 16:-16], dtype=np.float32)
    return np.asarray(noise / noise.std(), dtype=np.float32)


def face_form(canvas: Canvas, half_width: float = 80.0, nose: float = 15.0, chin: float = 7.0) -> Field:
    """Height of a cloth over the lower face: round to the sides, over nose and chin, mm."""
    small = canvas.coarse(4)
    x, y = small.x, small.y
    around = np.clip(1 - (x / half_width) ** 2 - np.maximum(np.abs(y - 45) / 170, 0) ** 2, 0.03, 1)
    form = 58 * np.sqrt(around)
    ridge = bell(x / (12 + np.float32(0.22) * np.clip(y - 5, 0, 60)), 1) * bell(y - 36, 28)
    form = form + nose * ridge + chin * bell(x, 26) * bell(y - 98, 24)
    return canvas.enlarged(form.astype(np.float32))


def head_form(canvas: Canvas, half_width: float = 84.0, top: float = -135.0, middle: float = 0.0) -> Field:
    """Height of what lies around the upper head, mm."""
    up = np.clip((canvas.y[:, :1] - middle) / (top - middle), 0, None)
    around = np.clip(1 - (canvas.x[:1] / np.float32(half_width)) ** 2 - up**2.4, 0.02, 1)
    return np.asarray(75 * cv2.sqrt(around), dtype=np.float32)


def folds(canvas: Canvas, lines: Sequence[Curve], width: float, depth: float) -> Field:
    """Grooves (or ridges, where `depth` is negative) along lines, fading towards their ends, mm."""
    small = canvas.coarse(3)
    total = np.zeros(small.shape, np.float32)
    for line in lines:
        start, end = line[0], line[-1]
        along = end - start
        length = max(float(np.hypot(*along)), 1e-6)
        unit = along / length
        bend = float(np.array([-unit[1], unit[0]]) @ (line[len(line) // 2] - (start + end) / 2))
        t = ((small.x - start[0]) * unit[0] + (small.y - start[1]) * unit[1]) / np.float32(length)
        off = (small.y - start[1]) * unit[0] - (small.x - start[0]) * unit[1]
        inside = np.clip(4 * t * (1 - t), 0, 1)
        total -= depth * inside * bell((off - bend * inside) / (0.5 + 0.5 * inside), width)
    return canvas.enlarged(total.astype(np.float32))


def streaks(rng: np.random.Generator, canvas: Canvas, across: Field, along: Field, spacing: float, long: float = 7.0) -> Field:
    """Folds of hanging cloth: broad crests and narrow valleys that begin and end, in [0, 1].

    Parameters
    ----------
    across, along : (h, w) float32
        Place across the folds and along them, mm.
    spacing : float
        From one fold to the next, about, mm.
    long : float
        How much longer folds are than they are wide.
    """
    side = 48
    grid = np.pad(rng.standard_normal((side, side), dtype=np.float32), 2, mode="wrap")
    u, v = across / np.float32(0.75 * spacing), along / np.float32(spacing * long)
    u += np.float32(rng.uniform(0, side))
    v += np.float32(rng.uniform(0, side))
    u -= np.floor(u / side) * np.float32(side)
    v -= np.floor(v / side) * np.float32(side)
    noise = cv2.remap(grid, u + np.float32(1.5), v + np.float32(1.5), cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    crests = cv2.sqrt(noise * noise + np.float32(0.02))
    return np.asarray(cv2.GaussianBlur(crests / (np.float32(0.6) + crests), (0, 0), 0.5 * canvas.scale), dtype=np.float32)
