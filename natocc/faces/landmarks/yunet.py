"""YuNet [1]_: a small network that finds covered faces where dlib's HOG finds none. Its ONNX file is the user's.

.. [1] W. Wu, H. Peng, S. Yu, "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence Research 2023.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from natocc.core.errors import UsageError
from natocc.core.samples import Image
from natocc.faces.landmarks.cache import Box
from natocc.io.images import file_sha256

SIDE = 640
"""Longer side, px, to which a picture is reduced."""
LEAST_SCORE = 0.7
"""Of 50 really occluded faces all score at least 0.8; what is no face, seldom above 0.65."""
HOG_SIDE = 0.95
"""Side of the box that HOG gives, in geometric means of the sides of YuNet's: on 66 photographs of HELEN and 931 of CelebAMask-HQ
that both find (standard deviation 0.09 and 0.06; HOG's own sizes are 0.2 apart). HOG's box lies around the mean of the eyes, the
nose and the mouth's corners, within 0.02 of its side in the mean."""

_LEAST_SIDE = 64
"""Sides, px, up to which black is added: where the network's last layer is one row high, OpenCV 4.12 makes up scores."""
_OVERLAP = 0.3
_ERRORS = 2  # OpenCV's level of logging
_MOST = 5000


class YuNet:
    """The detector; read where it is first used.

    Parameters
    ----------
    path : Path
        The ONNX file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[type[YuNet], tuple[Path]]:
        return YuNet, (self.path,)

    @functools.cached_property
    def sha256(self) -> str:
        """Of the file: results are kept under it.

        Raises
        ------
        UsageError
            If it cannot be read.
        """
        try:
            return file_sha256(self.path)
        except OSError as error:
            raise UsageError(f"align.yunet: {self.path} cannot be read: {error.strerror}") from None

    def check(self) -> None:
        """Try it on a small picture.

        Raises
        ------
        UsageError
            If there is no such file, or it is not YuNet.
        """
        _ = self.sha256
        try:
            list(self.boxes(np.zeros((64, 64, 3), np.uint8)))
        except cv2.error as error:
            message = " ".join(str(error).split())[:200]
            raise UsageError(f"align.yunet: {self.path} is not the face detector YuNet as OpenCV reads it: {message}") from None

    def boxes(self, image: Image) -> Iterator[tuple[Box, float]]:
        """Boxes as dlib's HOG would give them around the faces, for its shape predictors were trained on those; and scores.

        Parameters
        ----------
        image : (H, W, 3) uint8
            sRGB.

        Yields
        ------
        box, score : 4 floats, float
            Left, top, right, bottom in pixels of `image`; a score in [0, 1].
        """
        height, width = image.shape[:2]
        scale = min(1.0, SIDE / max(height, width))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        seen = image if scale == 1 else cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        below, beside = max(0, _LEAST_SIDE - size[1]), max(0, _LEAST_SIDE - size[0])
        seen = cv2.copyMakeBorder(seen, 0, below, 0, beside, cv2.BORDER_CONSTANT)
        self._network.setInputSize(seen.shape[1::-1])
        found = self._network.detect(cv2.cvtColor(seen, cv2.COLOR_RGB2BGR))[1]
        for row in () if found is None else found.astype(float):
            if not (np.isfinite(row).all() and min(row[2:4]) > 0):
                continue  # no box: see `_LEAST_SIDE`
            points = row[4:14].reshape(5, 2)
            half = HOG_SIDE * float(np.sqrt(row[2] * row[3])) / 2
            (x, y), across, down = points.mean(axis=0).tolist(), width / size[0], height / size[1]
            yield ((x - half) * across, (y - half) * down, (x + half) * across, (y + half) * down), float(row[14])

    @functools.cached_property
    def _network(self) -> Any:
        logging = getattr(cv2.utils, "logging", cv2)  # OpenCV 4 has it at its top
        level = logging.getLogLevel()
        logging.setLogLevel(_ERRORS)  # OpenCV 5 warns that its new engine knows no targets, at every reading
        try:
            return cv2.FaceDetectorYN.create(str(self.path), "", (SIDE, SIDE), LEAST_SCORE, _OVERLAP, _MOST)
        finally:
            logging.setLogLevel(level)
