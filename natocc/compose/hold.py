"""Things held to the face: the tip at the lips, a phone along the ear; and the hand that holds them."""

from __future__ import annotations

import math

import numpy as np

from natocc.compose.face_frame import FaceFrame, Side, Vector, face_frame
from natocc.compose.long_axis import long_axis, scale_to
from natocc.compose.places import HoldPlace
from natocc.compose.pose import PlacementRule, Pose, known_thing
from natocc.compose.sizes import HAND, Thing
from natocc.core.plans import Placement
from natocc.core.samples import AlignedFace, Cutout
from natocc.plugins.ranges import uniform
from natocc.plugins.weights import draw_by_weight

HOLDING = "holding"
"""Where a hand lies that holds a thing."""

_JITTER_CM, _MOST_JITTER_CM = 0.35, 0.55  # where the tip lies: standard deviation and most, in x and in y
_ALONG_CHEEK = (-8.0, 12.0)  # degrees by which a phone is turned outwards, away from the line of ear and jaw
_ON_CHEEK = (10.0, 60.0)  # degrees away from straight down
_STANDS = (0.0, 20.0)  # the same of a bottle or a cup, which is held up beside the mouth, full
_HIGHER_CM, _OUTER_CM = (-2.0, 4.0), (0.0, 3.0)  # than the cheek's middle: where the top of such a thing lies
RIGHT_HAND = 0.75  # share of things in the right hand, which is at the left of a picture: people have one that they prefer
_TURNED = (0.35, 0.7)  # breadth of what lies along the side of the face, which is seen from the edge, over its own
_GRIP = (0.55, 0.8)  # share of the way from the tip to the far end at which a hand holds a thing
_COMES, _COMES_TO_EAR = (20.0, 60.0), (5.0, 40.0)  # from where the hand comes: degrees away from straight down
_PAST_CM = (1.0, 3.0)  # how far its finger tips reach past the thing


def held_pose(rng: np.random.Generator, face: AlignedFace, cutout: Cutout, rule: PlacementRule) -> Pose | str:
    """Draw how a thing is held.

    Parameters
    ----------
    rng : numpy.random.Generator
    face : AlignedFace
        See :func:`natocc.compose.face_frame.face_frame` for what is measured on it.
    cutout : Cutout
        Its long axis and its tip are read off its matte, see :func:`natocc.compose.long_axis.long_axis`.
    rule : PlacementRule
        With `hold`.

    Returns
    -------
    pose : Pose or str
        The tip lies within 0.8 cm of the middle of the lips, of a cheek, of an ear or of the chin, and the far end leaves
        downwards or outwards; along an ear, towards the jaw. What has a top or a neck is held up beside the cheek, up to 4 cm
        higher or 3 cm farther outside. Or why the cutout cannot be held so.
    """
    thing = known_thing(cutout, rule)
    if thing is None:
        return "no size known"
    weights = {place: weight for place, weight in rule.hold_places.items() if place in thing.at and weight > 0}
    if not weights:
        return "not held there"
    axis = long_axis(cutout, thing.tip)
    if axis is None:
        return "ends not told apart"
    frame = face_frame(face)
    place = draw_by_weight(rng, weights)
    side = frame.draw_side(rng, RIGHT_HAND)
    scale, size_cm = scale_to(axis, thing, uniform(rng, thing.cm), frame.cm)
    flip = bool(rng.random() < rule.flip)
    direction = _direction(rng, frame, place, side, thing)
    breadth = rng.uniform(*_TURNED) if place == "ear" or (place == "cheek" and not _has_top(thing)) else 1.0
    jitter = np.clip(rng.normal(0, _JITTER_CM, 2), -_MOST_JITTER_CM, _MOST_JITTER_CM) * frame.cm
    linear = turned(axis.along, direction, scale, flip, breadth)
    point = _point(frame, place, side) + jitter
    if place == "cheek" and _has_top(thing):
        point += frame.cm * (rng.uniform(*_OUTER_CM) * frame.outward(side) - rng.uniform(*_HIGHER_CM) * frame.down)
    return Pose(linear, axis.tip_xy, point, flip, place, None, size_cm, in_place=True)


def holding_pose(
    rng: np.random.Generator, face: AlignedFace, cutout: Cutout, rule: PlacementRule, held: tuple[Cutout, Placement]
) -> Pose | str:
    """Draw how a hand holds a thing.

    Parameters
    ----------
    rng : numpy.random.Generator
    face : AlignedFace
    cutout : Cutout
        A hand, with `points_to_xy`.
    rule : PlacementRule
        The rule by which the thing was laid.
    held : (Cutout, Placement)
        The thing, and where it lies.

    Returns
    -------
    pose : Pose or str
        The hand comes from below, from the side on which the thing leaves, and its fingers lie over the far half of the thing.
        Or why it cannot.
    """
    thing, placement = held
    known = known_thing(thing, rule)
    axis, own = long_axis(thing, "either" if known is None else known.tip), long_axis(cutout, "either")
    if axis is None or own is None or cutout.points_to_xy is None:
        return "no hand that points anywhere"
    frame = face_frame(face)
    tip, far = (placement.affine[:, :2] @ point + placement.affine[:, 2] for point in (axis.tip_xy, axis.far_xy))
    side = _side_of(frame, far, rng)
    comes = frame.away(side, rng.uniform(*(_COMES_TO_EAR if placement.anchor in ("ear", "cheek") else _COMES)))
    scale, size_cm = scale_to(own, known_thing(cutout, rule) or HAND, uniform(rng, HAND.cm), frame.cm)
    half = axis.broadest / axis.length * float(np.hypot(*(far - tip))) / 2
    over = own.tip_xy + (half + rng.uniform(*_PAST_CM) * frame.cm) / scale * own.along
    flip = bool(rng.random() < rule.flip)
    grip = tip + rng.uniform(*_GRIP) * (far - tip)
    return Pose(turned(own.along, comes, scale, flip), over, grip, flip, HOLDING, -comes, size_cm, in_place=True)


def turned(along: Vector, direction: Vector, scale: float, flip: bool, breadth: float = 1.0) -> Vector:
    """(2, 2): mirrors if asked to, turns the cutout's `along` to `direction`, scales; across that by `breadth` more."""
    mirror = np.diag([-1.0 if flip else 1.0, 1.0])
    start = mirror @ along
    angle = math.atan2(direction[1], direction[0]) - math.atan2(start[1], start[0])
    cosine, sine = math.cos(angle), math.sin(angle)
    squeeze = breadth * np.eye(2) + (1 - breadth) * np.outer(direction, direction)
    return np.asarray(scale * squeeze @ np.array([[cosine, -sine], [sine, cosine]]) @ mirror)


def _direction(rng: np.random.Generator, frame: FaceFrame, place: HoldPlace, side: Side, thing: Thing) -> Vector:
    """Unit vector from the tip to the far end."""
    if place == "ear":
        line = frame.jaw[side] - frame.ear[side]
        sign = 1.0 if side else -1.0
        return _rotated(line / max(float(np.hypot(*line)), 1e-6), -sign * math.radians(rng.uniform(*_ALONG_CHEEK)))
    if place == "cheek":
        return frame.away(side, rng.uniform(*(_STANDS if _has_top(thing) else _ON_CHEEK)))
    return frame.away(side, rng.uniform(*thing.leaves))


def _has_top(thing: Thing) -> bool:
    """Whether it has a top or a neck, so that it is held up full."""
    return thing.tip in ("top", "narrow")


def _point(frame: FaceFrame, place: HoldPlace, side: Side) -> Vector:
    """Where the tip lies."""
    if place == "mouth":
        return frame.lips
    return frame.chin if place == "chin" else (frame.ear if place == "ear" else frame.cheek)[side]


def _side_of(frame: FaceFrame, point: Vector, rng: np.random.Generator) -> Side:
    """The side on which a point lies; either where it lies in the middle."""
    sideways = float((point - frame.lips) @ frame.outward(1)) / frame.cm
    return 1 if sideways > rng.uniform(-2, 2) else 0


def _rotated(vector: Vector, angle: float) -> Vector:
    cosine, sine = math.cos(angle), math.sin(angle)
    return np.array([[cosine, -sine], [sine, cosine]]) @ vector
