"""Hands lie where hands do: finger tips at the place, wrists from below or from the side."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from shapes_for_compose import face_with_points, make_hand

from natocc.compose.appearance import Photo
from natocc.compose.draw import draw_plan
from natocc.compose.face_frame import FaceFrame, Vector, face_frame
from natocc.compose.hand_places import hand_pose
from natocc.compose.long_axis import long_axis
from natocc.compose.places import USUAL_HANDS, HandPlace
from natocc.compose.pose import PlacementRule, Pose
from natocc.compose.reach import cut_in_picture, wrist_cut
from natocc.compose.render import render
from natocc.compose.rules import ComposeRules
from natocc.core.plans import Placement, Plan
from natocc.core.samples import Composite
from natocc.core.seeds import generator

PLACES: tuple[HandPlace, ...] = ("chin_rest", "cheek", "mouth", "brow", "both")


def _made(seed: int, pupils: float = 60, **placement: object) -> tuple[Photo, Plan, Composite]:
    rules = ComposeRules.model_validate({"placement": {"max_enlargement": 9, **placement}})
    photo, hand = Photo(face_with_points(pupils)), make_hand()
    plan, cutouts = draw_plan(generator(seed), photo, lambda _: ({}, hand), rules)
    return photo, plan, render(photo, cutouts, plan)


def _ends(placement: Placement) -> tuple[Vector, Vector]:
    """Finger tips and wrist."""
    axis = long_axis(make_hand(), "either")
    assert axis is not None
    tip, far = (placement.affine[:, :2] @ end + placement.affine[:, 2] for end in (axis.tip_xy, axis.far_xy))
    return tip, far


def _near(frame: FaceFrame, place: HandPlace) -> Vector:
    """Points between which finger tips lie at a place."""
    return {
        "chin_rest": np.stack([frame.chin, frame.lips]),
        "mouth": frame.lips[None],
        "cheek": np.concatenate([frame.temple, frame.cheek]),
        "brow": np.concatenate([frame.brow, frame.temple]),
        "both": np.concatenate([frame.temple, frame.ear]),
    }[place]


@pytest.mark.parametrize("place", PLACES)
@given(seed=st.integers(0, 10_000), pupils=st.floats(30, 100), turn=st.floats(-30, 30))
def test_finger_tips_lie_at_their_place(place: HandPlace, seed: int, pupils: float, turn: float) -> None:
    face = face_with_points(pupils, turn=turn)
    frame = face_frame(face)
    pose = hand_pose(generator(seed), face, make_hand(), PlacementRule(), place)
    assert isinstance(pose, Pose)
    tips, wrist = _ends(pose.placement())
    assert min(float(np.hypot(*(tips - point))) for point in _near(frame, place)) < 3.5 * frame.cm
    assert float((wrist - tips) @ frame.down) > 0
    assert pose.size_cm is not None
    assert 17.5 <= pose.size_cm <= 19.5


@given(seed=st.integers(0, 300))
def test_both_hands_lie_on_either_side(seed: int) -> None:
    photo, plan, composite = _made(seed, hands={"both": 1})
    frame = face_frame(photo.face)
    assert len(composite.occluders) == len(plan.occluders) <= 2
    if len(plan.occluders) == 2:
        one, other = (occluder.placement for occluder in plan.occluders)
        sides = [float((_ends(placement)[0] - frame.lips) @ frame.outward(1)) for placement in (one, other)]
        assert sides[0] * sides[1] < 0
        assert one.flip != other.flip
        assert one.size_cm == other.size_cm


def test_both_hands_are_mostly_two() -> None:
    assert sum(len(_made(seed, hands={"both": 1})[1].occluders) for seed in range(30)) > 52


def test_a_face_that_is_turned_far_has_one_hand() -> None:
    face = face_with_points()
    assert face.landmarks_xy is not None
    points = face.landmarks_xy.copy()
    points[27:36, 0] += 40
    turned = dataclasses.replace(face, landmarks_xy=points)
    assert isinstance(hand_pose(generator(1), turned, make_hand(), PlacementRule(), "both"), str)
    sides = [face_frame(turned).draw_side(generator(seed)) for seed in range(100)]
    assert np.mean(sides) < 0.15  # it is the left cheek that is seen


def test_usual_hands_lie_everywhere() -> None:
    drawn = [str(_made(seed, hands="usual")[1].occluders[0].placement.anchor) for seed in range(150)]
    assert {*drawn} == {*USUAL_HANDS, "None"} - {"anywhere"}
    assert drawn.count("mouth") > drawn.count("brow")


@given(seed=st.integers(0, 300))
def test_a_hand_is_pushed_in_until_it_covers_what_is_wanted(seed: int) -> None:
    _, plan, composite = _made(seed, hands={"mouth": 1, "cheek": 1, "both": 3}, coverage={"range": [0.05, 0.12]})
    assert plan.coverage is not None
    assert len(plan.occluders) == 1  # never both
    assert composite.occlusion_ratio == pytest.approx(plan.coverage, abs=0.006)
    assert plan.occluders[0].placement.size_cm == pytest.approx(18.5, abs=1.1)


@given(seed=st.integers(0, 300))
def test_a_hand_that_reaches_in_comes_from_outside(seed: int) -> None:
    photo, plan, _ = _made(seed, pupils=90, hands={"mouth": 1, "chin_rest": 1}, reach=True)
    cut = wrist_cut(make_hand())
    assert cut is not None
    assert not cut_in_picture(plan.occluders[0].placement, cut, photo.face.face_mask.shape)


def test_a_plan_makes_the_same_picture_again() -> None:
    photo, plan, composite = _made(5, hands={"both": 1})
    again = render(photo, [make_hand()] * len(plan.occluders), Plan.from_json(plan.to_json()))
    assert np.array_equal(again.image, composite.image)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"hands": {"nose": 1}}, "chin_rest"),
        ({"hands": {}}, "weight above 0"),
        ({"hands": "usual", "anchors": {"nose": 1}}, r"placement\.hands says where"),
        ({"hands": {"both": 1}, "coverage": {}}, "another place"),
    ],
)
def test_what_does_not_go_together_is_refused(wrong: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        PlacementRule.model_validate(wrong)
