"""Edges, sharpness, grain, light, finish: what is measured is what is made."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapes_for_compose import make_cutout, make_face

from natocc.compose.edge_softness import edge_softness, soften
from natocc.compose.finish import FinishRule, draw_finish, finished
from natocc.compose.grain import match_grain
from natocc.compose.lens import edge_blur, noise_level
from natocc.compose.light import LightRule, draw_shadow, fit_shading, shaded
from natocc.compose.optics import match_sharpness, once_compressed
from natocc.compose.overview import look_over
from natocc.compose.shadow import cast_shadow, room_for, shade_of
from natocc.compose.small_face import small_face
from natocc.compose.warp import Layer, warp_cutout
from natocc.core.plans import Finish, Shadow
from natocc.core.seeds import generator


def _shapes(blur: float, noise: float = 0.0, side: int = 256) -> np.ndarray:
    rng = generator(5, "shapes")
    fine = np.full((4 * side, 4 * side, 3), 120, np.uint8)
    for _ in range(50):
        corners = rng.integers(0, 4 * side, (5, 2)).astype(np.int32)
        cv2.fillPoly(fine, [corners], tuple(int(level) for level in rng.integers(30, 220, 3)))
    image = cv2.resize(fine, (side, side), interpolation=cv2.INTER_AREA)
    image = cv2.GaussianBlur(image, (0, 0), blur) if blur else image
    return (image + noise * rng.normal(size=image.shape)).clip(0, 255).astype(np.uint8)


EVERYWHERE = np.ones((256, 256), np.uint8)
FULL = np.full((256, 256), 255, np.uint8)


def test_blur_is_measured() -> None:
    found = [edge_blur(_shapes(blur), EVERYWHERE) for blur in (0.5, 1.0, 2.0)]
    assert found == pytest.approx([0.75, 1.1, 1.9], abs=0.2)


def test_noise_does_not_pass_for_sharpness() -> None:
    assert edge_blur(_shapes(2.0, noise=3), EVERYWHERE) == pytest.approx(1.9, abs=0.5)


def test_what_has_no_edge_has_no_blur() -> None:
    assert edge_blur(np.full((64, 64, 3), 90, np.uint8), np.ones((64, 64), np.uint8)) is None
    assert edge_blur(_shapes(1), np.zeros((256, 256), np.uint8)) is None


def test_noise_is_measured() -> None:
    grey = np.full((256, 256, 3), 128.0)
    noisy = (grey + 4 * generator(1).normal(size=grey.shape)).round().astype(np.uint8)
    found = noise_level(noisy, EVERYWHERE)
    assert found is not None
    assert 2.0 < found[0] < 3.0  # luma of three independent channels: 0.67 x 4
    assert noise_level(noisy, np.zeros((256, 256), np.uint8)) is None


@pytest.mark.parametrize(("own", "wanted"), [(0.5, 2.0), (2.0, 0.8)])
def test_sharpness_moves_to_what_is_wanted(own: float, wanted: float) -> None:
    image = _shapes(own)
    before, after = edge_blur(image, EVERYWHERE), edge_blur(match_sharpness(image, FULL, wanted, 1.0), EVERYWHERE)
    assert before is not None
    assert after is not None
    # What is lost to blur does not all come back.
    assert abs(after - wanted) < (0.5 if wanted > own else 0.9) * abs(before - wanted)
    assert (match_sharpness(image, FULL, wanted, 0.0) == image).all()


def test_grain_moves_to_what_is_wanted() -> None:
    clean, noisy = _shapes(1.0), _shapes(1.0, noise=6)
    wanted = np.array([3, 2, 2], np.float32)
    added = noise_level(match_grain(clean, FULL, wanted, 1.0, 1.0, 7), EVERYWHERE)
    assert added is not None
    assert added == pytest.approx(wanted, rel=0.25)
    smoothed, before = (
        noise_level(match_grain(noisy, FULL, wanted * 0.3, 1.0, 1.0, 7), EVERYWHERE),
        noise_level(noisy, EVERYWHERE),
    )
    assert smoothed is not None
    assert before is not None
    assert smoothed[0] < 0.7 * before[0]
    assert (match_grain(clean, FULL, wanted, 1.0, 1.0, 7) == match_grain(clean, FULL, wanted, 1.0, 1.0, 7)).all()
    assert (match_grain(clean, FULL, wanted, 1.0, 0.0, 7) == clean).all()


@given(st.integers(0, 30), st.integers(0, 30), st.integers(1, 100))
def test_compression_keeps_the_size_and_stays_near(left: int, top: int, quality: int) -> None:
    image = _shapes(2.0)[:40, :50]
    out = once_compressed(image, left, top, quality)
    assert out.shape == image.shape
    if quality > 90:
        assert np.abs(out.astype(int) - image).mean() < 4


@pytest.mark.parametrize("wanted", [0.6, 1.0, 2.0, 3.0])
@pytest.mark.parametrize("own", [0.6, 1.5, 3.0])
def test_edges_become_as_soft_as_asked(own: float, wanted: float) -> None:
    disc = np.zeros((800, 800), np.uint8)
    cv2.circle(disc, (400, 400), 240, 255, -1)
    matte = cv2.GaussianBlur(cv2.resize(disc, (200, 200), interpolation=cv2.INTER_AREA), (0, 0), own)
    out = soften(matte, wanted)
    assert edge_softness(out) == pytest.approx(max(wanted, own / 3), rel=0.3)
    # The line of half coverage stays, so that the label does.
    assert abs(int((out >= 128).sum()) - int((matte >= 128).sum())) < 0.01 * (matte >= 128).sum()


def test_an_edge_without_softness_is_left() -> None:
    assert edge_softness(FULL) is None
    assert (soften(FULL, 2.0) == 255).all()


def test_light_from_the_left_lights_the_left() -> None:
    face = make_face(200, 200)
    columns = np.arange(200)[None, :, None]
    image = np.broadcast_to(200 - 0.5 * columns, (200, 200, 3)).astype(np.uint8)
    shading = fit_shading(small_face(image, face.face_mask, face.face_mask), face.box)
    assert shading.towards_light[0] < -0.95
    stops = shading.stops(np.arange(200.0), np.arange(200.0))
    assert stops[100, 50] > 0.1
    assert stops[100, 150] < -0.1
    assert abs(float(stops[face.face_mask > 0].mean())) < 0.05
    layer = Layer(0, 0, np.full((200, 200, 3), 100, np.uint8), np.full((200, 200), 255, np.uint8))
    lit = shaded(layer, shading, 1.0)
    assert lit[100, 50, 0] > 103
    assert lit[100, 150, 0] < 97
    assert (shaded(layer, shading, 0.0) == 100).all()


def test_flat_light_has_no_shading() -> None:
    face = make_face(100, 100)
    shading = fit_shading(small_face(np.full((100, 100, 3), 150, np.uint8), face.face_mask, face.face_mask), face.box)
    assert np.abs(shading.stops(np.arange(100.0), np.arange(100.0))).max() < 0.01
    assert shading.towards_light == (0.0, -1.0)


def test_a_shadow_darkens_the_face_alone_away_from_the_light() -> None:
    face = make_face(120, 120)
    image = np.full((120, 120, 3), 160, np.uint8)
    layer = warp_cutout(make_cutout(40, 40), np.array([[1.0, 0, 40], [0, 1.0, 40]]), (120, 120))
    assert layer is not None
    dark = image.copy()
    shadow = Shadow(10, 0, 3, 0.5)
    overview = look_over(layer, face.face_mask, 80, room_for(shadow))
    cast_shadow(dark, face.face_mask, overview, shade_of(overview, shadow).light_left())
    assert (dark <= image).all()
    assert (dark[face.face_mask == 0] == 160).all()
    assert dark[60, 80].mean() < 140
    assert dark[60, 36].mean() > 155


def test_shadows_are_drawn_as_often_as_asked() -> None:
    face = make_face(100, 100)
    shading = fit_shading(small_face(np.full((100, 100, 3), 150, np.uint8), face.face_mask, face.face_mask), face.box)
    rule = LightRule.model_validate({"shadow": 0.3})
    drawn = [draw_shadow(generator(i), rule, shading) for i in range(400)]
    share = sum(shadow is not None for shadow in drawn) / 400
    assert 0.22 < share < 0.38
    assert all(shadow.y > 0 for shadow in drawn if shadow is not None)  # light from above unless it is known


def test_finishing_is_off_unless_asked_for() -> None:
    image = _shapes(1.0)
    assert draw_finish(generator(1), FinishRule()) == Finish()
    assert finished(image, Finish()) is image


def test_finishing_does_what_it_says() -> None:
    image = _shapes(0.5)
    rule = FinishRule.model_validate({"flip": 1, "blur": [1, 2], "brightness": 0.1, "contrast": 0.8, "jpeg": [30, 60]})
    finish = draw_finish(generator(1), rule)
    assert finish.flip
    assert 1 <= finish.blur <= 2
    assert finish.jpeg is not None
    assert 30 <= finish.jpeg <= 60
    blurred = edge_blur(finished(image, Finish(blur=2.0)), EVERYWHERE)
    assert blurred is not None
    assert blurred > 1.6
    assert finished(image, Finish(brightness=0.1)).mean() > image.mean() + 15
    assert finished(image, Finish(contrast=0.5)).std() < 0.6 * image.std()
    assert (finished(image, Finish(jpeg=20)) != image).any()
    assert dataclasses.asdict(finish).keys() == {"flip", "blur", "brightness", "contrast", "jpeg"}
