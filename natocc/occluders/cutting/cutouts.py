"""From a picture and a mask to a cutout, and the rules that a mask must meet."""

from __future__ import annotations

import cv2
import numpy as np
from pydantic import Field

from natocc.core.errors import BadDataError, Reason
from natocc.core.samples import MATTE_THRESHOLD, Cutout, Image, Mask, Matte, Origin
from natocc.occluders.cutting.huge import reduced_by_alpha
from natocc.occluders.cutting.matting import continue_outwards, estimate_foreground, refine_matte, spread
from natocc.plugins.options import Options

_BORDER = 2  # px within which an object touches the border of its picture
_MARGIN = 4  # px of room around the matte's support
_SOFT_PIXELS, _FAINT_PIXELS = 64, 16  # half-transparent pixels that are evidence of how colours are stored
_FAINT = 64  # of 255: a straight colour is mostly above so small an alpha
_DARK = 0.1


class CutoutRules(Options):
    """What an object must be like to serve as an occluder; lengths in pixels of its picture."""

    min_side: int = Field(48, ge=1)
    """Least length of the longer side of the object's box, px."""
    min_area: int = Field(1024, ge=1)
    """Least area, px; 32² is where COCO calls an object small."""
    min_thickness: int = Field(5, ge=1)
    """Diameter of a disc that must fit into the object, px."""
    largest_piece: float = Field(0.9, gt=0, le=1)
    """Least share of the object's area that its largest connected piece must hold."""
    choke: int = Field(0, ge=0, le=20)
    """Distance by which the matte's edge is moved inwards, so that no rim of background shows, px."""
    min_sharpness: float = Field(0.0, ge=0)
    """Least steepness of the object's steepest edges, percent of its contrast per pixel."""
    border_share: float = Field(0.0, ge=0, le=1)
    """Largest share of the object's outline that may touch the border of its picture."""
    min_quality: float = Field(0.5, ge=0, le=1)
    """Least quality of what is cut out of a photograph: how whole, free of background, distinct, well lit and detailed it is.
    0 takes everything and measures nothing; what comes with its alpha is not measured."""


def check_mask(mask: Mask, rules: CutoutRules) -> Mask:
    """The one connected piece of a mask that serves as an occluder.

    Parameters
    ----------
    mask : (H, W) uint8
        1 on the object.
    rules : CutoutRules
        What it must be like.

    Returns
    -------
    piece : (H, W) uint8
        The largest piece (8-connected), holes kept.

    Raises
    ------
    BadDataError
        ``empty-mask``, ``in-pieces``, ``too-small``, ``too-thin`` or ``truncated-by-border``.
    """
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count < 2:
        raise BadDataError(Reason.EMPTY_MASK, "the mask covers no pixel")
    areas = statistics[1:, cv2.CC_STAT_AREA]
    largest = 1 + int(areas.argmax())
    area, total = int(areas.max()), int(areas.sum())
    if area < rules.largest_piece * total:
        raise BadDataError(Reason.IN_PIECES, f"{count - 1} pieces, the largest holds {area} of {total} pixels")
    side = int(max(statistics[largest, cv2.CC_STAT_WIDTH], statistics[largest, cv2.CC_STAT_HEIGHT]))
    if side < rules.min_side or area < rules.min_area:
        raise BadDataError(
            Reason.TOO_SMALL, f"longer side {side} px, area {area} px; expected {rules.min_side} and {rules.min_area} or more"
        )
    piece: Mask = (labels == largest).astype(np.uint8)
    distance = cv2.distanceTransform(np.pad(piece, 1), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    if 2 * float(distance.max()) < rules.min_thickness:
        raise BadDataError(Reason.TOO_THIN, f"nowhere {rules.min_thickness} px thick")
    share = _touching_share(piece)
    if share > rules.border_share:
        raise BadDataError(Reason.TRUNCATED, f"{share:.0%} of its outline touches the border of its picture")
    return piece


def check_sharpness(image: Image, mask: Mask, rules: CutoutRules) -> None:
    """Refuse an object that is nowhere sharp: out of focus, moved, or enlarged before.

    Raises
    ------
    BadDataError
        ``too-blurred`` if its :func:`sharpness` is below `rules.min_sharpness`.
    """
    if rules.min_sharpness > 0 and (steepness := sharpness(image, mask)) < rules.min_sharpness:
        raise BadDataError(
            Reason.TOO_BLURRED,
            f"its steepest edges rise by {steepness:.1f} % of its contrast a pixel, expected {rules.min_sharpness:g} %",
        )


def sharpness(image: Image, mask: Mask) -> float:
    """How steep the steepest edges of an object are, its outline among them.

    A plain object has few edges, so what most of its pixels show says nothing; the steepest hundredth does.

    Parameters
    ----------
    image : (H, W, 3) uint8
        sRGB.
    mask : (H, W) uint8
        1 on the object, not empty.

    Returns
    -------
    steepness : float
        99th percentile of the luminance's gradient over the object and 3 px around it, in percent of the contrast between the
        object's light and dark (95th and 5th percentile) a pixel: an edge spread over n pixels reaches about 100 / n.
    """
    x, y, width, height = cv2.boundingRect(mask)
    box = (slice(max(y - 5, 0), y + height + 5), slice(max(x - 5, 0), x + width + 5))
    grey = cv2.cvtColor(image[box], cv2.COLOR_RGB2GRAY).astype(np.float32)
    near = cv2.dilate(mask[box], np.ones((7, 7), np.uint8)) > 0
    gradient = np.hypot(cv2.Scharr(grey, cv2.CV_32F, 1, 0), cv2.Scharr(grey, cv2.CV_32F, 0, 1)) / 32
    dark, light = np.percentile(grey[near], (5, 95))
    return float(100 * np.percentile(gradient[near], 99) / max(float(light - dark), 16.0))


def cut_out(
    image: Image,
    mask: Mask,
    category: str,
    origin: Origin,
    points_to_xy: tuple[float, float] | None = None,
    choke: int = 0,
) -> Cutout:
    """Cut an object out of its picture.

    Parameters
    ----------
    image : (H, W, 3) uint8
        sRGB.
    mask : (H, W) uint8
        1 on the object, drawn by hand or by a threshold: near its edge only a hint, see :func:`refine_matte`.
    category, origin, points_to_xy
        As in :class:`Cutout`.
    choke : int
        Pixels by which the matte is drawn in: where masks were drawn or thresholded generously, the rim of the object is
        mixed with the old background, and its colour gives the cutout away.

    Returns
    -------
    cutout : Cutout
        The box of the object and a margin. Where the border of the picture cuts the object, its edge is half covered.

    Raises
    ------
    BadDataError
        ``size-mismatch`` if picture and mask differ in size; ``empty-mask`` if nothing is left of the object.
    """
    if image.shape[:2] != mask.shape:
        raise BadDataError(Reason.SIZE_MISMATCH, f"picture of {image.shape[:2]}, mask of {mask.shape}")
    if not mask.any():
        raise BadDataError(Reason.EMPTY_MASK, "the mask covers no pixel")
    band = int(np.clip(round(np.sqrt(np.count_nonzero(mask)) / 40), 2, 4))
    picture, coarse, known = _surroundings(image, mask, room=3 * band + _MARGIN)
    matte = refine_matte(picture, coarse, known, band)
    matte[known > cv2.erode(known, np.ones((3, 3), np.uint8))] //= 2  # where the border of the picture cuts the object
    foreground = estimate_foreground(picture, matte)
    if choke:
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * choke + 1, 2 * choke + 1))
        matte = np.asarray(cv2.GaussianBlur(cv2.erode(matte, disc), (0, 0), 0.6), dtype=np.uint8)
    matte = _largest_piece(matte)
    if matte.max() < MATTE_THRESHOLD:
        raise BadDataError(Reason.EMPTY_MASK, "nothing of the object is left within its soft edge")
    x, y, width, height = cv2.boundingRect(matte)
    box = (slice(y - _MARGIN, y + height + _MARGIN), slice(x - _MARGIN, x + width + _MARGIN))
    if choke:
        foreground = continue_outwards(foreground, matte)
    return Cutout(foreground[box].copy(), matte[box].copy(), category, origin, points_to_xy)


def cut_by_alpha(
    colours: Image, alpha: Matte, category: str, origin: Origin, points_to_xy: tuple[float, float] | None = None
) -> Cutout:
    """A cutout whose matte is known.

    Parameters
    ----------
    colours : (H, W, 3) uint8
        sRGB; straight, or premultiplied, which is noticed (:func:`is_premultiplied`) and undone. Under transparent pixels
        the background that was there, or anything of one colour.
    alpha : (H, W) uint8
        Coverage, 0-255.
    category, origin, points_to_xy
        As in :class:`Cutout`.

    Returns
    -------
    cutout : Cutout
        The box of what is covered and a margin.

    Raises
    ------
    BadDataError
        ``empty-mask`` if nothing is half covered.
    """
    if alpha.max(initial=0) < MATTE_THRESHOLD:
        raise BadDataError(Reason.EMPTY_MASK, "nothing of it is opaque")
    x, y, width, height = cv2.boundingRect(alpha)
    colours, alpha = colours[y : y + height, x : x + width], alpha[y : y + height, x : x + width]
    room = ((_MARGIN, _MARGIN), (_MARGIN, _MARGIN))
    premultiplied = is_premultiplied(colours, alpha)
    own, alpha = reduced_by_alpha(straightened(colours, alpha) if premultiplied else colours, alpha)
    matte = np.pad(alpha, room)
    foreground = estimate_foreground(np.pad(_filled_beneath(own, alpha), (*room, (0, 0)), mode="edge"), matte)
    return Cutout(foreground, matte, category, origin, points_to_xy, premultiplied)


def _filled_beneath(colours: Image, alpha: Matte) -> Image:
    """The object's own colour where nothing of it is seen, unless there is a background that its edge may be mixed with.

    One colour, mostly black, is no background: the colour of the edge has nothing of it.
    """
    clear = alpha == 0
    if not clear.any() or (colours[clear] != colours[clear][0]).any():
        return colours
    own = spread(colours.astype(np.float32), (alpha.astype(np.float32) / 255) ** 2)
    return np.where(clear[..., None], np.rint(own.clip(0, 255)), colours).astype(np.uint8)


def is_premultiplied(colours: Image, alpha: Matte) -> bool:
    """Whether colours come multiplied by their alpha, as renderers and canvases keep them: else edges would be dark.

    Nowhere is a colour above the alpha, though there are many half-transparent pixels, faint ones among them, and they are not
    just dark.

    Parameters
    ----------
    colours : (H, W, 3) uint8
        Of an RGBA picture.
    alpha : (H, W) uint8
        Its coverage, 0-255.
    """
    brightest = colours.max(axis=2)
    soft = (alpha > 0) & (alpha < 255)
    if np.count_nonzero(soft) < _SOFT_PIXELS or np.count_nonzero(soft & (alpha < _FAINT)) < _FAINT_PIXELS:
        return False
    if (brightest > np.minimum(alpha, 254).astype(np.int16) + 1).any():
        return False
    return float((brightest[soft] / alpha[soft]).mean()) > _DARK


def straightened(colours: Image, alpha: Matte) -> Image:
    """Premultiplied colours divided by their alpha; black where nothing is left of them.

    Examples
    --------
    >>> straightened(np.full((1, 1, 3), 50, np.uint8), np.full((1, 1), 100, np.uint8)).ravel().tolist()
    [128, 128, 128]
    """
    share = np.maximum(alpha, 1)[..., None].astype(np.float32) / 255
    return np.asarray(np.rint((colours / share).clip(0, 255)), dtype=np.uint8)


def _surroundings(image: Image, mask: Mask, room: int) -> tuple[Image, Mask, Mask]:
    """Picture, mask and where both are known (1): the box of the mask and `room` pixels around it, padded by the last pixel."""
    x, y, width, height = cv2.boundingRect(mask)
    top, left = max(y - room, 0), max(x - room, 0)
    bottom, right = min(y + height + room, mask.shape[0]), min(x + width + room, mask.shape[1])
    box = (slice(top, bottom), slice(left, right))
    pad = (room - y + top, y + height + room - bottom, room - x + left, x + width + room - right)
    vertical, horizontal = (pad[0], pad[1]), (pad[2], pad[3])
    return (
        np.pad(image[box], (vertical, horizontal, (0, 0)), mode="edge"),
        np.pad(mask[box], (vertical, horizontal), mode="edge"),
        np.pad(np.ones_like(mask[box]), (vertical, horizontal)),
    )


def _largest_piece(matte: Matte) -> Matte:
    """The matte without the specks that lie apart from the object."""
    count, labels, statistics, _ = cv2.connectedComponentsWithStats((matte > 0).astype(np.uint8), connectivity=8)
    if count <= 2:
        return matte
    largest = 1 + int(statistics[1:, cv2.CC_STAT_AREA].argmax())
    return np.where(labels == largest, matte, 0).astype(np.uint8)


def _touching_share(mask: Mask) -> float:
    """Share of the outline's pixels that lie within 2 px of the border of the picture."""
    outline = mask > cv2.erode(mask, np.ones((3, 3), np.uint8), borderValue=0)
    inner = outline[_BORDER:-_BORDER, _BORDER:-_BORDER]
    return 1 - np.count_nonzero(inner) / np.count_nonzero(outline)
