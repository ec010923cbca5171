"""A face of one colour on a blue ground, and the landmarks that belong to it."""

from __future__ import annotations

import cv2
import numpy as np

from natocc.core.samples import Image, Mask, Points


def _landmarks() -> Points:
    """68 points, of which eyes, nose and mouth are where they should be."""
    points = np.zeros((68, 2))
    points[:17] = np.stack([np.linspace(-1.2, 1.2, 17), 1.4 * np.sin(np.linspace(0, np.pi, 17))], axis=1)
    points[27:36] = (0, 0.5)
    points[36:42], points[42:48] = (-0.5, 0), (0.5, 0)
    points[36], points[39], points[42], points[45] = (-0.7, 0), (-0.3, 0), (0.3, 0), (0.7, 0)
    points[48:68], points[48], points[54] = (0, 1), (-0.3, 1), (0.3, 1)
    return (60 * points + (150, 130)).astype(np.float32)


LANDMARKS = _landmarks()


def draw_photograph(shade: int = 0) -> tuple[Image, Mask]:
    """A photograph (300, 400, 3) and its face (300, 400), which :data:`LANDMARKS` fit."""
    mask = np.zeros((300, 400), np.uint8)
    cv2.ellipse(mask, (150, 150), (66, 84), 0, 0, 360, 1, -1)
    image = np.full((300, 400, 3), (70, 90, 130), np.uint8)
    image[mask > 0] = (220 - shade, 150, 110)
    return image, mask


def points_file(points: Points = LANDMARKS) -> str:
    """A ``.pts`` file."""
    return "\n".join(f"{x} {y}" for x, y in points.tolist())
