"""A face in the mirror: left and right change places, in the picture and in the words for its parts."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from natocc.core.samples import AlignedFace, Mask, Points
from natocc.faces.classes import flip_pairs

_PAIRS_68 = (
    *((i, 16 - i) for i in range(8)),
    *((17 + i, 26 - i) for i in range(5)),
    (31, 35), (32, 34),
    (36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46),
    (48, 54), (49, 53), (50, 52), (55, 59), (56, 58), (60, 64), (61, 63), (65, 67),
)  # fmt: skip
_PAIRS_5 = ((0, 2), (1, 3))


def mirrored(face: AlignedFace, classes: Mapping[int, str]) -> AlignedFace:
    """Mirror a face.

    Parameters
    ----------
    face : AlignedFace
        Not changed.
    classes : mapping of int to str
        Names of the values of its part map: ``l_eye`` and ``r_eye`` change places, as do ``left_eye`` and ``right_eye``.

    Returns
    -------
    mirrored : AlignedFace
        Its matrix takes source pixels to the mirrored crop; 68 or 5 landmarks keep their meaning (the first of the jaw is again
        on the left of the picture).
    """
    width = face.image.shape[1]
    turn = np.array([[-1.0, 0.0], [0.0, 1.0]])
    matrix = turn @ face.matrix
    matrix[0, 2] += width - 1
    return dataclasses.replace(
        face,
        image=np.ascontiguousarray(face.image[:, ::-1]),
        face_mask=np.ascontiguousarray(face.face_mask[:, ::-1]),
        parts=None if face.parts is None else _other_sides(np.ascontiguousarray(face.parts[:, ::-1]), classes),
        landmarks_xy=None if face.landmarks_xy is None else _landmarks(face.landmarks_xy, width),
        unlabelled=None if face.unlabelled is None else np.ascontiguousarray(face.unlabelled[:, ::-1]),
        matrix=matrix,
    )


def _other_sides(parts: Mask, classes: Mapping[int, str]) -> Mask:
    table = np.arange(256, dtype=np.uint8)
    for left, right in flip_pairs(classes):
        table[left], table[right] = right, left
    swapped: Mask = table[parts]
    return swapped


def flipped_order(count: int) -> list[int]:
    """Which landmark each becomes in a mirror: of 68 or of 5, by their published numbers; of others, none moves."""
    order = list(range(count))
    for one, other in {68: _PAIRS_68, 5: _PAIRS_5}.get(count, ()):
        order[one], order[other] = other, one
    return order


def _landmarks(points_xy: Points, width: int) -> Points:
    mirrored_xy: Points = points_xy[flipped_order(len(points_xy))]
    mirrored_xy[:, 0] = width - 1 - mirrored_xy[:, 0]
    return mirrored_xy
