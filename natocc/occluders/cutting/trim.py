"""Taking out of a mask what shows the plain background: paper between fingers, rims along an outline drawn too wide."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from natocc.core.samples import Image, Mask
from natocc.occluders.cutting.matting import refine_matte, spread
from natocc.occluders.cutting.regions import depth, disc, distance, dot, local_mean

_Plane = npt.NDArray[np.float32]
_Where = npt.NDArray[np.bool_]

_LONGEST = 300  # px: a larger object is trimmed on a reduced picture
_COARSE, _BAND = 0.5, 3  # what is reduced to less has its outline settled within so many reduced pixels
_PLAIN = 0.12  # of full light, deviation of the surroundings: nothing of a mixed background is told for sure
_DEEPEST = 0.45  # how much of the light a shadow on the background leaves
_GLINT, _BRIGHTEST = 1.15, (1.25, 3.0)  # of full light: the brightest the object gets where it is lit; as a factor
_SHADE = 0.1  # weight of a shadow
_NEAR, _NEARER = 0.08, 0.5  # a background pixel differs by less from the background, and by so much less than from the object
_STEP = 0.07  # of full light a pixel: a steeper rise is an edge, and the background ends there
_ROUNDS = 8
_MOST, _CRUMBS = 0.15, 0.005  # of the object: more of it is its own colour after all; what falls off
_SLIVER, _BESIDE = 0.04, 0.7  # of the object's side: thinner parts are slivers; share of what is beside a piece that is more
_SLIT, _LENGTH = 5.0, 0.2  # a slit is so many times as long as it is broad, and of the side; nails, rings, glints are not


def trim(image: Image, mask: Mask) -> Mask:
    """The mask without what clearly is background.

    A pixel is background if it has the colour that the background has nearby, in full light or in shadow, and not the object's in
    any light. It is taken out if it is joined to what lies beyond the outline without an edge between them, or is a slit that the
    object encloses; and only if what is left beside it is more than a sliver: a fingernail has but a thin rim of skin around it.
    What the border of the picture cuts stays, as do pieces without which a part would fall off: sleeves and bands. Masks of large
    objects are then settled on the colours of the reduced picture, since a line that is off there is off by many pixels.

    Parameters
    ----------
    image : (H, W, 3) uint8
        sRGB.
    mask : (H, W) uint8
        1 on the object, not empty.

    Returns
    -------
    trimmed : (H, W) uint8
        Nothing is added; `mask` itself where nothing is taken out.
    """
    x, y, width, height = cv2.boundingRect(mask)
    room = 6 + max(width, height) // 8
    box = (slice(max(y - room, 0), y + height + room), slice(max(x - room, 0), x + width + room))
    shape, scale = mask[box], min(1.0, _LONGEST / max(width, height))
    size = (max(1, round(shape.shape[1] * scale)), max(1, round(shape.shape[0] * scale)))
    picture = np.asarray(cv2.resize(image[box], size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    small = (np.asarray(cv2.resize(255 * shape, size, interpolation=cv2.INTER_AREA)) > 127).astype(np.uint8)
    frame = np.zeros(small.shape, bool)
    frame[:2], frame[:, :2] = y < room, x < room
    frame[-2:] |= y + height + room > mask.shape[0]
    frame[:, -2:] |= x + width + room > mask.shape[1]
    kept = np.where(_foreign((picture / np.float32(255)).astype(np.float32), small, frame), 0, small).astype(np.uint8)
    coverage = 255 * kept
    if scale < _COARSE and kept.any():
        coverage = refine_matte(picture, kept, np.ones_like(kept), _BAND)
    out = (small > 0) & (coverage <= 127)
    if not out.any():
        return mask
    full = (shape.shape[1], shape.shape[0])
    where = cv2.resize(cv2.dilate(out.astype(np.uint8), np.ones((3, 3), np.uint8)), full, interpolation=cv2.INTER_NEAREST) > 0
    where &= cv2.resize(coverage, full, interpolation=cv2.INTER_LINEAR) <= 127
    trimmed = mask.copy()
    trimmed[box][where] = 0
    return _whole(trimmed, mask)


def _foreign(colours: _Plane, shape: Mask, frame: _Where) -> _Where:
    """(H, W) what is to be taken out of a mask; `frame` is where the border of the picture is."""
    nothing = np.zeros(shape.shape, bool)
    inside, outside = depth(np.pad(shape, 1))[1:-1, 1:-1], depth(1 - shape)
    side = float(np.sqrt(np.count_nonzero(shape)))
    reach = max(4, round(0.12 * side))
    near = (outside > 2) & (outside < reach)
    core = inside > max(2.0, 0.06 * side)
    if not near.any() or not core.any() or float(np.sqrt(colours[near].var(axis=0).sum())) > _PLAIN:
        return nothing
    own = local_mean(colours, core, 2 * reach)
    open_ = cv2.boxFilter(1 - shape.astype(np.float32), -1, (2 * reach + 1, 2 * reach + 1), borderType=cv2.BORDER_REPLICATE)
    trust = np.asarray(1.7 - 1.4 * open_, dtype=np.float32)  # between fingers they colour it; at a fingertip it may be a nail
    unlike_beyond = _in_light(colours, spread(colours, near.astype(np.float32)), _DEEPEST, 1)[1]
    brightest = np.clip(_GLINT / np.maximum(own.max(axis=2), 1e-4), _BRIGHTEST[0], _BRIGHTEST[1])
    nearer = unlike_beyond / np.maximum(_in_light(colours, own, 0, brightest)[1], 1e-4)
    clearly = (shape > 0) & (nearer < _NEARER * trust)
    smooth = _steepness(colours) < _STEP
    taken, background = nothing, near
    for _ in range(_ROUNDS):
        beyond = local_mean(colours, background, max(3, reach // 2))
        light, off = _in_light(colours, beyond, _DEEPEST, 1)
        like = clearly & (off + _SHADE * (1 - light) < _NEAR * trust)
        joined = _joined(like & smooth, (shape == 0) | taken)
        if not joined.any():
            break
        before, taken = taken, taken | _with_rim(joined, like)
        if np.array_equal(taken, before):
            break
        background = near | taken
    taken = taken & ~_cut_by(frame, taken)
    slits = _slits(clearly & (nearer < _NEARER) & (unlike_beyond < _NEAR) & ~taken, _LENGTH * side)
    return _between_parts(taken | slits, shape, max(3, round(_SLIVER * side)))


def _joined(pieces: _Where, beyond: _Where) -> _Where:
    """Pieces that touch, through one another, what lies beyond."""
    _, labels = cv2.connectedComponents((pieces | beyond).astype(np.uint8), connectivity=4)
    reached = np.zeros(int(labels.max()) + 1, bool)
    reached[labels[beyond]] = True
    return np.asarray(pieces & ~beyond & reached[labels])


def _cut_by(frame: _Where, pieces: _Where) -> _Where:
    """The pieces that the border of the picture cuts and that are no thin rims: sleeves may be white, too."""
    thick = cv2.morphologyEx(pieces.astype(np.uint8), cv2.MORPH_OPEN, disc(_BAND))
    count, labels = cv2.connectedComponents(thick, connectivity=8)
    cut = np.zeros(count, bool)
    cut[labels[frame]] = True
    cut[0] = False
    return np.asarray(cv2.dilate(cut[labels].astype(np.uint8), disc(_BAND)) > 0)


def _slits(pieces: _Where, least: float) -> _Where:
    """The narrow ones of the pieces, `least` pixels long or more."""
    _, labels, statistics, _ = cv2.connectedComponentsWithStats(pieces.astype(np.uint8), connectivity=8)
    length = np.hypot(statistics[:, cv2.CC_STAT_WIDTH], statistics[:, cv2.CC_STAT_HEIGHT])
    narrow = (length >= least) & (length**2 > _SLIT * statistics[:, cv2.CC_STAT_AREA])
    narrow[0] = False
    return np.asarray(narrow[labels])


def _between_parts(taken: _Where, shape: Mask, sliver: int) -> _Where:
    """What is taken, without the pieces that leave mostly slivers beside them."""
    taken = cv2.morphologyEx(taken.astype(np.uint8), cv2.MORPH_CLOSE, disc(2)) > 0
    left = depth(((shape > 0) & ~taken).astype(np.uint8))
    solid = cv2.dilate(left, np.ones((2 * sliver + 1, 2 * sliver + 1), np.uint8)) >= sliver
    count, labels = cv2.connectedComponents(taken.astype(np.uint8), connectivity=8)
    beside = np.where(left > 0, cv2.dilate(labels.astype(np.float32), np.ones((7, 7), np.uint8)), 0).astype(np.intp)
    around = np.maximum(np.bincount(beside.ravel(), minlength=count), 1)
    kept = np.bincount(beside.ravel(), weights=solid.ravel(), minlength=count) / around >= _BESIDE
    kept[0] = False
    return _holding(np.asarray(kept[labels]), shape)


def _holding(taken: _Where, shape: Mask) -> _Where:
    """What is taken, without the pieces between the object and a part that would fall off."""
    _, labels, statistics, _ = cv2.connectedComponentsWithStats(((shape > 0) & ~taken).astype(np.uint8), connectivity=8)
    areas = statistics[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0
    falls = areas > _CRUMBS * areas.sum()
    falls[areas.argmax()] = False
    if not falls.any():
        return taken
    beside = cv2.dilate(falls[labels].astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    _, pieces = cv2.connectedComponents(taken.astype(np.uint8), connectivity=8)
    return taken & ~np.isin(pieces, pieces[beside & taken])


def _in_light(colours: _Plane, lit: _Plane, deepest: float, brightest: float | _Plane) -> tuple[_Plane, _Plane]:
    """(H, W) light that makes `lit` most like each pixel, as a factor, and how far the pixel is from it then."""
    light = np.clip(dot(colours, lit) / np.maximum(dot(lit, lit), 1e-4), deepest, brightest).astype(np.float32, copy=False)
    return light, distance(colours, np.minimum(lit * cv2.merge([light, light, light]), 1))


def _steepness(colours: _Plane) -> _Plane:
    """(H, W) rise of the steepest channel, per pixel."""
    rises = np.hypot(cv2.Scharr(colours, cv2.CV_32F, 1, 0), cv2.Scharr(colours, cv2.CV_32F, 0, 1)) / 32
    return np.asarray(rises.max(axis=2), dtype=np.float32)


def _with_rim(pieces: _Where, like: _Where) -> _Where:
    """Pieces with the pixels of their colour at their edge, which are not smooth."""
    return np.asarray((cv2.dilate(pieces.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0) & like)


def _whole(trimmed: Mask, mask: Mask) -> Mask:
    """The trimmed mask without crumbs; the mask as it was where trimming would take too much, or part the object."""
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(trimmed, connectivity=8)
    if count < 2:
        return mask
    areas = statistics[1:, cv2.CC_STAT_AREA]
    if areas.sum() < (1 - _MOST) * np.count_nonzero(mask) or areas.max() < (1 - _CRUMBS) * areas.sum():
        return mask
    return trimmed if count == 2 else np.asarray(labels == 1 + int(areas.argmax()), dtype=np.uint8)
