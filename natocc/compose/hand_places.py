"""Hands where hands are: under the chin, on a cheek, at the mouth, at the brow, on both cheeks."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from natocc.compose.face_frame import FaceFrame, Side, Vector, face_frame
from natocc.compose.hold import turned
from natocc.compose.long_axis import long_axis, scale_to
from natocc.compose.places import HandPlace
from natocc.compose.pose import PlacementRule, Pose, known_thing
from natocc.compose.sizes import HAND
from natocc.core.plans import Placement
from natocc.core.samples import AlignedFace, Cutout
from natocc.plugins.ranges import uniform

_LEAST_SHOWN = 0.3  # of a face that is turned further, one cheek is not there for a second hand


@dataclasses.dataclass(frozen=True)
class _Reach:
    """How a hand comes to a place, as the photographs of really covered faces show.

    Parameters
    ----------
    comes : (float, float)
        From where: degrees away from straight down, towards its side. Its fingers point the other way.
    ends : (str, str)
        Its finger tips lie on the line between these two points of the face.
    outward_cm : (float, float)
        And that much farther out, to its side.
    up_cm : (float, float)
        And that much farther up.
    by_palm : bool
        Whether it is the palm's middle line that lies there, as of a hand along the border of a face, or its longest finger.
    """

    comes: tuple[float, float]
    ends: tuple[str, str]
    outward_cm: tuple[float, float] = (-0.5, 0.5)
    up_cm: tuple[float, float] = (0.0, 0.0)
    by_palm: bool = False


_REACHES: Mapping[HandPlace, _Reach] = {
    "chin_rest": _Reach((-5, 45), ("chin", "lips"), (-1.5, 1.5), (0.0, 1.5)),
    "mouth": _Reach((20, 75), ("lips", "lips"), (-0.5, 1.0), (-0.5, 0.8)),
    "cheek": _Reach((-5, 35), ("temple", "cheek"), (0.0, 1.5), by_palm=True),
    "brow": _Reach((25, 80), ("brow", "temple"), (-0.5, 0.5), (0.0, 2.0)),
    "both": _Reach((-25, 15), ("temple", "ear"), (0.3, 1.8), by_palm=True),
}


def hand_pose(
    rng: np.random.Generator,
    face: AlignedFace,
    cutout: Cutout,
    rule: PlacementRule,
    place: HandPlace,
    first: Placement | None = None,
) -> Pose | str:
    """Draw how a hand lies at a place.

    Parameters
    ----------
    rng : numpy.random.Generator
    face : AlignedFace
        See :func:`natocc.compose.face_frame.face_frame` for what is measured on it.
    cutout : Cutout
        A hand, with `points_to_xy`.
    rule : PlacementRule
        Its probability of mirroring, and its own sizes.
    place : str
        One of the named ones: not ``anywhere``.
    first : Placement, optional
        Of the other hand, which lies there already: this one is its mirror picture, on the other side.

    Returns
    -------
    pose : Pose or str
        The finger tips lie at the place, and the wrist comes from below or from the side. Or why that cannot be.
    """
    frame, reach = face_frame(face), _REACHES[place]
    axis = long_axis(cutout, "either")
    assert axis is not None  # a hand has a direction
    if place == "both" and min(frame.shown) < _LEAST_SHOWN:
        return "face turned too far for both hands"
    if first is None:
        side, flip = frame.draw_side(rng), bool(rng.random() < rule.flip)
        length = uniform(rng, (known_thing(cutout, rule) or HAND).cm)
    else:
        tip = first.affine[:, :2] @ axis.tip_xy + first.affine[:, 2]
        side, flip = 0 if float((tip - frame.lips) @ frame.outward(1)) > 0 else 1, not first.flip
        length = first.size_cm or uniform(rng, HAND.cm)
    comes = frame.away(side, rng.uniform(*reach.comes))
    scale, size_cm = scale_to(axis, known_thing(cutout, rule) or HAND, length, frame.cm)
    start, end = (_point(frame, name, side) for name in reach.ends)
    between = rng.random()
    tips = start + between * (end - start)
    tips = tips + frame.cm * (rng.uniform(*reach.outward_cm) * frame.outward(side) - rng.uniform(*reach.up_cm) * frame.down)
    ends = axis.tip_xy
    if reach.by_palm:
        ends = axis.broadest_xy + ((axis.tip_xy - axis.broadest_xy) @ axis.along) * axis.along
    return Pose(turned(axis.along, comes, scale, flip), ends, tips, flip, place, -comes, size_cm, in_place=True)


def _point(frame: FaceFrame, name: str, side: Side) -> Vector:
    point: Vector = getattr(frame, name)
    return point if point.ndim == 1 else point[side]
