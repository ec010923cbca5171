"""The tint of a picture: the colour of its light, told from skin and edges together, and how far all its colours are one tone."""

from __future__ import annotations

import dataclasses
import math

import cv2
import numpy as np
import numpy.typing as npt

from natocc.compose.colour_spaces import LUMINANCE, Float
from natocc.compose.quantiles import medians, quantile
from natocc.compose.small_face import SmallFace
from natocc.core.samples import Mask

Double = npt.NDArray[np.float64]

_SPARSE = 4  # every fourth pixel of the skin tells its colour
_NOISE = 0.002  # linear light: below it colours are noise
_CLIPPED, _FEW = 245, 0.2  # level from which colours are clipped; share of pixels that suffices without those

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
_OF_USUAL_SKIN = LUMINANCE[0] * np.exp([_USUAL[0], 0, _USUAL[1]])
_OF_USUAL_SKIN /= _OF_USUAL_SKIN.sum()  # share of each channel in its luminance
_DIM = -3.4  # log2 of the luminance of skin, 2.5 standard deviations below the usual: darker skin may be in dim light
_DIM_BRIGHTEST = -1.5  # of the brightest twentieth of the picture: brighter ones are not in dim light

_NODES = 26  # of the curve of tones, over L*
_STIFFNESS = 20.0  # pixels that weigh as much as a bend by 1 at one node
_SECOND = np.diff(np.eye(_NODES), 2, axis=0)
_WHITE = 96.0  # L*: above it clipping has changed the tones
_BLACK = 20.0  # pixels that hold the curve's dark end at grey: black has no colour
_STIFF = _STIFFNESS * _SECOND.T @ _SECOND + np.diag([_BLACK, *[1e-6] * (_NODES - 1)])
# Distance of a face's colours from the curve, CIELAB (95 %): toned pictures have 0 to 3, other portraits 8 to 30.
_ONE_TONE, _MANY_TONES, _SURELY_MANY = 2.5, 8.0, 12.0


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


def measure_tint(small: SmallFace) -> Tint:
    """Measure the tint of a face's picture.

    Skin of all tones lies on a narrow band under white light, and so do the strong edges of a picture [1]_. The cast by which
    both are off is estimated by least squares, and its distance from white counted in standard deviations of that. In a toned
    picture all colours follow lightness.

    References
    ----------
    .. [1] J. van de Weijer, T. Gevers, A. Gijsenij, "Edge-Based Color Constancy", IEEE Transactions on Image Processing 16(9),
       2007.
    """
    unclipped = np.asarray(cv2.inRange(small.image, (0, 0, 0), (_CLIPPED - 1,) * 3), np.uint8)
    skin = _skin(small, unclipped)
    doubtful, certain = _split(*_ratios_of_skin(skin), *_ratios_of_edges(small.light, unclipped))
    colour, tones = _tones(small)
    return Tint(doubtful * colour, certain * colour, _stops(skin, small), colour, tones)


def _skin(small: SmallFace, unclipped: Mask) -> Float:
    """(n, 3) linear light of the skin without clipped pixels, unless few are left."""
    usable = cv2.bitwise_and(small.skin, unclipped)
    few = cv2.countNonZero(usable) <= _FEW * cv2.countNonZero(small.skin)
    pixels = np.flatnonzero((small.skin if few else usable) > 0)
    return small.light.reshape(-1, 3).take(pixels[::_SPARSE], axis=0)


def _ratios_of_skin(skin: Float) -> tuple[float, float]:
    """Medians of the logarithms of R/G and B/G of (n, 3) linear light."""
    if not len(skin):
        return _USUAL[0], _USUAL[1]
    logs = np.log(skin + _NOISE)
    red, blue = medians(logs[:, ::2] - logs[:, 1:2])
    return float(red), float(blue)


def _ratios_of_edges(light: Float, unclipped: Mask) -> tuple[float, float]:
    """Logarithms of R/G and B/G of the grey edge (p = 6) of a small picture, off what is clipped."""
    across, down = cv2.Scharr(light, cv2.CV_32F, 1, 0), cv2.Scharr(light, cv2.CV_32F, 0, 1)
    usable = cv2.erode(unclipped, np.ones((3, 3), np.uint8))
    few = cv2.countNonZero(usable) <= _FEW * usable.size
    squares = across * across
    squares += down * down
    cubes = squares * squares
    cubes *= squares
    strength = cv2.mean(cubes, None if few else usable)
    red, green, blue = (math.log(channel ** (1 / 6) + _NOISE) for channel in strength[:3])
    return red - green, blue - green


def _stops(skin: Float, small: SmallFace) -> float:
    """By how much the light is dimmer than in portraits: at most 0, and 0 where only the skin is dark."""
    if not len(skin):
        return 0.0
    of_skin = math.log2(quantile(skin @ LUMINANCE[0], 0.5) + _NOISE) - _DIM
    of_brightest = math.log2(quantile(small.luminance[::_SPARSE, ::_SPARSE].reshape(-1), 0.95) + _NOISE) - _DIM_BRIGHTEST
    return min(max(of_skin, of_brightest), 0.0)


def _split(*ratios: float) -> tuple[Double, Double]:
    """The doubtful and the certain part of the light's colour: the latter is what is farther off than portraits commonly are."""
    off = np.array(ratios) - _USUAL
    cast = _TO_CAST @ off
    # A coloured wall moves the edges alone, make-up the skin alone.
    each = min(_distance(off[:2], _OF_SKIN), _distance(off[2:], _OF_EDGES))
    distance = min(_distance(cast, _OF_CAST), _EACH * each)
    certain = min(max((distance - _DOUBTFUL) / (_CERTAIN - _DOUBTFUL), 0.0), 1.0)
    return _gains(*(cast * (1 - certain))), _gains(*(cast * certain))


def _distance(off: Double, precision: Double) -> float:
    """Mahalanobis distance: a deviation counted in standard deviations."""
    return math.sqrt(float(off @ precision @ off))


def _gains(red: float, blue: float) -> Double:
    """Logarithms of the gains of a cast, under which usual skin keeps its luminance."""
    gains = [min(max(gain, -_MOST), _MOST) for gain in (red, 0.0, blue)]
    lighter = sum(share * math.exp(gain) for share, gain in zip(_OF_USUAL_SKIN, gains, strict=True))
    return np.array(gains) - math.log(lighter)


def _tones(small: SmallFace) -> tuple[float, Float]:
    """Share of a face's colours that are more than one tone, and (26, 2) a and b over L*.

    The tones are the smooth curve nearest to all colours of the picture, then once more with less weight far from it, unless
    the colours are many.
    """
    lab, on_face = small.few
    shown = lab[..., 0] < _WHITE
    lightness, *colours = np.ascontiguousarray(lab[shown].T)
    of_face = on_face[shown] > 0
    hats = _hats(lightness)
    weighted = hats
    for _ in range(2):
        _, curve = cv2.solve(
            _STIFF + weighted @ hats.T, weighted.astype(np.float64) @ np.transpose(colours), flags=cv2.DECOMP_CHOLESKY
        )
        off = np.hypot(*(colours - curve.T.astype(np.float32) @ hats))
        spread = quantile(off[of_face], 0.95) if of_face.any() else _MANY_TONES
        if spread > _SURELY_MANY:
            break
        weighted = hats / np.maximum(off, 1)
    return min(max((spread - _ONE_TONE) / (_MANY_TONES - _ONE_TONE), 0.0), 1.0), curve.astype(np.float32)


def _hats(lightness: Float) -> Float:
    """(26, n) share of each node of the curve in what it is at (n,) L*: between two nodes linear."""
    hats = np.arange(_NODES, dtype=np.float32)[:, None] - (lightness * np.float32((_NODES - 1) / 100)).clip(0, _NODES - 1)
    np.abs(hats, out=hats)
    np.subtract(1, hats, out=hats)
    return np.asarray(np.maximum(hats, 0, out=hats), np.float32)
