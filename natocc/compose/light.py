"""Light: the face's shading on an occluder, and the shadow that an occluder casts on the face."""

from __future__ import annotations

import dataclasses
import math

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field

from natocc.compose.colour_spaces import GAMMA
from natocc.compose.quantiles import quantile
from natocc.compose.small_face import SmallFace
from natocc.compose.warp import Layer
from natocc.core.plans import Shadow
from natocc.core.samples import Image
from natocc.plugins.options import Options
from natocc.plugins.ranges import UnitRange, uniform

_EACH = 2  # every second pixel of a small picture, in rows and columns
_LEAST_SAMPLES = 50
_STEP = 1 / 32  # half faces: as smooth a field is found at so far apart places, and between them linearly
_ONE = 180  # level that stands for a factor of 1: the most that a shading is, 1.37, must be a level, too
_REACH = 1.2  # half faces from the centre; beyond, the shading stays constant
_MOST = 1.0  # stops either way
_FADING = 10.0  # of the contact, with each face width that a thing is away
_TOUCHING = 0.2  # of the distance of other things: hands before faces mostly lie on them
_CONTACT = 0.03  # face widths: how far it is dark around what touches a face
# A face's edge is darker because it turns away; an occluder does not. Terms that the skin does not determine become 0.
_RIDGE = np.diag([1e-6, 1e-6, 1e-6, 0.02, 0.02, 0.02])


Places = npt.NDArray[np.floating]


class LightRule(Options):
    """Light on occluders, and the shadows they cast."""

    shading: UnitRange = (0.4, 0.8)
    """Strength with which the face's low-frequency shading is applied to the occluder."""
    shadow: float = Field(0.7, ge=0, le=1)
    """Probability of a shadow on the face. It changes pixels outside the matte; masks stay as they are."""
    shadow_strength: UnitRange = (0.1, 0.4)
    """Share of the light that the shadow takes away on the side away from the light."""
    contact: UnitRange = (0.4, 1.0)
    """Share of the light that is missing all around what touches the face, by 3/4 beside its outline and wholly between fingers;
    less around what is farther away, and towards the light. On photographs of hands before faces the skin beside a hand is 8 L*
    darker than farther off: it has a quarter less light. Where a hand touches the face, a narrow dark line is left besides."""
    shadow_reach: UnitRange = (0.02, 0.08)
    """How far before the face things are, in face widths: the farther, the softer is the shadow, and the farther off it lies.
    Hands (``transfer: skin``) are a fifth of that before it: they touch it."""


@dataclasses.dataclass(frozen=True)
class Shading:
    """Quadratic in x and y of the logarithm (base 2) of light, 0 on average over the skin.

    Parameters
    ----------
    coefficients : 6 floats
        Coefficients of 1, x, y, x², xy, y².
    centre_xy : (float, float)
        Origin of x and y, px.
    half : float
        Unit of x and y: half the face's longer side, px.
    """

    coefficients: tuple[float, ...]
    centre_xy: tuple[float, float]
    half: float

    def stops(self, across: Places, down: Places) -> npt.NDArray[np.float32]:
        """(h, w) float32: the shading in stops where (w,) columns and (h,) rows cross, px."""
        x = ((across - self.centre_xy[0]) / self.half).clip(-_REACH, _REACH)
        y = ((down - self.centre_xy[1]) / self.half).clip(-_REACH, _REACH)[:, None]
        one, a, b, aa, ab, bb = self.coefficients
        field = one + (a + aa * x) * x + (b + ab * x + bb * y) * y
        return np.asarray(field.clip(-_MOST, _MOST), np.float32)

    @property
    def towards_light(self) -> tuple[float, float]:
        """Unit vector towards the light; up where the shading has no direction."""
        x, y = self.coefficients[1:3]
        length = math.hypot(x, y)
        return (x / length, y / length) if length > 0.05 else (0.0, -1.0)


def fit_shading(small: SmallFace, box: tuple[int, int, int, int]) -> Shading:
    """Fit the shading of a face over its skin: least squares, then twice more with Huber's weights.

    Parameters
    ----------
    small : SmallFace
        Its picture.
    box : 4 ints
        Left, top, width and height of the face in the large picture, px: the origin and the unit of x and y.
    """
    left, top, width, height = box
    centre, half = (left + (width - 1) / 2, top + (height - 1) / 2), max(width, height) / 2
    rows, columns = np.nonzero(small.skin[_EACH // 2 :: _EACH, _EACH // 2 :: _EACH])
    if len(rows) < _LEAST_SAMPLES:
        return Shading((0.0,) * 6, centre, half)
    light = np.log2(small.luminance[_EACH // 2 :: _EACH, _EACH // 2 :: _EACH][rows, columns].astype(np.float64) + 0.01)
    x, y = (
        ((_EACH * place + _EACH // 2 + 0.5) * scale - 0.5 - middle) / half
        for place, scale, middle in zip((columns, rows), small.scale, centre, strict=True)
    )
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y])
    weighted = terms
    for _ in range(3):
        _, found = cv2.solve(weighted @ terms.T / len(x) + _RIDGE, weighted @ light[:, None] / len(x), flags=cv2.DECOMP_CHOLESKY)
        fit = found[:, 0]
        residual = np.abs(light - fit @ terms)
        limit = max(1.345 * 1.4826 * quantile(residual.astype(np.float32), 0.5), 1e-3)
        weighted = terms * (limit / np.maximum(residual, limit))
    fit[0] -= (fit @ terms).mean()
    return Shading(tuple(round(float(value), 6) for value in fit), centre, half)


def shaded(layer: Layer, shading: Shading, strength: float, light: npt.NDArray[np.float32] | None = None) -> Image:
    """An occluder's foreground with the face's shading, and other light (h, w), applied to it.

    Light is multiplied, hence sRGB values by the root of the factor (:data:`natocc.compose.colour_spaces.GAMMA`).
    """
    height, width = layer.matte.shape
    apart = max(_STEP * shading.half, 1)
    stops = shading.stops(_evenly(layer.left, width, apart), _evenly(layer.top, height, apart))
    factor = cv2.resize(cv2.exp(stops * (math.log(2) * strength / GAMMA)), (width, height), interpolation=cv2.INTER_LINEAR)
    # Levels are fine enough: what they leave out is less than a level of the picture.
    levels = cv2.convertScaleAbs(factor if light is None else factor * light, alpha=_ONE)
    return np.asarray(cv2.multiply(layer.foreground, cv2.cvtColor(levels, cv2.COLOR_GRAY2RGB), scale=1 / _ONE), dtype=np.uint8)


def _evenly(first: int, length: int, apart: float) -> Places:
    """Evenly spaced places in a length, px, as :func:`cv2.resize` takes pixels of a reduced picture to lie."""
    count = math.ceil(length / apart)
    return first - 0.5 + (np.arange(count) + 0.5) * (length / count)


def side_light(layer: Layer, shading: Shading) -> float:
    """Stops by which the light is stronger, from one side of the face to the other, where an occluder lies."""
    across = cv2.reduce(layer.matte, 0, cv2.REDUCE_SUM, dtype=cv2.CV_32F)[0]
    x = ((np.arange(layer.left, layer.left + len(across)) - shading.centre_xy[0]) / shading.half).clip(-_REACH, _REACH)
    stops = float(shading.coefficients[1] * (x * across).sum() / max(float(across.sum()), 1.0))
    return min(max(stops, -_MOST), _MOST)


def draw_shadow(rng: np.random.Generator, rule: LightRule, shading: Shading, touching: bool = False) -> Shadow | None:
    """Draw a shadow: cast away from the light, and dark where the occluder is close; both are softer, the farther it is away.

    What is `touching` the face is closer to it than other things.
    """
    chance, strength, contact = rng.random(), uniform(rng, rule.shadow_strength), uniform(rng, rule.contact)
    reach = rng.uniform(*rule.shadow_reach) * (_TOUCHING if touching else 1)
    if chance >= rule.shadow:
        return None
    width = 2 * shading.half
    contact = round(contact * max(0.0, 1 - _FADING * reach), 4)
    x, y = (-part * width * reach for part in shading.towards_light)
    blur, near = 1 + 0.5 * width * reach, width * (_CONTACT + 0.3 * reach)
    return Shadow(round(x, 2), round(y, 2), round(blur, 2), strength, contact, round(near, 2))
