"""An occluder out of focus, or moving: colour and matte blurred alike, without a fringe; the label stays at half coverage."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapes_for_compose import make_face

from natocc.compose.defocus import disc, draw_defocus, draw_motion, out_of_focus, streak
from natocc.compose.edge_softness import edge_softness
from natocc.compose.optics import OpticsRule
from natocc.compose.warp import Layer
from natocc.core.seeds import generator

STILL = (0.0, 0.0)
SHAPE = (120, 120)


def _layer(left: int = 30, top: int = 40, side: int = 50) -> Layer:
    """A red square, with blue beyond its edge that must never be seen."""
    matte = np.zeros((side, side), np.uint8)
    matte[5:-5, 5:-5] = 255
    foreground = np.full((side, side, 3), (0, 0, 255), np.uint8)
    foreground[5:-5, 5:-5] = (200, 60, 50)
    return Layer(left, top, foreground, matte)


def _on_canvas(layer: Layer) -> np.ndarray:
    canvas = np.zeros(SHAPE, np.uint8)
    canvas[layer.window] = layer.matte
    return canvas


@given(st.floats(0, 12), st.floats(-20, 20), st.floats(-20, 20))
def test_kernels_are_means_around_their_centre(radius: float, x: float, y: float) -> None:
    for kernel in (disc(radius), streak(x, y)):
        assert kernel.sum() == pytest.approx(1, abs=1e-4)
        assert (kernel >= 0).all()
        assert np.allclose(kernel, kernel[::-1, ::-1], atol=1e-4)


def test_in_focus_nothing_changes() -> None:
    layer = _layer()
    assert out_of_focus(layer, 0.0, STILL, SHAPE) is layer


@pytest.mark.parametrize(("radius", "motion"), [(3.0, STILL), (0.0, (8.0, 3.0)), (2.0, (0.0, -6.0))])
def test_the_label_stays_and_no_fringe_appears(radius: float, motion: tuple[float, float]) -> None:
    layer = _layer()
    blurred = out_of_focus(layer, radius, motion, SHAPE)
    before, after = _on_canvas(layer) >= 128, _on_canvas(blurred) >= 128
    assert np.count_nonzero(before ^ after) < 0.03 * np.count_nonzero(before)  # the corners
    shown = blurred.matte > 2
    assert np.abs(blurred.foreground[shown].astype(int) - (200, 60, 50)).max() <= 2
    assert int(_on_canvas(blurred).sum()) == pytest.approx(int(_on_canvas(layer).sum()), rel=0.01)


def test_the_edge_widens_with_the_radius() -> None:
    found = [edge_softness(out_of_focus(_layer(), radius, STILL, SHAPE).matte) for radius in (2.0, 4.0)]
    assert found[0] is not None
    assert found[1] is not None
    assert 1.5 < found[1] / found[0] < 2.5


def test_motion_blurs_along_its_way_alone() -> None:
    matte = _on_canvas(out_of_focus(_layer(), 0.0, (10.0, 0.0), SHAPE))
    soft = (matte > 20) & (matte < 235)
    assert soft[65].sum() >= 12  # left and right edges
    assert soft[:, 55].sum() == 0  # upper and lower ones


def test_the_frame_cuts_without_fading() -> None:
    """What leaves the picture goes on beyond it."""
    full = Layer(0, 0, np.full((60, 60, 3), 90, np.uint8), np.full((60, 60), 255, np.uint8))
    blurred = out_of_focus(full, 4.0, STILL, SHAPE)
    assert (blurred.left, blurred.top) == (0, 0)
    assert blurred.matte[0, 0] == 255
    assert blurred.matte[30, 59] < 255


def test_bright_light_spreads_more_than_its_levels_say() -> None:
    """A point of light out of focus is a bright disc: it is light that is averaged."""
    foreground = np.zeros((41, 41, 3), np.uint8)
    foreground[20, 20] = 255
    blurred = out_of_focus(Layer(20, 20, foreground, np.full((41, 41), 255, np.uint8)), 3.0, STILL, SHAPE)
    mean_of_levels = 255 * disc(3.0)[3, 3]
    assert blurred.foreground[23, 23, 0] > 3 * mean_of_levels


def test_draws_are_as_often_and_as_large_as_asked_and_none_where_off() -> None:
    mask = make_face(200, 200).face_mask
    width = cv2.boundingRect(mask)[2]
    rng = generator(1)
    before = rng.bit_generator.state
    assert draw_defocus(rng, OpticsRule(), mask) == 0
    assert draw_motion(rng, OpticsRule(), mask) == STILL
    assert rng.bit_generator.state == before
    rule = OpticsRule.model_validate({"defocus": 0.3, "defocus_radius": [0.01, 0.02], "motion": 0.3, "motion_length": 0.05})
    radii = np.array([draw_defocus(generator(i), rule, mask) for i in range(400)])
    assert 0.22 < (radii > 0).mean() < 0.38
    assert (radii[radii > 0] >= 0.01 * width - 0.01).all()
    assert radii.max() <= 0.02 * width + 0.01
    lengths = np.array([np.hypot(*draw_motion(generator(i), rule, mask)) for i in range(400)])
    assert 0.22 < (lengths > 0).mean() < 0.38
    assert np.allclose(lengths[lengths > 0], 0.05 * width, atol=0.02)
