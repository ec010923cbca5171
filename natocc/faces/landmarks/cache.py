"""Landmarks kept under the pixels that they were found in: the next build does not search again."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from natocc.core.errors import BadDataError, Reason, RunError
from natocc.core.plans import Json
from natocc.core.samples import Image, Points
from natocc.core.versions import opencv
from natocc.io.cache import Cache, entry_key

_VERSION = "landmarks 2"  # of the search: what another one found must not be taken for what this one finds
Box: TypeAlias = tuple[float, float, float, float]


class FoundFace(NamedTuple):
    """The face that was searched for in a picture.

    Parameters
    ----------
    landmarks_xy : (68, 2) or (5, 2) float32
        In pixels of the picture; may lie outside it.
    detector : str
        Which found the face: ``hog``, ``hog-upsampled``, ``yunet`` or ``cnn``.
    others_xy : tuple of (68, 2) or (5, 2) float32
        Landmarks of the other faces that were seen beside it.
    """

    landmarks_xy: Points
    detector: str
    others_xy: tuple[Points, ...] = ()


def kept_landmarks(
    cache: Path, points: int, image: Image, wanted: Box | None, find: Callable[[], FoundFace], yunet: str | None = None
) -> FoundFace:
    """What `find` finds, from `cache` where the same pixels were searched before; that there is no face is kept, too.

    Parameters
    ----------
    cache : Path
        Any number of processes may read and write there at once. Where nothing can be read or written, nothing is kept.
    points : int
        Number of landmarks.
    image : (H, W, 3) uint8
        Known by its pixels, not by its file, whatever decoded them.
    wanted : 4 floats, optional
        The box of the face mask.
    find : callable
        Searches the picture.
    yunet : str, optional
        The sha256 of YuNet's file, where it is among the detectors.

    Raises
    ------
    BadDataError
        As `find`.
    """
    state: list[Json] = [_VERSION, version("dlib-bin"), opencv()[1], points, wanted, image.shape]
    if yunet is not None:
        state.append(yunet)
    key = entry_key([state, np.ascontiguousarray(image).data])
    kept = Cache(cache / "landmarks", lambda value: _decode(value, points))
    entry = None
    with contextlib.suppress(RunError):  # a full disk or a folder of somebody else's: searched again next time
        entry = kept.find(key)
    if entry is None:
        value = _search(find)
        with contextlib.suppress(RunError):
            kept.put(key, value)
        entry = _decode(value, points)
    if isinstance(entry, BadDataError):
        raise entry
    return entry


def landmarks_from(values: Any, points: int) -> Points:
    """Landmarks (points, 2) float32 from nested lists; raises ValueError or TypeError if they are none."""
    landmarks = np.array(values, dtype=np.float32)
    if landmarks.shape != (points, 2) or not np.isfinite(landmarks).all():
        raise ValueError(f"expected {points} landmarks, found an array of {landmarks.shape}")
    return landmarks


def _search(find: Callable[[], FoundFace]) -> Json:
    """What `find` gives or raises, as JSON."""
    try:
        face = find()
    except BadDataError as error:
        return {"reason": error.reason, "detail": error.detail}
    others = [landmarks.tolist() for landmarks in face.others_xy]
    return {"landmarks": face.landmarks_xy.tolist(), "detector": face.detector, "others": others}


def _decode(value: Any, points: int) -> FoundFace | BadDataError:
    """What :func:`_search` gave."""
    if "reason" in value:
        return BadDataError(Reason(value["reason"]), str(value["detail"]))
    others = tuple(landmarks_from(landmarks, points) for landmarks in value["others"])
    return FoundFace(landmarks_from(value["landmarks"], points), str(value["detector"]), others)
