"""Worn things that natocc draws itself: what they cover, what they leave, and that a number gives the same one again."""

from __future__ import annotations

import functools

import cv2
import numpy as np
import pytest

from natocc.core.samples import MATTE_THRESHOLD
from natocc.io.paths import own_folder
from natocc.occluders.worn.canvas import Canvas, Layers, curve
from natocc.occluders.worn.drawing import KINDS, draw_template
from natocc.occluders.worn.face_model import ANCHORS
from natocc.occluders.worn.spline import ThinPlate
from natocc.occluders.worn.template import WornTemplate

SEEDS = range(4)
MASKS = ("surgical", "cloth", "respirator")
MOUTH = tuple(str(i) for i in range(48, 60))
NOSTRILS = ("31", "32", "33", "34", "35")
EYES = tuple(str(i) for i in range(36, 48))
CHIN = ("7", "8", "9")


@functools.cache
def drawn(kind: str, seed: int) -> WornTemplate:
    return draw_template(kind, seed)


def matte_at(template: WornTemplate, *names: str) -> list[int]:
    """Opacity where anchors lie, also those that the template does not name: its points say where the canonical face is."""
    own = list(template.points)
    to_template = ThinPlate(np.array([ANCHORS[name][:2] for name in own]), np.array([template.points[name] for name in own]))
    places = np.rint(to_template(np.array([ANCHORS[name][:2] for name in names]))).astype(int)
    height, width = template.matte.shape
    return [int(template.matte[y, x]) if 0 <= x < width and 0 <= y < height else 0 for x, y in places]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_drawn_and_hangs_on_known_anchors(kind: str) -> None:
    for seed in SEEDS:
        template = drawn(kind, seed)
        assert template.kind == kind
        assert template.foreground.dtype == template.matte.dtype == np.uint8
        assert (template.matte >= MATTE_THRESHOLD).mean() > 0.01
        assert not {*template.points} - {*ANCHORS}
        xy = np.array(list(template.points.values()))
        assert len(xy) >= 4 and np.linalg.matrix_rank(xy - xy.mean(axis=0), tol=1) == 2
        room = 1.5 * max(template.matte.shape)
        assert (xy > -room).all() and (xy < np.array(template.matte.shape[::-1]) + room).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_number_gives_the_same_bytes_again_and_another_one_others(kind: str) -> None:
    one, again, other = draw_template(kind, 3), draw_template(kind, 3), draw_template(kind, 4)
    assert one.foreground.tobytes() == again.foreground.tobytes() and one.matte.tobytes() == again.matte.tobytes()
    assert dict(one.points) == dict(again.points)
    assert one.foreground.tobytes() != other.foreground.tobytes()


@pytest.mark.parametrize("kind", KINDS)
def test_for_a_small_picture_less_is_drawn_of_the_same_thing(kind: str) -> None:
    whole, small = drawn(kind, 1), draw_template(kind, 1, px_per_mm=0.9)
    assert max(small.matte.shape) <= 0.6 * max(whole.matte.shape)
    size = small.matte.shape[::-1]
    mattes = cv2.resize(whole.matte, size, interpolation=cv2.INTER_AREA), small.matte
    assert np.abs(mattes[0].astype(int) - mattes[1]).mean() < 4
    covered = np.minimum(*mattes) > 250
    shrunk = cv2.resize(whole.foreground, size, interpolation=cv2.INTER_AREA)
    assert np.abs(shrunk[covered].astype(float).mean(axis=0) - small.foreground[covered].mean(axis=0)).max() < 4
    spreads = [cv2.GaussianBlur(each, (0, 0), 2)[covered].std() for each in (shrunk, small.foreground)]
    assert spreads[0] == pytest.approx(spreads[1], rel=0.15, abs=1)
    factor = whole.matte.shape[0] / size[1]
    assert all(
        np.hypot(*(np.array(whole.points[name]) - factor * np.array(xy))) < factor + 1 for name, xy in small.points.items()
    )


@pytest.mark.parametrize("kind", KINDS)
def test_edges_are_soft_and_cloth_has_no_flat_colour(kind: str) -> None:
    template = drawn(kind, 0)
    edge = (template.matte > 0) & (template.matte < 255)
    assert edge.any()
    covered = template.foreground[template.matte == template.matte.max()].astype(float)
    assert covered.std(axis=0).max() > 1


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_cut_off_by_the_picture(kind: str) -> None:
    for seed in SEEDS:
        matte = drawn(kind, seed).matte
        assert max(matte[0].max(), matte[-1].max(), matte[:, 0].max(), matte[:, -1].max()) == 0


@pytest.mark.parametrize("kind", MASKS)
def test_masks_cover_mouth_nostrils_and_chin_but_no_eye(kind: str) -> None:
    for seed in SEEDS:
        assert min(matte_at(drawn(kind, seed), *MOUTH, *NOSTRILS, *CHIN)) >= MATTE_THRESHOLD
        assert max(matte_at(drawn(kind, seed), *EYES)) < MATTE_THRESHOLD


def test_scarves_cover_the_mouth_but_no_eye() -> None:
    for seed in SEEDS:
        assert min(matte_at(drawn("scarf", seed), *MOUTH, *CHIN)) >= MATTE_THRESHOLD
        assert max(matte_at(drawn("scarf", seed), *EYES)) < MATTE_THRESHOLD


def test_dark_lenses_hide_the_eyes_and_clear_ones_do_not() -> None:
    for seed in range(12):
        for kind in ("sunglasses", "glasses"):
            assert max(matte_at(drawn(kind, seed), *MOUTH, *CHIN)) == 0
        left, right = (np.array([[ANCHORS[str(i)][:2] for i in range(first, first + 6)]]).mean(axis=1)[0] for first in (36, 42))
        for kind, hides in (("sunglasses", True), ("glasses", False)):
            template = drawn(kind, seed)
            own = list(template.points)
            to_template = ThinPlate(np.array([ANCHORS[n][:2] for n in own]), np.array([template.points[n] for n in own]))
            for x, y in np.rint(to_template(np.array([left, right]))).astype(int):
                assert (template.matte[y, x] >= MATTE_THRESHOLD) == hides


@pytest.mark.parametrize("kind", ["cap", "beanie", "helmet"])
def test_hats_cover_the_hairline_and_leave_the_eyes(kind: str) -> None:
    for seed in SEEDS:
        assert min(matte_at(drawn(kind, seed), "forehead")) >= MATTE_THRESHOLD
        assert max(matte_at(drawn(kind, seed), *EYES, *MOUTH)) == 0


def test_headscarves_frame_the_face() -> None:
    for seed in SEEDS:
        template = drawn("headscarf", seed)
        assert min(matte_at(template, "crown", "ear_left", "ear_right", "neck_left", "neck_right")) >= MATTE_THRESHOLD
        assert max(matte_at(template, *EYES, *MOUTH, *NOSTRILS, "17", "26")) == 0


def test_the_outlines_lie_in_a_folder_of_assets_of_their_own() -> None:
    """The wheel takes in folders of assets one by one."""
    assert (own_folder("assets") / "worn" / "outlines.yaml").is_file()
    pyproject = own_folder("assets").parent / "pyproject.toml"
    if pyproject.is_file():
        assert '"assets/worn" = "natocc/assets/worn"' in pyproject.read_text(encoding="utf-8")


def test_layers_keep_straight_colour_beyond_edges() -> None:
    canvas = Canvas((-10, -10, 10, 10), 2.0)
    layers = Layers(canvas)
    disc = canvas.covered(curve([(-5, 0), (0, -5), (5, 0), (0, 5)], closed=True))
    layers.lay(np.full((*canvas.shape, 3), 0.5, np.float32), disc)
    template = layers.finish("disc", ("27", "36", "45", "30"))
    assert np.abs(template.foreground.astype(int) - 128).max() <= 1
    assert template.matte[0, 0] == 0 and template.matte[20, 20] == 255


def test_half_opaque_layers_add_up_as_over_does() -> None:
    canvas = Canvas((-10, -10, 10, 10), 2.0)
    layers = Layers(canvas)
    half = np.full(canvas.shape, 0.5, np.float32)
    layers.lay(np.zeros((*canvas.shape, 3), np.float32), half)
    layers.lay(np.ones((*canvas.shape, 3), np.float32), half)
    template = layers.finish("half", ("27", "36", "45", "30"))
    assert set(np.unique(template.matte)) == {191}
    assert np.abs(template.foreground.astype(int) - 170).max() <= 1


def test_a_part_of_a_canvas_lies_on_its_pixels() -> None:
    canvas = Canvas((-20, -30, 40, 20), 3.4)
    part = canvas.part(-11.3, -8.2, 17.1, 9.9)
    assert (
        np.isin(part.x[0].round(3), canvas.x[0].round(3)).all() and np.isin(part.y[:, 0].round(3), canvas.y[:, 0].round(3)).all()
    )
