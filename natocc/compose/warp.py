"""A cutout brought to where it lies on the face, without aliasing and without fringes."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from natocc.compose.edge import soften
from natocc.plans import Affine
from natocc.samples import Cutout, Image, Matte

_FAINT = 32.0  # levels of coverage; below, the kernel's negative lobes make a quotient of two small numbers
_SURE = 96.0


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
        return window(self.left, self.top, self.matte)


def window(left: int, top: int, matte: Matte) -> tuple[slice, slice]:
    """A box as (rows, columns) to index the face's picture with."""
    height, width = matte.shape
    return slice(top, top + height), slice(left, left + width)


def warp_matte(
    matte: Matte, affine: Affine, shape: tuple[int, int], softness: float | None = None
) -> tuple[int, int, Matte] | None:
    """A matte in face pixels, and the left and top of its box there; None where it misses the picture.

    Parameters
    ----------
    matte : (h, w) uint8
        Coverage in cutout pixels.
    affine : (2, 3) float64
        Cutout pixels to face pixels; pixel centres are at integers.
    shape : (int, int)
        Height and width of the face's picture.
    softness : float, optional
        Blur across the edge that is wanted, px; see :func:`natocc.compose.edge.soften`.

    Returns
    -------
    left, top : int
        Of the box.
    warped : (h', w') uint8
        Coverage in the box, by bicubic convolution, shrunk by area averaging first; clipped, so that it never overshoots.
    """
    box = _target_box(affine, matte.shape, shape, 0 if softness is None else math.ceil(3 * softness))
    if box is None:
        return None
    finer = 2 if abs(np.linalg.det(affine[:, :2])) < 1 else 1
    coverage = _warp(matte.astype(np.float32), affine, box, cv2.INTER_CUBIC, cv2.BORDER_CONSTANT, finer)
    warped: Matte = np.rint(coverage.clip(0, 255)).astype(np.uint8)
    return box[0], box[1], warped if softness is None else soften(warped, softness)


def warp_cutout(cutout: Cutout, affine: Affine, shape: tuple[int, int], softness: float | None = None) -> Layer | None:
    """A cutout in face pixels; None where it misses the picture.

    Parameters
    ----------
    cutout : Cutout
        Resampled premultiplied [1]_: each pixel's colour counts as much as it is covered, so that nothing from beyond the edge
        bleeds in. Beyond the edge its colour is taken as it is.
    affine : (2, 3) float64
        Cutout pixels to face pixels.
    shape : (int, int)
        Height and width of the face's picture.
    softness : float, optional
        As for :func:`warp_matte`.

    Returns
    -------
    layer : Layer or None
        Its matte is that of :func:`warp_matte`. Colour is interpolated by bicubic convolution, by Lanczos' kernel (a = 4) where
        it is enlarged.

    References
    ----------
    .. [1] J. F. Blinn, "Compositing, part 1: theory", IEEE Computer Graphics and Applications 14(5), 1994.
    """
    warped = warp_matte(cutout.matte, affine, shape, softness)
    if warped is None:
        return None
    left, top, matte = warped
    box = (left, top, matte.shape[1], matte.shape[0])
    flags = cv2.INTER_LANCZOS4 if abs(np.linalg.det(affine[:, :2])) > 1 else cv2.INTER_CUBIC
    coverage = cutout.matte.astype(np.float32)
    straight = _warp(cutout.foreground, affine, box, flags, cv2.BORDER_REPLICATE)
    covered = cv2.copyMakeBorder(matte, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    if covered.min() == 255:
        return Layer(left, top, straight, matte)
    weighted = np.dstack([cutout.foreground * coverage[..., None], coverage])
    weighted = _warp(weighted, affine, box, flags, cv2.BORDER_CONSTANT)
    share = weighted[..., 3:]
    believed = ((share - _FAINT) / (_SURE - _FAINT)).clip(0, 1)
    mixed = straight + believed * (weighted[..., :3] / np.maximum(share, _FAINT) - straight)
    return Layer(left, top, np.rint(mixed.clip(0, 255)).astype(np.uint8), matte)


def _target_box(
    affine: Affine, cutout_shape: tuple[int, ...], shape: tuple[int, int], room: int
) -> tuple[int, int, int, int] | None:
    """Left, top, width and height of the warped cutout's box within the picture, with `room` for a softer edge."""
    height, width = cutout_shape[:2]
    corners = np.array([[-1, -1, 1], [width, -1, 1], [-1, height, 1], [width, height, 1]], dtype=np.float64)
    around = corners @ affine.T
    left, top = np.maximum(np.floor(around.min(axis=0)) - room, 0)
    right, bottom = np.minimum(np.ceil(around.max(axis=0)) + 1 + room, (shape[1], shape[0]))
    if right <= left or bottom <= top:
        return None
    return int(left), int(top), int(right - left), int(bottom - top)


def _warp(
    array: npt.NDArray[Any], affine: Affine, box: tuple[int, int, int, int], flags: int, border: int, finer: int = 1
) -> npt.NDArray[Any]:
    """`array` in the box: shrunk by area averaging, interpolated on a grid `finer` times as fine, averaged again.

    Interpolation alone looks at 2 x 2 or 4 x 4 pixels however much the picture shrinks, which aliases. Shrunk to the very size at
    once, it is blurred once by the averaging and once more by the interpolation.
    """
    left, top, width, height = box
    to_grid = affine.copy()
    to_grid[:, 2] -= (left, top)
    to_grid *= finer
    to_grid[:, 2] += (finer - 1) / 2
    scale = float(np.sqrt(abs(np.linalg.det(to_grid[:, :2]))))
    if scale < 1:
        small = (max(1, round(array.shape[1] * scale)), max(1, round(array.shape[0] * scale)))
        step = np.array([array.shape[1] / small[0], array.shape[0] / small[1]])
        to_grid[:, 2] += to_grid[:, :2] @ ((step - 1) / 2)  # pixel centres at integers: x = (x_small + 1/2) step - 1/2
        to_grid[:, :2] *= step
        array = cv2.resize(array, small, interpolation=cv2.INTER_AREA)
    size = (finer * width, finer * height)
    warped = cv2.warpAffine(array, to_grid, size, flags=flags, borderMode=border, borderValue=(0, 0, 0, 0))
    return warped if finer == 1 else cv2.resize(warped, (width, height), interpolation=cv2.INTER_AREA)
