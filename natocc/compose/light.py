"""Light: the face's shading on an occluder, and the shadow that an occluder casts on the face."""

from __future__ import annotations

import dataclasses
import math

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field

from natocc.compose.colour_spaces import GAMMA, LINEAR
from natocc.compose.warp import Layer
from natocc.core.plans import Shadow
from natocc.core.samples import Image, Mask
from natocc.plugins.options import Options
from natocc.plugins.ranges import UnitRange, uniform

_MOST_SAMPLES = 2048
_REACH = 1.2  # half faces from the centre; beyond, the shading stays constant
_MOST = 1.0  # stops either way
# A face's edge is darker because it turns away; an occluder does not. Terms that the skin does not determine become 0.
_RIDGE = np.array([1e-6, 1e-6, 1e-6, 0.02, 0.02, 0.02])
_SMALL_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)


class LightRule(Options):
    """Light on occluders, and the shadows they cast."""

    shading: UnitRange = (0.4, 0.8)
    """Strength with which the face's low-frequency shading is applied to the occluder."""
    shadow: float = Field(0.0, ge=0, le=1)
    """Probability of a contact shadow on the face. It changes pixels outside the matte; masks stay as they are."""
    shadow_strength: UnitRange = (0.2, 0.5)
    """Share of the light that the shadow takes away."""
    shadow_reach: UnitRange = (0.02, 0.06)
    """How far the shadow is cast, in face widths."""


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

    def stops(self, left: int, top: int, shape: tuple[int, int]) -> npt.NDArray[np.float32]:
        """(h, w) float32: the shading in a box, in stops."""
        x = ((np.arange(left, left + shape[1]) - self.centre_xy[0]) / self.half).clip(-_REACH, _REACH)
        y = ((np.arange(top, top + shape[0]) - self.centre_xy[1]) / self.half).clip(-_REACH, _REACH)[:, None]
        one, a, b, aa, ab, bb = self.coefficients
        across, down = (one + a * x + aa * x * x).astype(np.float32), (b * y + bb * y * y).astype(np.float32)
        field = across + down + (ab * y).astype(np.float32) * x.astype(np.float32)
        return np.asarray(field.clip(-_MOST, _MOST), dtype=np.float32)

    @property
    def towards_light(self) -> tuple[float, float]:
        """Unit vector towards the light; up where the shading has no direction."""
        x, y = self.coefficients[1:3]
        length = math.hypot(x, y)
        return (x / length, y / length) if length > 0.05 else (0.0, -1.0)


def fit_shading(image: Image, skin: Mask, face_mask: Mask) -> Shading:
    """Fit the shading of a face over its skin: least squares, then twice more with Huber's weights.

    Parameters
    ----------
    image : (H, W, 3) uint8
        sRGB.
    skin : (H, W) uint8
        1 on the skin.
    face_mask : (H, W) uint8
        1 on the face, not empty; its box gives the origin and the unit of x and y.
    """
    left, top, width, height = cv2.boundingRect(face_mask)
    centre, half = (left + (width - 1) / 2, top + (height - 1) / 2), max(width, height) / 2
    step = 1 + math.isqrt(int(np.count_nonzero(skin)) // _MOST_SAMPLES)
    rows, columns = (step * indices for indices in np.nonzero(skin[::step, ::step]))
    if len(rows) < 50:
        return Shading((0.0,) * 6, centre, half)
    light = np.log2(LINEAR[image[rows, columns]] @ _SMALL_LUMINANCE + 0.01).astype(np.float64)
    x, y = (columns - centre[0]) / half, (rows - centre[1]) / half
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)
    weight = np.ones_like(light)
    for _ in range(3):
        weighted = terms * weight[:, None]
        fit = np.linalg.solve(weighted.T @ terms / len(x) + np.diag(_RIDGE), weighted.T @ light / len(x))
        residual = np.abs(light - terms @ fit)
        limit = max(1.345 * 1.4826 * float(np.median(residual)), 1e-3)
        weight = np.minimum(1, limit / np.maximum(residual, 1e-9))
    fit[0] -= float((terms @ fit).mean())
    return Shading(tuple(round(float(value), 6) for value in fit), centre, half)


def shade(layer: Layer, shading: Shading, strength: float) -> Image:
    """An occluder's foreground with the face's shading applied to it.

    Light is multiplied, hence sRGB values by the root of the factor (:data:`natocc.compose.colour_spaces.GAMMA`).
    """
    factor = cv2.exp(shading.stops(layer.left, layer.top, layer.matte.shape) * (math.log(2) * strength / GAMMA))
    return np.asarray(cv2.multiply(layer.foreground, cv2.merge([factor] * 3), dtype=cv2.CV_8U), dtype=np.uint8)


def draw_shadow(rng: np.random.Generator, rule: LightRule, shading: Shading) -> Shadow | None:
    """Draw a contact shadow, cast away from the light."""
    chance, strength, reach = rng.random(), uniform(rng, rule.shadow_strength), rng.uniform(*rule.shadow_reach)
    if chance >= rule.shadow:
        return None
    distance = 2 * shading.half * reach
    x, y = shading.towards_light
    return Shadow(round(-x * distance, 2), round(-y * distance, 2), round(0.5 * distance + 1, 2), strength)


def cast_shadow(image: Image, layer: Layer, face_mask: Mask, shadow: Shadow) -> None:
    """Darken the face around an occluder, in place.

    Parameters
    ----------
    image : (H, W, 3) uint8
        Darkened where the moved and blurred matte lies on the face; the shadow fades out at the face's edge.
    layer : Layer
        The occluder.
    face_mask : (H, W) uint8
        1 where a shadow may fall.
    shadow : Shadow
        From the plan.
    """
    height, width = face_mask.shape
    room = math.ceil(abs(shadow.x) + abs(shadow.y) + 3 * shadow.blur)
    top, left = max(layer.top - room, 0), max(layer.left - room, 0)
    bottom = min(layer.top + layer.matte.shape[0] + room, height)
    right = min(layer.left + layer.matte.shape[1] + room, width)
    moved = np.array([[1, 0, layer.left - left + shadow.x], [0, 1, layer.top - top + shadow.y]], dtype=np.float64)
    dark = cv2.warpAffine(layer.matte.astype(np.float32) / 255, moved, (right - left, bottom - top))
    dark = cv2.GaussianBlur(dark, (0, 0), shadow.blur, borderType=cv2.BORDER_CONSTANT)
    box = (slice(top, bottom), slice(left, right))
    inner = cv2.GaussianBlur(face_mask[box].astype(np.float32), (0, 0), max(shadow.blur / 2, 1)) * face_mask[box]
    light = (1 - shadow.strength * dark * inner).clip(0, 1) ** (1 / GAMMA)
    image[box] = np.rint(image[box] * light[..., None]).astype(np.uint8)
