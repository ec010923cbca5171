"""How well what is worn lies on faces: edges of a mask against hand-placed landmarks, and which turned heads are refused.

python tests/bench/worn.py        (the data: NATOCC_TEST_DATA, else ../shared/data; about two minutes)
"""

from __future__ import annotations

import collections
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from natocc.core.errors import BadDataError
from natocc.core.samples import Points
from natocc.faces.landmarks.detector import LandmarkFinder
from natocc.faces.landmarks.files import open_landmarks
from natocc.faces.landmarks.keypoints import inter_ocular
from natocc.io.images import read_rgb
from natocc.io.workspace import Workspace
from natocc.occluders.worn.drape import drape
from natocc.occluders.worn.face_model import CANONICAL_POINTS, CANVAS
from natocc.occluders.worn.fits import fit_of
from natocc.occluders.worn.template import WornTemplate
from natocc.occluders.worn.wearer import pose_of
from natocc.pipeline.metrics import labelled_regions
from natocc.pipeline.sample import Pipeline
from natocc.recipe.model import validate_recipe

Float = npt.NDArray[np.float64]

OUTLINE = [str(index) for index in (*range(2, 15), 28)]  # of a mask: the jaw, and the ridge of the nose
PLACES = {"nose ridge": (28,), "cheeks": (2, 3, 13, 14), "jaw": (4, 5, 6, 10, 11, 12), "chin": (7, 8, 9)}
SIDE = 120  # px: the distance of the eyes at which outlines are drawn
LIMIT = 4.0  # percent


def main() -> None:
    """Print the tables."""
    cv2.setNumThreads(1)
    data = Path(os.environ.get("NATOCC_TEST_DATA") or Path(__file__).parents[3] / "shared" / "data")
    _edges(data)
    _turned(data)


def _edges(data: Path) -> None:
    """Edges of a mask on HELEN, by hand-placed points and by those that dlib finds."""
    rows: dict[str, dict[str, list[float]]] = {
        how: collections.defaultdict(list) for how in ("dlib's points", "warp by hand", "warp")
    }
    refused = 0
    for by_hand, found in _faces(data):
        unit = inter_ocular(by_hand)
        scale = SIDE / unit
        for how, landmarks in (("warp by hand", by_hand), ("warp", found)):
            try:
                outline, apex = _mask_outline(landmarks * scale)
            except BadDataError:
                refused += how == "warp"
                continue
            for place, indices in PLACES.items():
                for index in indices:
                    x, y = map(float, by_hand[index] * scale)
                    away = abs(cv2.pointPolygonTest(outline, (x, y), True))
                    if place == "nose ridge":  # how far along the ridge a mask begins is its own affair
                        away = _to_line(apex, by_hand[27:31] * scale)
                    rows[how][place].append(100 * away / SIDE)
        for place, indices in PLACES.items():
            line = by_hand[27:31] if place == "nose ridge" else by_hand[:17]
            rows["dlib's points"][place] += [100 * _to_line(found[index], line) / unit for index in indices]
    print("edges of a mask against hand-placed points (HELEN), percent of the distance of the eyes")
    print(f"({refused} heads refused where dlib's points are used)")
    print("| points given | where | median | mean | 95 % | within 4 % |\n|---|---|---|---|---|---|")
    for how, places in rows.items():
        for place, values in places.items():
            away = np.array(values)
            numbers = f"{np.median(away):.1f} | {away.mean():.1f} | {np.percentile(away, 95):.1f}"
            print(f"| {how} | {place} | {numbers} | {(away <= LIMIT).mean():.0%} |")


def _faces(data: Path) -> Iterator[tuple[Points, Points]]:
    """Hand-placed landmarks and dlib's."""
    files, finder = open_landmarks(data / "helen", None), LandmarkFinder(68)
    for path in sorted((data / "helen").glob("*.jpg")):
        by_hand = files.find(path.stem)
        image, _ = read_rgb(path)
        face = np.zeros(image.shape[:2], np.uint8)
        cv2.fillConvexPoly(face, cv2.convexHull(np.rint(by_hand).astype(np.int32)), 1)
        try:
            yield by_hand, finder.find(image, face).landmarks_xy
        except BadDataError as error:
            print(f"{path.stem}: {error}")


def _mask_outline(landmarks: Points) -> tuple[npt.NDArray[np.int32], Float]:
    """Outline of a mask on a face, and its point on the ridge of the nose."""
    low, high = landmarks.min(axis=0) - 40, landmarks.max(axis=0) + 40
    width, height = np.ceil(high - low).astype(int)
    everywhere = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.int32)
    _, matte, (x, y) = drape(TEMPLATE, landmarks - low, fit_of("surgical"), "proper", everywhere, (height, width))
    outlines, _ = cv2.findContours((matte >= 128).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = max(outlines, key=cv2.contourArea) + np.rint(low + np.array([x, y])).astype(np.int32)
    ridge = landmarks[28]
    return outline, np.asarray(outline[np.hypot(*(outline[:, 0] - ridge).T).argmin(), 0], dtype=np.float64)


def _to_line(point: npt.NDArray[np.floating], line: npt.NDArray[np.floating]) -> float:
    """Distance of a point from a line through points."""
    starts, ends = line[:-1].astype(np.float64), line[1:].astype(np.float64)
    along = ends - starts
    share = (((point - starts) * along).sum(axis=1) / np.maximum((along**2).sum(axis=1), 1e-9)).clip(0, 1)
    return float(np.linalg.norm(point - starts - share[:, None] * along, axis=1).min())


def _template() -> WornTemplate:
    matte = np.zeros((CANVAS[1], CANVAS[0]), np.uint8)
    cv2.fillPoly(matte, [np.rint([CANONICAL_POINTS[name] for name in OUTLINE]).astype(np.int32)], 255)
    return WornTemplate(np.zeros((*matte.shape, 3), np.uint8), matte, CANONICAL_POINTS, "surgical")


TEMPLATE = _template()


def _turned(data: Path) -> None:
    """Which heads of FASSEG's Multipose01 can wear something, by the angle that their names state."""
    recipe = validate_recipe(
        {
            "name": "turned",
            "faces": {"source": "labelled", "root": "fasseg-multipose", "classes": "fasseg", "align": {"method": "none"}},
            "sets": [{"name": "worn", "occluders": {"source": "worn"}}],
        },
        "bench",
    )
    counts: dict[int, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    with tempfile.TemporaryDirectory() as cache:
        pipeline = Pipeline(recipe, Workspace(data, Path(cache)))
        for face_id in pipeline.faces.ids():
            match = re.search(r"\+0([+-]\d+)", face_id)
            assert match
            try:
                face = pipeline.aligned(face_id)
                pose_of(face, labelled_regions(face, pipeline.faces.classes))
                counts[abs(int(match[1]))]["worn"] += 1
            except BadDataError:
                counts[abs(int(match[1]))]["refused"] += 1
    print("\nheads that can wear something (FASSEG Multipose01, both sides)")
    print("| angle | worn | refused |\n|---|---|---|")
    for angle in sorted(counts):
        print(f"| {angle}° | {counts[angle]['worn']} | {counts[angle]['refused']} |")


if __name__ == "__main__":
    main()
