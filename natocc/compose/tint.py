"""The tint of a picture: the colour of its light, told from skin and edges together, and how far all its colours are one tone."""

from __future__ import annotations

import dataclasses
import math

import cv2
import numpy as np
import numpy.typing as npt

from natocc.compose.colour_spaces import LINEAR, Float, to_lab
from natocc.compose.quantiles import medians, quantile
from natocc.compose.reduced import reduced
from natocc.core.samples import Image, Mask

Double = npt.NDArray[np.float64]

_SIDE = 128  # px of the picture on which the light is measured
_STEP = 4  # every fourth pixel of that, in rows and columns, tells the tones
_SKIN_STEP = 2  # every second one tells the skin
_NOISE = 0.002  # linear light: below it colours are noise
_CLIPPED, _FEW = 245, 0.2  # level from which colours are clipped; share of pixels that suffices without those
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])

# Measured on 795 portraits of CelebAMask-HQ, the 7 % that are farthest off left out: logarithms of R/G and B/G in linear light,
# of the skin and of the picture's edges. The casts that portraits commonly have are in the covariance.
_USUAL = np.array([0.67, -0.41, 0.15, -0.04])
_COVARIANCE = np.array(
    [
        [0.053, -0.034, 0.007, -0.001],
        [-0.034, 0.052, -0.005, 0.008],
        [0.007, -0.005, 0.031, -0.012],
        [-0.001, 0.008, -0.012, 0.019],
    ]
)
_OF_SKIN, _OF_EDGES = np.linalg.inv(_COVARIANCE[:2, :2]), np.linalg.inv(_COVARIANCE[2:, 2:])
_ALIKE = np.tile(np.eye(2), 2)  # light moves skin and edges by the same
_OF_CAST = _ALIKE @ np.linalg.inv(_COVARIANCE) @ _ALIKE.T
_TO_CAST = np.linalg.solve(_OF_CAST, _ALIKE @ np.linalg.inv(_COVARIANCE))
_DOUBTFUL, _CERTAIN = 2.0, 4.0  # standard deviations: a smaller cast may be another skin, or a wall; a larger one is light
_EACH = 1.5  # times the distance that skin and edges have each
_MOST = 2.5  # natural logarithm of a gain
_DIM = -3.4  # log2 of the luminance of skin, 2.5 standard deviations below the usual: darker skin may be in dim light
_DIM_BRIGHTEST = -1.5  # of the brightest twentieth of the picture: brighter ones are not in dim light

_NODES = 26  # of the curve of tones, over L*
_STIFFNESS = 20.0  # pixels that weigh as much as a bend by 1 at one node
_SECOND = np.diff(np.eye(_NODES), 2, axis=0)
_WHITE = 96.0  # L*: above it clipping has changed the tones
_BLACK = 20.0  # pixels that hold the curve's dark end at grey: black has no colour
_STIFF = _STIFFNESS * _SECOND.T @ _SECOND + np.diag([_BLACK, *[1e-6] * (_NODES - 1)])
# Distance of a face's colours from the curve, CIELAB (95 %): toned pictures have 0 to 3, other portraits 8 to 30.
_ONE_TONE, _MANY_TONES = 2.5, 8.0


@dataclasses.dataclass(frozen=True, eq=False)
class Tint:
    """What light and film did to the colours of a picture.

    Parameters
    ----------
    doubtful, certain : (3,) float64
        Natural logarithms of gains on linear R, G and B; their sum is the light's colour. `doubtful` may be an error of its
        estimate. Skin keeps its luminance under each.
    stops : float
        At most 0: by how much the light is dimmer than in portraits.
    colour : float
        Share of the colours that are more than one tone, in [0, 1]: 0 in black and white, sepia and the like.
    tones : (26, 2) float32
        CIELAB a and b of the picture's colours at 26 even steps of L* from 0 to 100.
    """

    doubtful: Double
    certain: Double
    stops: float
    colour: float
    tones: Float

    def tones_at(self, lightness: Float) -> Float:
        """(h, w, 2) CIELAB a and b of the tones of (h, w) L*."""
        place = lightness * ((_NODES - 1) / 100)
        across = np.zeros_like(place)
        nodes = np.ascontiguousarray(self.tones[:, None])
        return np.asarray(cv2.remap(nodes, across, place, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def measure_tint(image: Image, skin_mask: Mask, face_mask: Mask) -> Tint:
    """Measure the tint of a face's picture.

    Skin of all tones lies on a narrow band under white light, and so do the strong edges of a picture [1]_. The cast by which
    both are off is estimated by least squares, and its distance from white counted in standard deviations of that. In a toned
    picture all colours follow lightness.

    Parameters
    ----------
    image : (H, W, 3) uint8
        sRGB.
    skin_mask, face_mask : (H, W) uint8
        1 on skin, 1 on the face.

    Returns
    -------
    tint : Tint

    References
    ----------
    .. [1] J. van de Weijer, T. Gevers, A. Gijsenij, "Edge-Based Color Constancy", IEEE Transactions on Image Processing 16(9),
       2007.
    """
    small = reduced(image, (_SIDE, _SIDE))
    on_skin, on_face = (cv2.resize(mask, (_SIDE, _SIDE), interpolation=cv2.INTER_NEAREST) > 0 for mask in (skin_mask, face_mask))
    fewer = on_skin[::_SKIN_STEP, ::_SKIN_STEP]
    skin = LINEAR[_unclipped(small[::_SKIN_STEP, ::_SKIN_STEP][fewer])]
    doubtful, certain = _split(np.concatenate([_ratios_of_skin(skin), _ratios_of_edges(small)]))
    lab = to_lab(small[::_STEP, ::_STEP])
    shown = lab[..., 0] < _WHITE
    all_of_it = lab[shown]
    hats = _hats(all_of_it)
    tones = _tones(all_of_it, hats)
    of_face = on_face[::_STEP, ::_STEP][shown]
    colour = _colour(_off_curve(all_of_it[of_face], hats[of_face], tones))
    return Tint(doubtful * colour, certain * colour, _stops(skin, small), colour, tones)


def _unclipped(pixels: Image) -> Image:
    """(n, 3) pixels without clipped ones, unless few are left."""
    usable = pixels.max(axis=1, initial=0) < _CLIPPED
    return pixels[usable] if np.count_nonzero(usable) > _FEW * len(pixels) else pixels


def _ratios_of_skin(skin: Float) -> Double:
    """Medians of the logarithms of R/G and B/G of (n, 3) linear light."""
    if not len(skin):
        return _USUAL[:2]
    logs = np.log(skin + _NOISE)
    return np.asarray(medians(logs[:, [0, 2]] - logs[:, [1]]), np.float64)


def _ratios_of_edges(image: Image) -> Double:
    """Logarithms of R/G and B/G of the grey edge (p = 6) of a small picture, off what is clipped."""
    light = cv2.LUT(image, LINEAR)
    across, down = cv2.Scharr(light, cv2.CV_32F, 1, 0), cv2.Scharr(light, cv2.CV_32F, 0, 1)
    usable = cv2.erode(cv2.inRange(image, (0, 0, 0), (_CLIPPED - 1,) * 3), np.ones((3, 3), np.uint8))
    few = cv2.countNonZero(usable) <= _FEW * usable.size
    squares = across * across + down * down
    strength = cv2.mean(squares * squares * squares, None if few else usable)[:3]
    logs = np.log(np.power(strength, 1 / 6) + _NOISE)
    return np.asarray(logs[[0, 2]] - logs[1])


def _stops(skin: Float, image: Image) -> float:
    """By how much the light is dimmer than in portraits: at most 0, and 0 where only the skin is dark."""
    if not len(skin):
        return 0.0
    luminance = LINEAR[image[::_STEP, ::_STEP]].reshape(-1, 3) @ _LUMINANCE
    of_skin = math.log2(quantile(skin @ _LUMINANCE, 0.5) + _NOISE) - _DIM
    of_brightest = math.log2(quantile(luminance, 0.95) + _NOISE) - _DIM_BRIGHTEST
    return float(min(max(of_skin, of_brightest), 0.0))


def _split(ratios: Double) -> tuple[Double, Double]:
    """The doubtful and the certain part of the light's colour: the latter is what is farther off than portraits commonly are."""
    off = ratios - _USUAL
    cast = _TO_CAST @ off
    # A coloured wall moves the edges alone, make-up the skin alone.
    each = min(_distance(off[:2], _OF_SKIN), _distance(off[2:], _OF_EDGES))
    distance = min(_distance(cast, _OF_CAST), _EACH * each)
    certain = min(max((distance - _DOUBTFUL) / (_CERTAIN - _DOUBTFUL), 0.0), 1.0)
    return _gains(cast * (1 - certain)), _gains(cast * certain)


def _distance(off: Double, precision: Double) -> float:
    """Mahalanobis distance: a deviation counted in standard deviations."""
    return math.sqrt(float(off @ precision @ off))


def _gains(cast: Double) -> Double:
    """Logarithms of the gains of a cast, under which usual skin keeps its luminance."""
    gains = np.array([cast[0], 0.0, cast[1]]).clip(-_MOST, _MOST)
    skin = _LUMINANCE * np.exp([_USUAL[0], 0.0, _USUAL[1]])
    return np.asarray(gains - math.log(float(np.exp(gains) @ skin / skin.sum())))


def _tones(lab: Float, hats: Float) -> Float:
    """(26, 2) a and b over L* of (n, 3) colours: the smooth curve nearest to all, then once more with less weight far from it."""
    weight: Float = np.ones((len(lab), 1), np.float32)
    curve: Float = np.zeros((_NODES, 2), np.float32)
    for _ in range(2):
        weighted = (weight * hats).T
        curve = np.linalg.solve(_STIFF + weighted @ hats, weighted @ lab[:, 1:]).astype(np.float32)
        weight = np.asarray(1 / np.maximum(_off_curve(lab, hats, curve), 1)[:, None], np.float32)
    return curve


def _colour(off: Float) -> float:
    """Share of a face's colours that are more than one tone, by their (n,) distances from the curve of tones."""
    spread = quantile(off, 0.95) if len(off) else _MANY_TONES
    return min(max((spread - _ONE_TONE) / (_MANY_TONES - _ONE_TONE), 0.0), 1.0)


def _off_curve(lab: Float, hats: Float, curve: Float) -> Float:
    """(n,) distances of a and b from the curve at the same L*."""
    off = lab[:, 1:] - hats @ curve
    return np.asarray(np.hypot(off[:, 0], off[:, 1]))


def _hats(lab: Float) -> Float:
    """(n, 26) share of each node of the curve in what it is at the L* of (n, 3) colours: between two nodes linear."""
    place = (lab[:, :1] * np.float32((_NODES - 1) / 100)).clip(0, _NODES - 1)
    return np.asarray((1 - np.abs(place - np.arange(_NODES, dtype=np.float32))).clip(0, None), dtype=np.float32)
