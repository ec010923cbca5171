"""Things held to the face end where one holds them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from shapes_for_compose import ORIGIN, face_with_points, make_cutout, make_face, make_fork, make_hand

from natocc.compose.appearance import Photo
from natocc.compose.draw import draw_plan
from natocc.compose.face_frame import Vector, face_frame
from natocc.compose.hold import HOLDING, held_pose
from natocc.compose.long_axis import long_axis
from natocc.compose.pose import PlacementRule, Pose
from natocc.compose.render import render
from natocc.compose.rules import ComposeRules
from natocc.compose.sizes import THINGS
from natocc.core.errors import BadDataError
from natocc.core.plans import Placement, Plan
from natocc.core.samples import AlignedFace, Cutout, Matte
from natocc.core.seeds import generator
from natocc.faces.landmarks.files import open_landmarks

_SLACK_CM = 0.85  # 0.55 each way, and a pixel
_OFF = 300  # px: so much around the picture is looked at, too


def _laid(cutout: Cutout, placement: Placement) -> Matte:
    """Its matte where it lies, on a picture that is larger on all sides."""
    affine = placement.affine
    affine[:, 2] += _OFF
    return np.asarray(cv2.warpAffine(cutout.matte, affine, (320 + 2 * _OFF, 320 + 2 * _OFF)), np.uint8)


def _held(seed: int, face: AlignedFace, cutout: Cutout, **rule: object) -> tuple[Placement, Vector, Vector]:
    """Where a thing lies, its tip and its far end."""
    pose = held_pose(generator(seed), face, cutout, PlacementRule.model_validate(rule))
    assert isinstance(pose, Pose), pose
    axis = long_axis(cutout, THINGS[cutout.category].tip)
    assert axis is not None
    placement = pose.placement()
    tip, far = (placement.affine[:, :2] @ end + placement.affine[:, 2] for end in (axis.tip_xy, axis.far_xy))
    return placement, tip, far


@given(seed=st.integers(0, 10_000), angle=st.floats(0, 360), pupils=st.floats(30, 100), turn=st.floats(-40, 40))
def test_a_forks_head_is_at_the_lips_and_its_handle_leaves_downwards(seed: int, angle: float, pupils: float, turn: float) -> None:
    """However it lies in its picture, however the head is held."""
    face = face_with_points(pupils, turn=turn)
    frame = face_frame(face)
    _, tip, far = _held(seed, face, make_fork(angle=angle), hold="mouth")
    assert float(np.hypot(*(tip - frame.lips))) < _SLACK_CM * frame.cm
    assert float((far - tip) @ frame.down) > 0.3 * float(np.hypot(*(far - tip)))
    assert THINGS["fork"].cm[0] * 0.98 <= float(np.hypot(*(far - tip))) / frame.cm <= THINGS["fork"].cm[1] * 1.02


@given(seed=st.integers(0, 10_000), angle=st.sampled_from([0.0, 90.0, 180.0]))
def test_a_bottles_neck_is_at_the_lips(seed: int, angle: float) -> None:
    """What is narrower is the tip."""
    bottle = make_fork("bottle", head=20, handle=60, angle=angle)
    face = face_with_points()
    placement, tip, far = _held(seed, face, bottle, hold="mouth")
    rows, columns = np.nonzero(_laid(bottle, placement) >= 128)
    place = (np.stack([columns, rows], axis=1) - _OFF - tip) @ ((far - tip) / np.hypot(*(far - tip)))
    assert np.count_nonzero(place < 0.25 * place.max()) < 0.75 * np.count_nonzero(place > 0.6 * place.max())


@given(seed=st.integers(0, 10_000))
def test_a_cups_rim_is_at_the_mouth(seed: int) -> None:
    """The end that is on top in its picture, however broad it is."""
    cup = dataclasses.replace(make_fork("cup", head=90, handle=90, length=110), category="cup")
    face = face_with_points()
    placement, tip, _ = _held(seed, face, cup, hold="mouth")
    frame = face_frame(face)
    assert float(np.hypot(*(tip - frame.lips))) < _SLACK_CM * frame.cm
    up_in_picture = placement.affine[:, :2] @ np.array([0.0, -1.0])
    assert float(up_in_picture @ -frame.down) > 0.85 * float(np.hypot(*up_in_picture))


@given(seed=st.integers(0, 10_000))
def test_a_phone_lies_along_ear_and_cheek(seed: int) -> None:
    phone = make_fork("cell phone", head=70, handle=70, length=140)
    face = face_with_points()
    frame = face_frame(face)
    placement, tip, far = _held(seed, face, phone, hold="ear")
    side = int(np.argmin([np.hypot(*(tip - ear)) for ear in frame.ear]))
    assert float(np.hypot(*(tip - frame.ear[side]))) < _SLACK_CM * frame.cm
    line = frame.jaw[side] - frame.ear[side]
    cosine = float((far - tip) @ line) / float(np.hypot(*(far - tip)) * np.hypot(*line))
    assert cosine > 0.97
    assert placement.size_cm is not None
    assert 13.5 <= placement.size_cm <= 16


@given(seed=st.integers(0, 10_000))
def test_what_is_held_to_a_cheek_leaves_downwards_and_outwards(seed: int) -> None:
    face = face_with_points()
    frame = face_frame(face)
    _, tip, far = _held(seed, face, make_fork("cell phone", head=70, handle=70, length=140), hold={"cheek": 1})
    outward = frame.outward(1 if float((tip - frame.lips) @ frame.outward(1)) > 0 else 0)
    assert float((far - tip) @ outward) > 0
    assert float((far - tip) @ frame.down) > 0


def test_a_cup_is_held_up_beside_the_cheek_mostly_by_the_right_hand() -> None:
    face = face_with_points()
    frame = face_frame(face)
    cup = dataclasses.replace(make_cutout(120, 80), category="cup")
    laid = [_held(seed, face, cup, hold="cheek")[1:] for seed in range(60)]
    assert all(float((far - tip) @ frame.down) > 0.9 * float(np.hypot(*(far - tip))) for tip, far in laid)
    assert 0.6 < np.mean([float((tip - frame.lips) @ frame.outward(0)) > 0 for tip, _ in laid]) < 0.9


def test_the_tip_is_at_the_lips_of_real_faces(real_data: Path) -> None:
    """Hand-placed points of photographs: any pose, any expression."""
    landmarks = open_landmarks(real_data / "helen", None)
    names = sorted(path.stem for path in (real_data / "helen").glob("*.pts"))
    assert len(names) > 20
    for seed, name in enumerate(names):
        points = landmarks.find(name)
        assert points is not None
        points = points - points.min(axis=0) + 50
        width, height = (int(size) for size in points.max(axis=0) + 50)
        mask = np.zeros((height, width), np.uint8)
        cv2.fillConvexPoly(mask, cv2.convexHull(points.astype(np.int32)), 1)
        face = AlignedFace(np.zeros((height, width, 3), np.uint8), mask, None, points, ORIGIN, np.eye(2, 3), None, False)
        for kind, hold in (("fork", "mouth"), ("toothbrush", "mouth")):
            _, tip, far = _held(seed, face, make_fork(kind), hold=hold)
            lips = points[48:68]
            room = _SLACK_CM * face_frame(face).cm
            assert (tip > lips.min(axis=0) - room).all(), name
            assert (tip < lips.max(axis=0) + room).all(), name
            assert float((far - tip) @ face_frame(face).down) > 0, name


@pytest.mark.parametrize(
    ("cutout", "why"),
    [
        (make_fork("gizmo"), "no size known"),
        (make_fork("keyboard"), "not held there"),
        (make_fork("fork", head=20, handle=20), "ends not told apart"),
        (dataclasses.replace(make_cutout(60, 60), category="cup"), "ends not told apart"),  # seen from above
    ],
)
def test_what_cannot_be_held_is_not_used(cutout: Cutout, why: str) -> None:
    rules = ComposeRules.model_validate({"placement": {"hold": "mouth", "attempts": 3}})
    with pytest.raises(BadDataError, match=f"{why} 3"):
        draw_plan(generator(1), Photo(face_with_points()), lambda _: ({}, cutout), rules)


@given(seed=st.integers(0, 300))
def test_a_hand_lies_over_what_it_holds(seed: int) -> None:
    """Over its far half, in front of it; the wrist comes from below, and the thing's tip stays at the lips."""
    photo = Photo(face_with_points(60))
    frame = face_frame(photo.face)
    rules = ComposeRules.model_validate({"placement": {"hold": "mouth", "max_enlargement": 9}})
    fork, hand = make_fork(), make_hand()
    plan, cutouts = draw_plan(generator(seed), photo, lambda _: ({}, fork), rules, draw_hand=lambda _: ({}, hand))
    assert [cutout.category for cutout in cutouts] == ["fork", "hand"]
    thing, held_by = (occluder.placement for occluder in plan.occluders)
    assert (thing.anchor, held_by.anchor) == ("mouth", HOLDING)
    assert plan.occluders[1].look.transfer == "skin"
    axis = long_axis(fork, "wide")
    assert axis is not None
    tip, far = (thing.affine[:, :2] @ end + thing.affine[:, 2] for end in (axis.tip_xy, axis.far_xy))
    wrist_to_fingers = held_by.affine[:, :2] @ np.array([0.0, -1.0])
    assert float(wrist_to_fingers @ frame.down) < 0
    matte = cv2.dilate(_laid(hand, held_by), np.ones((9, 9), np.uint8))  # a fork may lie between two fingers
    on_thing = [tip + share * (far - tip) + _OFF for share in np.linspace(0.5, 0.9, 40)]
    assert any(matte[round(float(y)), round(float(x))] >= 128 for x, y in on_thing)
    assert Plan.from_json(plan.to_json()) == plan
    again = render(photo, cutouts, Plan.from_json(plan.to_json()))
    assert np.array_equal(again.image, render(photo, cutouts, plan).image)


def test_without_landmarks_the_mouth_is_guessed() -> None:
    face = make_face(240, 210)
    _, tip, far = _held(1, face, make_fork(), hold="mouth")
    assert abs(tip[0] - 105) < 12
    assert far[1] > tip[1]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"hold": "nose"}, "mouth"),
        ({"hold": {"mouth": 0}}, "weight above 0"),
        ({"hold": "mouth", "coverage": {}}, r"leave out placement\.coverage"),
        ({"hold": "mouth", "anchors": {"nose": 1}}, r"placement\.hold says where"),
    ],
)
def test_what_does_not_go_together_is_refused(wrong: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        PlacementRule.model_validate(wrong)


def test_a_fork_may_cover_little() -> None:
    """Unless a recipe says how little; a resolved rule is what it was."""
    rule = PlacementRule.model_validate({"hold": "mouth"})
    assert rule.occlusion == (0.003, 0.8)
    assert PlacementRule.model_validate(rule.model_dump()) == rule
    assert PlacementRule.model_validate({"hold": "mouth", "occlusion": [0.1, 0.2]}).occlusion == (0.1, 0.2)
    assert PlacementRule().occlusion == (0.02, 0.8)
