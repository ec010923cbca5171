"""How a head is turned, from its landmarks; and where points of the generic head lie in its picture."""

from __future__ import annotations

import dataclasses
import functools
import math

import cv2
import numpy as np

from natocc.core.errors import BadDataError, Reason
from natocc.core.samples import Points
from natocc.occluders.worn.face_model import MODEL, Float

MOST_YAW, MOST_PITCH = 60.0, 45.0
"""Degrees beyond which nothing is put on."""
_RIGID = (*range(27, 36), 36, 39, 42, 45, 17, 26, 8, 48, 54)  # hardly moved by what a face expresses
_CAMERA = 1000.0  # mm from a camera: portraits are taken from about there
_EYES = 62.0  # mm
_LEAST_EYES = 8.0  # px


@dataclasses.dataclass(frozen=True, eq=False)
class HeadPose:
    """The generic head, turned and placed as a face is.

    Parameters
    ----------
    rotation : (3, 3) float64
        Model axes to the camera's.
    translation : (3,) float64
        Where the model's origin lies before the camera, mm.
    focal : float
        Of the camera, px.
    centre_xy : (float, float)
        Where the camera looks, px.
    """

    rotation: Float
    translation: Float
    focal: float
    centre_xy: tuple[float, float]

    @functools.cached_property
    def _nose(self) -> Float:
        """Where the nose points when the picture is turned until the head is upright: x, y, z."""
        down = self.rotation[:2, 1] / max(float(np.hypot(*self.rotation[:2, 1])), 1e-9)
        x, y, z = -self.rotation[:, 2]
        return np.array([x * down[1] - y * down[0], x * down[0] + y * down[1], z])

    @functools.cached_property
    def yaw(self) -> float:
        """Degrees by which the face is turned to its side on the right of the picture; negative to the left."""
        nose = self._nose
        return math.degrees(math.atan2(float(nose[0]), float(-nose[2])))

    @functools.cached_property
    def pitch(self) -> float:
        """Degrees by which the face looks up; negative down."""
        nose = self._nose
        return math.degrees(math.atan2(float(-nose[1]), float(np.hypot(nose[0], nose[2]))))

    @property
    def px_per_mm(self) -> float:
        """Scale of the face: the eyes of the generic head are 62 mm apart."""
        return self.focal / float(self.translation[2])

    def project(self, points: Float) -> Float:
        """(n, 3): x and y in the picture, px, and the distance from the camera, mm; of (n, 3) points of the model."""
        seen = points @ self.rotation.T + self.translation
        return np.column_stack([self.focal * seen[:, :2] / seen[:, 2:] + self.centre_xy, seen[:, 2]])


def solve_pose(landmarks_xy: Points | None) -> HeadPose:
    """The pose of a face that something can be put on.

    Parameters
    ----------
    landmarks_xy : (68, 2) float32, optional
        In pixels.

    Raises
    ------
    BadDataError
        ``no-placement`` if there are not 68 landmarks, they cannot be a face's, or the head is turned by more than
        :data:`MOST_YAW` to a side or :data:`MOST_PITCH` up or down: what is worn would hang in mid-air.
    """
    if landmarks_xy is None or len(landmarks_xy) != 68:
        found = "none" if landmarks_xy is None else str(len(landmarks_xy))
        raise BadDataError(Reason.NO_PLACEMENT, f"what is worn is put on 68 landmarks; this face has {found}")
    points = np.asarray(landmarks_xy, dtype=np.float64)
    eyes = float(np.hypot(*(points[42:48].mean(axis=0) - points[36:42].mean(axis=0))))
    # The eyes of a turned head come closer; the longest of three measures stands for the head's size.
    height = float(np.hypot(*(points[8] - points[27])))
    unit = max(eyes / _EYES, height / float(np.hypot(*(MODEL[8, 1:] - MODEL[27, 1:]))))
    if not math.isfinite(unit) or unit * _EYES < _LEAST_EYES:
        raise BadDataError(Reason.NO_PLACEMENT, f"the landmarks of a face lie apart; its eyes are {eyes:.1f} px apart")
    focal, centre = _CAMERA * unit, points.mean(axis=0)
    camera = np.array([[focal, 0, centre[0]], [0, focal, centre[1]], [0, 0, 1]])
    used = list(_RIGID)
    solved, turn, shift = cv2.solvePnP(
        MODEL[used], points[used], camera, None, np.zeros(3), np.array([0.0, -40.0, _CAMERA]), True, cv2.SOLVEPNP_ITERATIVE
    )
    rotation = np.asarray(cv2.Rodrigues(turn)[0], dtype=np.float64)
    pose = HeadPose(rotation, np.asarray(shift, dtype=np.float64).ravel(), focal, (float(centre[0]), float(centre[1])))
    if not solved or not np.isfinite(rotation).all() or pose.translation[2] < _CAMERA / 4:
        raise BadDataError(Reason.NO_PLACEMENT, "no head has its landmarks where this face has them")
    if abs(pose.yaw) > MOST_YAW or abs(pose.pitch) > MOST_PITCH:
        raise BadDataError(
            Reason.NO_PLACEMENT,
            f"the head is turned by {pose.yaw:+.0f}° to the side and {pose.pitch:+.0f}° up; "
            f"things are worn up to ±{MOST_YAW:.0f}° and ±{MOST_PITCH:.0f}°",
        )
    return pose
