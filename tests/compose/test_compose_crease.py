"""The dark line where a hand touches a face, and how colourful shadows and recoloured hands are."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from shapes_for_compose import make_cutout, make_face

from natocc.compose.appearance import Photo
from natocc.compose.colour_spaces import to_lab
from natocc.compose.crease import crease
from natocc.compose.tone import toning
from natocc.compose.warp import Layer, warp_cutout
from natocc.core.plans import Tone
from natocc.core.samples import Image, Mask
from natocc.core.seeds import generator

_SKIN = (200, 150, 125)


def _laid(
    contact: float, towards_light: tuple[float, float] = (0.0, -1.0), grey: bool = False
) -> tuple[Image, Layer, Layer, Mask]:
    face_mask = make_face(200, 200).face_mask
    image = np.full((200, 200, 3), _SKIN, np.uint8)
    laid = warp_cutout(make_cutout(60, 60), np.array([[1.0, 0, 70], [0, 1.0, 70]]), (200, 200))
    assert laid is not None
    return image, crease(image, laid, face_mask, contact, 400.0, towards_light, grey), laid, face_mask


def test_it_is_a_narrow_line_on_the_face_alone() -> None:
    image, _, laid, face_mask = _laid(0.5)
    far = cv2.dilate((laid.matte > 0).astype(np.uint8), np.ones((17, 17), np.uint8))
    outside = np.ones((200, 200), bool)
    outside[laid.window] = far == 0
    rows, columns = laid.window
    outside[rows.start - 8 : rows.stop + 8, columns.start - 8 : columns.stop + 8] = False
    assert (image[outside] == _SKIN).all()
    assert (image[face_mask == 0] == _SKIN).all()
    assert image.min() < 0.9 * min(_SKIN)


def test_the_light_shines_into_it_from_its_own_side() -> None:
    image, _, laid, _ = _laid(0.5, (0.0, -1.0))
    rows, columns = laid.window
    middle = (columns.start + columns.stop) // 2
    above, below = image[rows.start - 6 : rows.start + 6, middle], image[rows.stop - 6 : rows.stop + 6, middle]
    assert below.min() < above.min() - 10


def test_it_is_red_but_in_black_and_white() -> None:
    for grey in (False, True):
        image, *_ = _laid(0.8, grey=grey)
        darkest = image[np.unravel_index(image.sum(axis=2).argmin(), image.shape[:2])] / np.array(_SKIN)
        assert (darkest[0] > darkest[2] + 0.02) != grey


@pytest.mark.parametrize("contact", [0.0, 0.4, 1.0])
def test_the_hand_is_darker_at_its_own_outline_too_as_much_as_it_touches(contact: float) -> None:
    _, hand, laid, _ = _laid(contact)
    assert (hand.foreground <= laid.foreground).all()
    assert (hand.foreground < laid.foreground).any() == (contact > 0)


def test_a_recoloured_hand_is_smoother_in_colour_than_in_lightness() -> None:
    noise = generator(0).normal(0, 12, (80, 80, 3))
    hand = np.rint(np.array(_SKIN) + noise).clip(0, 255).astype(np.uint8)
    matte = np.full((80, 80), 255, np.uint8)
    lab = to_lab(toning(hand, matte, Photo(make_face(200, 200)), Tone()).apply(hand))
    detail = (lab - cv2.GaussianBlur(lab, (0, 0), 1.0)).std(axis=(0, 1))
    before = to_lab(hand)
    own = (before - cv2.GaussianBlur(before, (0, 0), 1.0)).std(axis=(0, 1))
    assert (detail[1:] / own[1:]).max() < 0.5 * detail[0] / own[0]
