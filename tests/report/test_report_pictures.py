from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from natocc.report.contact_sheet import Tile, contact_sheet
from natocc.report.overlay import overlay

SHAPE = (12, 15)
masks = arrays(np.uint8, SHAPE, elements=st.integers(0, 1))


@given(arrays(np.uint8, (*SHAPE, 3)), masks, masks)
def test_an_overlay_changes_the_face_alone(image: np.ndarray, modal: np.ndarray, covered: np.ndarray) -> None:
    before, amodal = image.copy(), modal | covered
    shown = overlay(image, modal, amodal)
    assert (shown[amodal == 0] == image[amodal == 0]).all()
    assert (image == before).all()
    assert (overlay(image, modal)[modal == 0] == image[modal == 0]).all()


def test_what_is_visible_is_green_and_what_is_not_is_red() -> None:
    modal, amodal = np.zeros(SHAPE, np.uint8), np.ones(SHAPE, np.uint8)
    modal[:, :7] = 1
    shown = overlay(np.full((*SHAPE, 3), 128, np.uint8), modal, amodal).astype(int)
    assert (shown[:, :7, 1] > shown[:, :7, 0]).all()
    assert (shown[:, 7:, 0] > shown[:, 7:, 1]).all()


@pytest.mark.parametrize("count", [0, 1, 5, 6])
@pytest.mark.parametrize("shape", [(10, 40, 3), (300, 20, 3), (64, 64, 3)])
def test_a_sheet_holds_every_tile(count: int, shape: tuple[int, int, int]) -> None:
    tiles = [Tile(np.full(shape, 200, np.uint8), f"tile {number} " + "ü" * 99) for number in range(count)]
    sheet = contact_sheet(tiles, columns=3, side=64)
    assert sheet.shape == ((64 + 18 + 4) * max(1, -(-count // 3)) + 4, (64 + 4) * 3 + 4, 3)
    assert ((sheet == 200).all(axis=2).sum() > 0) == (count > 0)
