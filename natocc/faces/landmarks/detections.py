"""Every face of every photograph, detected once and kept: faces have to be counted before they are read."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import cv2

from natocc.core.errors import BadDataError, Reason
from natocc.core.plans import Json
from natocc.core.rejections import not_kept
from natocc.core.samples import Points
from natocc.faces.landmarks.cache import landmarks_from
from natocc.faces.landmarks.detector import LandmarkFinder
from natocc.faces.landmarks.yunet import YuNet
from natocc.io.cache import Cache, entry_key
from natocc.io.images import MAX_PIXELS, read_rgb
from natocc.workers.crew import Crew, in_order
from natocc.workers.piece import Piece

_VERSION = "detections 2"  # of the search: what another one found must not be taken for what this one finds

_A_PIECE = 4  # photographs that a process looks at before it gets others


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
        Which detector found it.
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
    yunet: Path | None = None,
) -> Mapping[str, Detection]:
    """Faces of photographs.

    Parameters
    ----------
    root : Path
        Folder of the photographs.
    names : sequence of str
        Relative to it.
    points : 68 or 5
        Landmarks of a face.
    least_side : int
        Smaller faces, by the longer side of what the detector draws around them, px, are left out.
    cache : Path
        Where the detections are kept, under the names, sizes and times of the files; made if missing.
    jobs : int
        Processes.
    max_pixels : int
        Photographs of more are refused.
    yunet : Path, optional
        See :class:`natocc.faces.landmarks.detector.LandmarkFinder`.

    Returns
    -------
    faces : mapping of str to Detection
        ``NAME#1``, ``NAME#2``, ... from left to right. A photograph that cannot be read, or shows no face, has one entry
        ``NAME`` that says why.

    Raises
    ------
    RunError
        If the cache can be neither read nor written, or a photograph is there and cannot be read at the moment.
    """

    def decode(entries: Any) -> dict[str, Detection]:
        return {face_id: face for name in names for face_id, face in _faces(name, entries[name], points)}

    def detect() -> Json:
        crew = Crew(_Search(root, points, least_side, max_pixels, yunet), jobs, str)
        pieces = (names[first : first + _A_PIECE] for first in range(0, len(names), _A_PIECE))
        found = (each for some in in_order(crew.run(pieces)) for each in some)
        return dict(zip(names, found, strict=True))

    searched: list[Json] = [_VERSION, points, least_side, max_pixels]
    if yunet is not None:
        searched.append(YuNet(yunet).sha256)
    key = entry_key([searched, *_states(root, names)])
    return Cache(cache / "detections", decode).get(key, detect)


def _states(root: Path, names: Sequence[str]) -> Iterator[Json]:
    """What tells whether photographs are still the same."""
    for name in names:
        try:
            status = (root / name).stat()
            yield [name, status.st_size, status.st_mtime_ns]
        except OSError as error:
            yield [name, error.errno]


def _faces(name: str, entry: Any, points: int) -> Iterator[tuple[str, Detection]]:
    """Ids and detections of a photograph, from what :class:`_Search` gave."""
    if "reason" in entry:
        yield name, Detection(name, None, None, (Reason(entry["reason"]), str(entry["detail"])))
        return
    if not entry["faces"]:
        raise ValueError(f"{name}: neither a face nor why there is none")
    for number, face in enumerate(entry["faces"], start=1):
        yield f"{name}#{number}", Detection(name, landmarks_from(face["landmarks"], points), str(face["detector"]), None)


@dataclasses.dataclass(frozen=True)
class _Search:
    """Finds the faces of photographs, or why there are none; called in a worker."""

    root: Path
    points: Literal[5, 68]
    least_side: int
    max_pixels: int
    yunet: Path | None

    def __call__(self, piece: Piece[str]) -> list[dict[str, Json]]:
        cv2.setNumThreads(1)
        return [self._detect(name) if lost is None else {"reason": lost.reason, "detail": lost.detail} for name, lost in piece]

    def _detect(self, name: str) -> dict[str, Json]:
        try:
            image, _ = read_rgb(self.root / name, self.max_pixels)
            faces = _finder(self.points, self.yunet).find_all(image, self.least_side)
        except BadDataError as error:
            not_kept(error)
            return {"reason": error.reason, "detail": error.detail}
        return {"faces": [{"landmarks": landmarks.tolist(), "detector": detector} for landmarks, detector in faces]}


@functools.lru_cache(maxsize=1)
def _finder(points: Literal[5, 68], yunet: Path | None) -> LandmarkFinder:
    """A worker's finder: loading its models takes longer than a photograph."""
    return LandmarkFinder(points, yunet=yunet)
