"""Objects of more pixels than any face needs: they are reduced before they are cut out, so that memory is bounded."""

from __future__ import annotations

import dataclasses
import math

import cv2
import numpy as np

from natocc.core.samples import Image, Mask, Matte

MOST = 16_000_000
"""Pixels of an object's box from which it is reduced; cutting takes some 100 bytes for each."""


@dataclasses.dataclass(frozen=True)
class Frame:
    """What of a picture an object is cut out of: all of it, or the surroundings of a huge object, reduced.

    Parameters
    ----------
    box : (slice, slice), optional
        Rows and columns; all unless given.
    size : (int, int), optional
        Width and height that these are reduced to.
    """

    box: tuple[slice, slice] | None = None
    size: tuple[int, int] | None = None

    @classmethod
    def around(cls, mask: Mask) -> Frame:
        """That of an object, 1 in a mask of (H, W) uint8; all of the picture unless its box has more than :data:`MOST` pixels."""
        x, y, width, height = cv2.boundingRect(mask)
        if width * height <= MOST:
            return cls()
        room = 64 + max(width, height) // 6
        top, left = max(y - room, 0), max(x - room, 0)
        bottom, right = min(y + height + room, mask.shape[0]), min(x + width + room, mask.shape[1])
        return cls((slice(top, bottom), slice(left, right)), reduced_size(right - left, bottom - top, width * height))

    def picture(self, image: Image) -> Image:
        """(h, w, 3) uint8 of a picture of (H, W, 3) uint8."""
        return (
            image
            if self.box is None
            else np.asarray(cv2.resize(image[self.box], self.size, interpolation=cv2.INTER_AREA), np.uint8)
        )

    def mask(self, mask: Mask) -> Mask:
        """(h, w) uint8 of a mask of (H, W) uint8, both 0 and 1."""
        if self.box is None:
            return mask
        return (np.asarray(cv2.resize(255 * mask[self.box], self.size, interpolation=cv2.INTER_AREA)) > 127).astype(np.uint8)


def reduced_size(width: int, height: int, pixels: int) -> tuple[int, int]:
    """Width and height of a part of a picture when `pixels` of the picture become :data:`MOST`."""
    scale = math.sqrt(MOST / pixels)
    return max(1, round(width * scale)), max(1, round(height * scale))


def reduced_by_alpha(colours: Image, alpha: Matte) -> tuple[Image, Matte]:
    """Straight colours and their alpha, reduced if there are more than :data:`MOST` pixels; what is not seen does not bleed.

    Parameters
    ----------
    colours : (H, W, 3) uint8
        sRGB, straight.
    alpha : (H, W) uint8
        Coverage, 0-255.
    """
    height, width = alpha.shape
    if width * height <= MOST:
        return colours, alpha
    size = reduced_size(width, height, width * height)
    weighted = cv2.multiply(colours, cv2.merge([alpha, alpha, alpha]), scale=1 / 255)
    less = np.asarray(cv2.resize(alpha, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    weighted = cv2.resize(weighted, size, interpolation=cv2.INTER_AREA)
    share = np.maximum(less, 1)[..., None].astype(np.float32) / 255
    return np.rint((weighted / share).clip(0, 255)).astype(np.uint8), less
