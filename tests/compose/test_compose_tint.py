"""The tint of a picture is found, and an object takes it on."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from shapes_for_compose import make_face

from natocc.compose.appearance import Photo
from natocc.compose.colour_spaces import LINEAR, to_lab, to_levels
from natocc.compose.light_colour import shift_to_light
from natocc.compose.small_face import small_face
from natocc.compose.tint import measure_tint
from natocc.core.samples import Image
from natocc.core.seeds import generator

SKIN = (202, 151, 125)
OBJECT = np.full((30, 30, 3), (150, 150, 90), np.uint8)
FULL = np.full((30, 30), 255, np.uint8)


def _portrait() -> Photo:
    """Skin, lips, hair, and things of all colours around them, in white light."""
    face = make_face(256, 256)
    rng = generator(3, "portrait")
    image = np.full((256, 256, 3), 150, np.uint8)
    for _ in range(80):
        corner, size, level = rng.integers(0, 220, 2), rng.integers(10, 50, 2), rng.integers(30, 220)
        colour = (level + rng.normal(0, 18, 3)).clip(0, 235)
        cv2.rectangle(image, corner.tolist(), (corner + size).tolist(), colour.tolist(), -1)
    light = np.linspace(0.5, 1.1, 256)[None, :, None] * np.ones((256, 1, 1))
    image = np.where(face.face_mask[..., None] > 0, light * SKIN, image)
    for at, colour in (((100, 110), (250, 250, 250)), ((150, 110), (30, 25, 22)), ((128, 170), (170, 80, 85))):
        cv2.circle(image, at, 12, colour, -1)
    return Photo(dataclasses.replace(face, image=image.clip(0, 255).astype(np.uint8)))


def _lit(image: Image, gains: tuple[float, float, float]) -> Image:
    return to_levels(LINEAR[image] * np.array(gains))


def _seen(photo: Photo, image: Image) -> Photo:
    return Photo(dataclasses.replace(photo.face, image=image))


PORTRAIT = _portrait()


def _toned(image: Image, ends: tuple[tuple[int, int, int], tuple[int, int, int]]) -> Image:
    share = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None] / 255
    return np.rint((1 - share) * ends[0] + share * ends[1]).astype(np.uint8)


def _distance(one: Image, other: Image) -> float:
    return float(np.linalg.norm(to_lab(one) - to_lab(other), axis=2).mean())


@pytest.mark.parametrize("gains", [(0.8, 0.2, 1.1), (1.0, 0.15, 0.12), (0.3, 1.0, 0.35), (1.3, 0.9, 0.25)])
def test_light_of_a_colour_colours_the_object(gains: tuple[float, float, float]) -> None:
    seen = _seen(PORTRAIT, _lit(PORTRAIT.face.image, gains))
    truth = _lit(OBJECT, gains)
    shifted = shift_to_light(OBJECT, FULL, seen, 0.15)
    assert _distance(shifted, truth) < 0.5 * _distance(OBJECT, truth)


@pytest.mark.parametrize(
    "ends",
    [
        ((0, 0, 0), (255, 255, 255)),
        ((50, 36, 28), (245, 232, 205)),
        ((8, 24, 56), (235, 245, 250)),
        ((20, 5, 40), (250, 225, 255)),
    ],
)
def test_an_object_in_a_toned_picture_has_its_tones(ends: tuple[tuple[int, int, int], tuple[int, int, int]]) -> None:
    seen = _seen(PORTRAIT, _toned(PORTRAIT.face.image, ends))
    assert seen.tint.colour < 0.1
    shifted, truth = shift_to_light(OBJECT, FULL, seen, 0.15), _toned(OBJECT, ends)
    assert np.abs(to_lab(shifted)[..., 1:] - to_lab(truth)[..., 1:]).max() < 5
    assert _distance(shifted, truth) < 0.4 * _distance(OBJECT, truth)


def test_white_light_leaves_colours() -> None:
    tint = PORTRAIT.tint
    assert tint.colour == 1
    assert tint.stops == 0
    assert np.abs(tint.certain).max() < 0.05
    assert _distance(shift_to_light(OBJECT, FULL, PORTRAIT, 0.15), OBJECT) < 8


def test_what_was_taken_in_dim_light_comes_towards_the_faces() -> None:
    """Its bright parts do, and its blacks stay black; what is white stays white; nothing changes at strength 0."""
    dim = _lit(OBJECT, (0.15, 0.15, 0.15))
    dim[:5] = 2
    shifted = shift_to_light(dim, FULL, PORTRAIT, 0.01)
    below = np.log2(np.quantile(LINEAR[OBJECT], 0.9) / np.quantile(LINEAR[shifted], 0.9))
    assert 0.3 < below / np.log2(1 / 0.15) < 0.7
    assert shifted[:5].max() <= 8
    assert (shift_to_light(dim, FULL, PORTRAIT, 0) == dim).all()
    bright = np.full_like(OBJECT, 255)
    bright[:8] = 20
    assert shift_to_light(bright, FULL, PORTRAIT, 0.01).max() > 200


def test_a_coloured_wall_is_no_coloured_light() -> None:
    """The edges alone tell of orange light; the skin does not."""
    image = PORTRAIT.face.image.copy()
    outside = PORTRAIT.face.face_mask == 0
    image[outside] = _lit(image, (1.6, 0.8, 0.2))[outside]
    assert np.abs(_seen(PORTRAIT, image).tint.certain).max() < 0.1


def test_dim_light_darkens() -> None:
    dim = _seen(PORTRAIT, _lit(PORTRAIT.face.image, (0.05, 0.05, 0.05)))
    assert dim.tint.stops < -1
    assert shift_to_light(OBJECT, FULL, dim, 0.01).mean() < 0.8 * OBJECT.mean()


def test_dark_skin_is_no_dim_light() -> None:
    image = PORTRAIT.face.image.copy()
    face = PORTRAIT.face.face_mask > 0
    image[face] = _lit(image, (0.06, 0.06, 0.06))[face]
    image[~face] = np.maximum(image[~face], 190)
    assert _seen(PORTRAIT, image).tint.stops == 0


def test_a_shift_is_gentle_and_grows_with_its_strength() -> None:
    seen = _seen(PORTRAIT, _lit(PORTRAIT.face.image, (1.2, 1.0, 0.7)))
    grey = np.full((30, 30, 3), 128, np.uint8)
    means = [shift_to_light(grey, FULL, seen, strength).mean(axis=(0, 1)) for strength in (0, 0.3, 1)]
    assert (means[0] == 128).all()
    casts = [mean[0] / mean[2] for mean in means]
    assert casts[0] < casts[1] < casts[2] < 2
    assert (np.abs(means[1] - 128) < 40).all()


@given(arrays(np.uint8, (9, 7, 3)), arrays(np.uint8, (9, 7), elements=st.sampled_from([0, 1])))
def test_any_picture_has_a_tint(image: Image, face: np.ndarray) -> None:
    tint = measure_tint(small_face(image, face, face))
    for each in (tint.doubtful, tint.certain, tint.tones, np.array([tint.colour, tint.stops])):
        assert np.isfinite(each).all()
    assert 0 <= tint.colour <= 1
    assert tint.stops <= 0
