"""Which faces something covers: a network does not see face where the labels say that there is some.

Labels such as CelebAMask-HQ's run on behind hands and microphones: who trains on them teaches that a hand is face.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field

from natocc.core.errors import BadDataError, UsageError
from natocc.core.plans import Affine, Json
from natocc.core.rejections import not_kept
from natocc.core.samples import Image, Mask
from natocc.faces.alignment.crop import warp_labels, warp_picture
from natocc.faces.sources.base import FaceSource
from natocc.io.cache import Cache, entry_key
from natocc.io.notes import COVERED, Notes
from natocc.io.segmenter import Segmenter
from natocc.plugins.options import FileLocation, Options
from natocc.workers.crew import Crew, in_order
from natocc.workers.piece import Piece

_VERSION = "covered 1"  # of the rule: what another one says must not be taken for what this one says
_SIDE = 256  # px, at which covers are measured, whatever the network's own
_A_TASK = 64  # faces that a process looks at before it gets others

MARGIN = 0.04
"""Roots of the face's area: that near to its outline labels and networks disagree about every face."""
NOT_FACE = 0.15
"""Probability of visible face below which a pixel surely is not."""

_Source = TypeVar("_Source", bound=FaceSource)


class Unoccluded(Options):
    """Faces that something covers are left out, as a network sees it."""

    model: FileLocation
    """Location of an ONNX file as ``natocc train`` writes it."""
    at_most: float = Field(0.01, ge=0, le=1)
    """Largest share of the labelled face that one thing before it may cover."""


@dataclasses.dataclass(frozen=True)
class Left:
    """Faces that stay, and how many were left out."""

    ids: tuple[str, ...]
    notes: Notes


def leave_out_covered(
    source: _Source,
    take: Callable[[_Source, Sequence[str]], _Source],
    files: Callable[[str], Iterable[Path]],
    options: Unoccluded,
    read_as: Json,
    data: Path,
    cache: Path,
    jobs: int,
) -> Left:
    """Faces of a source that nothing covers.

    Parameters
    ----------
    source : FaceSource
        With masks. Faces that cannot be read stay, to be rejected with their reason when they are used.
    take : callable
        The source with some of its faces alone.
    files : callable
        Files that a face is read from, and may not exist: what was seen is kept until one of them changes.
    options : Unoccluded
        The network, and how much may be covered.
    read_as : JSON
        What else decides what is read from the files.
    data, cache : Path
        The data root, and where what was seen is kept.
    jobs : int
        Processes.

    Returns
    -------
    left : Left
        Those that stay.

    Raises
    ------
    UsageError
        If there is no such network, or no face is left.
    RunError
        If the network fails, or the cache can be neither read nor written.
    """
    segmenter = Segmenter.at(options.model, data, "faces.unoccluded.model")
    ids = source.ids()

    def look() -> Json:
        crew = Crew(functools.partial(_shares, segmenter, cache), jobs, _shown)
        tasks = (ids[first : first + _A_TASK] for first in range(0, len(ids), _A_TASK))
        pieces = ([(part, face_id) for face_id in part.ids()] for part in (take(source, some) for some in tasks))
        shares = (share for some in in_order(crew.run(pieces)) for share in some)
        return dict(zip(ids, shares, strict=True))

    def decode(value: Any) -> dict[str, float]:
        return {face_id: float(value[face_id]) for face_id in ids}

    states = [_state(path) for face_id in ids for path in files(face_id)]
    shares = Cache(cache / "covered", decode).get(entry_key([[_VERSION, segmenter.sha256, read_as, *ids], *states]), look)
    notes = Notes()
    notes.add_all(COVERED, (face_id for face_id in ids if shares[face_id] > options.at_most))
    kept = tuple(face_id for face_id in ids if shares[face_id] <= options.at_most)
    if not kept:
        raise UsageError(
            f"faces.unoccluded leaves none of {len(ids)} faces: the network sees something before more than "
            f"{options.at_most:.1%} of each; raise at_most, or name a network that was trained on such faces"
        )
    return Left(kept, notes)


def cover_share(image: Image, face: Mask, segmenter: Segmenter) -> float:
    """Share of a labelled face that the largest thing before it covers, in [0, 1].

    Parameters
    ----------
    image : (H, W, 3) uint8
        sRGB.
    face : (H, W) uint8
        1 on the face as if nothing covered it; not empty.
    segmenter : Segmenter
        Finds visible face.

    Returns
    -------
    share : float
        Area of the largest connected piece that surely is not visible face, over that of the face; a margin along the face's
        outline does not count.
    """
    labelled, seen = in_frame(image, face, segmenter)
    area = np.count_nonzero(labelled)
    radius = round(MARGIN * float(np.sqrt(area)))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    cover = np.asarray(cv2.erode(labelled, kernel)) & (seen < NOT_FACE).view(np.uint8)
    pieces = np.bincount(cv2.connectedComponents(cover, connectivity=4)[1].ravel())[1:]
    return float(pieces.max(initial=0) / area) if area else 0.0


def in_frame(image: Image, face: Mask, segmenter: Segmenter) -> tuple[Mask, npt.NDArray[np.float32]]:
    """A labelled face, and the probability of visible face, both (256, 256), framed as CelebAMask-HQ's faces are."""
    matrix, shape = _framed(face), (_SIDE, _SIDE)
    return warp_labels(face, matrix, shape), segmenter.probability(warp_picture(image, matrix, shape))


def _framed(face: Mask) -> Affine:
    """Matrix to a square in which the face lies as those of CelebAMask-HQ do, on average."""
    left, top, width, height = cv2.boundingRect(face)
    scale = _SIDE / max(width / 0.55, height / 0.73)
    x, y = left + (width - 1) / 2, top + (height - 1) / 2
    return np.array([[scale, 0, 0.495 * _SIDE - scale * x], [0, scale, 0.56 * _SIDE - scale * y]], dtype=np.float64)


def _shares(segmenter: Segmenter, cache: Path, piece: Piece[tuple[FaceSource, str]]) -> list[float]:
    """Shares of some faces, from `cache` where the same picture, mask and network met before; runs in a worker."""
    cv2.setNumThreads(1)
    kept = Cache(cache / "covered", float)
    return [_share(source, face_id, segmenter, kept) if lost is None else 0.0 for (source, face_id), lost in piece]


def _share(source: FaceSource, face_id: str, segmenter: Segmenter, kept: Cache[float]) -> float:
    try:
        face = source.read(face_id)
    except BadDataError as error:
        not_kept(error)
        return 0.0
    mask = face.face_mask
    if mask is None or not mask.any():
        return 0.0
    state: list[Json] = [_VERSION, segmenter.sha256, face.origin.sha256, *mask.shape]
    key = entry_key([state, np.ascontiguousarray(mask).data])
    return kept.get(key, functools.partial(cover_share, face.image, mask, segmenter))


def _shown(face: tuple[FaceSource, str]) -> str:
    return f"face {face[1]}"


def _state(path: Path) -> Json:
    """What tells whether a file is still the same."""
    try:
        status = path.stat()
    except OSError as error:
        return [str(path), error.errno]
    return [str(path), status.st_size, status.st_mtime_ns]
