from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from shapes_for_compose import make_face

from natocc.compose.appearance import Photo
from natocc.compose.colour import transfer_colour
from natocc.compose.transfers import TRANSFERS, histogram, reinhard, sliced_transport
from natocc.faces.classes import CLASS_TABLES, SKIN_PARTS, values_of
from natocc.io.images import read_mask, read_rgb


def _lab(pixels: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(pixels.reshape(1, -1, 3).astype(np.float32) / 255, cv2.COLOR_RGB2Lab)[0]


def _sliced_wasserstein(one: np.ndarray, other: np.ndarray) -> float:
    """Mean distance of sorted projections over 32 directions, an independent measure of what transport promises."""
    directions = np.random.Generator(np.random.PCG64(7)).normal(size=(3, 32))
    directions /= np.linalg.norm(directions, axis=0)
    grid = np.linspace(0, 1, 200)
    return float(np.abs(np.quantile(one @ directions, grid, axis=0) - np.quantile(other @ directions, grid, axis=0)).mean())


@pytest.mark.parametrize("transfer", sorted(TRANSFERS))
@given(
    foreground=arrays(np.uint8, (8, 9, 3)),
    matte=arrays(np.uint8, (8, 9), elements=st.sampled_from([0, 128, 255])),
    reference=st.integers(0, 40).flatmap(lambda n: arrays(np.uint8, (n, 3))),
)
def test_any_input_gives_a_picture(transfer: str, foreground: np.ndarray, matte: np.ndarray, reference: np.ndarray) -> None:
    out = transfer_colour(foreground, matte, reference, transfer)
    assert out.shape == foreground.shape
    assert out.dtype == np.uint8
    if len(reference) < 2 or np.count_nonzero(matte) < 2:
        assert (out == foreground).all()


@pytest.mark.parametrize("transfer", sorted(TRANSFERS))
@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (90, 60, 200)])
def test_constant_colours_take_the_mean(transfer: str, colour: tuple[int, int, int]) -> None:
    foreground = np.full((20, 20, 3), colour, np.uint8)
    reference = np.full((50, 3), (180, 130, 110), np.uint8)
    out = transfer_colour(foreground, np.full((20, 20), 255, np.uint8), reference, transfer)
    assert np.abs(out.astype(int) - (180, 130, 110)).max() <= 2


def test_none_is_the_identity() -> None:
    foreground = np.random.Generator(np.random.PCG64(0)).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    out = transfer_colour(foreground, np.full((6, 6), 255, np.uint8), foreground.reshape(-1, 3), "none")
    assert out is foreground


def test_reinhard_matches_mean_and_deviation() -> None:
    rng = np.random.Generator(np.random.PCG64(1))
    source = (rng.normal(size=(4000, 3)) * (8, 5, 6) + (50, 10, 20)).astype(np.float32)
    target = (rng.normal(size=(4000, 3)) * (10, 4, 5) + (70, 15, 18)).astype(np.float32)
    out = reinhard(source, target)(source)
    assert np.allclose(out.mean(axis=0), target.mean(axis=0), atol=0.05)
    assert np.allclose(out.std(axis=0), target.std(axis=0), atol=0.05)


def test_transport_brings_a_distribution_onto_another() -> None:
    rng = np.random.Generator(np.random.PCG64(2))
    source = (rng.normal(size=(3000, 3)) * (15, 3, 3) + (40, 0, 0)).astype(np.float32)
    mixing = np.array([[6, 0, 0], [3, 4, 0], [2, -2, 3]])
    target = (rng.normal(size=(3000, 3)) @ mixing + (65, 18, 22)).astype(np.float32)
    before, after = _sliced_wasserstein(source, target), _sliced_wasserstein(sliced_transport(source, target)(source), target)
    assert after < 0.1 * before


def test_transport_of_real_hands_to_real_skin(real_data: Path) -> None:
    """Colours come near the skin's, and the hand's detail stays: the change is smooth."""
    hands = sorted((real_data / "hands" / "images").iterdir())[::60]
    faces = sorted((real_data / "CelebAMask-HQ" / "CelebA-HQ-img").iterdir())[::12]
    masks = real_data / "CelebAMask-HQ" / "CelebAMask-HQ-mask-anno" / "0"
    for hand_path, face_path in zip(hands, faces, strict=False):
        hand, matte = read_rgb(hand_path)[0], 255 * read_mask(real_data / "hands" / "masks" / f"{hand_path.stem}.png")
        skin = read_rgb(face_path)[0][read_mask(masks / f"{int(face_path.stem):05d}_skin.png") > 0]
        inside = cv2.erode(matte, np.ones((7, 7), np.uint8)) == 255
        out = transfer_colour(hand, matte, skin, "sot")
        before = _sliced_wasserstein(_lab(hand[inside]), _lab(skin))
        assert _sliced_wasserstein(_lab(out[inside]), _lab(skin)) < max(0.35 * before, 3)
        light, light_out = (cv2.cvtColor(each, cv2.COLOR_RGB2Lab)[..., 0].astype(float) for each in (hand, out))
        detail, detail_out = (np.diff(each, axis=0)[inside[1:]] for each in (light, light_out))
        assert np.corrcoef(detail, detail_out)[0, 1] > 0.94


def test_skin_pixels_leave_lips_and_eyes_out() -> None:
    face = make_face()
    image = np.full_like(face.image, 100)
    image[40:50] = 250
    parts = face.face_mask.copy()
    parts[40:50] = 11  # u_lip
    pixels = Photo(dataclasses.replace(face, image=image, parts=parts), skin_values=(1,)).skin
    assert len(pixels)
    assert (pixels == 100).all()


@pytest.mark.parametrize(("table", "skin"), [("celebamask19", [1, 2]), ("lapa", [1, 6]), ("fasseg", [2, 3])])
def test_skin_is_what_the_classes_call_so(table: str, skin: list[int]) -> None:
    """The second value is a nose in one table, a brow in another."""
    assert values_of(CLASS_TABLES[table], SKIN_PARTS) == skin
    face = make_face()
    parts = np.where(face.face_mask > 0, np.arange(face.face_mask.size).reshape(face.face_mask.shape) % 11, 0).astype(np.uint8)
    photo = Photo(dataclasses.replace(face, parts=parts), values_of(CLASS_TABLES[table], SKIN_PARTS))
    assert set(np.unique(parts[photo.skin_mask > 0])) == set(skin)


def test_histogram_matching_matches_every_channel() -> None:
    rng = np.random.Generator(np.random.PCG64(5))
    source = rng.gamma(2, 5, (4000, 3)).astype(np.float32)
    target = (rng.normal(size=(4000, 3)) * (12, 4, 6) + (60, 12, 18)).astype(np.float32)
    out = histogram(source, target)(source)
    levels = np.linspace(0.05, 0.95, 19)
    assert np.abs(np.quantile(out, levels, axis=0) - np.quantile(target, levels, axis=0)).max() < 1


@pytest.mark.parametrize("transfer", sorted(TRANSFERS))
def test_a_ramp_stays_a_ramp(transfer: str) -> None:
    """No banding: neighbours on a smooth ramp stay neighbours, and no long stretch of it becomes flat."""
    ramp = np.linspace(60, 200, 256).astype(np.uint8)
    foreground = np.repeat(np.stack([ramp, ramp // 2 + 40, ramp // 3 + 50], axis=1)[None], 64, axis=0)
    rng = np.random.Generator(np.random.PCG64(3))
    skin = rng.normal(size=(3000, 1)) * (22, 20, 18) + rng.normal(size=(3000, 3)) * 5 + (190, 140, 115)
    out = transfer_colour(foreground, np.full((64, 256), 255, np.uint8), skin.clip(0, 255).astype(np.uint8), transfer)
    steps = np.diff(out[32].astype(int), axis=0)[4:-4]
    assert np.abs(steps).max() <= 10
    lightness = cv2.cvtColor(out, cv2.COLOR_RGB2GRAY)[32].astype(int)
    assert len(np.unique(lightness[4:-4])) > 40
    smooth = cv2.blur(lightness.astype(np.float32)[None], (9, 1))[0][8:-8]
    assert (np.maximum.accumulate(smooth) - smooth).max() < 0.1 * np.ptp(smooth)
