"""Small faces and cutouts, made of shapes."""

from __future__ import annotations

import cv2
import numpy as np

from natocc.core.samples import AlignedFace, Cutout, Origin

ORIGIN = Origin("test", "1", "0" * 64)


def make_face(height: int = 96, width: int = 80, seed: int = 0) -> AlignedFace:
    rng = np.random.Generator(np.random.PCG64(seed))
    image = cv2.GaussianBlur(rng.integers(0, 256, (height, width, 3), dtype=np.uint8), (0, 0), 2)
    mask = np.zeros((height, width), np.uint8)
    cv2.ellipse(mask, (width // 2, height // 2), (width // 3, height // 3), 0, 0, 360, 1, -1)
    return AlignedFace(image, mask, None, None, ORIGIN, np.eye(2, 3), None, False)


def make_cutout(height: int = 60, width: int = 40, colour: tuple[int, int, int] = (200, 60, 30), **kwargs: object) -> Cutout:
    matte = np.zeros((height, width), np.uint8)
    cv2.ellipse(matte, (width // 2, height // 2), (width // 2 - 4, height // 2 - 4), 0, 0, 360, 255, -1, cv2.LINE_AA)
    foreground = np.full((height, width, 3), colour, np.uint8)
    return Cutout(foreground, matte, "disc", ORIGIN, **kwargs)  # type: ignore[arg-type]
