"""How well a network tells covered faces from clean ones, by several measures of what it does not see of a labelled face.

python tests/bench/unoccluded.py NET.onnx [--held-out IDS]        (the data: NATOCC_TEST_DATA, else ../shared/data)
"""

from __future__ import annotations

import argparse
import csv
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from natocc.core.errors import BadDataError
from natocc.core.samples import Image, Mask
from natocc.faces.alignment.landmark_outline import face_region
from natocc.faces.classes import CLASS_TABLES, FACE_PARTS, values_of
from natocc.faces.landmarks.detector import LandmarkFinder
from natocc.faces.sources.celebamask import CelebAMaskFaces
from natocc.faces.sources.covered import MARGIN, NOT_FACE, in_frame
from natocc.io.images import read_labels, read_rgb
from natocc.io.masks import mask_of
from natocc.io.segmenter import Segmenter

Probability = npt.NDArray[np.float32]
Measure = Callable[[Mask, Probability], float]

AT_MOST = (0.002, 0.005, 0.01, 0.02, 0.05)
FOUND = ("all", "CelebAMask-HQ", "over 5 %")
LOST = ("held out", "trained on", "glasses or hat", "FASSEG")


def main() -> None:
    """Print a table for each network."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("networks", nargs="+", type=Path)
    parser.add_argument("--held-out", type=Path, help="Ids of celebamask512's clean.txt that the networks were not trained on.")
    options = parser.parse_args()
    data = Path(os.environ.get("NATOCC_TEST_DATA") or Path(__file__).parents[3] / "shared" / "data")
    with tempfile.TemporaryDirectory() as cache:
        faces = [*_covered(data), *_clean(data, options.held_out), *_fasseg(data, Path(cache))]
    for path in options.networks:
        segmenter = Segmenter.open(path)
        seen = [(groups, *in_frame(image, face, segmenter)) for groups, image, face in faces]
        counts = {group: sum(group in groups for groups, _, _ in faces) for group in (*FOUND, *LOST)}
        shown = ", ".join(f"{group} {count}" for group, count in counts.items())
        print(f"{path}: {segmenter.side} px; faces: {shown}")
        print(f"{'share of the labelled face':34} {'at most':>7}  found: {'  '.join(FOUND)}  lost: {'  '.join(LOST)}")
        for name, measure in MEASURES.items():
            shares = [(groups, measure(face, probability)) for groups, face, probability in seen]
            for limit in AT_MOST:
                over = {group: [share > limit for groups, share in shares if group in groups] for group in counts}
                found, lost = (
                    "  ".join(f"{np.mean(over[group]):{len(group)}.0%}" if over[group] else " " * len(group) for group in each)
                    for each in (FOUND, LOST)
                )
                print(f"{name:34} {limit:7.1%}         {found}        {lost}")


def _covered(data: Path) -> Iterator[tuple[set[str], Image, Mask]]:
    """Faces that are really covered, as if labels went on behind what covers them.

    There an occluder is labelled beside the face, too: of it counts what lies within the face's outline by its landmarks. A hat
    hides where the forehead ends: then what lies between visible face counts.
    """
    finder = LandmarkFinder(68)
    with (data / "real-occlusion" / "index.csv").open() as file:
        for row in csv.DictReader(file):
            labels = read_labels(data / "real-occlusion" / "labels" / f"{row['name']}.png")
            image, _ = read_rgb(next((data / "real-occlusion" / "images").glob(f"{row['name']}.*")))
            visible, occluder = mask_of(labels, [1]), mask_of(labels, [2])
            shape = (labels.shape[0], labels.shape[1])
            try:
                worn = {"hat", "helmet"} & set(row["occluders"].split(";"))
                points = finder.find(image, visible | occluder).landmarks_xy
                within = _hull(visible) if worn else face_region(points, shape)
            except BadDataError:
                within = _hull(visible)
            face = visible | occluder & within
            share = np.count_nonzero(face & occluder) / np.count_nonzero(face)
            groups = {"all", *(["CelebAMask-HQ"] if row["part"] == "celeba" else []), *(["over 5 %"] if share > 0.05 else [])}
            yield groups, image, face


def _hull(mask: Mask) -> Mask:
    pixels = np.asarray(cv2.findNonZero(mask))
    return np.asarray(cv2.fillConvexPoly(np.zeros_like(mask), cv2.convexHull(pixels), 1), dtype=np.uint8)


def _clean(data: Path, held_out: Path | None) -> Iterator[tuple[set[str], Image, Mask]]:
    """Faces of CelebAMask-HQ that nothing covers, or nothing but glasses or a hat, which are no part of the labelled face."""
    root = data / "celebamask512"
    held = set() if held_out is None else set(held_out.read_text().split())
    clean = {line for line in (root / "clean.txt").read_text().split() if line.isdigit() and len(line) == 4}
    values = values_of(CLASS_TABLES["celebamask19"], FACE_PARTS)
    with (root / "index.csv").open() as file:
        for row in csv.DictReader(file):
            name = row["id"]
            bare = row["eye_g"] == row["hat"] == row["odd"] == "0"  # of somebody in real-occlusion, so that nobody trains on them
            worn = row["odd"] == "0" and not bare and name not in clean
            if name in clean or bare or worn:
                group = "glasses or hat" if worn else "trained on" if name in clean - held else "held out"
                face = mask_of(read_labels(root / "labels" / f"{name}.png"), values)
                yield {group}, read_rgb(root / "images" / f"{name}.jpg")[0], face


def _fasseg(data: Path, cache: Path) -> Iterator[tuple[set[str], Image, Mask]]:
    """Faces of a studio, which are no CelebAMask-HQ."""
    source = CelebAMaskFaces(source="celebamask").open(data, cache)
    for face_id in source.ids():
        face = source.read(face_id)
        assert face.face_mask is not None
        yield {"FASSEG"}, face.image, face.face_mask


def _kernel(face: Mask, radius: float) -> npt.NDArray[np.uint8]:
    """A disc whose radius is given in roots of the face's area."""
    pixels = round(radius * float(np.sqrt(np.count_nonzero(face))))
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * pixels + 1, 2 * pixels + 1)), dtype=np.uint8)


def _share(margin: float, least: float, opened: float = 0, largest: bool = False) -> Measure:
    """Share that the network does not see: away from the outline, surely, opened, of the largest piece alone."""

    def measure(face: Mask, probability: Probability) -> float:
        inner = np.asarray(cv2.erode(face, _kernel(face, margin)), dtype=np.uint8)
        cover = inner & (probability < least).astype(np.uint8)
        if opened:
            cover = np.asarray(cv2.morphologyEx(cover, cv2.MORPH_OPEN, _kernel(face, opened)), dtype=np.uint8)
        pieces = np.bincount(cv2.connectedComponents(cover, connectivity=4)[1].ravel())[1:]
        return float((pieces.max(initial=0) if largest else pieces.sum()) / np.count_nonzero(face))

    return measure


MEASURES: dict[str, Measure] = {
    "every pixel": _share(0, 0.5),
    "away from the outline": _share(MARGIN, 0.5),
    "away, largest piece": _share(MARGIN, 0.5, largest=True),
    "away, opened": _share(MARGIN, 0.5, opened=0.03),
    "away, surely": _share(MARGIN, NOT_FACE),
    "natocc's: away, surely, largest": _share(MARGIN, NOT_FACE, largest=True),
}


if __name__ == "__main__":
    main()
