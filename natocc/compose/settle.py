"""Where an occluder of a given size comes to lie: it is moved until it reaches in, or covers the wanted share; never scaled."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from natocc.compose.coverage import Coverage, search
from natocc.compose.face_frame import Vector, face_frame
from natocc.compose.hold import RIGHT_HAND
from natocc.compose.pose import Pose
from natocc.compose.reach import room_to_reach
from natocc.core.plans import Placement
from natocc.core.samples import AlignedFace

_FAR = 1.5  # of the face's longer side: from there an occluder is moved in
_COMES = (0.0, 105.0)  # degrees away from straight down from which things come
_OUT_CM, _IN_CM = 5.0, 9.0  # how far a hand is moved back out of its place and farther in, along its fingers


def settle_sized(
    rng: np.random.Generator,
    face: AlignedFace,
    pose: Pose,
    coverage: Coverage,
    cut_xy: Vector | None,
    wanted: float | None,
    accepted: tuple[float, float],
) -> Placement | None:
    """The pose, moved.

    Parameters
    ----------
    rng : numpy.random.Generator
        Draws from where an occluder is moved in: from below or from a side, as what people hold up.
    face : AlignedFace
    pose : Pose
        With a physical size.
    coverage : Coverage
        Of its cutout.
    cut_xy : (n, 2) float64, optional
        The cut at a wrist that is to lie outside the picture.
    wanted : float, optional
        The occlusion ratio that is asked for.
    accepted : (float, float)
        Ratios that may be returned.

    Returns
    -------
    placement : Placement or None
        As it was drawn, where nothing is asked for. Else a hand in its place is moved along its fingers, back by up to 5 cm or
        in by up to 9 cm, a hand that reaches in as far as its cut stays outside, and anything else towards the point that it was
        drawn at, or the middle of the face. None where that does not cover what is wanted.
    """
    left, top, across, down = face.box
    far = _FAR * max(across, down)

    def along(direction: Vector) -> Callable[[float], Placement]:
        return lambda length: pose.placement(1.0, length * direction)

    if pose.in_place:
        if wanted is None or pose.points_to_xy is None:
            return pose.placement()
        cm = face_frame(face).cm
        return search(along(pose.points_to_xy), (-_OUT_CM * cm, _IN_CM * cm), coverage, wanted, accepted)
    if cut_xy is not None and pose.points_to_xy is not None:
        room = room_to_reach(pose, cut_xy, face.face_mask.shape)
        place = along(pose.points_to_xy)
        return (
            place(min(room, 0.0)) if wanted is None else search(place, (min(room, 0.0) - far, room), coverage, wanted, accepted)
        )
    if wanted is None:
        return pose.placement()
    goal = np.array([left + across / 2, top + down / 2]) if pose.anchor is None else pose.centre_xy
    frame = face_frame(face)
    start = far * frame.away(frame.draw_side(rng, RIGHT_HAND), rng.uniform(*_COMES))
    return search(
        lambda share: pose.placement(1.0, goal + start * (1 - share) - pose.centre_xy), (0.0, 1.0), coverage, wanted, accepted
    )
