"""Known tints: each takes an sRGB picture (h, w, 3) uint8 and gives another, pixel by pixel."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from natocc.compose.colour_spaces import LINEAR, LUMA, from_lab, to_lab, to_levels
from natocc.core.samples import Image

Tint = Callable[[Image], Image]

_SEPIA = np.array([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]])
_SKIN = np.array([0.2126 * 2.0, 0.7152, 0.0722 * 0.65])  # luminance of common skin, from each channel
_XYZ_TO_RGB = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])


def lit(*gains: float, stops: float = 0.0) -> Tint:
    """Light of another colour: gains on linear light, exposed so that skin stays as light as it was, or by `stops` less."""
    exposed = np.array(gains) * (_SKIN.sum() / (_SKIN @ gains)) * 2**stops
    levels = to_levels(LINEAR[:, None] * exposed)
    return lambda image: np.asarray(cv2.LUT(image, levels[None]), np.uint8)


def balanced(kelvin: float) -> Tint:
    """A scene of daylight (6 500 K) in the light of a black body of another temperature."""
    return lit(*(_black_body(kelvin) / _black_body(6500)))


def toned(*colours: tuple[int, int, int]) -> Tint:
    """Luma replaced by a ramp of colours, dark to light."""
    ramp = np.stack(
        [np.interp(np.arange(256), np.linspace(0, 255, len(colours)), levels) for levels in zip(*colours, strict=True)], 1
    )
    return lambda image: np.rint(ramp[cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)]).astype(np.uint8)


def mixed(tint: Tint, share: float) -> Tint:
    """A tint mixed with the picture as it was."""
    return lambda image: np.asarray(cv2.addWeighted(tint(image), share, image, 1 - share, 0), np.uint8)


def _sepia(image: Image) -> Image:
    return np.asarray(np.rint(cv2.transform(image.astype(np.float32), _SEPIA).clip(0, 255)), np.uint8)


def _faded(image: Image) -> Image:
    """Blacks lifted, less contrast, less colour, a little yellow."""
    levels = image.astype(np.float32)
    levels = 0.65 * levels + 0.35 * (levels @ LUMA.astype(np.float32))[..., None]
    return np.asarray(np.rint(levels * (0.76, 0.74, 0.64) + (46, 42, 50)), np.uint8)


def _teal_and_orange(image: Image) -> Image:
    lab = to_lab(image)
    light = lab[..., :1] / 100
    lab[..., 1:] = 0.8 * lab[..., 1:] + (1 - light) * (-10, -10) * np.minimum(1, 4 * light) + light * (6, 14)
    return np.rint(from_lab(lab)).astype(np.uint8)


def _black_body(kelvin: float) -> np.ndarray:
    """Linear sRGB of a black body (Planck's law, CIE 1931 by the Gaussians of Wyman, Sloan, Shirley 2013)."""
    wave = np.arange(380.0, 781.0, 5.0)

    def lobe(at: float, below: float, above: float) -> np.ndarray:
        return np.exp(-0.5 * ((wave - at) * np.where(wave < at, below, above)) ** 2)

    x = 0.362 * lobe(442, 0.0624, 0.0374) + 1.056 * lobe(599.8, 0.0264, 0.0323) - 0.065 * lobe(501.1, 0.049, 0.0382)
    y = 0.821 * lobe(568.8, 0.0213, 0.0247) + 0.286 * lobe(530.9, 0.0613, 0.0322)
    z = 1.217 * lobe(437, 0.0845, 0.0278) + 0.681 * lobe(459, 0.0385, 0.0725)
    power = wave**-5 / (np.exp(1.4388e7 / (wave * kelvin)) - 1)
    light = _XYZ_TO_RGB @ np.stack([x, y, z]) @ power
    return np.maximum(light / light.max(), 0.003)


TINTS: dict[str, Tint] = {
    "none": lambda image: image,
    "black and white": toned((0, 0, 0), (255, 255, 255)),
    "sepia": _sepia,
    "sepia, pale": toned((60, 46, 38), (150, 128, 104), (240, 230, 205)),
    "cyanotype": toned((8, 24, 56), (60, 120, 170), (235, 245, 250)),
    "violet tone": toned((20, 5, 40), (150, 80, 180), (250, 225, 255)),
    "sepia, half": mixed(_sepia, 0.5),
    "violet light": lit(0.75, 0.2, 1.0),
    "violet light, dark": lit(0.75, 0.2, 1.0, stops=-3),
    "red light": lit(1.1, 0.12, 0.1),
    "green light": lit(0.25, 0.9, 0.3),
    "blue light": lit(0.2, 0.4, 1.2),
    "2 500 K": balanced(2500),
    "3 500 K": balanced(3500),
    "4 500 K": balanced(4500),
    "9 000 K": balanced(9000),
    "12 000 K": balanced(12000),
    "faded": _faded,
    "teal and orange": _teal_and_orange,
}
