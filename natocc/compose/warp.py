"""A cutout brought to where it lies on the face, without aliasing and without fringes."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from natocc.compose.edge_softness import soften
from natocc.core.plans import Affine
from natocc.core.samples import Cutout, Image, Matte

_CLEARLY_LARGER = 1.5
_MOST_ENLARGED = 16  # times the box's area: no more memory is taken, however large a pixel becomes
_FINER = 2.0  # times as fine as the picture's pixels are those that are turned
_AROUND = 3  # pixels around what is seen that are kept: interpolation reads them
_LEAST = 1e-3
_BORDER = 24  # pixels of the same colour around what is turned


@dataclasses.dataclass(frozen=True, eq=False)
class Layer:
    """An occluder in face pixels, cropped to its box: work is done where the occluder is, not on the whole picture.

    Parameters
    ----------
    left, top : int
        Of the box in the face's picture.
    foreground : (h, w, 3) uint8
        Straight colour, valid beyond the matte's edge.
    matte : (h, w) uint8
        Coverage, 0-255.
    """

    left: int
    top: int
    foreground: Image
    matte: Matte

    def with_foreground(self, foreground: Image) -> Layer:
        """The same layer in other colours."""
        return dataclasses.replace(self, foreground=foreground)

    @property
    def window(self) -> tuple[slice, slice]:
        """The box as (rows, columns) to index the face's picture with."""
        return window(self.left, self.top, self.matte.shape[::-1])

    def around(self, room: int, shape: tuple[int, int]) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
        """The box and `room` px more on each side, as far as a picture of (height, width) goes; and where the box lies in that.

        Both as (rows, columns).
        """
        rows, columns = self.window
        top, left = max(rows.start - room, 0), max(columns.start - room, 0)
        outer = (slice(top, min(rows.stop + room, shape[0])), slice(left, min(columns.stop + room, shape[1])))
        return outer, (slice(rows.start - top, rows.stop - top), slice(columns.start - left, columns.stop - left))


def window(left: int, top: int, size: Sequence[int]) -> tuple[slice, slice]:
    """A box of a (width, height) as (rows, columns) to index the face's picture with."""
    width, height = size
    return slice(top, top + height), slice(left, left + width)


def warp_matte(
    matte: Matte, affine: Affine, shape: tuple[int, int], softness: float | None = None
) -> tuple[int, int, Matte] | None:
    """A matte in face pixels, with the left and top of its box; None where it covers nothing.

    Parameters
    ----------
    matte : (h, w) uint8
        Coverage in cutout pixels.
    affine : (2, 3) float64
        Cutout pixels to face pixels; pixel centres are at integers.
    shape : (int, int)
        Height and width of the face's picture.
    softness : float, optional
        Wanted blur across the edge, px; see :func:`natocc.compose.edge_softness.soften`.

    Returns
    -------
    left, top : int
        Of the box around all that is covered.
    warped : (h', w') uint8
        Coverage in the box; never overshoots.
    """
    placed = _placed(matte, affine, shape, softness)
    return None if placed is None else (placed[0], placed[1], placed[3])


def warp_cutout(cutout: Cutout, affine: Affine, shape: tuple[int, int], softness: float | None = None) -> Layer | None:
    """A cutout in face pixels, not to be changed; None where it misses the picture.

    Parameters
    ----------
    cutout : Cutout
        Its straight colour is resampled apart from its matte: it is valid beyond the matte's edge, so that nothing bleeds in.
    affine : (2, 3) float64
        Cutout pixels to face pixels.
    shape : (int, int)
        Height and width of the face's picture.
    softness : float, optional
        As for :func:`warp_matte`.

    Returns
    -------
    layer : Layer or None
        Its matte is that of :func:`warp_matte`. The last few are kept, since a plan that was accepted is rendered next.
    """
    return _kept(cutout, tuple(affine.ravel().tolist()), shape, softness)


@functools.lru_cache(maxsize=4)
def _kept(cutout: Cutout, affine: tuple[float, ...], shape: tuple[int, int], softness: float | None) -> Layer | None:
    # Both at once: four channels are turned faster than three and one.
    both = cv2.insertChannel(cutout.matte, cv2.cvtColor(cutout.foreground, cv2.COLOR_RGB2RGBA), 3)
    placed = _placed(np.asarray(both, dtype=np.uint8), np.array(affine).reshape(2, 3), shape, softness)
    if placed is None:
        return None
    left, top, warped, matte = placed
    foreground = np.asarray(cv2.cvtColor(warped, cv2.COLOR_RGBA2RGB), dtype=np.uint8)
    for array in (foreground, matte):
        array.setflags(write=False)
    return Layer(left, top, foreground, matte)


def _placed(
    array: npt.NDArray[np.uint8], affine: Affine, shape: tuple[int, int], softness: float | None
) -> tuple[int, int, npt.NDArray[np.uint8], Matte] | None:
    """`array`, a matte or colours with one, in face pixels, and its matte, cropped to what is covered; left and top first."""
    box = _target_box(affine, array.shape, shape, softness)
    if box is None:
        return None
    warped = _warp(array, affine, box)
    matte = warped if warped.ndim == 2 else np.asarray(cv2.extractChannel(warped, 3), dtype=np.uint8)
    matte = matte if softness is None else soften(matte, softness)
    left, top, width, height = cv2.boundingRect(matte)
    if not width:
        return None
    seen = window(left, top, (width, height))
    return box[0] + left, box[1] + top, warped[seen], np.ascontiguousarray(matte[seen])


def _target_box(
    affine: Affine, cutout_shape: tuple[int, ...], shape: tuple[int, int], softness: float | None
) -> tuple[int, int, int, int] | None:
    """Left, top, width and height of the warped cutout's box within the picture, with room for a softer edge."""
    height, width = cutout_shape[:2]
    room = 0 if softness is None else math.ceil(3 * softness)
    corners = np.array([[-1, -1, 1], [width, -1, 1], [-1, height, 1], [width, height, 1]], dtype=np.float64)
    around = corners @ affine.T
    left, top = np.maximum(np.floor(around.min(axis=0)) - room, 0)
    right, bottom = np.minimum(np.ceil(around.max(axis=0)) + 1 + room, (shape[1], shape[0]))
    if right <= left or bottom <= top:
        return None
    return int(left), int(top), int(right - left), int(bottom - top)


def _warp(array: npt.NDArray[np.uint8], affine: Affine, box: tuple[int, int, int, int]) -> npt.NDArray[np.uint8]:
    """`array`, a matte or colours with one, in the box: what of it is seen there is resized first, then turned bilinearly.

    A bilinear turn reads 2 x 2 pixels however much a picture shrinks, which aliases, and it blurs what is as fine as the box's
    pixels: so the array is brought to pixels that are a little finer than those. What is clearly enlarged has no detail to lose.
    Beyond the array nothing is covered; colours go on for some pixels, so that what is blurred later stays clear of that.
    """
    left, top, width, height = box
    to_box = affine.copy()
    to_box[:, 2] -= (left, top)
    array, to_box = _seen(array, to_box, (width, height))
    (right_x, down_x, _), (right_y, down_y, _) = to_box.tolist()
    scale = math.sqrt(abs(right_x * down_y - down_x * right_y))
    finer = scale if scale >= _CLEARLY_LARGER else min(_FINER * scale, _CLEARLY_LARGER * max(scale, 1.0))
    most = math.sqrt(_MOST_ENLARGED * width * height / (array.shape[0] * array.shape[1]))
    if not _only_moved(affine):
        array, to_box = _resized(array, to_box, min(finer, max(most, 1.0)))
    if array.ndim == 3:
        # A border that is there already is turned twice as fast as one that is made meanwhile.
        to_box[:, 2] -= to_box[:, :2] @ (_BORDER, _BORDER)
        array = np.asarray(cv2.copyMakeBorder(array, *(_BORDER,) * 4, cv2.BORDER_REPLICATE), dtype=np.uint8)
        for edge in (array[:_BORDER], array[-_BORDER:], array[:, :_BORDER], array[:, -_BORDER:]):
            edge[..., 3] = 0
    return np.asarray(cv2.warpAffine(array, to_box, (width, height), flags=cv2.INTER_LINEAR), dtype=np.uint8)


def _only_moved(affine: Affine) -> bool:
    """Whether an affine moves by whole pixels, as that of what was drawn for this very face: then every pixel stays as it is."""
    (right_x, down_x, x), (right_y, down_y, y) = affine.tolist()
    return (right_x, down_x, right_y, down_y) == (1, 0, 0, 1) and x.is_integer() and y.is_integer()


def _seen(array: npt.NDArray[Any], affine: Affine, size: tuple[int, int]) -> tuple[npt.NDArray[Any], Affine]:
    """The part of `array` that a picture of (width, height) shows, and the affine of that part."""
    corners = np.array([[0, 0, 1], [size[0], 0, 1], [0, size[1], 1], [size[0], size[1], 1]], dtype=np.float64)
    shown = corners @ cv2.invertAffineTransform(affine).T
    extent = np.array(array.shape[1::-1])
    low = (np.floor(shown.min(axis=0)) - _AROUND).clip(0, extent - 1).astype(np.intp)
    high = (np.ceil(shown.max(axis=0)) + _AROUND).clip(low + 1, extent).astype(np.intp)
    part = affine.copy()
    part[:, 2] += affine[:, :2] @ low
    return array[low[1] : high[1], low[0] : high[0]], part


def _resized(array: npt.NDArray[Any], affine: Affine, scale: float) -> tuple[npt.NDArray[Any], Affine]:
    """`array` resized by `scale`, and the affine that does the rest of the given one."""
    times = 2 ** max(math.floor(-math.log2(max(scale, _LEAST))), 0)
    if times > 1:  # means of whole squares take a twentieth of the time of other areas; of an even side, stripes are grey
        height, width = array.shape[:2]
        whole = cv2.copyMakeBorder(array, 0, -height % times, 0, -width % times, cv2.BORDER_REPLICATE)
        size = (whole.shape[1] // times, whole.shape[0] // times)
        array, affine = cv2.resize(whole, size, interpolation=cv2.INTER_AREA), _of_resized(affine, np.array([times, times]))
        scale *= times
    size = (max(1, round(array.shape[1] * scale)), max(1, round(array.shape[0] * scale)))
    rest = _of_resized(affine, np.array([array.shape[1] / size[0], array.shape[0] / size[1]]))
    return cv2.resize(array, size, interpolation=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_LINEAR), rest


def _of_resized(affine: Affine, step: npt.NDArray[Any]) -> Affine:
    """The affine of an array whose pixels are `step` pixels of the given one's wide and high."""
    rest = affine.copy()
    rest[:, 2] += affine[:, :2] @ ((step - 1) / 2)  # pixel centres at integers: x = (x_resized + 1/2) step - 1/2
    rest[:, :2] *= step
    return rest
