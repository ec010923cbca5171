"""A reduced picture of an occluder and the face around it: fine enough for what is soft, and quickly worked on."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np

from natocc.compose.colour_spaces import Float
from natocc.compose.reduced import reduced
from natocc.compose.warp import Layer, window
from natocc.core.samples import Image, Mask, Matte

_ACROSS = 80  # px: what a face's width is reduced to


@dataclasses.dataclass(frozen=True, eq=False)
class Overview:
    """An occluder's box with room around it, reduced.

    Parameters
    ----------
    box : (int, int, int, int)
        Left, top, width and height in the face's picture, px.
    step : float
        Pixels of the face's picture that make one of this.
    matte : (h, w) float32
        Coverage by the occluder, 0-1.
    on_face : (h, w) float32
        Share of each pixel that is face.
    inner : (slice, slice)
        Rows and columns of the occluder's own box in the one with room, in the face's pixels.
    """

    box: tuple[int, int, int, int]
    step: float
    matte: Float
    on_face: Float
    inner: tuple[slice, slice]

    def reduced(self, picture: Image) -> Image:
        """(h, w, 3) uint8: the face's whole picture in this box."""
        return self._small(picture[window(self.box[0], self.box[1], self.box[2:])])

    def placed(self, foreground: Image) -> Image:
        """(h, w, 3) uint8: the occluder's foreground, its border repeated around it."""
        rows, columns = self.inner
        _, _, width, height = self.box
        around = (rows.start, height - rows.stop, columns.start, width - columns.stop)
        return self._small(np.asarray(cv2.copyMakeBorder(foreground, *around, cv2.BORDER_REPLICATE), dtype=np.uint8))

    def _small(self, picture: Image) -> Image:
        return reduced(picture, (self.matte.shape[1], self.matte.shape[0]))


def look_over(layer: Layer, face_mask: Mask, face_width: float, room: int) -> Overview:
    """Reduce an occluder, the face around it, and `room` px more on each side as far as the picture goes."""
    outer, inner = layer.around(room, face_mask.shape)
    faces = face_mask[outer] * np.uint8(255)
    height, width = faces.shape
    step = max(1.0, face_width / _ACROSS)
    size = (max(1, round(width / step)), max(1, round(height / step)))
    matte = np.zeros_like(faces)
    matte[inner] = layer.matte
    return Overview((outer[1].start, outer[0].start, width, height), step, _share(matte, size), _share(faces, size), inner)


def _share(plane: Matte, size: tuple[int, int]) -> Float:
    return np.asarray(reduced(plane, size), dtype=np.float32) / np.float32(255)
