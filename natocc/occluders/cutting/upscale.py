"""Enlarging small objects with a network that the user gives, in ONNX."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from pydantic import Field

from natocc.core.errors import UsageError
from natocc.core.samples import Image, Mask
from natocc.io.files import is_file
from natocc.plugins.options import Location, Options

_ROOM = 24  # px around the object: what a network looks at, and what the matte's refinement needs
_EDGE = 8  # px repeated around that, since networks see zeros beyond the border


class UpscaleOptions(Options):
    """Objects that are small in their picture are enlarged before they are cut out."""

    model: Location
    """Location of an ONNX file: (1, 3, H, W) float32 RGB in [0, 1] to (1, 3, scale H, scale W), any H and W."""
    scale: int = Field(4, ge=2, le=8)
    """Factor by which the network enlarges."""
    below: int = Field(256, ge=1)
    """Objects whose longer side is shorter than this are enlarged, px."""


@dataclasses.dataclass(frozen=True)
class Upscaler:
    """A network on disk, read where it is first used, through OpenCV's DNN module.

    Parameters
    ----------
    path : Path
        The ONNX file.
    scale : int
        By how much it enlarges.
    below : int
        As in :class:`UpscaleOptions`.
    """

    path: Path
    scale: int
    below: int

    def check(self) -> None:
        """Try the network on a small picture.

        Raises
        ------
        UsageError
            If the file is missing or no network, or what it gives is not an enlarged picture.
        """
        if not is_file(self.path):
            raise UsageError(f"upscale.model: no file {self.path}")
        shape = (3, self.scale * 24, self.scale * 32)
        try:
            actual = _run(self.path, np.zeros((24, 32, 3), np.uint8)).shape
        except (cv2.error, ValueError) as error:
            message = str(error).strip()[:200]
            raise UsageError(f"upscale.model: {self.path} is no network that OpenCV can run: {message}") from None
        if actual != (1, *shape):
            raise UsageError(f"upscale.model: {self.path} makes {actual} of (1, 3, 24, 32), expected {(1, *shape)}; scale?")

    def wanted(self, mask: Mask) -> bool:
        """Whether an object is so small that it is to be enlarged."""
        _, _, width, height = cv2.boundingRect(mask)
        return max(width, height) < self.below

    def enlarge(self, image: Image, mask: Mask) -> tuple[Image, Mask]:
        """The surroundings of an object and its mask, enlarged.

        Parameters
        ----------
        image : (H, W, 3) uint8
            sRGB.
        mask : (H, W) uint8
            1 on the object, not empty.

        Returns
        -------
        image, mask : (h, w, 3) uint8, (h, w) uint8
            `scale` times as large as the object's box and some room around it.
        """
        x, y, width, height = cv2.boundingRect(mask)
        box = (slice(max(y - _ROOM, 0), y + height + _ROOM), slice(max(x - _ROOM, 0), x + width + _ROOM))
        near = cv2.copyMakeBorder(image[box], _EDGE, _EDGE, _EDGE, _EDGE, cv2.BORDER_REPLICATE)
        planes = _run(self.path, np.asarray(near, dtype=np.uint8))[0]
        inner = slice(_EDGE * self.scale, -_EDGE * self.scale)
        larger = np.clip(np.rint(255 * planes[:, inner, inner]), 0, 255).astype(np.uint8).transpose(1, 2, 0)
        size = (larger.shape[1], larger.shape[0])
        soft = cv2.resize(mask[box].astype(np.float32), size, interpolation=cv2.INTER_CUBIC)
        return np.ascontiguousarray(larger), (soft > 0.5).astype(np.uint8)


def _run(path: Path, image: Image) -> Any:
    network = _network(str(path))
    network.setInput(np.ascontiguousarray(image.transpose(2, 0, 1)[None].astype(np.float32) / 255))
    return network.forward()


@functools.lru_cache(maxsize=1)
def _network(path: str) -> Any:
    return cv2.dnn.readNetFromONNX(path)
