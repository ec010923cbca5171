"""Landmarks that were found once, kept in the cache under what was looked at: another build finds them without looking."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from natocc.core.errors import BadDataError, Reason, RunError
from natocc.core.samples import Image, Points
from natocc.io.cache import keep

_VERSION = 1  # of the search: another one must not find the answers of this one
Box = tuple[float, float, float, float]


def kept_landmarks(
    cache: Path, points: int, image: Image, wanted: Box | None, find: Callable[[], tuple[Points, str]]
) -> tuple[Points, str]:
    """What `find` finds, from `cache` where the same pixels were looked at before; what it raises is kept likewise.

    Parameters
    ----------
    cache : Path
        Any number of processes may read and write there at once. An answer that is damaged is found again; one that cannot be
        written is not kept.
    points : int
        How many landmarks.
    image : (H, W, 3) uint8
        Known by its pixels, not by its file: the answer is that to exactly these, whatever decoded them.
    wanted : 4 floats, optional
        The box of the face mask.
    find : callable
        Gives landmarks and the detector that found the face.

    Raises
    ------
    BadDataError
        As `find`.
    """
    known = [_VERSION, version("dlib-bin"), version("opencv-python-headless"), points, wanted, image.shape]
    digest = hashlib.sha256(json.dumps(known).encode())
    digest.update(np.ascontiguousarray(image).data)
    key = digest.hexdigest()
    path = cache / "landmarks" / key[:2] / f"{key[2:40]}.json"
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
        return _answer(json.loads(path.read_text(encoding="ascii")), points)
    told: dict[str, Any]
    try:
        landmarks, detector = find()
        told = {"landmarks": landmarks.tolist(), "detector": detector}
    except BadDataError as error:
        told = {"reason": error.reason, "detail": error.detail}
    with contextlib.suppress(RunError):  # a full disk or a folder of somebody else's: found again next time
        keep(path, json.dumps(told))
    return _answer(told, points)


def _answer(told: dict[str, Any], points: int) -> tuple[Points, str]:
    if "reason" in told:
        raise BadDataError(Reason(told["reason"]), str(told["detail"]))
    landmarks = np.array(told["landmarks"], dtype=np.float32)
    if landmarks.shape != (points, 2) or not np.isfinite(landmarks).all():
        raise ValueError("not landmarks")
    return landmarks, str(told["detector"])
