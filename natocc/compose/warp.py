"""A cutout brought to where it lies on the face, without aliasing and without fringes."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np

from natocc.plans import Affine
from natocc.samples import MATTE_THRESHOLD, Cutout, Image, Mask, Matte


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

    @property
    def window(self) -> tuple[slice, slice]:
        """The box as (rows, columns) to index the face's picture with."""
        height, width = self.matte.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)

    def occludes(self, shape: tuple[int, int]) -> Mask:
        """(H, W) mask, 1 where the matte reaches :data:`natocc.samples.MATTE_THRESHOLD`: the one label rule."""
        mask = np.zeros(shape, np.uint8)
        mask[self.window] = self.matte >= MATTE_THRESHOLD
        return mask


def warp_matte(matte: Matte, affine: Affine, shape: tuple[int, int]) -> tuple[int, int, Matte] | None:
    """A matte in face pixels, and the left and top of its box there; None where it misses the picture.

    Parameters
    ----------
    matte : (h, w) uint8
        Coverage in cutout pixels.
    affine : (2, 3) float64
        Cutout pixels to face pixels; pixel centres are at integers.
    shape : (int, int)
        Height and width of the face's picture.

    Returns
    -------
    left, top : int
        Of the box.
    warped : (h', w') uint8
        Coverage in the box. Linear interpolation, so that it never overshoots; shrunk by area averaging first.
    """
    box = _target_box(affine, matte.shape, shape)
    if box is None:
        return None
    left, top, width, height = box
    reduced, to_box = _reduced(matte, affine, left, top)
    warped = cv2.warpAffine(
        reduced, to_box, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0
    )
    return left, top, np.asarray(warped, dtype=np.uint8)


def warp_cutout(cutout: Cutout, affine: Affine, shape: tuple[int, int]) -> Layer | None:
    """A cutout in face pixels; None where it misses the picture.

    Parameters
    ----------
    cutout : Cutout
        Its colour is straight and valid beyond its edge, so colour and matte can be resampled apart: nothing dark bleeds in.
    affine : (2, 3) float64
        Cutout pixels to face pixels.
    shape : (int, int)
        Height and width of the face's picture.

    Returns
    -------
    layer : Layer or None
        The matte is that of :func:`warp_matte`, byte for byte. The colour is interpolated by bicubic convolution, by Lanczos'
        kernel (a = 4) where it is enlarged.
    """
    warped = warp_matte(cutout.matte, affine, shape)
    if warped is None:
        return None
    left, top, matte = warped
    reduced, to_box = _reduced(cutout.foreground, affine, left, top)
    size = (matte.shape[1], matte.shape[0])
    flags = cv2.INTER_LANCZOS4 if abs(np.linalg.det(affine[:, :2])) > 1 else cv2.INTER_CUBIC
    foreground = cv2.warpAffine(reduced, to_box, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return Layer(left, top, np.asarray(foreground, dtype=np.uint8), matte)


def _target_box(affine: Affine, cutout_shape: tuple[int, ...], shape: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """Left, top, width and height of the warped cutout's box within the picture."""
    height, width = cutout_shape[:2]
    corners = np.array([[-1, -1, 1], [width, -1, 1], [-1, height, 1], [width, height, 1]], dtype=np.float64)
    around = corners @ affine.T
    left, top = np.maximum(np.floor(around.min(axis=0)), 0)
    right, bottom = np.minimum(np.ceil(around.max(axis=0)) + 1, (shape[1], shape[0]))
    if right <= left or bottom <= top:
        return None
    return int(left), int(top), int(right - left), int(bottom - top)


def _reduced(array: Image | Matte, affine: Affine, left: int, top: int) -> tuple[Image | Matte, Affine]:
    """`array` shrunk by area averaging to about its final size, and the matrix from there to the box.

    Interpolation alone looks at 2 x 2 or 4 x 4 pixels however much the picture shrinks, which aliases.
    """
    to_box = affine.copy()
    to_box[:, 2] -= (left, top)
    scale = float(np.sqrt(abs(np.linalg.det(affine[:, :2]))))
    if scale >= 1:
        return array, to_box
    height, width = array.shape[:2]
    small = (max(1, round(width * scale)), max(1, round(height * scale)))
    step = np.array([width / small[0], height / small[1]])
    to_box[:, 2] += to_box[:, :2] @ ((step - 1) / 2)  # pixel centres at integers: x = (x_small + 1/2) step - 1/2
    to_box[:, :2] *= step
    return np.asarray(cv2.resize(array, small, interpolation=cv2.INTER_AREA), dtype=np.uint8), to_box
