"""Every face of every photograph, found once and kept: only then can faces be counted before they are read."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import cv2
import joblib
import numpy as np

from natocc.core.errors import BadDataError, Reason
from natocc.core.plans import Json
from natocc.core.samples import Points
from natocc.faces.landmarks.detector import LandmarkFinder
from natocc.io.cache import keep
from natocc.io.images import MAX_PIXELS, read_rgb
from natocc.io.paths import inside

_VERSION = 2  # of the search: another one must not find the answers of this one


@dataclasses.dataclass(frozen=True, eq=False)
class Detection:
    """A face in a photograph, or why there is none.

    Parameters
    ----------
    picture : str
        Path of the photograph, relative to its folder.
    landmarks_xy : (68, 2) or (5, 2) float32, optional
        In pixels; none where there is no face.
    detector : str, optional
        What found it.
    rejection : (Reason, str), optional
        Why there is none.
    """

    picture: str
    landmarks_xy: Points | None
    detector: str | None
    rejection: tuple[Reason, str] | None


def detect_faces(
    root: Path,
    names: Sequence[str],
    points: Literal[5, 68],
    least_side: int,
    cache: Path,
    jobs: int,
    max_pixels: int = MAX_PIXELS,
) -> Mapping[str, Detection]:
    """Faces of photographs.

    Parameters
    ----------
    root : Path
        Folder of the photographs.
    names : sequence of str
        Relative to it.
    points : 68 or 5
        How many landmarks.
    least_side : int
        Smaller faces, by the longer side of what the detector draws around them, px, are left out.
    cache : Path
        Folder in which the answer is kept, under the names, sizes and times of the files; made if need be.
    jobs : int
        Processes.
    max_pixels : int
        Photographs of more are refused.

    Returns
    -------
    faces : mapping of str to Detection
        ``NAME#1``, ``NAME#2``, ... from left to right. A photograph that cannot be read, or shows no face, has one entry
        ``NAME`` that says why.

    Raises
    ------
    RunError
        If the cache cannot be written.
    """
    key = hashlib.blake2b(json.dumps([_VERSION, points, least_side, max_pixels]).encode(), digest_size=16)
    for name in names:
        try:
            status = (root / name).stat()
            key.update(json.dumps([name, status.st_size, status.st_mtime_ns]).encode())
        except OSError as error:
            key.update(json.dumps([name, error.errno]).encode())
    kept = cache / "detections" / f"{key.hexdigest()}.json"
    if kept.is_file():
        found = json.loads(kept.read_text(encoding="ascii"))
    else:
        work = (joblib.delayed(_detect)(root, name, points, least_side, max_pixels) for name in names)
        found = dict(zip(names, joblib.Parallel(n_jobs=jobs, batch_size=4)(work), strict=True))
        keep(kept, json.dumps(found))
    return {face_id: face for name, entry in found.items() for face_id, face in _faces(name, entry)}


def _faces(name: str, entry: Json) -> list[tuple[str, Detection]]:
    if "reason" in entry:
        return [(name, Detection(name, None, None, (Reason(entry["reason"]), entry["detail"])))]
    return [
        (f"{name}#{number}", Detection(name, np.array(face["landmarks"], dtype=np.float32), face["detector"], None))
        for number, face in enumerate(entry["faces"], start=1)
    ]


def _detect(root: Path, name: str, points: Literal[5, 68], least_side: int, max_pixels: int) -> Json:
    """What is kept of a photograph; runs in a worker."""
    cv2.setNumThreads(1)
    try:
        image, _ = read_rgb(inside(root, name), max_pixels)
        faces = _finder(points).find_all(image, least_side)
    except BadDataError as error:
        return {"reason": error.reason, "detail": error.detail}
    return {"faces": [{"landmarks": landmarks.tolist(), "detector": detector} for landmarks, detector in faces]}


@functools.lru_cache(maxsize=1)
def _finder(points: Literal[5, 68]) -> LandmarkFinder:
    """A worker's finder: loading its models takes longer than a photograph."""
    return LandmarkFinder(points)
