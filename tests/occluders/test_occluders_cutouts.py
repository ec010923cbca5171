from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from natocc.core.errors import BadDataError, Reason
from natocc.core.samples import MATTE_THRESHOLD, Origin
from natocc.occluders.cutting.cutouts import CutoutRules, check_mask, check_sharpness, cut_out, sharpness
from natocc.occluders.hands.pointing import finger_direction
from natocc.occluders.shapes.outlines import outline

ORIGIN = Origin("test", "1", "0" * 64)


def _disc(size: int = 160, radius: float = 50, centre: tuple[float, float] = (80, 80)) -> np.ndarray:
    """True coverage of a disc, sampled 8 x 8 a pixel."""
    y, x = (np.mgrid[0 : 8 * size, 0 : 8 * size] + 0.5) / 8 - 0.5
    fine = (np.hypot(x - centre[0], y - centre[1]) < radius).astype(np.float32)
    return cv2.resize(fine, (size, size), interpolation=cv2.INTER_AREA)


def _over(coverage: np.ndarray, front: tuple[int, int, int], back: tuple[int, int, int]) -> np.ndarray:
    mixed = coverage[..., None] * np.array(front) + (1 - coverage[..., None]) * np.array(back)
    return np.rint(mixed).astype(np.uint8)


@pytest.mark.parametrize("back", [(0, 0, 0), (20, 160, 40), (250, 250, 250)])
@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_a_disc_over_another_background_is_as_if_photographed_there(back: tuple[int, int, int], offset: int) -> None:
    """The mask is off by a pixel either way; nothing of the old background may show, nor much of the disc be lost."""
    coverage = cv2.GaussianBlur(_disc(), (0, 0), 0.7)
    front, new = (190, 120, 100), (90, 110, 200)
    mask = (_disc(radius=50 + offset) >= 0.5).astype(np.uint8)
    cutout = cut_out(_over(coverage, front, back), mask, "disc", ORIGIN)
    alpha = cutout.matte.astype(float)[..., None] / 255
    ours = alpha * cutout.foreground + (1 - alpha) * np.array(new)
    centre = np.array(cv2.moments(cutout.matte)["m10"]) / cv2.moments(cutout.matte)["m00"]
    shift = round(80 - centre)
    height, width = cutout.matte.shape
    truth = _over(coverage, front, new)[shift : shift + height, shift : shift + width].astype(float)
    edge = (coverage > 0.02) & (coverage < 0.98)
    error = np.abs(ours - truth).max(axis=2)[edge[shift : shift + height, shift : shift + width]]
    assert error.mean() < 7  # the matte is an estimate, drawn in a little
    assert np.percentile(error, 99) < 25


def test_the_outermost_pixels_are_clear() -> None:
    image = np.full((100, 100, 3), 90, np.uint8)
    for mask in (_disc(100, 30, (50, 50)), _disc(100, 30, (0, 50)), np.ones((100, 100))):
        matte = cut_out(image, (mask >= 0.5).astype(np.uint8), "x", ORIGIN).matte
        assert not matte[[0, -1]].any()
        assert not matte[:, [0, -1]].any()


def test_the_inside_keeps_its_pixels() -> None:
    rng = np.random.Generator(np.random.PCG64(0))
    image = rng.integers(0, 256, (160, 160, 3), dtype=np.uint8)
    cutout = cut_out(image, (_disc() >= 0.5).astype(np.uint8), "x", ORIGIN)
    sure = cv2.erode((cutout.matte == 255).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    height, width = cutout.matte.shape
    match = cv2.matchTemplate(image, cutout.foreground[20:-20, 20:-20], cv2.TM_SQDIFF)
    _, _, (x, y), _ = cv2.minMaxLoc(match)
    assert (image[y - 20 : y - 20 + height, x - 20 : x - 20 + width][sure] == cutout.foreground[sure]).all()


def _mask(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    mask = np.zeros((200, 200), np.uint8)
    for left, top, width, height in boxes:
        mask[top : top + height, left : left + width] = 1
    return mask


@pytest.mark.parametrize(
    ("mask", "reason"),
    [
        (_mask(), Reason.EMPTY_MASK),
        (_mask((50, 50, 20, 20)), Reason.TOO_SMALL),
        (_mask((50, 20, 3, 160)), Reason.TOO_SMALL),
        (_mask((20, 50, 160, 4), (20, 60, 160, 4)), Reason.IN_PIECES),
        (_mask((0, 50, 80, 80)), Reason.TRUNCATED),
        (_mask((20, 50, 160, 4)), Reason.TOO_THIN),
    ],
)
def test_rules(mask: np.ndarray, reason: Reason) -> None:
    with pytest.raises(BadDataError) as caught:
        check_mask(mask, CutoutRules(min_area=400 if reason != Reason.TOO_SMALL else 1024))
    assert caught.value.reason == reason


def test_a_speck_is_left_out() -> None:
    piece = check_mask(_mask((20, 20, 100, 100), (180, 180, 3, 3)), CutoutRules())
    assert (piece == _mask((20, 20, 100, 100))).all()


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
def test_fingers_point_away_from_the_wrist(turn: int) -> None:
    """A palm with a wrist that the frame cuts, and four fingers."""
    hand = _mask((70, 120, 60, 80), (60, 80, 80, 60), (60, 20, 12, 60), (80, 10, 12, 70), (100, 12, 12, 70), (122, 25, 12, 60))
    x, y = finger_direction(np.ascontiguousarray(np.rot90(hand, turn)))
    up = [(0, -1), (-1, 0), (0, 1), (1, 0)][turn]
    assert x * up[0] + y * up[1] > 0.95
    assert math.hypot(x, y) == pytest.approx(1, abs=1e-3)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=3, max_size=15, unique=True), st.floats(0, 0.5))
def test_an_outline_goes_through_its_points_and_stays_near(points: list[tuple[float, float]], roundness: float) -> None:
    curve = outline(np.array(points), roundness)
    assert np.isfinite(curve).all()
    for point in points:
        assert np.abs(curve - point).max(axis=1).min() < 1e-9
    assert curve.min() > -1
    assert curve.max() < 2


def test_the_threshold_is_met() -> None:
    assert (
        cut_out(np.zeros((160, 160, 3), np.uint8), (_disc() >= 0.5).astype(np.uint8), "x", ORIGIN).matte.max() >= MATTE_THRESHOLD
    )


@given(st.floats(0.3, 1), st.integers(0, 60))
def test_sharpness_is_that_of_the_edge_not_of_its_contrast(contrast: float, offset: int) -> None:
    mask = np.zeros((80, 80), np.uint8)
    mask[20:60, 20:60] = 1
    found = []
    for sigma in (0.8, 2.0, 5.0):
        soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), sigma)
        image = np.repeat((offset + 180 * contrast * soft)[..., None], 3, axis=2).astype(np.uint8)
        found.append(sharpness(image, mask))
    assert found[0] > 1.5 * found[1] > 2.5 * found[2]
    assert found[1] == pytest.approx(100 / (2.0 * np.sqrt(2 * np.pi)), rel=0.15)
    rules = CutoutRules(min_sharpness=found[1])
    with pytest.raises(BadDataError) as caught:
        check_sharpness(image, mask, rules)
    assert caught.value.reason == Reason.TOO_BLURRED


def test_a_plain_object_has_some_sharpness() -> None:
    mask = np.ones((20, 20), np.uint8)
    assert sharpness(np.full((20, 20, 3), 90, np.uint8), mask) == 0
