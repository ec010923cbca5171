"""What is done on a part, a sample or a template says the same as if it were done on the whole."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapes_for_compose import make_cutout, make_face

from natocc.compose.colour_spaces import LUMA
from natocc.compose.grain import _smoothed, match_grain
from natocc.compose.guided_filter import Change, Guide, luma_and_hues, luma_of
from natocc.compose.lens import _blocks, edge_blurs, noise_level
from natocc.compose.pose import PlacementRule, can_fill, draw_pose, enlargement
from natocc.compose.warp import warp_cutout
from natocc.core.seeds import generator


def _change(seed: int) -> Change:
    rng = generator(seed)
    return Change(rng.uniform(-0.3, 0.3, (6, 5)).astype(np.float32), rng.uniform(-18, 18, (6, 5, 3)).astype(np.float32))


changes = st.integers(0, 1000).map(_change)


def _texture(side: int, blur: float, noise: float) -> np.ndarray:
    rng = generator(3, "texture")
    fine = cv2.GaussianBlur((rng.random((side, side)) > 0.5).astype(np.float32), (0, 0), 6) > 0.5
    edges = cv2.GaussianBlur(np.where(fine, 180, 60).astype(np.float32), (0, 0), blur)
    return (edges[..., None] + noise * rng.normal(size=(side, side, 3))).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("blur", [0.8, 1.5])
def test_a_large_picture_is_as_sharp_as_a_part_of_it(blur: float) -> None:
    large = _texture(1200, blur, 1.0)
    whole, part = edge_blurs(large, np.ones((1200, 1200), np.uint8)), edge_blurs(large[:250, :250], np.ones((250, 250), np.uint8))
    assert whole is not None
    assert part is not None
    assert np.median(whole) == pytest.approx(np.median(part), rel=0.1)


def test_noise_of_a_large_picture_is_looked_at_all_over() -> None:
    clean, noisy = np.full((1200, 1200, 3), 128, np.uint8), _texture(1200, 20, 4.0)
    half = np.concatenate([clean[:600], noisy[600:]])
    everywhere = np.ones((1200, 1200), np.uint8)
    found = [noise_level(image, everywhere) for image in (clean, half, noisy)]
    assert all(level is not None for level in found)
    assert found[0][0] < 0.1  # type: ignore[index]
    assert found[0][0] < found[1][0] < found[2][0]  # type: ignore[index]


@given(st.integers(0, 2**32 - 1), st.integers(500, 560), st.integers(60, 100))
def test_grain_covers_the_whole_picture_whatever_its_place(seed: int, height: int, width: int) -> None:
    grey = np.full((height, width, 3), 128, np.uint8)
    wanted = np.array([4, 2, 2], np.float32)
    out = match_grain(grey, np.full((height, width), 255, np.uint8), wanted, 1.0, 1.0, seed)
    for rows in (slice(0, 40), slice(-40, None)):
        assert 3 < out[rows].astype(float).std() < 12
    assert (out == match_grain(grey, np.full((height, width), 255, np.uint8), wanted, 1.0, 1.0, seed)).all()
    assert (out != match_grain(grey, np.full((height, width), 255, np.uint8), wanted, 1.0, 1.0, seed + 1)).any()


@given(st.integers(0, 1000))
def test_changes_smoothed_together_are_the_sum_of_each(seed: int) -> None:
    """Rounds add to what is wanted, and smooth the sum: what they add need not be joined."""
    rng = generator(seed)
    colours, first, second = rng.uniform(0, 255, (3, 20, 15, 3)).astype(np.float32)
    luma = luma_of(colours)
    guide = Guide(luma, rng.uniform(0, 1, luma.shape).astype(np.float32))
    together, in_turn = guide.smooth(first + second), guide.smooth(second).of(guide.smooth(first).of(colours, luma), luma)
    assert together.of(colours, luma) == pytest.approx(in_turn, abs=0.02)
    places = rng.integers(0, luma.size, 50)
    few = together.at(places).of(colours.reshape(1, -1, 3)[:, places], luma.reshape(1, -1)[:, places])
    assert (few[0] == together.of(colours, luma).reshape(-1, 3)[places]).all()


@given(changes)
def test_an_image_is_changed_as_its_colours_are(change: Change) -> None:
    image = generator(6).integers(0, 256, (6, 5, 3), dtype=np.uint8)
    colours = image.astype(np.float32)
    luma, red, blue = np.moveaxis(change.of(luma_and_hues(colours), luma_of(colours)), 2, 0)
    red, blue = red + luma, blue + luma
    green = (luma - LUMA[0] * red - LUMA[2] * blue) / LUMA[1]
    assert np.abs(change.of_image(image) - np.stack([red, green, blue], axis=2).clip(0, 255)).max() <= 1


@given(st.integers(0, 10_000), st.integers(12, 60), st.integers(12, 60))
def test_no_cutout_is_refused_unread_that_could_serve(seed: int, width: int, height: int) -> None:
    face, cutout = make_face(), make_cutout(height, width)
    rule = PlacementRule(max_enlargement=1.0)
    size = (cutout.matte.shape[1], cutout.matte.shape[0])
    if not can_fill(size, face, rule):
        pose = draw_pose(generator(seed), face, cutout, rule)
        assert enlargement(pose.placement()) > rule.max_enlargement


def test_a_huge_enlargement_takes_no_more_memory_than_the_picture() -> None:
    layer = warp_cutout(make_cutout(), np.array([[5000.0, 0, -50_000], [0, 5000.0, -50_000]]), (300, 300))
    assert layer is not None
    assert layer.foreground.shape == (300, 300, 3)


@given(st.integers(1, 255), st.integers(1, 255))
def test_what_are_neighbours_in_sampled_blocks_are_neighbours_in_the_picture(height: int, width: int) -> None:
    rows, columns = np.mgrid[:height, :width].astype(np.uint8)
    mask = np.ones((height, width), np.uint8)
    image, inside = _blocks(np.stack([rows, columns, rows], axis=2), mask, 2048)
    assert mask.all()
    assert image.shape[:2] == inside.shape
    assert min(height * width, 700) <= inside.size <= 4096
    for axis in (0, 1):
        both = (np.delete(inside, 0, axis) & np.delete(inside, -1, axis)) > 0
        assert (np.diff(image[..., axis].astype(int), axis=axis)[both] == 1).all()


@given(st.integers(0, 2**32 - 1), st.floats(0.8, 3), st.floats(0, 60), st.floats(0, 1))
def test_smoothing_brings_no_pixel_beyond_its_surroundings(seed: int, blur: float, noise: float, share: float) -> None:
    picture = np.random.Generator(np.random.PCG64(seed)).choice([0, 1, 40, 254, 255], (20, 20, 3)).astype(np.uint8)
    out = _smoothed(picture, blur, noise, share)
    near = np.ones((9, 9), np.uint8)
    assert (out >= cv2.erode(picture, near)).all()
    assert (out <= cv2.dilate(picture, near)).all()
    assert np.abs(out.astype(int) - picture).max() <= 128
