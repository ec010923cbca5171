"""How well faces are aligned: where hand-placed eyes and mouth come to lie, against where FFHQ's crop of these points has them.

python tests/bench/alignment.py        (the data: NATOCC_TEST_DATA, else ../shared/data)
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from natocc.core.errors import BadDataError
from natocc.faces.alignment.crop import ffhq_matrix
from natocc.faces.alignment.landmark_outline import fill_polygon
from natocc.faces.landmarks.detector import LandmarkFinder
from natocc.faces.landmarks.files import open_landmarks
from natocc.faces.landmarks.keypoints import eye_centres_xy, mouth_centre_xy
from natocc.io.images import read_rgb

SIDE = 512


def main() -> None:
    """Print the table."""
    data = Path(os.environ.get("NATOCC_TEST_DATA") or Path(__file__).parents[3] / "shared" / "data")
    helen = data / "helen"
    by_hand = open_landmarks(helen, None)
    pictures = sorted(helen.glob("*.jpg"))
    print(f"{len(pictures)} photographs with hand-placed points, crops of {SIDE} px; distances in % of the crop's side")
    print(f"{'landmarks':12} {'found':>8} {'eyes mean':>10} {'95 %':>6} {'mouth mean':>11} {'95 %':>6}")
    for points in (68, 5):
        finder, eyes, mouths, found = LandmarkFinder(points), [], [], 0
        for path in pictures:
            image, _ = read_rgb(path)
            placed = by_hand.find(path.stem)
            mask = np.zeros(image.shape[:2], np.uint8)
            fill_polygon(mask, placed[[*range(17), *range(26, 16, -1)]], 1)
            try:
                landmarks, _, _ = finder.find(image, mask)
            except BadDataError:
                continue
            found += 1
            ours, ideal = ffhq_matrix(landmarks, SIDE), ffhq_matrix(placed, SIDE)
            moved = [
                100 / SIDE * np.hypot(*((point @ ours[:, :2].T + ours[:, 2]) - (point @ ideal[:, :2].T + ideal[:, 2])))
                for point in (*eye_centres_xy(placed), mouth_centre_xy(placed))
            ]
            eyes += moved[:2]
            mouths.append(moved[2])
        share = f"{100 * found / len(pictures):.1f} %"
        print(f"{points:<12} {share:>8} {_row(eyes)} {_row(mouths, 11)}")


def _row(distances: list[float], width: int = 10) -> str:
    return f"{np.mean(distances):{width}.2f} {np.percentile(distances, 95):6.2f}"


if __name__ == "__main__":
    main()
