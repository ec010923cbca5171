"""Which faces of CelebAMask-HQ wear something over their face, told from their part masks."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import joblib
import numpy as np

from natocc.core.errors import BadDataError
from natocc.core.samples import Mask
from natocc.io import images
from natocc.io.cache import keep
from natocc.io.masks import fit_labels
from natocc.io.paths import inside

HAT_SHARE = 0.02
"""Share of the face's convex hull that a hat may cover: a brim is drawn a few pixels into the forehead of most who wear one."""
_VERSION = 1  # of the rule: another one must not find the answers of this one


def occluded_faces(stems: Mapping[str, Path], face_parts: Sequence[str], cache: Path, jobs: int) -> frozenset[str]:
    """Faces that wear glasses, or a hat that covers more than 2 % of the convex hull of their face parts.

    Masks are read only of faces that have a mask of glasses or of a hat, and only once: the answer is kept in `cache`, under the
    names, sizes and times of these files. Faces whose masks cannot be read stay, to be rejected with their reason when they are
    used.

    Parameters
    ----------
    stems : mapping of str to Path
        Id of every face to what its mask files start with, such as ``.../0/00011``.
    face_parts : sequence of str
        Parts whose union is the face.
    cache : Path
        Folder; made if need be.
    jobs : int
        Processes.

    Raises
    ------
    RunError
        If the cache cannot be written.
    """
    found: dict[str, list[str]] = {}
    digest = hashlib.blake2b(json.dumps([_VERSION, *face_parts]).encode(), digest_size=16)
    for face_id, stem in stems.items():
        for part in ("eye_g", "hat"):
            try:
                status = os.lstat(f"{stem}_{part}.png")
            except OSError:
                continue
            found.setdefault(face_id, []).append(part)
            digest.update(f"{stem}_{part} {status.st_size} {status.st_mtime_ns}\n".encode())
    kept = cache / "unoccluded" / f"{digest.hexdigest()}.json"
    with contextlib.suppress(OSError, ValueError, TypeError):  # not there, or damaged: found again
        return frozenset(json.loads(kept.read_text(encoding="utf-8")))
    worn = joblib.Parallel(n_jobs=jobs, batch_size=32)(
        joblib.delayed(is_occluded)(stems[face_id], parts, face_parts) for face_id, parts in found.items()
    )
    occluded = sorted(face_id for face_id, covered in zip(found, worn, strict=True) if covered)
    keep(kept, json.dumps(occluded))
    return frozenset(occluded)


def is_occluded(stem: Path, worn: Sequence[str], face_parts: Sequence[str]) -> bool:
    """Whether a face wears glasses, or a hat over its face.

    Parameters
    ----------
    stem : Path
        What its mask files start with.
    worn : sequence of str
        ``eye_g``, ``hat``: of which there is a file.
    face_parts : sequence of str
        Parts whose union is the face.
    """

    def read(part: str) -> Mask:
        return images.read_mask(inside(stem.parent, f"{stem.name}_{part}.png"))

    try:
        if "eye_g" in worn and read("eye_g").any():
            return True
        if "hat" not in worn or not (hat := read("hat")).any():
            return False
        face = np.zeros_like(hat)
        for part in face_parts:
            if os.path.lexists(f"{stem}_{part}.png"):
                face |= fit_labels(read(part), (hat.shape[0], hat.shape[1]), f"{stem}_{part}.png")
    except BadDataError:
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
