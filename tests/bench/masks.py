"""How well face masks are estimated: intersection over union with masks drawn by hand, face without ears, at 512 px; and how much
of what covers faces in the photographs themselves is labelled as face.

python tests/bench/masks.py        (the data: NATOCC_TEST_DATA, else ../shared/data)
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import PIL.Image

from natocc.core.errors import BadDataError
from natocc.core.samples import IGNORE, FaceSample, Image, Mask, Origin, Points
from natocc.faces.alignment.align import AlignOptions, align_face
from natocc.faces.alignment.crop import ffhq_matrix, warp_labels
from natocc.faces.alignment.estimated_outline import estimate_face_outline
from natocc.faces.alignment.landmark_outline import face_region, fill_polygon, landmark_hull
from natocc.faces.landmarks.detector import LandmarkFinder
from natocc.faces.sources.celebamask import CelebAMaskFaces
from natocc.io.images import read_rgb

SIDE = 512
FACE = ("skin", "nose", "l_eye", "r_eye", "l_brow", "r_brow", "mouth", "u_lip", "l_lip")


CLEAN_STEP = 4
"""Every which face of the clean ones is taken."""
CLEAN_FACE = (1, 2, 3, 4, 5, 6, 7, 10, 11, 12)
"""Values of CelebAMask-HQ's label maps that are face."""
TINTS = {"as drawn": None, "drawn, white": (1.15, 20), "drawn, black": (0.22, -8)}
"""Gain and offset that make the light blue masks of the data grey ones, or none."""

_Row = tuple[float, float, float, float, float, float, float]


def main() -> None:
    """Print the tables."""
    data = Path(os.environ.get("NATOCC_TEST_DATA") or Path(__file__).parents[3] / "shared" / "data")
    outlines(data)
    covers(data)


def outlines(data: Path) -> None:
    """Outlines against masks drawn by hand."""
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


def covers(data: Path) -> None:
    """Photographs in which something covers the face, beside clean ones."""
    finder = LandmarkFinder(68)
    masked, occluded, celeba = data / "maskedfaceseg", data / "real-occlusion", data / "celebamask512"
    clean_ids = [line for line in (celeba / "clean.txt").read_text().split("\n") if line and not line.startswith("#")]
    sets: dict[str, list[_Row]] = {name: [] for name in (*TINTS, "really occluded", "clean")}
    for image, labels, landmarks in _found(masked, finder):
        for name, tint in TINTS.items():
            sets[name].append(_judged(_tinted(image, labels, tint), labels, landmarks))
    for image, labels, landmarks in _found(occluded, finder):
        sets["really occluded"].append(_judged(image, labels, landmarks))
    for image, labels, landmarks in _found(celeba, finder, clean_ids[::CLEAN_STEP]):
        sets["clean"].append(_judged(image, np.isin(labels, CLEAN_FACE).astype(np.uint8), landmarks))
    clean = np.array(sets["clean"])
    columns = ("faces", "cover %", "then", "lost %", "IoU", "then", "AUC", "then")
    print(f"{'covered already':16}", *(f"{column:>7}" for column in columns))
    for name, rows in sets.items():
        table = np.array(rows)
        before, after, lost, iou, iou_after = 100 * table[:, :5].mean(axis=0)
        chances = [_auc(table[:, column], clean[:, column]) for column in (5, 6)]
        numbers = (before, after, lost, iou, iou_after, *chances)
        print(f"{name:16} {len(rows):7}", *(f"{number:7.2f}" for number in numbers))


def _found(folder: Path, finder: LandmarkFinder, ids: list[str] | None = None) -> Iterator[tuple[Image, Mask, Points]]:
    """Photographs in which a face is found, their label maps, and its landmarks."""
    for path in sorted((folder / "images").iterdir()):
        if ids is None or path.stem in ids:
            with PIL.Image.open(next((folder / "labels").glob(f"{path.stem}.*"))) as labels:
                drawn, image = np.array(labels).astype(np.uint8), read_rgb(path)[0]
            with contextlib.suppress(BadDataError):
                yield image, drawn, finder.find(image)[0]


def _tinted(image: Image, labels: Mask, tint: tuple[float, float] | None) -> Image:
    """The photograph with its mask made grey."""
    if tint is None:
        return image
    grey = (image.mean(axis=2, keepdims=True) * tint[0] + tint[1]).clip(4, 250)
    return np.where((labels == 2)[..., None], grey, image).astype(np.uint8)


def _judged(image: Image, labels: Mask, landmarks: Points) -> _Row:
    """Share of labelled face that is cover (0 or 2), before and after; of true face that is lost; IoU, confidence, both twice."""
    sample = FaceSample(image, None, None, landmarks, Origin("bench", "", "0" * 64))
    face = align_face(sample, AlignOptions(), LandmarkFinder(68))
    _, confidence = estimate_face_outline(image, landmarks)
    truth = warp_labels(labels, face.matrix, face.face_mask.shape)
    known, true = truth != IGNORE, truth == 1
    after = (face.face_mask > 0) & known
    cover = np.zeros_like(after) if face.unlabelled is None else (face.unlabelled > 0) & known
    before = after | cover
    covering = truth == 2 if (labels == 2).any() else truth == 0
    shares = [np.count_nonzero(covering & one) / max(1, np.count_nonzero(one)) for one in (before, after)]
    lost = np.count_nonzero(true & cover) / max(1, np.count_nonzero(true & before))
    ious = _iou(before, true), _iou(after & ~cover, true & ~cover)
    assert face.mask_confidence is not None
    return shares[0], shares[1], lost, ious[0], ious[1], confidence, face.mask_confidence


def _auc(covered: npt.NDArray[np.float64], clean: npt.NDArray[np.float64]) -> float:
    """Probability that a covered face is trusted less than a clean one; 0.5 is chance."""
    less = covered[:, None] < clean
    return float((less + 0.5 * (covered[:, None] == clean)).mean())


def _iou(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> float:
    return float(np.count_nonzero(one & other) / np.count_nonzero(one | other))


if __name__ == "__main__":
    main()
