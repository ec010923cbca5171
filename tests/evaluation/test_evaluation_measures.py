"""Counts, measures and intervals: properties, small pictures counted by hand, and the definition of the boundary."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from natocc.core.samples import Mask
from natocc.evaluation.counts import FIELDS, boundary, boundary_width, count_pixels
from natocc.evaluation.measures import MEASURES, estimate, measure

SHAPE = (9, 11)
TRUTHS = arrays(np.uint8, SHAPE, elements=st.sampled_from([0, 1, 2, 255]))
FACES = arrays(np.uint8, SHAPE, elements=st.sampled_from([0, 1]))


def _measured(truth: Mask, face: Mask) -> dict[str, float]:
    return {name: float(value) for name, value in measure(count_pixels(truth, face)).items()}


def test_a_small_picture_counted_by_hand() -> None:
    truth = np.array([[0, 1, 1, 2], [0, 1, 1, 2], [0, 0, 255, 255]], np.uint8)
    face = np.array([[0, 0, 1, 1], [1, 1, 1, 0], [0, 0, 1, 0]], np.uint8)
    counts = dict(zip(FIELDS, count_pixels(truth, face).tolist(), strict=True))
    assert [counts[name] for name in FIELDS[:6]] == [3, 2, 1, 4, 2, 1]
    measured = _measured(truth, face)
    assert measured["face_iou"] == pytest.approx(3 / 6)
    assert measured["background_iou"] == pytest.approx(4 / 7)
    assert measured["miou"] == pytest.approx((3 / 6 + 4 / 7) / 2)
    assert measured["precision"] == pytest.approx(3 / 5)
    assert measured["recall"] == pytest.approx(3 / 4)
    assert measured["leak"] == pytest.approx(1 / 2)


def test_a_boundary_iou_counted_by_hand() -> None:
    """Two squares of 5 px side, one column apart; the boundary is 1 px wide: rings of 16, of which 8 are shared."""
    truth, face = np.zeros((10, 10), np.uint8), np.zeros((10, 10), np.uint8)
    truth[2:7, 2:7], face[2:7, 3:8] = 1, 1
    assert boundary_width(truth.shape) == 1
    assert boundary(truth).sum() == 16
    assert _measured(truth, face)["boundary_iou"] == pytest.approx(8 / 24)


@given(TRUTHS)
def test_the_truth_is_perfect(truth: Mask) -> None:
    measured = _measured(truth, (truth == 1).astype(np.uint8))
    for name, value in measured.items():
        assert math.isnan(value) or value == (0 if name == "leak" else 1)


@given(TRUTHS)
def test_no_face_finds_nothing(truth: Mask) -> None:
    measured = _measured(truth, np.zeros_like(truth))
    assert math.isnan(measured["precision"])
    assert measured["recall"] == 0 or not (truth == 1).any()
    assert measured["leak"] == 0 or not (truth == 2).any()


@given(FACES, FACES)
def test_the_two_may_be_swapped(first: Mask, second: Mask) -> None:
    one, other = _measured(first, second), _measured(second, first)
    for name in ("miou", "face_iou", "background_iou", "boundary_iou"):
        assert one[name] == pytest.approx(other[name], nan_ok=True)
    assert one["precision"] == pytest.approx(other["recall"], nan_ok=True)


@given(TRUTHS, FACES)
def test_the_other_way_round_is_as_bad_as_it_gets(truth: Mask, face: Mask) -> None:
    wrong = (truth != 1).astype(np.uint8)
    measured = _measured(truth, wrong)
    assert measured["face_iou"] == 0 or math.isnan(measured["face_iou"])
    assert measured["leak"] == 1 or not (truth == 2).any()
    assert all(math.isnan(value) or 0 <= value <= 1 for value in _measured(truth, face).values())


@given(TRUTHS, FACES, FACES)
def test_what_nobody_knows_counts_nowhere(truth: Mask, face: Mask, other: Mask) -> None:
    changed = np.where(truth == 255, other, face).astype(np.uint8)
    assert (count_pixels(truth, face)[:6] == count_pixels(truth, changed)[:6]).all()
    assert sum(count_pixels(truth, face)[:4]) == np.count_nonzero(truth != 255)


@given(TRUTHS, FACES)
def test_mirrors_change_nothing(truth: Mask, face: Mask) -> None:
    assert (count_pixels(truth, face) == count_pixels(truth[:, ::-1].copy(), face[:, ::-1].copy())).all()


@given(arrays(np.uint8, (7, 8), elements=st.sampled_from([0, 1])), st.integers(1, 4))
def test_the_boundary_is_what_its_definition_says(mask: Mask, width: int) -> None:
    """A pixel of the mask of which one outside is at most `width` away; beyond the picture all is outside."""
    expected = np.zeros_like(mask)
    for row, column in np.argwhere(mask):
        for down in range(-width, width + 1):
            for across in range(-width, width + 1):
                y, x = row + down, column + across
                outside = not (0 <= y < mask.shape[0] and 0 <= x < mask.shape[1]) or not mask[y, x]
                expected[row, column] |= outside
    assert (boundary(mask, width) == expected).all()


def test_shapes_must_agree() -> None:
    with pytest.raises(ValueError, match="one shape"):
        count_pixels(np.zeros((2, 3), np.uint8), np.zeros((3, 2), np.uint8))


@given(st.lists(st.tuples(TRUTHS, FACES), min_size=1, max_size=4), st.integers(0, 3))
def test_intervals_hold_the_value_and_depend_on_the_seed_alone(pairs: list[tuple[Mask, Mask]], seed: int) -> None:
    counts = np.array([count_pixels(truth, face) for truth, face in pairs])
    first, again = estimate(counts, seed, "x"), estimate(counts, seed, "x")
    assert repr(first) == repr(again)
    assert list(first) == list(MEASURES)
    for measured in first.values():
        assert math.isnan(measured.value) or 0 <= measured.low <= measured.high <= 1
    if len(pairs) == 1:
        assert all(math.isnan(each.value) or each.low == each.value == each.high for each in first.values())


def test_an_interval_is_as_wide_as_theory_has_it() -> None:
    """Recall over pictures of equal faces, found or not: a mean of 0 and 1, whose deviation is known."""
    found = np.arange(100) < 70
    counts = np.zeros((100, len(FIELDS)), np.int64)
    counts[:, 0], counts[:, 2], counts[:, 3] = 10 * found, 10 * ~found, 5
    recall = estimate(counts, 0)["recall"]
    half = 1.96 * math.sqrt(0.7 * 0.3 / 100)
    assert recall.value == pytest.approx(0.7)
    assert recall.high - recall.low == pytest.approx(2 * half, rel=0.15)
