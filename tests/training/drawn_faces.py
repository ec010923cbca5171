"""Faces and occluders drawn by rule: enough to learn that stripes are no face."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np

from natocc.core.seeds import generator
from natocc.io.images import encode_png

SIDE = 96
ROWS, COLUMNS = np.mgrid[:SIDE, :SIDE]
STRIPES = ((ROWS + COLUMNS) // 4) % 2


def draw_faces(root: Path, count: int, seed: int = 0) -> Path:
    """``images`` and ``masks``: an ellipse of skin with eyes and a mouth, on a ground of blocks."""
    for index in range(count):
        rng = generator(seed, "face", index)
        blocks = rng.integers(0, 200, (6, 6, 3), dtype=np.uint8)
        picture = np.asarray(cv2.resize(blocks, (SIDE, SIDE), interpolation=cv2.INTER_NEAREST))
        centre = tuple(int(value) for value in rng.integers(40, 56, 2))
        axes = int(rng.integers(22, 30)), int(rng.integers(28, 38))
        mask = cv2.ellipse(np.zeros((SIDE, SIDE), np.uint8), centre, axes, 0, 0, 360, 1, -1)
        skin = np.array([215, 165, 135]) + rng.integers(-30, 30)
        picture = np.where(mask[..., None] == 1, skin + 12 * rng.standard_normal((SIDE, SIDE, 1)), picture).clip(0, 255)
        picture = np.ascontiguousarray(picture.astype(np.uint8))
        for across in (-9, 9):
            cv2.circle(picture, (centre[0] + across, centre[1] - 8), 3, (40, 30, 30), -1)
        cv2.line(picture, (centre[0] - 8, centre[1] + 14), (centre[0] + 8, centre[1] + 14), (150, 40, 50), 2)
        for folder, plane in (("images", picture), ("masks", mask * np.uint8(255))):
            (root / folder).mkdir(parents=True, exist_ok=True)
            (root / folder / f"{index}.png").write_bytes(encode_png(np.asarray(plane, np.uint8)))
    return root


def draw_cutouts(root: Path, count: int, seed: int = 0) -> Path:
    """Discs and bars of the colour of skin with stripes of a slightly darker one."""
    root.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        rng = generator(seed, "cutout", index)
        alpha = np.zeros((SIDE, SIDE), np.uint8)
        axes = int(rng.integers(15, 44)), int(rng.integers(15, 44))
        cv2.ellipse(alpha, (SIDE // 2, SIDE // 2), axes, float(rng.uniform(0, 180)), 0, 360, 255, -1)
        colours = np.array([215, 165, 135]) + rng.integers(-25, 25) - 55 * STRIPES[..., None]
        (root / f"{index}.png").write_bytes(encode_png(np.dstack([colours.clip(0, 255).astype(np.uint8), alpha])))
    return root


def recipe(path: Path, name: str, faces: str, cutouts: str, seed: int = 1, masks: str = "face, amodal, occluder, matte") -> Path:
    """A recipe of drawn faces and cutouts, relative to the data root."""
    look = {"colour": {"shift": 0}, "light": {"shading": 0}, "optics": {"edge": False, "sharpness": 0, "grain": 0}}
    value = {
        "name": name,
        "seed": seed,
        "faces": {"source": "labelled", "root": faces, "align": {"method": "none"}},
        "sets": [
            {
                "name": "discs",
                "occluders": {"source": "cutouts", "root": cutouts},
                "placement": {"coverage": {"range": [0.1, 0.5]}, "max_enlargement": 4},
                **look,
            }
        ],
        "output": {"masks": masks.split(", "), "image": {"format": "png"}, "max_rejected": 0.5},
    }
    path.write_text(json.dumps(value))
    return path
