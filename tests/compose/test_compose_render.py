"""The laws of compositing: what is outside stays, what is visible and what is occluded make the face."""

from __future__ import annotations

import dataclasses
import json

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapes_for_compose import make_cutout, make_face

from natocc.compose.appearance import Photo
from natocc.compose.blend import BLENDS
from natocc.compose.draw import draw_plan
from natocc.compose.pose import PlacementRule
from natocc.compose.render import render
from natocc.compose.rules import ComposeRules, TransparencyRule
from natocc.compose.transfers import TRANSFERS
from natocc.compose.warp import warp_cutout, warp_matte
from natocc.core.errors import BadDataError, Reason
from natocc.core.plans import Look, OccluderPlan, Placement, Plan
from natocc.core.samples import MATTE_THRESHOLD, Cutout
from natocc.core.seeds import generator

matrices = st.tuples(
    st.floats(-4, 4), st.floats(-4, 4), st.floats(-150, 150), st.floats(-4, 4), st.floats(-4, 4), st.floats(-150, 150)
)
occluders = st.builds(
    OccluderPlan,
    st.just({"id": "x"}),
    st.builds(Placement, matrices, st.booleans()),
    st.builds(
        Look,
        transfer=st.sampled_from(["none", *TRANSFERS]),
        shift=st.floats(0, 1),
        shading=st.floats(0, 1),
        sharpness=st.floats(0, 1),
        grain=st.floats(0, 1),
        jpeg=st.none() | st.integers(1, 100),
    ),
    st.sampled_from(sorted(BLENDS)),
    st.floats(0.1, 1),
    st.none() | st.floats(0.3, 4),
)


@given(st.lists(occluders, max_size=3), st.integers(0, 5))
def test_laws(placed: list[OccluderPlan], seed: int) -> None:
    face = make_face(seed=seed)
    before = face.image.copy()
    out = render(Photo(face), [make_cutout() for _ in placed], Plan(tuple(placed), 1))
    covered = np.zeros(face.face_mask.shape, bool)
    touched = np.zeros(face.face_mask.shape, bool)
    for mask, matte in zip(out.occluders, out.mattes, strict=True):
        assert ((matte >= MATTE_THRESHOLD) == (mask > 0)).all()
        covered |= mask > 0
        touched |= matte > 0
    assert (out.image[~touched] == face.image[~touched]).all()
    assert ((out.modal > 0) == ((face.face_mask > 0) & ~covered)).all()
    assert (out.amodal == face.face_mask).all()
    assert set(np.unique(out.modal)) <= {0, 1}
    assert out.occlusion_ratio == (covered & (face.face_mask > 0)).sum() / face.face_mask.sum()
    assert (face.image == before).all()
    again = render(Photo(face), [make_cutout() for _ in placed], Plan(tuple(placed), 1))
    assert (again.image == out.image).all()


@given(matrices)
def test_the_layer_is_the_matte(values: tuple[float, float, float, float, float, float]) -> None:
    affine = Placement(values, False).affine
    layer, warped = warp_cutout(make_cutout(), affine, (96, 80)), warp_matte(make_cutout().matte, affine, (96, 80))
    assert (layer is None) == (warped is None)
    if layer is not None and warped is not None:
        assert (layer.left, layer.top) == warped[:2]
        assert (layer.matte == warped[2]).all()


@pytest.mark.parametrize("scale", [0.1, 0.23, 0.5, 0.77, 1, 1.9, 4])
@pytest.mark.parametrize("shift", [0, 0.25, 0.5])
def test_a_warp_keeps_the_centre_and_the_area(scale: float, shift: float) -> None:
    cutout = make_cutout(150, 100)
    centre = np.array([300 + shift, 400 - shift])
    affine = np.array([[scale, 0, 0], [0, scale, 0]]).astype(float)
    affine[:, 2] = centre - scale * np.array([50, 75])
    warped = warp_matte(cutout.matte, affine, (800, 600))
    assert warped is not None
    left, top, matte = warped
    moments = cv2.moments(matte)
    assert abs(left + moments["m10"] / moments["m00"] - centre[0]) < 0.1
    assert abs(top + moments["m01"] / moments["m00"] - centre[1]) < 0.1
    assert int(matte.sum()) == pytest.approx(int(cutout.matte.sum()) * scale**2, rel=0.03)


def test_shrinking_does_not_alias() -> None:
    """Stripes of one pixel, shrunk to a fifth, are grey."""
    cutout = make_cutout(200, 200)
    stripes = np.zeros((200, 200, 3), np.uint8)
    stripes[::2] = 255
    layer = warp_cutout(dataclasses.replace(cutout, foreground=stripes), np.array([[0.2, 0, 10.3], [0, 0.2, 10.3]]), (96, 80))
    assert layer is not None
    inside = cv2.erode(layer.matte, np.ones((5, 5), np.uint8)) == 255
    assert np.abs(layer.foreground.astype(int)[inside] - 127.5).max() < 20


def test_no_fringe_bleeds_in() -> None:
    """A red disc on what was black stays red to its edge: no pixel is darker than face and disc."""
    face = dataclasses.replace(make_face(), image=np.full((96, 80, 3), (200, 200, 200), np.uint8))
    cutout = make_cutout(colour=(200, 60, 60))
    for scale in (0.3, 0.6, 1.0, 1.7):
        plan = Plan((OccluderPlan({}, Placement((scale, 0.1, 15, -0.1, scale, 20), False)),), 1)
        image = render(Photo(face), [cutout], plan).image.astype(int)
        assert image[..., 0].min() >= 199
        assert image[..., 1].min() >= 59


def test_as_many_cutouts_as_the_plan_places() -> None:
    with pytest.raises(ValueError, match="expected 0 cutouts as the plan places"):
        render(Photo(make_face()), [make_cutout()], Plan((), 1))


@given(st.integers(0, 200))
def test_a_plan_survives_json_and_meets_its_rule(seed: int) -> None:
    face, rules = make_face(), ComposeRules(transparency=TransparencyRule(probability=0.5))
    plan, cutouts = draw_plan(generator(seed), Photo(face), lambda rng: ({"n": int(rng.integers(9))}, make_cutout()), rules)
    assert Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan
    out = render(Photo(face), cutouts, plan)
    assert rules.placement.occlusion[0] <= out.occlusion_ratio <= rules.placement.occlusion[1]
    assert plan.occluders[0].opacity == 1 or 0.4 <= plan.occluders[0].opacity <= 0.7


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        (PlacementRule(occlusion=(0.99, 1), attempts=4), "covers too little 4"),
        (PlacementRule(occlusion=(0, 0.01), attempts=4), "covers too much 4"),
        (PlacementRule(max_enlargement=0.01, attempts=4), "cutout too small 4"),
    ],
)
def test_what_cannot_be_placed_is_rejected_in_bounded_time(rule: PlacementRule, why: str) -> None:
    with pytest.raises(BadDataError, match=why) as caught:
        draw_plan(generator(0), Photo(make_face()), lambda _: ({}, make_cutout()), ComposeRules(placement=rule))
    assert caught.value.reason == Reason.NO_PLACEMENT


def test_unreadable_cutouts_count_as_attempts() -> None:
    def draw(_: np.random.Generator) -> tuple[dict[str, str], Cutout]:
        raise BadDataError(Reason.UNREADABLE_IMAGE, "cut short")

    with pytest.raises(BadDataError, match="unreadable-image 30"):
        draw_plan(generator(0), Photo(make_face()), draw, ComposeRules())


@pytest.mark.parametrize("reason", [Reason.MISSING_FILE, Reason.CANNOT_READ])
def test_no_other_cutout_serves_for_one_that_cannot_be_read_at_the_moment(reason: Reason) -> None:
    def draw(rng: np.random.Generator) -> tuple[dict[str, str], Cutout]:
        if rng.random() < 0.9:
            raise BadDataError(reason, "not now")
        return {}, make_cutout()

    with pytest.raises(BadDataError, match="not now") as caught:
        draw_plan(generator(0), Photo(make_face()), draw, ComposeRules())
    assert caught.value.reason == reason
