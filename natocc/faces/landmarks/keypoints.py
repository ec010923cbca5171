"""Eye centres and mouth from 68 or 5 landmarks.

Left and right are the picture's, not the person's. The 68 points are numbered from 0 as in 300-W [1]_: jaw 0-16, brows 17-26,
nose 27-35, eyes 36-47, mouth 48-67. The 5 points are dlib's: outer and inner corner of the right eye, outer and inner corner of
the left eye, base of the nose.

.. [1] C. Sagonas et al., "300 Faces in-the-Wild Challenge", ICCV Workshops 2013.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from natocc.core.samples import Points

Point: TypeAlias = npt.NDArray[np.float64]

# Least squares over 70 photographs with hand-placed points (HELEN, test set): on the perpendicular through the middle of the
# eyes, the mouth lies at 0.66 inter-ocular distances plus 0.51 times as far as the base of the nose. Mean error 0.13
# inter-ocular distances; how far the nose points sideways says nothing about the mouth (slope 0.04).
MOUTH_PER_INTER_OCULAR = 0.66
MOUTH_PER_NOSE_DROP = 0.51


def eye_centres_xy(landmarks_xy: Points) -> tuple[Point, Point]:
    """Centres of the left and of the right eye.

    Parameters
    ----------
    landmarks_xy : (68, 2) or (5, 2) float
        In pixels.

    Returns
    -------
    left, right : (2,) float64
        Mean of the six points of an eye, or of its two corners.

    Raises
    ------
    ValueError
        If there are neither 68 nor 5 points.
    """
    points = np.asarray(landmarks_xy, dtype=np.float64)
    if points.shape == (68, 2):
        return points[36:42].mean(axis=0), points[42:48].mean(axis=0)
    if points.shape == (5, 2):
        return points[2:4].mean(axis=0), points[0:2].mean(axis=0)
    raise ValueError(f"landmarks_xy must be (68, 2) or (5, 2), got {points.shape}")


def mouth_centre_xy(landmarks_xy: Points) -> Point:
    """Middle of the corners of the mouth; with 5 points an estimate from the eyes and the base of the nose.

    Parameters
    ----------
    landmarks_xy : (68, 2) or (5, 2) float
        In pixels.

    Returns
    -------
    mouth : (2,) float64
        In pixels.

    Raises
    ------
    ValueError
        If there are neither 68 nor 5 points.
    """
    left, right = eye_centres_xy(landmarks_xy)
    points = np.asarray(landmarks_xy, dtype=np.float64)
    if len(points) == 68:
        return np.asarray((points[48] + points[54]) / 2)
    middle, eye_to_eye = (left + right) / 2, right - left
    inter_ocular = float(np.hypot(*eye_to_eye))
    if inter_ocular == 0:
        return np.asarray(middle)  # no direction is down: whoever asks for an alignment finds the eyes degenerate
    down = np.array([-eye_to_eye[1], eye_to_eye[0]]) / inter_ocular
    nose_drop = float((points[4] - middle) @ down)
    return np.asarray(middle + (MOUTH_PER_INTER_OCULAR * inter_ocular + MOUTH_PER_NOSE_DROP * nose_drop) * down)


def inter_ocular(landmarks_xy: Points) -> float:
    """Distance between the eye centres, px."""
    left, right = eye_centres_xy(landmarks_xy)
    return float(np.hypot(*(right - left)))
