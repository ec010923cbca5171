"""Parts of a face that occluders are aimed at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from natocc.core.samples import AlignedFace
from natocc.plugins.weights import draw_by_weight

Anchor: TypeAlias = Literal["eyes", "nose", "mouth", "cheek", "forehead", "chin", "border"]
Points: TypeAlias = npt.NDArray[np.float64]

_BORDER_POINTS = 64
_JITTER = 0.06  # of the face's width

_IN_BOX: Mapping[Anchor, tuple[tuple[float, float], ...]] = {
    "eyes": ((0.3, 0.42), (0.7, 0.42)),
    "nose": ((0.5, 0.6),),
    "mouth": ((0.5, 0.77),),
    "cheek": ((0.22, 0.64), (0.78, 0.64)),
    "forehead": ((0.5, 0.17),),
    "chin": ((0.5, 0.93),),
}
"""Where the parts lie in the box of an upright face, as shares of its sides: for faces without landmarks."""


def anchor_points(face: AlignedFace, anchor: Anchor) -> Points:
    """Points of a part of the face, from its landmarks where it has 68.

    Parameters
    ----------
    face : AlignedFace
        With 68 landmarks [1]_; with fewer or none, the parts are guessed from the face's box.
    anchor : str
        Which part.

    Returns
    -------
    points_xy : (n, 2) float64
        One point for a part that a face has once, two for one that it has on both sides; for ``border``, points along the mask's
        outline.

    References
    ----------
    .. [1] C. Sagonas et al., "300 Faces in-the-Wild Challenge", Image and Vision Computing 47, 2016.
    """
    if anchor == "border":
        outlines, _ = cv2.findContours(face.face_mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        outline = max(outlines, key=len)[:, 0].astype(np.float64)
        return outline[np.linspace(0, len(outline), _BORDER_POINTS, endpoint=False).astype(np.intp)]
    if face.landmarks_xy is None or len(face.landmarks_xy) != 68:
        left, top, width, height = face.box
        return np.array(_IN_BOX[anchor]) * (width, height) + (left, top)
    points = face.landmarks_xy.astype(np.float64)

    def middle(*indices: int) -> Points:
        return np.asarray(points[list(indices)].mean(axis=0))

    eyes, nose, mouth = middle(*range(36, 48)), middle(*range(29, 36)), middle(*range(48, 60))
    points_of: Mapping[str, list[Points]] = {
        "eyes": [middle(*range(36, 42)), middle(*range(42, 48))],
        "nose": [nose],
        "mouth": [mouth],
        "cheek": [middle(2, 31, 41), middle(14, 35, 46)],
        "forehead": [eyes + 0.75 * (eyes - nose)],
        "chin": [0.8 * middle(7, 8, 9) + 0.2 * mouth],
    }
    return np.stack(points_of[anchor])


def draw_anchor(rng: np.random.Generator, face: AlignedFace, weights: Mapping[Anchor, float]) -> tuple[Anchor, Points]:
    """Draw a part by its weight and a point near it: the part's name and (2,) x, y."""
    anchor = draw_by_weight(rng, weights)
    points = anchor_points(face, anchor)
    width = face.box[2]
    return anchor, points[int(rng.integers(len(points)))] + rng.normal(size=2) * _JITTER * width
