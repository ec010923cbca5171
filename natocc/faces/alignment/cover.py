"""What covers a face before natocc does: face masks, sunglasses, scarves, where the colours of the face itself say so."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from natocc.core.plans import Affine
from natocc.core.samples import Image, Mask, Points
from natocc.faces.alignment.crop import ffhq_matrix, warp_labels, warp_picture
from natocc.faces.alignment.estimated_outline import WORK_SIDE
from natocc.faces.alignment.landmark_outline import fill_polygon, landmark_hull
from natocc.faces.alignment.skin_colours import Bins, colour_bins, evidence

_SHAPE = (WORK_SIDE, WORK_SIDE)
_FLOOR = 12  # levels added before logarithms: the hue of what is nearly black says nothing
_SKIN = 0.12  # least redness: less in coloured light, or without colours, and then they say nothing
_PALE = 0.45  # of the skin's redness: no light makes skin of the same face so pale in the nose, both cheeks and the lip at once
_CLEARLY = 0.07  # least difference in redness
_COLD = 0.25  # below the skin's redness: neither skin nor hair, whatever the light
_COLD_AT_MOST = -0.17  # clearly greener than grey: highlights of a blue light on dark skin reach -0.1
_DARK = 0.55  # how much darker glasses are than the cheeks below them, as a logarithm
_ROUNDS = 2
_ROUGHNESS = 2.0  # cost of one row between neighbouring columns
_REDDER = 0.06  # than the cheeks: what is a shadow rather than glasses
_MOST = 3.0  # evidence of one pixel
_LEAST_SHARE = 0.02  # of the face: smaller pieces are highlights, earrings, what is left of a background

_Float = npt.NDArray[np.float32]
_Vector = npt.NDArray[np.float64]


def find_cover(
    image: Image, landmarks_xy: Points, outline_xy: _Vector, matrix: Affine, shape: tuple[int, int]
) -> tuple[Mask, float]:
    """Where something else than face shows inside the outline of a face.

    Parameters
    ----------
    image : (H, W, 3) uint8
        The photograph, sRGB.
    landmarks_xy : (68, 2) float32
        Of the face, in pixels.
    outline_xy : (N, 2) float64
        Its outline, in pixels.
    matrix : (2, 3) float64
        Photograph pixels to pixels of the crop in which the mask is wanted.
    shape : (int, int)
        Of that crop.

    Returns
    -------
    cover : (H, W) uint8
        1 on what covers the face, 0 elsewhere; in pixels of the crop.
    share : float
        Of the face, in [0, 1].

    Raises
    ------
    BadDataError
        ``degenerate-landmarks`` if they are no face's.
    """
    to_small = ffhq_matrix(landmarks_xy, WORK_SIDE)
    face = np.zeros(_SHAPE, np.uint8)
    fill_polygon(face, (outline_xy @ to_small[:, :2].T + to_small[:, 2]).clip(-50_000, 50_000), 1)
    face &= warp_labels(np.ones(image.shape[:2], np.uint8), to_small, _SHAPE)
    points = (landmarks_xy @ to_small[:, :2].T + to_small[:, 2]).astype(np.float32)
    small = cover_of_crop(warp_picture(image, to_small, _SHAPE), face, points)
    if not small.any():
        return np.zeros(shape, np.uint8), 0.0
    # Beyond the outline, too, which is finer in the crop: no rim of face is left there.
    small |= np.asarray(cv2.dilate(small, np.ones((5, 5), np.uint8)), dtype=np.uint8) & ~face & 1
    back = np.vstack([cv2.invertAffineTransform(to_small), [0, 0, 1]])
    onwards = (np.vstack([matrix, [0, 0, 1]]) @ back)[:2]
    smooth = cv2.warpAffine(small.astype(np.float32), onwards, shape[::-1], flags=cv2.INTER_LINEAR)
    return (np.asarray(smooth) >= 0.5).astype(np.uint8), np.count_nonzero(small & face) / np.count_nonzero(face)


def cover_of_crop(crop: Image, face: Mask, landmarks_xy: Points) -> Mask:
    """Where something else than face shows inside the outline of a face.

    Parameters
    ----------
    crop : (192, 192, 3) uint8
        sRGB, aligned by FFHQ's construction.
    face : (192, 192) uint8
        1 within the estimated outline.
    landmarks_xy : (68, 2) float32
        In pixels of `crop`.

    Returns
    -------
    cover : (192, 192) uint8
        1 on what covers the face, 0 elsewhere.
    """
    redness, light = _redness_and_light(crop)
    skin, lower, lenses, cheeks = (zones(landmarks_xy) for zones in (_upper, _lower, _lenses, _cheeks))
    bins = colour_bins(np.asarray(cv2.GaussianBlur(crop, (0, 0), 0.8)))
    cover = np.zeros_like(face)
    usual = sorted(_middle(redness, zone, face) for zone in skin)[-2]  # a fringe, or the mask itself, may cover some
    palest = max(_middle(redness, zone, face) for zone in lower)
    if usual >= _SKIN and palest < min(_PALE * usual, usual - _CLEARLY):
        cover |= _below_a_border(bins, face, landmarks_xy, _all(lower), _all(skin))
    elif _dark_glasses(redness, light, lenses, cheeks, face):
        cover |= _spread(bins, _all(lenses) & face, _all(cheeks) & face, face & _around_eyes(landmarks_xy))
    if usual >= _SKIN:
        cover |= face & (redness < min(usual - _COLD, _COLD_AT_MOST))
    return _pieces(cover, face)


def _redness_and_light(crop: Image) -> tuple[_Float, _Float]:
    """Logarithms of red over green, which hardly change with shading, and of brightness."""
    levels = np.asarray(cv2.GaussianBlur(crop, (0, 0), 1.0), dtype=np.float32) + _FLOOR
    return np.log(levels[..., 0] / levels[..., 1]), np.log(levels.mean(axis=2))


def _dark_glasses(redness: _Float, light: _Float, lenses: list[Mask], cheeks: list[Mask], face: Mask) -> bool:
    """Whether both eyes lie in the dark that is not a shadow: shadows on skin are redder than skin in the light."""
    darker, redder = [], []
    for lens, cheek in zip(lenses, cheeks, strict=True):
        skin = _middle(redness, cheek, face)
        if not skin >= _SKIN:
            return False
        redder.append(_middle(redness, lens, face) - skin)
        darker.append(_middle(light, cheek, face) - _middle(light, lens, face))
    return bool(min(darker) > _DARK and np.mean(redder) < _REDDER)


def _spread(bins: Bins, seed: Mask, skin: Mask, within: Mask) -> Mask:
    """The region around `seed` that has its colours rather than the skin's, without holes."""
    inside, outside = bins[seed > 0], bins[skin > 0]
    for _ in range(2):
        speaks = cv2.boxFilter(evidence(inside, outside, _MOST)[bins].astype(np.float32), -1, (5, 5))
        region = (speaks > 0).astype(np.uint8) & within | seed & within
        _, numbers = cv2.connectedComponents(region, connectivity=4)
        region &= np.isin(numbers, np.unique(numbers[(seed & within) > 0])).astype(np.uint8)
        inside, outside = bins[region > 0], np.concatenate([bins[skin > 0], bins[(within & ~region) > 0]])
    return region


def _below_a_border(bins: Bins, face: Mask, xy: Points, seed: Mask, skin: Mask) -> Mask:
    """What lies below the upper border of a face mask, which crosses the face from one side to the other.

    In every column its row is found exactly by dynamic programming: colours below should be the seed's and those above the
    skin's, and neighbouring columns should agree.
    """
    rows = np.arange(len(face))
    first, last = float(xy[[37, 38, 43, 44], 1].mean()), float(xy[48:60, 1].mean())
    beyond = np.where((rows >= first) & (rows <= last), 0, np.inf)
    columns = np.flatnonzero(face.any(axis=0))
    inside, outside = bins[(seed & face) > 0], bins[(face > 0) & (rows[:, None] < first) | (skin & face) > 0]
    for _ in range(_ROUNDS):
        speaks = evidence(inside, outside, _MOST)[bins[:, columns]] * face[:, columns]
        below = np.cumsum(speaks[::-1], axis=0)[::-1]
        border = _smoothest((beyond[:, None] - below).T)
        cover = np.zeros_like(face)
        cover[:, columns] = rows[:, None] >= border
        cover &= face
        inside, outside = bins[cover > 0], bins[(face > 0) & (cover == 0)]
    return cover


def _smoothest(costs: _Vector) -> npt.NDArray[np.intp]:
    """Position in every row of `costs` that makes their sum and what neighbours differ by least (Viterbi)."""
    positions = np.arange(costs.shape[1])
    steps = _ROUGHNESS * np.abs(np.subtract.outer(positions, positions))
    total, came_from = costs[0], np.zeros(costs.shape, np.intp)
    for index in range(1, len(costs)):
        through = total + steps
        came_from[index] = through.argmin(axis=1)
        total = through.min(axis=1) + costs[index]
    place = np.full(len(costs), total.argmin())
    for index in range(len(costs) - 1, 0, -1):
        place[index - 1] = came_from[index, place[index]]
    return place


def _pieces(cover: Mask, face: Mask) -> Mask:
    """Large pieces alone, closed, without holes, with the mixed pixels at their edge."""
    narrow = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    cover = np.asarray(cv2.morphologyEx(cover, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)), dtype=np.uint8)
    wide = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))
    cover = np.asarray(cv2.morphologyEx(cover, cv2.MORPH_CLOSE, wide), dtype=np.uint8) & face
    least = _LEAST_SHARE * np.count_nonzero(face)
    filled = np.zeros_like(cover)
    for contour in cv2.findContours(cover, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]:
        piece = np.zeros_like(cover)
        cv2.drawContours(piece, [contour], 0, 1, cv2.FILLED)
        if np.count_nonzero(piece) >= least:
            filled |= piece
    return np.asarray(cv2.dilate(filled, narrow), dtype=np.uint8) & face


def _middle(values: _Float, zone: Mask, face: Mask) -> float:
    chosen = values[(zone & face) > 0]
    return float(np.median(chosen)) if len(chosen) else float("nan")


def _all(zones: list[Mask]) -> Mask:
    return np.asarray(np.maximum.reduce(zones))


def _upper(xy: Points) -> list[Mask]:
    """Skin that face masks leave open: forehead, between the brows, bridge of the nose, below either eye."""
    down, radius = _down(xy), _unit(xy) * 0.1
    middles = [xy[27] - down * 0.55, xy[27] - down * 0.1, (xy[27] + xy[28]) / 2, xy[41] + down * 0.2, xy[46] + down * 0.2]
    return [_disc(middle, radius) for middle in middles]


def _lower(xy: Points) -> list[Mask]:
    """Skin that face masks cover: tip of the nose, either cheek, lip, either side of the mouth."""
    down, radius = _down(xy), _unit(xy) * 0.1
    tip = landmark_hull(np.concatenate([xy[[30, 31, 35]], xy[[31, 35]] - down * 0.12]).astype(np.float32), _SHAPE)
    middles = [(xy[3] + xy[31]) / 2, (xy[13] + xy[35]) / 2, (xy[5] + xy[48]) / 2, (xy[11] + xy[54]) / 2]
    return [tip, *(_disc(middle, radius) for middle in middles), _disc((xy[33] + xy[51]) / 2, radius / 2)]


def _lenses(xy: Points) -> list[Mask]:
    """What lies before either eye."""
    return [_disc(xy[eye].mean(axis=0) + _down(xy) * 0.1, _unit(xy) * 0.2) for eye in (slice(36, 42), slice(42, 48))]


def _cheeks(xy: Points) -> list[Mask]:
    return [_disc((xy[a] + xy[b]) / 2, _unit(xy) * 0.1) for a, b in ((3, 31), (13, 35))]


def _around_eyes(xy: Points) -> Mask:
    """From the middle of the brows down to the tip of the nose."""
    return _half(xy, xy[17:27].mean(axis=0) - _down(xy) * 0.1) & (1 - _half(xy, xy[30].astype(np.float64)))


def _half(xy: Points, start: _Vector) -> Mask:
    """Everything below a line through `start`."""
    rows, columns = np.mgrid[: _SHAPE[0], : _SHAPE[1]]
    down = _down(xy)
    return np.asarray((columns - start[0]) * down[0] + (rows - start[1]) * down[1] >= 0, dtype=np.uint8)


def _unit(xy: Points) -> float:
    """Distance between the eyes, px."""
    return float(np.hypot(*(xy[36:42].mean(axis=0) - xy[42:48].mean(axis=0))))


def _down(xy: Points) -> _Vector:
    """From the bridge of the nose to the chin, as long as the eyes are apart."""
    way = (xy[8] - xy[27]).astype(np.float64)
    return np.asarray(way / max(float(np.hypot(*way)), 1e-6) * _unit(xy))


def _disc(middle: _Vector, radius: float) -> Mask:
    mask = np.zeros(_SHAPE, np.uint8)
    cv2.circle(mask, (round(float(middle[0])), round(float(middle[1]))), max(2, round(radius)), 1, cv2.FILLED)
    return mask
