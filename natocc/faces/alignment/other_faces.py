"""Where other faces of a photograph lie: nobody says whether they are to count."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from natocc.core.errors import BadDataError
from natocc.core.plans import Affine
from natocc.core.samples import Image, Mask, Points
from natocc.faces.alignment.estimated_outline import estimate_face_outline
from natocc.faces.alignment.landmark_outline import fill_polygon
from natocc.faces.alignment.network_mask import FACE, face_ellipse


def other_faces(image: Image, others_xy: Sequence[Points], matrix: Affine, seen: Mask) -> Mask:
    """Faces of a photograph by their landmarks.

    Parameters
    ----------
    image : (H, W, 3) uint8
        The photograph, sRGB.
    others_xy : sequence of (68, 2) or (5, 2) float32
        In its pixels. Of 68 points the outline is estimated on the picture; of 5 a face is as large as faces are.
    matrix : (2, 3) float64
        Photograph pixels to crop pixels.
    seen : (h, w) uint8
        1 where the crop shows the photograph.

    Returns
    -------
    faces : (h, w) uint8
        1 on any of them, in crop pixels.
    """
    faces = np.zeros_like(seen)
    for other_xy in others_xy:
        if len(other_xy) == 68:
            outline_xy = _outline(image, other_xy) @ matrix[:, :2].T + matrix[:, 2]
            fill_polygon(faces, outline_xy.clip(-50_000, 50_000), 1)
        else:
            faces |= face_ellipse(other_xy, FACE, matrix, seen.shape)
    return faces & seen


def _outline(image: Image, landmarks_xy: Points) -> npt.NDArray[np.float64]:
    """Outline (N, 2), px of the picture; roughly where nothing better can be told."""
    try:
        return estimate_face_outline(image, landmarks_xy)[0]
    except BadDataError:
        return np.asarray(cv2.convexHull(landmarks_xy)[:, 0], dtype=np.float64)
