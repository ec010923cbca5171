"""How well an object is cut out of its picture: what a person would find wrong with it, part by part."""

from __future__ import annotations

import dataclasses
import math

import cv2
import numpy as np
import numpy.typing as npt

from natocc.core.samples import Image, Mask
from natocc.occluders.cutting.cutouts import sharpness
from natocc.occluders.cutting.regions import depth, disc, distance, local_mean

_Plane = npt.NDArray[np.float32]
_Bins = npt.NDArray[np.int32]

_LONGEST = 160  # px: a larger object is judged on a reduced picture
_LIGHTNESS, _COLOUR, _BINS = 16, 8, 16  # a bin of a colour model: 8-bit CIELAB, lightness and a, b; bins along each axis
_LAB = np.array([100 / 255, 1, 1], np.float32)  # 8-bit CIELAB to units that the eye sees as about equal
_WHITE = 245  # of 255, in every channel: blown out
_PLAIN, _MIXED = 6.0, 14.0  # CIELAB units, deviation of the surroundings: nothing of a mixed background is told for sure
_WORTH_A_WORD = 0.95
_LEAST_HOLE = 3  # px, reduced
_LEAST_GAP = 0.01  # of the object's area: smaller dents of the outline are none

# Where a part is flawless, and where a person would no longer take the cutout for that part alone (0.5). Chosen on half of 238
# cutouts of COCO that were looked at one by one, and on hands with paper between their fingers.
_BITTEN = (0.0, 0.08)  # of the object's area
_SCRAPS = (0.006, 0.018)  # of the object's area
_FAINT = (7.0, 3.5)  # CIELAB units
_BLOWN = (0.02, 0.15)  # of the object's area
_COARSE = (12.0, 7.0)  # steps from light to dark that fit across the object
_SPLATTERED = (6.0, 14.0)  # holes

# Second differences along both axes, of grain and fine detail (Immerkær, CVIU 1996). Rounding to 8 bits gives up to 6; in COCO's
# photographs, a hundredth of the pixels have 28 and more.
_GRAIN = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
_ROUNDING, _GRAINY = 6, 0.01


@dataclasses.dataclass(frozen=True)
class Quality:
    """What is good about a cutout; every part in [0, 1], 1 is flawless and 0.5 is poor.

    Parameters
    ----------
    whole : float
        Nothing before it takes a bite out of it.
    own : float
        No piece of it looks like what surrounds it.
    distinct : float
        Its outline can be seen: its colours differ from those beyond.
    lit : float
        It is not blown out.
    detailed : float
        It is not too small or too blurred to show anything. A picture that has neither grain nor detail anywhere was drawn by a
        program: what its objects lack was not lost, and this is 1.
    tidy : float
        It is not full of holes, as splattered masks are.
    """

    whole: float
    own: float
    distinct: float
    lit: float
    detailed: float
    tidy: float

    @property
    def score(self) -> float:
        """Of the whole cutout, in [0, 1]: the product of the parts."""
        return float(np.prod(dataclasses.astuple(self)))

    @property
    def flaw(self) -> str:
        """What is worst about it, in a few words; empty where nothing is worth a word."""
        parts = dataclasses.asdict(self)
        worst = min(parts, key=lambda part: parts[part])
        return _FLAWS[worst] if parts[worst] < _WORTH_A_WORD else ""


_FLAWS = {
    "whole": "bitten into",
    "own": "background in it",
    "distinct": "faint outline",
    "lit": "blown out",
    "detailed": "no detail",
    "tidy": "full of holes",
}


def measure_quality(image: Image, mask: Mask, others: Mask | None = None) -> Quality:
    """How well an object is cut out.

    Parameters
    ----------
    image : (H, W, 3) uint8
        sRGB, the photograph.
    mask : (H, W) uint8
        1 on the object, not empty.
    others : (H, W) uint8, optional
        1 on other objects of the photograph, where they are known; where one fills a dent of the outline it lies before it.

    Returns
    -------
    quality : Quality
    """
    picture, shape, beside, scale = _reduced(image, mask, others)
    area = int(np.count_nonzero(shape))
    side = math.sqrt(area)
    codes = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2LAB), dtype=np.uint8)
    bins, lab = _binned(codes), (codes * _LAB).astype(np.float32)
    inside = depth(np.pad(shape, 1))[1:-1, 1:-1]
    outside = depth(1 - shape)
    outlines, _ = cv2.findContours(shape, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = np.asarray(max(outlines, key=len), dtype=np.int32)[:, 0]
    steps = sharpness(image, mask) / 100 * 2 * float(inside.max()) / scale
    return Quality(
        whole=_part(_bitten(shape, outline, beside, bins, outside), *_BITTEN),
        own=_part(_scraps(lab, bins, inside, outside, side), *_SCRAPS),
        distinct=_part(_step(lab, inside, outside, outline, side), *_FAINT),
        lit=_part(float((picture[shape > 0].min(axis=1) >= _WHITE).mean()), *_BLOWN),
        detailed=_detailed(steps, image),
        tidy=_part(_holes(shape), *_SPLATTERED),
    )


def _part(value: float, flawless: float, poor: float) -> float:
    """1 up to `flawless`, 0.5 at `poor`, and on to 0."""
    return float(np.clip(1 - (value - flawless) / (poor - flawless) / 2, 0, 1))


def _reduced(image: Image, mask: Mask, others: Mask | None) -> tuple[Image, Mask, Mask, float]:
    """Picture, mask and others around the object, reduced if it is large, and by which factor."""
    x, y, width, height = cv2.boundingRect(mask)
    room = 6 + max(width, height) // 6
    box = (slice(max(y - room, 0), y + height + room), slice(max(x - room, 0), x + width + room))
    picture, shape = image[box], mask[box]
    beside = np.zeros_like(shape) if others is None else others[box]
    scale = min(1.0, _LONGEST / max(width, height))
    if scale == 1:
        return picture, shape, beside, scale
    size = (max(1, round(shape.shape[1] * scale)), max(1, round(shape.shape[0] * scale)))
    picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    small = (cv2.resize(255 * shape, size, interpolation=cv2.INTER_AREA) > 127).astype(np.uint8)
    if not small.any():  # thinner than a reduced pixel
        small = (cv2.resize(255 * shape, size, interpolation=cv2.INTER_AREA) > 0).astype(np.uint8)
    return picture, small, np.asarray(cv2.resize(beside, size, interpolation=cv2.INTER_NEAREST), dtype=np.uint8), scale


def _bitten(shape: Mask, outline: npt.NDArray[np.int32], beside: Mask, bins: _Bins, outside: _Plane) -> float:
    """Area of what was taken out of the outline, as a share of the object's.

    A bite is the one large dent of an outline that is filled by another object, or by colours that are nowhere else around it.
    Legs, handles and fingers make several dents, through which the same background shows.
    """
    area = int(np.count_nonzero(shape))
    side = math.sqrt(area)
    hull, filled = np.zeros_like(shape), np.zeros_like(shape)
    cv2.fillConvexPoly(hull, cv2.convexHull(outline), 1)
    cv2.fillPoly(filled, [outline], 1)
    dents = cv2.morphologyEx(hull & (1 - filled), cv2.MORPH_OPEN, disc(0.02 * side))
    _, labels, statistics, _ = cv2.connectedComponentsWithStats(dents, connectivity=4)
    sizes = statistics[1:, cv2.CC_STAT_AREA] / area
    sizes[sizes < _LEAST_GAP] = 0
    if not sizes.any():
        return 0.0
    largest = labels == 1 + int(sizes.argmax())
    around = (outside > 1.5) & (outside < 0.15 * side + 4) & ~cv2.dilate(largest.astype(np.uint8), np.ones((3, 3))).astype(bool)
    unlike = 1 - _overlap(_model(bins[largest]), _model(bins[around]))
    second = float(np.sort(sizes)[-2]) if len(sizes) > 1 else 0.0
    return (float(sizes.max()) - second) * max(float(beside[largest].mean()), unlike)


def _scraps(lab: _Plane, bins: _Bins, inside: _Plane, outside: _Plane, side: float) -> float:
    """Share of the object that is nearer to the colours beyond its outline than to its own, and rare within it.

    It counts where the surroundings are plain, and the less, the more colours both have in common anyway.
    """
    reach = max(4, round(0.12 * side))
    near = (outside > 1.5) & (outside < reach)
    spread = float(np.sqrt(lab[near].var(axis=0).sum())) if near.any() else _MIXED
    plain = (_MIXED - spread) / (_MIXED - _PLAIN)
    if plain <= 0:
        return 0.0
    core = inside > max(2.0, 0.3 * float(inside.max()))
    model = _model(bins[core if core.any() else inside > 0])
    own, beyond = local_mean(lab, inside > max(2.0, 0.06 * side), 2 * reach), local_mean(lab, near, reach)
    foreign = (inside > 1.5) & (model[bins] < 0.5 * float((model**2).sum()))
    foreign &= distance(lab, beyond) < 0.7 * distance(lab, own)
    share = np.count_nonzero(cv2.morphologyEx(foreign.astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))) / side**2
    return share * min(plain, 1.0) * (1 - _overlap(model, _model(bins[near])))


def _step(lab: _Plane, inside: _Plane, outside: _Plane, outline: npt.NDArray[np.int32], side: float) -> float:
    """Difference of colour across the outline where it is faint: a fifth of it has less, CIELAB units."""
    reach = max(3, round(0.05 * side))
    own = local_mean(lab, (inside > 1.5) & (inside <= 1.5 + reach), reach)
    beyond = local_mean(lab, (outside > 1.5) & (outside <= 1.5 + reach), reach)
    return float(np.percentile(distance(own, beyond)[outline[:, 1], outline[:, 0]], 20))


def _detailed(steps: float, image: Image) -> float:
    """Whether so many steps from light to dark are enough, beside what the rest of the picture shows."""
    part = _part(steps, *_COARSE)
    if part == 1:
        return part
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    fine = np.abs(cv2.filter2D(grey, cv2.CV_16S, _GRAIN)) > _ROUNDING
    return part if np.count_nonzero(fine) > _GRAINY * fine.size else 1.0


def _holes(shape: Mask) -> int:
    """Number of holes of the object, specks of a few pixels left out."""
    _, _, statistics, _ = cv2.connectedComponentsWithStats(1 - np.pad(shape, 1), connectivity=4)
    return int(np.count_nonzero(statistics[1:, cv2.CC_STAT_AREA] >= _LEAST_HOLE)) - 1


def _binned(codes: Image) -> _Bins:
    """(H, W) number of each pixel's bin of a colour model."""
    bins = codes[..., 0].astype(np.int32) // _LIGHTNESS
    for axis in (1, 2):
        bins = bins * _BINS + np.clip((codes[..., axis].astype(np.int32) - 128) // _COLOUR + _BINS // 2, 0, _BINS - 1)
    return bins


def _model(bins: _Bins) -> _Plane:
    """Shares of the bins, smoothed; zeros if there is no pixel."""
    counts: npt.NDArray[np.floating] = np.bincount(bins.ravel(), minlength=_BINS**3).reshape((_BINS,) * 3).astype(np.float32)
    for axis in range(3):
        counts = (np.roll(counts, 1, axis) + 2 * counts + np.roll(counts, -1, axis)) / 4
    return np.asarray(counts.ravel() / max(float(counts.sum()), 1e-6), dtype=np.float32)


def _overlap(first: _Plane, second: _Plane) -> float:
    """What two colour models have in common, in [0, 1] (Bhattacharyya coefficient)."""
    return min(1.0, float(np.sqrt(first * second).sum()))
