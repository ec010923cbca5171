"""Coverage that is asked for, anchors, hands that reach in, several occluders, see-through ones and their labels."""

from __future__ import annotations

import collections
import contextlib
import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.stats import kstest
from shapes_for_compose import ORIGIN, make_cutout, make_face

from natocc.compose.anchors import anchor_points, draw_anchor
from natocc.compose.appearance import Photo
from natocc.compose.blend import BlendRule, draw_blend
from natocc.compose.draw import draw_plan
from natocc.compose.pose import PlacementRule
from natocc.compose.reach import cut_shows, wrist_cut
from natocc.compose.render import render
from natocc.compose.rules import ComposeRules, TransparencyRule
from natocc.core.errors import BadDataError
from natocc.core.plans import OccluderPlan, Placement, Plan
from natocc.core.samples import IGNORE, AlignedFace, Composite, Cutout
from natocc.core.seeds import generator


def _made(seed: int, rules: ComposeRules, cutout: Cutout, face: AlignedFace | None = None) -> tuple[Plan, Composite]:
    photo = Photo(face or make_face())
    plan, cutouts = draw_plan(generator(seed), photo, lambda _: ({}, cutout), rules)
    return plan, render(photo, cutouts, plan)


def _hand() -> Cutout:
    """A forearm with a palm; its fingers point up, its cut is the straight end below."""
    matte = np.zeros((140, 100), np.uint8)
    cv2.rectangle(matte, (35, 60), (65, 130), 255, -1)
    cv2.circle(matte, (50, 50), 40, 255, -1)
    return Cutout(np.full((140, 100, 3), (200, 150, 120), np.uint8), matte, "hand", ORIGIN, (0.0, -1.0))


@pytest.mark.parametrize("anchored", [False, True])
def test_ratios_fill_their_range_evenly(anchored: bool) -> None:
    placement = {"coverage": {"range": [0.1, 0.6]}, "max_enlargement": 9} | (
        {"anchors": {"eyes": 1, "chin": 1}} if anchored else {}
    )
    rules = ComposeRules.model_validate({"placement": placement})
    ratios = [_made(seed, rules, make_cutout())[1].occlusion_ratio for seed in range(500)]
    assert min(ratios) >= 0.1
    assert max(ratios) <= 0.6
    assert kstest(ratios, "uniform", args=(0.1, 0.5)).pvalue > 0.01


def test_half_of_loguniform_ratios_are_small() -> None:
    coverage = {"range": [0.01, 0.6], "distribution": "loguniform"}
    rules = ComposeRules.model_validate({"placement": {"coverage": coverage, "max_enlargement": 9}})
    wanted = [_made(seed, rules, make_cutout())[0].coverage for seed in range(200)]
    assert kstest(np.log(np.array(wanted, float)), "uniform", args=(math.log(0.01), math.log(60))).pvalue > 0.01
    with pytest.raises(ValidationError, match="begins above 0"):
        ComposeRules.model_validate({"placement": {"coverage": {"range": [0, 0.6], "distribution": "loguniform"}}})


@given(st.integers(0, 500), st.booleans())
def test_what_was_asked_for_is_met(seed: int, hand: bool) -> None:
    rules = ComposeRules.model_validate({"placement": {"coverage": {"range": [0.2, 0.4]}, "reach": True, "max_enlargement": 9}})
    plan, out = _made(seed, rules, _hand() if hand else make_cutout())
    assert plan.coverage is not None
    assert out.occlusion_ratio == pytest.approx(plan.coverage, abs=0.006)


@pytest.mark.parametrize("count", [2, 3])
def test_several_occluders_together_cover_what_is_asked_for(count: int) -> None:
    """Each is laid on the way to the whole: only the last one has to reach the range."""
    rules = ComposeRules.model_validate(
        {"placement": {"coverage": {"range": [0.3, 0.5]}, "count": [count, count], "max_enlargement": 9, "overlap": 0.5}}
    )
    made = []
    for seed in range(40):
        with contextlib.suppress(BadDataError):
            made.append(_made(seed, rules, make_cutout()))
    assert len(made) >= 38
    for plan, out in made:
        assert plan.coverage is not None
        assert len(plan.occluders) == count
        assert out.occlusion_ratio == pytest.approx(plan.coverage, abs=0.006)


@pytest.mark.parametrize("opacity", [0.0, 1e-6, 0.3])
def test_what_takes_nothing_away_covers_nothing(opacity: float) -> None:
    """A threshold that no pixel of a nearly clear occluder reaches."""
    transparency = {"probability": 1, "opacity": [opacity, opacity], "label": "threshold", "threshold": 0.5}
    rules = ComposeRules.model_validate({"transparency": transparency, "placement": {"occlusion": [0, 1]}})
    plan, out = _made(1, rules, make_cutout())
    assert not out.occluders[0].any()
    assert out.occlusion_ratio == 0
    assert Plan.from_json(plan.to_json()) == plan


@pytest.mark.parametrize("area", [1e-300, 1e-14, 1e-6])
def test_an_occluder_of_nearly_no_size_is_refused_like_any_other(area: float) -> None:
    rules = ComposeRules.model_validate({"placement": {"area": [area, area], "occlusion": [0, 1]}})
    with contextlib.suppress(BadDataError):
        _made(1, rules, make_cutout())


def test_coverage_needs_labels_that_cover() -> None:
    with pytest.raises(ValidationError, match=r"needs transparency\.label opaque"):
        ComposeRules.model_validate({"placement": {"coverage": {}}, "transparency": {"probability": 0.2, "label": "ignore"}})


@pytest.mark.parametrize(("reach", "least", "most"), [(True, 0, 0.05), (False, 0.5, 1)])
def test_hands_that_reach_in_hide_their_cut(reach: bool, least: float, most: float) -> None:
    """In mid-air, it shows even where it is not near the face."""
    rules = ComposeRules.model_validate({"placement": {"reach": reach, "max_enlargement": 9, "area": [0.3, 0.5]}})
    face, cut = make_face(160, 160), wrist_cut(_hand())
    assert cut is not None
    shown = 0
    for seed in range(60):
        placement = _made(seed, rules, _hand(), face)[0].occluders[0].placement
        at = cut @ placement.affine[:, :2].T + placement.affine[:, 2]
        shown += bool((((at > 0) & (at < 159)).all(axis=1)).mean() > 0.5)
        assert not (reach and cut_shows(placement, cut, face))
    assert least <= shown / 60 <= most


@pytest.mark.parametrize("size", [1, 6])
def test_a_cut_on_the_face_shows(size: int) -> None:
    face, cut = make_face(160 * size, 160 * size), wrist_cut(_hand())
    assert cut is not None
    on, off = (Placement((size, 0, x * size, 0, size, y * size), False) for x, y in ((30, -50), (110, 20)))
    assert cut_shows(on, cut, face)
    assert not cut_shows(off, cut, face)


def test_what_is_no_hand_has_no_cut() -> None:
    assert wrist_cut(make_cutout()) is None


def test_the_cut_is_the_end_that_the_fingers_point_away_from() -> None:
    cut = wrist_cut(_hand())
    assert cut is not None
    assert (cut[:, 1] > 120).all()


def test_anchors_without_landmarks_lie_where_faces_have_them() -> None:
    face = make_face(200, 160)
    heights = {name: anchor_points(face, name)[:, 1].mean() for name in ("forehead", "eyes", "nose", "mouth", "chin")}
    assert list(heights.values()) == sorted(heights.values())
    border = anchor_points(face, "border").astype(int)
    assert all(face.face_mask[y, x] for x, y in border)


@given(st.integers(0, 1000))
def test_anchors_are_drawn_by_weight(seed: int) -> None:
    assert draw_anchor(generator(seed), make_face(), {"eyes": 0, "chin": 2, "nose": 0})[0] == "chin"


def test_an_anchored_occluder_lies_on_its_anchor() -> None:
    rules = ComposeRules.model_validate({"placement": {"anchors": {"mouth": 1}, "area": [0.2, 0.3]}})
    face = make_face(200, 160)
    mouth = anchor_points(face, "mouth")[0]
    for seed in range(20):
        plan, out = _made(seed, rules, make_cutout(), face)
        rows, columns = np.nonzero(out.occluders[0])
        assert math.hypot(columns.mean() - mouth[0], rows.mean() - mouth[1]) < 0.25 * 107
        assert plan.occluders[0].placement.anchor == "mouth"


@pytest.mark.parametrize(
    "wrong", [{"anchors": {"ear": 1}}, {"anchors": {"eyes": 0}}, {"count": [0, 2]}, {"coverage": {"range": [0, 2]}}]
)
def test_wrong_rules_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        PlacementRule.model_validate(wrong)


@given(st.integers(0, 300))
def test_several_occluders_overlap_no_more_than_allowed(seed: int) -> None:
    rules = ComposeRules.model_validate({"placement": {"count": [2, 3], "overlap": 0.2, "area": [0.1, 0.3]}})
    plan, out = _made(seed, rules, make_cutout(), make_face(160, 140))
    assert 1 <= len(plan.occluders) <= 3
    for index, mask in enumerate(out.occluders):
        for other in out.occluders[:index]:
            assert (mask & other).sum() <= 0.2 * min(mask.sum(), other.sum()) + 1


def test_counts_are_drawn_from_their_range() -> None:
    rules = ComposeRules.model_validate({"placement": {"count": [1, 3], "overlap": 1, "area": [0.1, 0.2]}})
    counts = collections.Counter(len(_made(seed, rules, make_cutout())[0].occluders) for seed in range(90))
    assert set(counts) == {1, 2, 3}


def test_the_later_occluder_lies_in_front() -> None:
    face = make_face()
    behind, before = make_cutout(colour=(255, 0, 0)), make_cutout(colour=(0, 0, 255))
    placed = Placement((1, 0, 20, 0, 1, 20), False)
    out = render(Photo(face), [behind, before], Plan((OccluderPlan({}, placed), OccluderPlan({}, placed)), 1))
    assert (out.image[out.mattes[0] == 255] == (0, 0, 255)).all()


def _see_through(opacity: float, **label: object) -> Composite:
    rule = TransparencyRule.model_validate({"probability": 1, "opacity": opacity, **label})
    return _made(3, ComposeRules(transparency=rule), make_cutout())[1]


def test_see_through_occluders_are_labelled_as_they_say() -> None:
    opaque, ignored = _see_through(0.5), _see_through(0.5, label="ignore")
    assert set(np.unique(opaque.modal)) == {0, 1}
    assert opaque.occlusion_ratio > 0
    assert ignored.occlusion_ratio == 0
    assert ((ignored.modal == IGNORE) == ((opaque.modal == 0) & (opaque.amodal > 0))).all()
    assert ((ignored.ignored > 0) == (opaque.occluders[0] > 0)).all()


def test_a_threshold_tells_by_how_much_is_taken_away() -> None:
    below, above = _see_through(0.45, label="threshold"), _see_through(0.6, label="threshold")
    assert below.occlusion_ratio == 0
    assert (below.modal == below.amodal).all()
    assert above.occlusion_ratio > 0
    assert ((above.occluders[0] > 0) == (above.mattes[0] >= math.ceil(255 * 0.5 / 0.6))).all()


def test_an_opaque_occluder_settles_what_a_see_through_one_leaves_open() -> None:
    face, placed = make_face(), Placement((1, 0, 20, 0, 1, 20), False)
    ignored = OccluderPlan({}, placed, opacity=0.5, ignored=True)
    out = render(Photo(face), [make_cutout(), make_cutout()], Plan((ignored, OccluderPlan({}, placed)), 1))
    assert not out.ignored.any()
    assert IGNORE not in out.modal


def test_blends_are_mixed_by_weight() -> None:
    rule = BlendRule.model_validate({"method": {"alpha": 1, "poisson": 0, "pyramid": 3}})
    drawn = collections.Counter(draw_blend(generator(seed), rule) for seed in range(400))
    assert set(drawn) == {"alpha", "pyramid"}
    assert 0.68 < drawn["pyramid"] / 400 < 0.82
    with pytest.raises(ValidationError):
        BlendRule.model_validate({"method": {"alpha": 0}})
