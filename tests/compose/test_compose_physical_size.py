"""Physical size: things are as long as they are in life, on faces of every size."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from shapes_for_compose import face_with_points, make_cutout, make_face, make_fork, make_hand

from natocc.compose.appearance import Photo
from natocc.compose.draw import draw_plan
from natocc.compose.face_frame import face_frame
from natocc.compose.long_axis import long_axis
from natocc.compose.pose import PlacementRule, draw_pose, unsized
from natocc.compose.reach import cut_in_picture, wrist_cut
from natocc.compose.render import render
from natocc.compose.rules import ComposeRules
from natocc.compose.sizes import HAND, THINGS, plain, thing_of
from natocc.core.plans import Plan
from natocc.core.samples import Cutout
from natocc.core.seeds import generator
from natocc.occluders.coco.categories import CATEGORIES


def named(category: str) -> Cutout:
    return dataclasses.replace(make_cutout(180, 120), category=category)


@given(
    seed=st.integers(0, 10_000), pupils=st.floats(20, 120), category=st.sampled_from(["cup", "cell phone", "mouse", "sandwich"])
)
def test_a_thing_is_as_long_as_it_is_whatever_the_faces_size(seed: int, pupils: float, category: str) -> None:
    cutout, face = named(category), face_with_points(pupils)
    placement = draw_pose(generator(seed), face, cutout, PlacementRule(size="physical")).placement()
    axis = long_axis(cutout, "either")
    assert axis is not None
    length = axis.length * float(np.hypot(*(placement.affine[:, :2] @ axis.along))) / (pupils / 6.3)
    least, most = THINGS[category].cm
    assert least * 0.99 <= length <= most * 1.01
    assert placement.size_cm == pytest.approx(length, rel=0.01)


@given(seed=st.integers(0, 10_000), turned=st.sampled_from([0, 1, 2, 3]))
def test_what_people_hold_upright_stands_however_it_lay(seed: int, turned: int) -> None:
    level = make_cutout(60, 160)
    image, matte = (np.ascontiguousarray(np.rot90(each, turned)) for each in (level.foreground, level.matte))
    rule = PlacementRule(size="physical", rotate=(-10, 10), shear=(0, 0))
    leaning = []
    for category in ("remote", "book"):
        cutout = dataclasses.replace(level, foreground=image, matte=matte, category=category)
        axis = long_axis(cutout, "either")
        assert axis is not None
        along = draw_pose(generator(seed), face_with_points(), cutout, rule).linear @ axis.along
        leaning.append(float(np.degrees(np.arctan2(abs(along[0]), abs(along[1])))))
    assert leaning[0] <= 11
    assert (leaning[1] <= 11) == (turned % 2 == 1)  # a book stays as it lay


@given(seed=st.integers(0, 10_000), category=st.sampled_from(["cup", "mouse", "book"]))
def test_what_is_held_up_comes_from_below_or_from_a_side(seed: int, category: str) -> None:
    rules = ComposeRules.model_validate({"placement": {"size": "physical", "coverage": {"range": [0.05, 0.1]}}})
    face = face_with_points()
    cutout = named(category)
    plan, _ = draw_plan(generator(seed), Photo(face), lambda _: ({}, cutout), rules)
    rows, columns = np.nonzero(cutout.matte >= 128)
    middle = plan.occluders[0].placement.affine @ (columns.mean(), rows.mean(), 1)
    left, top, width, height = cv2.boundingRect(face.face_mask)
    away = (middle - (left + width / 2, top + height / 2)) @ face_frame(face).down
    assert away > -0.3 * float(np.hypot(*(middle - (left + width / 2, top + height / 2)))) - 0.02 * height


@given(seed=st.integers(0, 10_000))
def test_a_fist_is_no_longer_hand(seed: int) -> None:
    """What is round is limited by its breadth, not stretched to a hand's length."""
    fist = dataclasses.replace(make_cutout(110, 100), category="hand", points_to_xy=(0.0, -1.0))
    size = draw_pose(generator(seed), face_with_points(), fist, PlacementRule(size="physical")).size_cm
    assert size is not None
    assert HAND.broadest is not None
    assert HAND.broadest <= size <= 1.15 * HAND.broadest


def test_a_hand_is_as_long_as_a_face_is_high() -> None:
    size = draw_pose(generator(1), face_with_points(), make_hand(), PlacementRule(size="physical")).size_cm
    assert size is not None
    assert 17.5 <= size <= 19.5


def test_without_landmarks_the_face_is_14_cm_wide() -> None:
    face = make_face(240, 210)
    assert face_frame(face).cm == pytest.approx(141 / 14, rel=0.02)
    with_points = face_with_points(60)
    assert face_frame(with_points).cm == pytest.approx(60 / 6.3, rel=0.02)
    without = dataclasses.replace(with_points, landmarks_xy=None, inter_ocular=None)
    assert face_frame(without).cm == pytest.approx(60 / 6.3, rel=0.1)


def test_a_turned_face_is_not_smaller() -> None:
    """Its eyes are nearer to each other, but not to the mouth."""
    face = face_with_points(60)
    assert face.landmarks_xy is not None
    points = face.landmarks_xy.copy()
    points[:, 0] = 160 + 0.5 * (points[:, 0] - 160)
    turned = dataclasses.replace(face, landmarks_xy=points, inter_ocular=30.0)
    assert face_frame(turned).cm == pytest.approx(60 / 6.3, rel=0.05)


def test_a_category_without_an_entry_has_the_size_of_its_area() -> None:
    cutout, face = named("gizmo"), face_with_points()
    rule, old = PlacementRule(size="physical"), PlacementRule()
    assert draw_pose(generator(3), face, cutout, rule).placement() == draw_pose(generator(3), face, cutout, old).placement()
    assert unsized({"gizmo": 4, "cup": 2}, rule) == {"gizmo": 4}
    assert unsized({"gizmo": 4}, old) == {}


def test_a_recipe_knows_sizes_of_its_own() -> None:
    rule = PlacementRule.model_validate({"size": "physical", "sizes": {"Giz_mo": [30, 31], "cup": 7}})
    size = draw_pose(generator(3), face_with_points(), named("giz mo"), rule).size_cm
    assert size is not None
    assert 30 <= size <= 31
    assert draw_pose(generator(3), face_with_points(), named("cup"), rule).size_cm == pytest.approx(7, abs=0.01)
    assert unsized({"giz mo": 1}, rule) == {}


def test_every_category_of_coco_that_serves_has_a_size() -> None:
    assert [name for name in CATEGORIES if thing_of(name, {}) is None] == []


@pytest.mark.parametrize("name", ["wineglass", "Wine_Glass", "wine-glass", "mouse_(computer_equipment)", "cellular_telephone"])
def test_names_are_known_however_they_are_written(name: str) -> None:
    assert thing_of(name, {}) is not None


def test_the_table_makes_sense() -> None:
    for name, thing in THINGS.items():
        assert name == plain(name)
        assert 0 < thing.cm[0] <= thing.cm[1] <= 100, name
        assert thing.broadest is None or thing.broadest <= thing.cm[1], name
        assert 0 <= thing.leaves[0] <= thing.leaves[1] <= 90, name


@given(seed=st.integers(0, 200), anchored=st.booleans())
def test_a_coverage_decides_where_a_thing_lies_not_how_large_it_is(seed: int, anchored: bool) -> None:
    placement: dict[str, object] = {"size": "physical", "coverage": {"range": [0.05, 0.15]}, "max_enlargement": 9}
    if anchored:
        placement["anchors"] = {"mouth": 1, "nose": 1}
    rules = ComposeRules.model_validate({"placement": placement})
    photo = Photo(face_with_points(60))
    plan, cutouts = draw_plan(generator(seed), photo, lambda _: ({}, named("cup")), rules)
    composite = render(photo, cutouts, plan)
    size = plan.occluders[0].placement.size_cm
    assert plan.coverage is not None
    assert composite.occlusion_ratio == pytest.approx(plan.coverage, abs=0.006)
    assert size is not None
    assert THINGS["cup"].cm[0] * 0.99 <= size <= THINGS["cup"].cm[1] * 1.01


@given(seed=st.integers(0, 200), covers=st.booleans())
def test_a_hand_that_reaches_in_keeps_its_size_and_hides_its_cut(seed: int, covers: bool) -> None:
    placement: dict[str, object] = {"size": "physical", "reach": True, "max_enlargement": 9}
    if covers:
        placement["coverage"] = {"range": [0.05, 0.2]}
    rules = ComposeRules.model_validate({"placement": placement})
    photo, hand = Photo(face_with_points(90)), make_hand()
    plan, _ = draw_plan(generator(seed), photo, lambda _: ({}, hand), rules)
    placed, cut = plan.occluders[0].placement, wrist_cut(hand)
    assert placed.size_cm is not None
    assert 17.4 <= placed.size_cm <= 19.6
    assert cut is not None
    assert not cut_in_picture(placed, cut, photo.face.face_mask.shape)


def test_plans_keep_the_size_and_older_ones_have_none() -> None:
    rules = ComposeRules.model_validate({"placement": {"size": "physical", "occlusion": [0, 1]}})
    plan, _ = draw_plan(generator(1), Photo(face_with_points()), lambda _: ({}, make_fork()), rules)
    raw = plan.to_json()
    assert Plan.from_json(raw) == plan
    del raw["occluders"][0]["placement"]["size_cm"]  # type: ignore[index, union-attr]
    assert Plan.from_json(raw).occluders[0].placement.size_cm is None


@pytest.mark.parametrize("wrong", [{"size": "huge"}, {"sizes": {"cup": [3, 1]}}, {"sizes": {"cup": 0}}])
def test_a_wrong_rule_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        PlacementRule.model_validate(wrong)
