"""What contours are measured as, on discs whose numbers are known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from measure_natural.contour import UNKNOWN, Contour, measure

from natocc.compose.colour_spaces import from_lab

ROWS, COLUMNS = np.mgrid[:512, :512]
FACE = (np.hypot(ROWS - 256, COLUMNS - 256) < 200).astype(np.uint8)
FROM_DISC = np.hypot(ROWS - 300, COLUMNS - 216) - 80  # px, outside the disc


def _disc(blur: float = 1.5, lighter: float = 15.0, shade: float = 0.0, off: float = 0.0) -> Contour:
    """A disc before a face of L* 50, darker beside it, labelled `off` px too large."""
    share = cv2.GaussianBlur((FROM_DISC < 0).astype(np.float32), (0, 0), blur)
    beside = shade * np.exp(-((np.maximum(FROM_DISC, 0) / 12) ** 2))
    lightness = 50 + share * lighter + (1 - share) * beside
    image = np.rint(from_lab(np.dstack([lightness, np.full((512, 512, 2), 10.0)]).astype(np.float32))).astype(np.uint8)
    occluder = (off > FROM_DISC).astype(np.uint8)
    return measure(image, FACE * (1 - occluder), occluder)


@pytest.mark.parametrize("off", [-2, 0, 2])
def test_step_tone_and_place_do_not_depend_on_two_pixels(off: float) -> None:
    found = _disc(off=off)
    assert found.step == pytest.approx(15, abs=1.5)
    assert found.lighter == pytest.approx(15, abs=1)
    assert found.faint == 0 and found.frame == 0
    assert found.area == pytest.approx((80 / 200) ** 2, abs=0.01)
    assert (found.x, found.y) == pytest.approx((0.4, 0.61), abs=0.01)
    assert found.blur == pytest.approx(1.5, abs=0.3)


@pytest.mark.parametrize("blur", [1.0, 2.0, 3.0])
def test_blur(blur: float) -> None:
    assert _disc(blur, lighter=30).blur == pytest.approx(blur, rel=0.2)


def test_shade() -> None:
    assert _disc(shade=-10).shade == pytest.approx(-7, abs=1.5)
    assert abs(_disc().shade) < 0.5


def test_an_edge_that_is_not_seen_is_faint() -> None:
    found = _disc(lighter=2)
    assert found.faint == 1 and np.isnan(found.blur)


def test_what_is_not_known_is_not_looked_at() -> None:
    nothing = np.full((512, 512), UNKNOWN, np.uint8)
    found = measure(np.zeros((512, 512, 3), np.uint8), nothing, nothing)
    assert np.isnan([found.step, found.shade, found.lighter, found.x]).all()
