"""What the pixels of a mask mean: which channel carries it, where its soft edges are cut, which colour is which class."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from natocc.core.errors import BadDataError, Reason
from natocc.core.samples import Image, Mask

Plane: TypeAlias = npt.NDArray[np.uint8 | np.uint16]
Colour: TypeAlias = tuple[int, int, int]
Channel: TypeAlias = Literal["auto", "alpha", "grey"]

HALF = 128
"""Where a soft mask is cut, of 255; of 16 bits the same share."""

_NEAR = 24  # levels from 0 or from the largest value that are not a grey between them
_MANY_LEVELS = 48  # in between: more than any label map of faces has
_FLAT = 0.001  # share of a mask that may lie in flat areas of values in between: more are labels
_SQUARE = np.ones((5, 5), np.uint8)  # no soft edge holds so large a square of one value, a label does
_FAR = 48  # levels that lossy compression may move a colour
_SHOWN = 6


@dataclasses.dataclass(frozen=True, eq=False)
class MaskFile:
    """A mask as it is stored.

    Parameters
    ----------
    name : str
        For messages.
    plane : (H, W) or (H, W, 3)
        Grey values of 8 or 16 bit, indices of a palette, or colours.
    palette : (n, 3) uint8, optional
        Colours of the indices.
    alpha : (H, W) uint8, optional
        Where it has transparency.
    lossy : bool
        Whether its values are only near to those that its owner saved, as in a JPEG.
    """

    name: str
    plane: Plane
    palette: Image | None = None
    alpha: Mask | None = None
    lossy: bool = False

    def refused(self, what: str) -> BadDataError:
        """``bad-mask`` of this file."""
        return BadDataError(Reason.BAD_MASK, f"{self.name}: {what}")

    @property
    def colours(self) -> Image | None:
        """(H, W, 3); none of a grey mask."""
        if self.palette is not None and self.plane.max(initial=0) < len(self.palette):
            return np.asarray(self.palette[self.plane])
        return np.asarray(self.plane, dtype=np.uint8) if self.plane.ndim == 3 else None


def two_valued(file: MaskFile, channel: Channel = "auto") -> Mask:
    """1 on what a mask shows, 0 elsewhere: where it is not 0, or not black; soft masks are cut at half.

    Raises
    ------
    BadDataError
        ``bad-mask`` naming what was found, if that is neither two values, nor black and one colour, nor soft between them; or if
        both its colours and its alpha channel vary, and they disagree.
    """
    alpha, shown = _alpha(file, channel), _shown(file)
    if alpha is not None:
        seen = _seen(file, alpha)
        if channel == "alpha" or _constant(seen) or _agree(shown, alpha):
            return _cut(alpha, file)
        if file.palette is None:
            raise file.refused(
                "both its colours and its alpha channel vary, and disagree; say which is the mask: mask_channel: alpha, or grey"
            )
    return _cut(_brightness(shown, file) if shown.ndim == 3 else shown, file)


def label_values(file: MaskFile, channel: Channel = "auto") -> Plane:
    """(H, W) values of a label map: grey values, or the indices of a palette; alpha where nothing else varies.

    Raises
    ------
    BadDataError
        ``bad-mask`` if it has colours, or does not keep values.
    """
    alpha = _alpha(file, channel)
    if alpha is not None:
        says_nothing = _seen(file, alpha) if file.plane.ndim == 3 else file.plane.reshape(-1, 1)
        if channel == "alpha" or _constant(says_nothing):
            return alpha
    if file.plane.ndim == 3:
        raise file.refused(f"expected a grey mask, found colours: {_list_colours(file.plane)}")
    return file.plane


def labels_by_colour(file: MaskFile, table: Mapping[Colour, int]) -> Mask:
    """(H, W) labels of a mask that has a colour for each class; what is transparent is 0.

    Pixels of soft edges, and those that lossy compression moved, get the label of the nearest pixel that has one.

    Raises
    ------
    BadDataError
        ``bad-mask`` naming the colours found that `table` does not know, if they are more than edges.
    """
    colours = file.colours
    if colours is None:
        grey = (file.plane // 257 if file.plane.max(initial=0) > 255 else file.plane).astype(np.uint8)
        colours = np.repeat(grey[..., None], 3, axis=2)
    packed = _packed(colours)
    labels = np.zeros(packed.shape, np.uint8)
    unknown = np.ones(packed.shape, np.uint8)
    for colour, label in table.items():
        same = packed == _packed(np.array(colour))
        if file.lossy:
            same = np.abs(colours.astype(np.int16) - np.array(colour, np.int16)).max(axis=2) <= _FAR
        labels[same], unknown[same] = label, 0
    if file.alpha is not None:
        labels[file.alpha == 0], unknown[file.alpha == 0] = 0, 0
    if not unknown.any():
        return labels
    inner = cv2.erode(unknown, _SQUARE, borderValue=1)
    if unknown.all() or np.count_nonzero(inner) > (_FLAT * inner.size if file.lossy else 0):
        found = colours[unknown > 0] if unknown.all() or file.lossy else colours[inner > 0]
        known = ", ".join(f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in table)
        raise file.refused(f"no class has the colours {_list_colours(found)}; known: {known}")
    nearest = cv2.distanceTransformWithLabels(unknown, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)[1]
    of_pixel = np.zeros(int(nearest.max()) + 1, np.uint8)
    of_pixel[nearest[unknown == 0]] = labels[unknown == 0]
    return np.asarray(of_pixel[nearest])


def list_values(values: Iterable[int]) -> str:
    """The first dozen values, for a message.

    Examples
    --------
    >>> list_values([0, 3, 255])
    '0, 3, 255'
    """
    shown = [str(value) for value in values]
    return ", ".join(shown[:12]) + (" ..." if len(shown) > 12 else "")


def _alpha(file: MaskFile, channel: Channel) -> Mask | None:
    """The alpha channel, where it says anything and may be asked."""
    if file.alpha is not None and not _constant(file.alpha.reshape(-1, 1)):
        return None if channel == "grey" else file.alpha
    if channel == "alpha":
        found = "no alpha channel" if file.alpha is None else "one value only"
        raise file.refused(f"mask_channel is alpha, and there it has {found}")
    return None


def _shown(file: MaskFile) -> Plane:
    """Grey values or colours; of a palette its colours, where they tell the indices apart, else the indices."""
    colours = file.colours
    if file.palette is None or colours is None:
        return file.plane
    used = file.palette[np.flatnonzero(np.bincount(file.plane.ravel()))]
    if (used[:, :1] == used).all() and len(np.unique(used[:, 0])) == len(used):
        return np.ascontiguousarray(colours[..., 0])
    return colours if len(used) == 2 and (used == 0).all(axis=1).any() else file.plane


def _seen(file: MaskFile, alpha: Mask) -> npt.NDArray[np.uint8 | np.uint16]:
    """(n, channels): what those pixels show that can be seen; under the others there is anything."""
    plane = file.plane if file.colours is None else file.colours
    return plane[alpha >= min(HALF, int(alpha.max()))].reshape(-1, plane.shape[2] if plane.ndim == 3 else 1)


def _constant(pixels: npt.NDArray[np.uint8 | np.uint16]) -> bool:
    return bool((pixels == pixels[:1]).all())


def _agree(shown: Plane, alpha: Mask) -> bool:
    """Whether what is bright is opaque, and what is dark is transparent."""
    bright = shown.max(axis=2) if shown.ndim == 3 else shown
    solid = (alpha == 0) | (alpha == 255)
    on = 2 * bright.astype(np.int32) > int(bright.max())
    return bool(solid.any() and (on == (alpha >= HALF))[solid].all())


def _brightness(colours: Plane, file: MaskFile) -> Plane:
    """How far each pixel lies on the way from black to the one colour there is, 0 to 255.

    Raises
    ------
    BadDataError
        If there are more colours, or no black.
    """
    packed, counts = np.unique(_packed(colours), return_counts=True)
    lit = packed != 0
    if len(packed) > 2 and file.lossy:  # black is only nearly black
        lit = np.array([max(_unpacked(int(each))) > _FAR for each in packed])
    if not lit.any():
        return np.zeros(colours.shape[:2], np.uint8)
    one = np.array(_unpacked(int(packed[lit][counts[lit].argmax()])), np.float32)
    share = (colours.astype(np.float32) @ one / (one @ one)).clip(0, 1)
    away = np.abs(colours - share[..., None] * one).max(axis=2)
    allowed = 0.1 * away.size if file.lossy else 0
    if np.count_nonzero(away > (2 * _FAR if file.lossy else 4)) > allowed:
        raise file.refused(f"expected a grey mask, or black and one colour; found the colours {_list_colours(colours)}")
    return np.asarray(np.rint(255 * share), dtype=np.uint8)


def _cut(plane: Plane, file: MaskFile) -> Mask:
    """1 where the one value is that is not 0, or where a soft mask is at least half."""
    most = int(plane.max(initial=0))
    mask: Mask = (plane == (most or 1)).view(np.uint8)
    if cv2.countNonZero(mask) == cv2.countNonZero(plane):
        return mask
    scale = 257 if most > 255 else 1
    if _is_soft(np.asarray(plane // scale, dtype=np.uint8), file.lossy):
        return np.asarray(plane >= HALF * scale, dtype=np.uint8)
    found = list_values(np.flatnonzero(np.bincount(plane.ravel())).tolist())
    raise file.refused(f"expected 0 and one other value, found {found}")


def _is_soft(plane: Mask, lossy: bool) -> bool:
    """Whether a mask is one shape with soft edges, and no label map, trimap or photograph.

    Most of it is dark or bright, and the greys between are either many or nowhere flat.
    """
    most = int(plane.max())
    if most < HALF:
        return False
    bright = np.count_nonzero(plane >= most - _NEAR)
    between = plane.size - bright - np.count_nonzero(plane <= _NEAR)
    if 2 * between > plane.size or between > 4 * bright:
        return False
    if lossy:
        return True
    counts = np.bincount(plane.ravel(), minlength=256)
    levels = np.count_nonzero(counts[_NEAR + 1 : most - _NEAR])
    if levels >= _MANY_LEVELS:
        return True
    if not levels and counts[1 : _NEAR + 1].any():  # 1 or 18 beside 255 and nothing between: labels, and what has none
        return False
    flat = cv2.dilate(plane, _SQUARE) == cv2.erode(plane, _SQUARE)
    return bool(np.count_nonzero(flat & (plane > 0) & (plane < most - _NEAR)) <= _FLAT * plane.size)


def _packed(colours: npt.NDArray[np.integer]) -> npt.NDArray[np.int32]:
    return np.asarray(colours.astype(np.int32) @ np.array([1 << 16, 1 << 8, 1], np.int32), dtype=np.int32)


def _unpacked(packed: int) -> Colour:
    return packed >> 16, packed >> 8 & 255, packed & 255


def _list_colours(colours: npt.NDArray[np.integer]) -> str:
    """The commonest colours, for a message."""
    packed, counts = np.unique(_packed(colours), return_counts=True)
    shown = [f"#{int(packed[each]):06x}" for each in np.argsort(-counts, kind="stable")]
    return ", ".join(shown[:_SHOWN]) + (" ..." if len(shown) > _SHOWN else "")
