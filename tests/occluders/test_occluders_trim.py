"""Background within a mask is taken out of it, and nothing else is."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from natocc.core.samples import Image, Mask
from natocc.occluders.cutting.trim import trim

PAPER, SKIN, BLACK = (235, 236, 240), (205, 160, 135), (4, 4, 4)


def _hand(scale: int = 1) -> Mask:
    """A palm and three fingers with gaps of 20 px between them."""
    hand = np.zeros((300, 260), np.uint8)
    cv2.rectangle(hand, (50, 30), (209, 140), 1, -1)
    for left in (50, 110, 170):
        cv2.rectangle(hand, (left, 100), (left + 39, 260), 1, -1)
    return np.kron(hand, np.ones((scale, scale), np.uint8))


def _photo(hand: Mask, paper: tuple[int, int, int] = PAPER, skin: tuple[int, int, int] = SKIN) -> Image:
    """With the light falling off sideways, a soft shadow around the hand, and noise."""
    colours = np.where(hand[..., None] > 0, skin, paper).astype(np.float32)
    shadow = 1 - 0.25 * cv2.GaussianBlur(hand.astype(np.float32), (0, 0), 8)
    light = np.linspace(1, 0.92, hand.shape[1])[None] * np.where(hand > 0, 1, shadow)
    noise = np.random.default_rng(1).normal(0, 1.5, colours.shape)
    return np.clip(cv2.GaussianBlur(colours * light[..., None], (0, 0), 0.8) + noise, 0, 255).astype(np.uint8)


def _webbed(hand: Mask, until: int) -> Mask:
    """The mask with the gap between the first two fingers closed down to a row."""
    webbed = hand.copy()
    webbed[130:until, 80:120] = 1
    return webbed


@pytest.mark.parametrize("skin", [SKIN, (232, 190, 172), (110, 74, 58)])
def test_paper_between_fingers_goes_and_the_hand_stays(skin: tuple[int, int, int]) -> None:
    hand = _hand()
    trimmed = trim(_photo(hand, skin=skin), _webbed(hand, 220))
    web = _webbed(hand, 220) - hand
    assert np.count_nonzero(trimmed & web) < 0.15 * np.count_nonzero(web)
    assert np.count_nonzero(hand > trimmed) < 0.01 * np.count_nonzero(hand)


def test_a_good_mask_is_left_as_it_is() -> None:
    assert np.array_equal(trim(_photo(_hand()), _hand()), _hand())


def test_shadows_of_a_hand_before_black_stay() -> None:
    hand = _hand()
    photo = _photo(hand, BLACK)
    photo[60:130, 120:209] //= 6
    assert np.array_equal(trim(photo, hand), hand)


def test_a_fingernail_white_as_the_paper_stays() -> None:
    hand = _hand()
    photo = _photo(hand)
    nail = np.zeros_like(hand)
    cv2.ellipse(nail, (130, 250), (13, 18), 0, 0, 360, 1, -1)
    photo[nail > 0] = PAPER
    assert np.array_equal(trim(photo, hand), hand)


def test_a_sleeve_white_as_the_paper_stays() -> None:
    hand = _hand()
    hand[:30, 50:210] = 1
    photo = _photo(hand)
    photo[:40, 52:208] = np.array(PAPER) * 0.85
    assert np.array_equal(trim(photo, hand), hand)


def test_no_part_falls_off() -> None:
    hand = _hand()
    photo = _photo(hand)
    photo[45:70, 40:220] = np.array(PAPER) * 0.9  # a band around the wrist
    trimmed = trim(photo, hand)
    assert trimmed[35, 130] and trimmed[200, 60], "what lies beyond the band belongs to the hand"
    assert np.count_nonzero(hand > trimmed) < 0.01 * np.count_nonzero(hand)


def test_nothing_is_told_of_a_mixed_background() -> None:
    hand = _hand()
    photo = _photo(hand)
    squares = (np.indices(hand.shape) // 12).sum(axis=0) % 2 > 0
    photo[squares & (hand == 0)] = (40, 90, 60)
    assert np.array_equal(trim(photo, _webbed(hand, 220)), _webbed(hand, 220))


def test_an_object_in_the_colour_of_its_background_stays_whole() -> None:
    hand = _hand()
    assert np.array_equal(trim(_photo(hand, skin=PAPER), hand), hand)


def test_on_large_pictures_the_outline_drawn_too_wide_is_drawn_in() -> None:
    hand = _hand(4)
    wide = cv2.dilate(hand, np.ones((17, 17), np.uint8))
    trimmed = trim(_photo(hand), wide)
    assert np.count_nonzero(trimmed & (1 - hand)) < 0.4 * np.count_nonzero(wide - hand)
    assert np.count_nonzero(hand > trimmed) < 0.005 * np.count_nonzero(hand)
    assert not (trimmed > wide).any(), "nothing is added"


def test_any_mask_can_be_trimmed() -> None:
    for mask in (np.ones((40, 40), np.uint8), np.eye(50, dtype=np.uint8), _hand()):
        trimmed = trim(np.full((*mask.shape, 3), 90, np.uint8), mask)
        assert trimmed.any() and not (trimmed > mask).any()
