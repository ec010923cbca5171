"""Which faces of CelebAMask-HQ wear something over their face, according to their part masks."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from natocc.core.errors import BadDataError
from natocc.core.plans import Json
from natocc.core.rejections import not_kept
from natocc.core.samples import Mask
from natocc.io import images
from natocc.io.cache import Cache, entry_key
from natocc.io.folders import Links, path_below
from natocc.io.masks import fit_labels
from natocc.workers.crew import Crew, in_order
from natocc.workers.piece import Piece

HAT_SHARE = 0.02
"""Share of the face's convex hull that a hat may cover: a brim is drawn a few pixels into the forehead of most who wear one."""
_VERSION = "unoccluded 2"  # of the rule: what another one says must not be taken for what this one says
_A_PIECE = 32  # faces that a process looks at before it gets others


def occluded_faces(stems: Mapping[str, Path], face_parts: Sequence[str], cache: Path, jobs: int, links: Links) -> frozenset[str]:
    """Faces that wear glasses, or a hat that covers more than 2 % of the convex hull of their face parts.

    Masks are read only of faces that have a mask of glasses or of a hat, and only once: the result is kept in `cache`, under the
    names, sizes and times of these files. Faces whose masks cannot be read stay, to be rejected with their reason when they are
    used.

    Parameters
    ----------
    stems : mapping of str to Path
        Id of every face to what its mask files start with, such as ``.../0/00011``.
    face_parts : sequence of str
        Parts whose union is the face.
    cache : Path
        Where the result is kept; made if missing.
    jobs : int
        Processes.
    links : str
        Whether links that lead out of the folders of masks are followed.

    Raises
    ------
    RunError
        If the cache can be neither read nor written.
    """
    worn: dict[str, list[str]] = {}
    states: list[Json] = []
    for face_id, stem in stems.items():
        for part in ("eye_g", "hat"):
            try:
                status = os.lstat(f"{stem}_{part}.png")
            except OSError:
                continue
            worn.setdefault(face_id, []).append(part)
            states.append([f"{stem}_{part}", status.st_size, status.st_mtime_ns])

    def look() -> Json:
        crew = Crew(functools.partial(_occluded, face_parts, links), jobs, _shown)
        items = [(stems[face_id], parts) for face_id, parts in worn.items()]
        pieces = (items[first : first + _A_PIECE] for first in range(0, len(items), _A_PIECE))
        occluded = (each for some in in_order(crew.run(pieces)) for each in some)
        return sorted(face_id for face_id, covered in zip(worn, occluded, strict=True) if covered)

    def decode(value: Any) -> frozenset[str]:
        if not isinstance(value, list) or not worn.keys() >= set(value):
            raise ValueError("expected a list of faces that wear something")
        return frozenset(value)

    key = entry_key([[_VERSION, links, *face_parts], *states])
    return Cache(cache / "unoccluded", decode).get(key, look)


_Worn = tuple[Path, Sequence[str]]
"""What the mask files of a face start with, and which of its parts are worn."""


def _occluded(face_parts: Sequence[str], links: Links, piece: Piece[_Worn]) -> list[bool]:
    """Whether something covers each of some faces; runs in a worker."""
    return [lost is None and is_occluded(stem, worn, face_parts, links) for (stem, worn), lost in piece]


def _shown(face: _Worn) -> str:
    return f"the masks {face[0]}_*"


def is_occluded(stem: Path, worn: Sequence[str], face_parts: Sequence[str], links: Links = "follow") -> bool:
    """Whether a face wears glasses, or a hat over its face.

    Parameters
    ----------
    stem : Path
        What its mask files start with.
    worn : sequence of str
        ``eye_g``, ``hat``: of which there is a file.
    face_parts : sequence of str
        Parts whose union is the face.
    links : str
        As for :func:`occluded_faces`.
    """

    def read(part: str) -> Mask:
        return images.read_mask(path_below(stem.parent, f"{stem.name}_{part}.png", links))

    try:
        if "eye_g" in worn and read("eye_g").any():
            return True
        if "hat" not in worn or not (hat := read("hat")).any():
            return False
        face = np.zeros_like(hat)
        for part in face_parts:
            if os.path.lexists(f"{stem}_{part}.png"):
                face |= fit_labels(read(part), (hat.shape[0], hat.shape[1]), f"{stem}_{part}.png")
    except BadDataError as error:
        not_kept(error)
        return False
    return hat_share(hat, face) > HAT_SHARE


def hat_share(hat: Mask, face: Mask) -> float:
    """Share of the convex hull of the face that the hat covers, in [0, 1]; 0 without a face.

    Parameters
    ----------
    hat, face : (H, W) uint8
        0 and 1.
    """
    pixels = cv2.findNonZero(face)
    if pixels is None:
        return 0.0
    hull = np.asarray(cv2.fillConvexPoly(np.zeros_like(face), cv2.convexHull(pixels), 1), dtype=np.uint8)
    return float(np.count_nonzero(hat & hull) / np.count_nonzero(hull))
