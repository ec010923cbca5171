"""How well face masks are estimated: intersection over union with masks drawn by hand, face without ears, at 512 px.

python tests/bench/masks.py        (the data: NATOCC_TEST_DATA, else ../shared/data)
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import numpy as np

from natocc.core.samples import Mask
from natocc.faces.alignment.crop import ffhq_matrix, warp_labels
from natocc.faces.alignment.estimated_outline import estimate_face_outline
from natocc.faces.alignment.landmark_outline import face_region, fill_polygon, landmark_hull
from natocc.faces.landmarks.detector import LandmarkFinder
from natocc.faces.sources.celebamask import CelebAMaskFaces

SIDE = 512
FACE = ("skin", "nose", "l_eye", "r_eye", "l_brow", "r_brow", "mouth", "u_lip", "l_lip")


def main() -> None:
    """Print the table."""
    data = Path(os.environ.get("NATOCC_TEST_DATA") or Path(__file__).parents[3] / "shared" / "data")
    finder, rows, seconds = LandmarkFinder(68), [], []
    with tempfile.TemporaryDirectory() as cache:
        source = CelebAMaskFaces(source="celebamask", face_parts=FACE).open(data, Path(cache))
        for face_id in source.ids():
            face = source.read(face_id)
            assert face.face_mask is not None
            landmarks, _, _ = finder.find(face.image, face.face_mask)
            begin = time.perf_counter()
            outline_xy, confidence = estimate_face_outline(face.image, landmarks)
            seconds.append(time.perf_counter() - begin)
            shape = (face.image.shape[0], face.image.shape[1])
            hull, outline, refined = landmark_hull(landmarks, shape), face_region(landmarks, shape), np.zeros(shape, np.uint8)
            fill_polygon(refined, outline_xy, 1)
            matrix = ffhq_matrix(landmarks, SIDE)
            drawn = warp_labels(face.face_mask, matrix, (SIDE, SIDE))
            each = [_iou(warp_labels(mask, matrix, (SIDE, SIDE)), drawn) for mask in (hull, outline, refined)]
            rows.append([*each, confidence])
    table = np.array(rows)
    print(f"{len(rows)} faces, {SIDE} px, against masks drawn by hand (face without ears)")
    print(f"{'mask':34} {'mean IoU':>9} {'worst':>7}")
    for column, name in enumerate(("convex hull of the 68 points", "outline by the landmarks", "refined on the picture")):
        print(f"{name:34} {table[:, column].mean():9.3f} {table[:, column].min():7.3f}")
    print(f"confidence: {table[:, 3].min():.2f} to {table[:, 3].max():.2f}, its correlation with the IoU of", end=" ")
    print(f"the refined mask {np.corrcoef(table[:, 3], table[:, 2])[0, 1]:.2f}; {1000 * np.median(seconds):.0f} ms a mask")


def _iou(one: Mask, other: Mask) -> float:
    return float(np.count_nonzero(one & other) / np.count_nonzero(one | other))


if __name__ == "__main__":
    main()
