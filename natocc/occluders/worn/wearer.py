"""Whether a face can wear something: its landmarks have to be there, and be where the face is."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
import numpy.typing as npt

from natocc.core.discs import grown
from natocc.core.errors import BadDataError, Reason
from natocc.core.samples import AlignedFace, Mask
from natocc.occluders.worn.head_pose import HeadPose, solve_pose

MOST_YAW_FOUND = 38.0
"""Degrees beyond which found landmarks are not believed: dlib's of heads at 75° and 90° look like those at 39° to 55°."""
_MARGIN = 0.05  # of the face's size: how far loops go on beyond the face
_LARGEST_ERROR = 0.3  # of the distance of the eyes: how far a labelled nose or mouth may lie from where the landmarks say
_LEAST_ON_FACE = 0.75  # share of eyes, nose and mouth that lie on the face
_MARKS: Mapping[str, range] = {"nose": range(27, 36), "mouth": range(48, 68)}


def pose_of(face: AlignedFace, regions: Mapping[str, Mask]) -> HeadPose:
    """How the head of a face that can wear something is turned.

    Parameters
    ----------
    face : AlignedFace
    regions : mapping of str to (H, W) uint8
        1 on its ``nose`` and ``mouth``, where they are labelled.

    Raises
    ------
    BadDataError
        ``no-placement``, and why: see :func:`natocc.occluders.worn.head_pose.solve_pose`; or the landmarks were found and are not
        to be believed, since the head is turned too far, or they do not lie on the face, or not where its parts are labelled.
    """
    pose = solve_pose(face.landmarks_xy)
    points = np.asarray(face.landmarks_xy, dtype=np.float64)
    if face.detector != "given" and abs(pose.yaw) > MOST_YAW_FOUND:
        raise BadDataError(
            Reason.NO_PLACEMENT,
            f"the head is turned by {pose.yaw:+.0f}° to the side, as far as its landmarks can be found; "
            f"landmarks that are found serve up to ±{MOST_YAW_FOUND:.0f}°",
        )
    unit = 62.0 * pose.px_per_mm
    near = cv2.dilate(face.face_mask, np.ones((2 * max(1, round(0.05 * unit)) + 1,) * 2, np.uint8))
    height, width = near.shape
    columns, rows = np.rint(points[27:]).astype(np.intp).T
    in_picture = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    share = np.count_nonzero(near[rows[in_picture], columns[in_picture]]) / len(rows)
    if share < _LEAST_ON_FACE:
        raise BadDataError(Reason.NO_PLACEMENT, f"{share:.0%} of eyes, nose and mouth lie on the face by its landmarks")
    for name, indices in _MARKS.items():
        labelled = np.argwhere(regions.get(name, ()))
        if len(labelled):
            away = float(np.hypot(*(labelled.mean(axis=0)[::-1] - points[list(indices)].mean(axis=0)))) / unit
            if away > _LARGEST_ERROR:
                raise BadDataError(
                    Reason.NO_PLACEMENT,
                    f"the landmarks' {name} lies {away:.2f} distances of the eyes from where the {name} is labelled",
                )
    return pose


def face_outline(face: AlignedFace) -> npt.NDArray[np.int32]:
    """(n, 2): outline of the face's largest piece and a margin, px; it may lie outside the picture."""
    size = max(face.box[2:])
    margin = max(1, round(_MARGIN * size))
    around = np.pad(face.face_mask, 2 * margin, mode="edge")
    outlines, _ = cv2.findContours(grown(around, margin), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = cv2.approxPolyDP(max(outlines, key=cv2.contourArea), max(1.0, 0.004 * size), True)
    return np.asarray(outline[:, 0] - 2 * margin, dtype=np.int32)
