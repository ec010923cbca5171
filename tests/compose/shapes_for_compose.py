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


def face_with_points(pupils: float = 60.0, side: int = 320, turn: float = 0.0) -> AlignedFace:
    """A face with 68 points in 300-W's order, rolled by `turn` degrees; `pupils` px between its eyes are 6.3 cm."""
    cm = pupils / 6.3
    jaw = [(-7.0 * np.cos(a), -0.5 + 11.8 * np.sin(a)) for a in np.linspace(0, np.pi, 17)]
    brow = [(x, -1.8) for x in (-5, -4.2, -3.2, -2.2, -1.2, 1.2, 2.2, 3.2, 4.2, 5)]
    nose = [(0, y) for y in (0.5, 1.6, 2.8, 4.0)] + [(x, 4.8) for x in (-1.2, -0.6, 0, 0.6, 1.2)]
    eyes = [
        (c + x, y) for c in (-3.15, 3.15) for x, y in ((-1.4, 0), (-0.5, -0.5), (0.5, -0.5), (1.4, 0), (0.5, 0.5), (-0.5, 0.5))
    ]
    angles = np.linspace(np.pi, 3 * np.pi, 13)[:12]
    mouth = [(2.5 * np.cos(a), 6.6 + 0.9 * np.sin(a)) for a in angles]
    mouth += [(1.8 * np.cos(a), 6.6 + 0.3 * np.sin(a)) for a in np.linspace(np.pi, 3 * np.pi, 9)[:8]]
    points = np.array([*jaw, *brow, *nose, *eyes, *mouth]) * cm
    cosine, sine = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    centre = np.array([side / 2, side * 0.42])
    points = (points @ np.array([[cosine, sine], [-sine, cosine]]) + centre).astype(np.float32)
    rng = np.random.Generator(np.random.PCG64(0))
    image = cv2.GaussianBlur(rng.integers(0, 256, (side, side, 3), dtype=np.uint8), (0, 0), 2)
    mask = np.zeros((side, side), np.uint8)
    middle = points[8] * 0.5 + points[[19, 24]].mean(axis=0) * 0.5
    size = (round(7.2 * cm), round(9 * cm))
    cv2.ellipse(mask, (round(float(middle[0])), round(float(middle[1]))), size, turn, 0, 360, 1, -1)
    return AlignedFace(image, mask, None, points, ORIGIN, np.eye(2, 3), pupils, False)


def make_fork(category: str = "fork", head: int = 30, handle: int = 8, length: int = 200, angle: float = 0.0) -> Cutout:
    """A thing with a head of one breadth and a handle of another; upright its head is above, turned by `angle` degrees."""
    side = round(length * 1.5)
    upright = np.zeros((side, side), np.uint8)
    top, middle = (side - length) // 2, side // 2
    upright[top : top + length // 3, middle - head // 2 : middle + head - head // 2] = 255
    upright[top + length // 3 : top + length, middle - handle // 2 : middle + handle - handle // 2] = 255
    matrix = cv2.getRotationMatrix2D(((side - 1) / 2, (side - 1) / 2), -angle, 1)
    matte = np.asarray(cv2.warpAffine(upright, matrix, (side, side)), np.uint8)
    return Cutout(np.full((side, side, 3), (120, 130, 140), np.uint8), matte, category, ORIGIN)


def make_hand() -> Cutout:
    """A palm, a wrist below it and fingers above it, which point up: 190 px long, its palm 88 px broad."""
    matte = np.zeros((200, 120), np.uint8)
    cv2.circle(matte, (60, 120), 44, 255, -1)
    cv2.rectangle(matte, (36, 120), (84, 194), 255, -1)
    for x in (26, 46, 66, 86):
        cv2.rectangle(matte, (x, 5), (x + 12, 120), 255, -1)
    return Cutout(np.full((200, 120, 3), (200, 150, 120), np.uint8), matte, "hand", ORIGIN, (0.0, -1.0))
