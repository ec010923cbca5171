"""Tone: a hand as it would look in the light of a face's picture, which is not quite as the face looks."""

from __future__ import annotations

import dataclasses
import math

import cv2
import numpy as np

from natocc.compose.appearance import Photo
from natocc.compose.colour_spaces import GAMMA, LUMA, Float, from_lab, to_lab
from natocc.compose.overview import Overview
from natocc.compose.quantiles import medians
from natocc.compose.reduced import reduced
from natocc.core.plans import Tone
from natocc.core.samples import MATTE_THRESHOLD, Image, Matte

_MOST_SAMPLES = 3072
_ROUND = 2.0  # px of an overview, 1/40 face width: how far from its edge a finger turns away
_COVERED, _EDGE, _CORE = 0.9, 0.8, 0.97
_FEW = 12  # px of an overview
_FORM = 2.0  # px of an overview, 1/40 face height: forms that are finer are detail
_MORE_FORM = 1.5  # hands are photographed in soft light, which leaves them flatter than hands before faces are
_FORM_LIGHT = (0.5, 1.6)
_MOST_TURNED = 0.5  # share of light
_LIGHTNESS = (12.0, 88.0)  # L*: a hand's middle tone stays within
_POWER = (0.5, 1.5)  # of luma: by how much relief is made softer or harder at most
_TOE = 8.0  # levels: below, noise is not made harder
_LIGHTEST = 16.0  # L* from the middle tone to the lightest
_DARKEST = 1.0  # natural logarithm of sRGB values, from the middle tone to the darkest
_COLOURFUL = 20.0  # CIELAB chroma of skin, for which offsets and spread of colours were measured
_MOST_OFFSET = 0.25  # of the skin's chroma, in a* and in b*: more turns skin grey or green
_TO_YCC = np.diag([0, 0.713, 0.564]) @ (np.eye(3)[[0, 0, 2]] - LUMA)  # Cr and Cb, but for the 128 that is added; no Y
_HUES = 5.5  # CIELAB: spread of a* and b* over real hands


def draw_tone(rng: np.random.Generator, variety: float, contrast: tuple[float, float]) -> Tone:
    """Draw how a hand differs from a face.

    Measured on photographs in which hands are before faces: against the face's skin, a hand is lighter, less red and less yellow
    the lighter it is, and has its own spread of lightness.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers.
    variety : float
        Factor on all differences from the skin: 1 as measured, 0 the same tone.
    contrast : (float, float)
        The least step across the outline is drawn from this range.
    """
    lightness, red, yellow, relief, rim = rng.standard_normal(5).clip(-2, 2).tolist()
    lighter = 3.0 + 8.5 * lightness
    return Tone(
        lightness=round(variety * lighter, 2),
        red=round(variety * (-2.2 - 0.25 * (lighter - 3.0) + 2.2 * red), 2),
        yellow=round(variety * (-3.2 - 0.2 * (lighter - 3.0) + 2.8 * yellow), 2),
        relief=round(13.0 * math.exp(0.25 * relief), 2),
        rim=round(-3.5 + 3.5 * rim, 2),
        contrast=round(float(rng.uniform(*contrast)), 2),
    )


@dataclasses.dataclass(frozen=True, eq=False)
class Toning:
    """From a hand's own colours to those it has in a picture: white point, exposure, contrast and colourfulness.

    Luma rises along one curve, so that the hand's detail stays; hues move with the middle tone's.

    Parameters
    ----------
    middle : (3,) float32
        Middle tone of the hand, sRGB 0-255.
    wanted : (3,) float32
        CIELAB that it becomes.
    hues : (256, 3) float32
        What R, G and B of the face's skin differ from each luma by; a shade of the hand has them as the face has.
    power : float
        Of luma: below 1 the hand's relief becomes softer.
    colour : float
        Share that is kept of how the hand's hues differ from its middle tone, in [0, 1].
    """

    middle: Float
    wanted: Float
    hues: Float
    power: float = 1.0
    colour: float = 1.0

    def lighter(self, difference: float) -> Toning:
        """The same with a middle tone that is lighter by `difference` L*."""
        return dataclasses.replace(self, wanted=self.wanted + np.array([difference, 0, 0], np.float32))

    @property
    def room(self) -> tuple[float, float]:
        """L* by which it can become lighter and darker."""
        low, high = _LIGHTNESS
        return max(0.0, high - float(self.wanted[0])), max(0.0, float(self.wanted[0]) - low)

    def apply(self, colours: Image) -> Image:
        """Recolour (h, w, 3) uint8 sRGB."""
        curves = self._curves()
        luma = cv2.LUT(cv2.cvtColor(colours, cv2.COLOR_RGB2GRAY), np.rint((curves @ LUMA).clip(0, 255)).astype(np.uint8))
        # Colour is smoother than lightness, as in the JPEG of a portrait, which has a quarter as many pixels of it.
        size = colours.shape[1::-1]
        few = reduced(colours, (max(size[0] // 2, 1), max(size[1] // 2, 1)))
        grey = cv2.cvtColor(few, cv2.COLOR_RGB2GRAY)
        of_shade = (curves @ _TO_YCC.T + 128).astype(np.float32)
        toned = cv2.LUT(cv2.merge([grey] * 3), of_shade[None]) + cv2.transform(few.astype(np.float32), self.colour * _TO_YCC)
        whole = cv2.resize(cv2.convertScaleAbs(toned), size, interpolation=cv2.INTER_LINEAR)
        return np.asarray(cv2.cvtColor(cv2.insertChannel(luma, whole, 0), cv2.COLOR_YCrCb2RGB), dtype=np.uint8)

    def _curves(self) -> Float:
        """(256, 3) float32: what a pixel of each luma becomes, but for what it has of its own hue."""
        own, wanted = self.middle, from_lab(self.wanted[None, None])[0, 0]
        middle, aim = (max(float(colour @ LUMA), 1.0) for colour in (own, wanted))
        luma = np.arange(256, dtype=np.float32)
        steps = self.power * np.log((luma + _TOE) / (middle + _TOE))
        # Nails, rings and clefts keep their distance from the skin around them.
        lightest = 3 / GAMMA * math.log(1 + _LIGHTEST / (float(self.wanted[0]) + 16))
        bent = np.where(steps > 0, lightest * np.tanh(steps / lightest), _DARKEST * np.tanh(steps / _DARKEST))
        toned = ((aim + _TOE) * np.exp(bent) - _TOE).clip(0, 255)
        # Shades have the face's hues, and highlights no more colour than the middle tone.
        at = np.rint(np.minimum(toned, aim)).astype(np.intp)
        share = (toned / aim).clip(0, 1)[:, None]
        colour = self.hues[at] + share * (wanted - aim - self.hues[min(round(aim), 255)])
        less = self.colour * (luma / middle).clip(0, 1)[:, None] * (own - middle)
        return np.asarray(toned[:, None] + colour - less, dtype=np.float32)


def toning(foreground: Image, matte: Matte, photo: Photo, tone: Tone, side_light: float = 0.0) -> Toning:
    """How to bring a hand to the tone that is wanted beside a face.

    Parameters
    ----------
    foreground : (h, w, 3) uint8
        sRGB, straight.
    matte : (h, w) uint8
        Coverage.
    photo : Photo
        The face's.
    tone : Tone
        How the hand differs from the face's skin.
    side_light : float
        Stops of light by which the side of the face where the hand lies is lighter than the face's middle.
    """
    step = 1 + math.isqrt(int(np.count_nonzero(matte)) // _MOST_SAMPLES)
    covered = foreground[::step, ::step][matte[::step, ::step] >= MATTE_THRESHOLD]
    covered = covered if len(covered) else foreground.reshape(-1, 3)
    skin = photo.skin_tone
    lightness = float(np.clip((skin[0] + 16) * 2 ** (side_light / 3) - 16 + tone.lightness, *_LIGHTNESS))
    hue = _hue_at(lightness, photo)
    chroma = 0.0 if photo.grey else math.hypot(hue[0], hue[1])
    most = _MOST_OFFSET * chroma
    colourful = min(1.0, chroma / _COLOURFUL)
    offset = np.clip([colourful * tone.red, colourful * tone.yellow], -most, most)
    wanted = np.array([lightness, *((0.0, 0.0) if photo.grey else hue + offset)], np.float32)
    hues = np.zeros((256, 3), np.float32) if photo.grey else photo.skin_hues
    change = Toning(medians(covered).astype(np.float32), wanted, hues)
    relief = tone.relief * min(1.0, (float(to_lab(change.middle[None, None])[0, 0, 0]) + 16) / (float(wanted[0]) + 16))
    spread = cv2.meanStdDev(to_lab(change.apply(covered[None])))[1].ravel().tolist()
    power = float(np.clip(relief / max(spread[0], 1e-3), *_POWER))
    colour = colourful * _HUES / max(math.hypot(spread[1], spread[2]), 1e-3)
    return dataclasses.replace(change, power=power, colour=min(1.0, colour))


def _hue_at(lightness: float, photo: Photo) -> Float:
    """(2,) a* and b* of skin of a lightness: where it is darker than the face's, as the face's shades; lighter, more exposed."""
    skin = photo.skin_tone
    if lightness >= skin[0]:
        return np.asarray(skin[1:] * math.sqrt((lightness + 16) / (skin[0] + 16)), dtype=np.float32)
    levels = np.rint([from_lab(np.array([[[each, 0, 0]]], np.float32))[0, 0, 0] for each in (lightness, skin[0])]).astype(np.intp)
    shade, middle = to_lab((photo.skin_hues[levels] + levels[:, None])[None].clip(0, 255).astype(np.float32))[0]
    return np.asarray(skin[1:] + shade[1:] - middle[1:], dtype=np.float32)


def rounded(overview: Overview, lightness: Float, rim: float, towards_light: tuple[float, float]) -> Float:
    """Light on an occluder whose edge turns away, most of all on the side away from the light.

    Parameters
    ----------
    overview : Overview
        Where the occluder ends.
    lightness : (h, w) float32
        L* of the occluder as it is, as `overview` is reduced: what is dark at its edge by itself needs no more.
    rim : float
        L* by which it is to be darker near its edge than inside.
    towards_light : (float, float)
        Unit vector.

    Returns
    -------
    light : (H, W) float32
        Factor on sRGB values in the occluder's own box.
    """
    x, y = (-_ROUND / 2 * part for part in towards_light)
    moved = cv2.warpAffine(
        overview.matte, np.array([[1, 0, x], [0, 1, y]]), overview.matte.shape[::-1], borderMode=cv2.BORDER_REPLICATE
    )
    away = (2 - 2 * cv2.GaussianBlur(moved, (0, 0), _ROUND, borderType=cv2.BORDER_REPLICATE)).clip(0, 1)
    inside = cv2.GaussianBlur(overview.matte, (0, 0), _ROUND, borderType=cv2.BORDER_REPLICATE)
    covered = overview.matte > _COVERED
    edge, core = (part.astype(np.uint8) for part in (covered & (inside < _EDGE), covered & (inside > _CORE)))
    share = 0.0
    if min(np.count_nonzero(edge), np.count_nonzero(core)) >= _FEW:
        own, within, turned = cv2.mean(lightness, edge)[0], cv2.mean(lightness, core)[0], cv2.mean(away, edge)[0]
        left = ((max(within + rim, 0.0) + 16) / (own + 16)) ** 3
        share = min(max((1 - left) / max(turned, 0.1), 0.0), _MOST_TURNED)
    light = np.asarray((_formed(overview, lightness) * (1 - share * away)) ** (1 / GAMMA), dtype=np.float32)
    _, _, width, height = overview.box
    return np.asarray(cv2.resize(light, (width, height), interpolation=cv2.INTER_LINEAR)[overview.inner], dtype=np.float32)


def _formed(overview: Overview, lightness: Float) -> Float:
    """Light that gives a hand's large forms, not its wrinkles, more relief."""
    covered = (overview.matte > _COVERED).astype(np.float32)
    count = cv2.GaussianBlur(covered, (0, 0), _FORM, borderType=cv2.BORDER_REPLICATE)
    if not covered.any():
        return np.ones_like(overview.matte)
    middle = float(lightness[covered > 0].mean())
    form = cv2.GaussianBlur(covered * (lightness - middle), (0, 0), _FORM, borderType=cv2.BORDER_REPLICATE) / count.clip(1e-2)
    light = ((middle + _MORE_FORM * form + 16) / (middle + form + 16)).clip(0, None) ** 3
    return np.asarray(light.clip(*_FORM_LIGHT), dtype=np.float32)
