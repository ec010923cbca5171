"""Objects of more pixels than any face needs are reduced before they are cut out; others are cut out of the picture as it is."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from natocc.core.samples import Origin
from natocc.occluders.cutting import huge
from natocc.occluders.cutting.cutouts import cut_by_alpha, cut_out
from natocc.occluders.cutting.huge import Frame

ORIGIN = Origin("d", "1", "0" * 64)


def _disc(side: int, radius: int, x: int) -> tuple[np.ndarray, np.ndarray]:
    mask = np.zeros((side, side), np.uint8)
    cv2.circle(mask, (x, side // 2), radius, 1, -1)
    return np.where(mask[..., None] > 0, [200, 60, 30], [30, 60, 90]).astype(np.uint8), mask


@pytest.mark.parametrize("x", [200, 60])  # in the middle, and cut by the border
def test_a_huge_object_is_reduced_to_the_bound(x: int, monkeypatch: pytest.MonkeyPatch) -> None:
    image, mask = _disc(400, 100, x)
    as_it_is = cut_out(image, mask, "disc", ORIGIN)
    assert Frame.around(mask) == Frame(), "an ordinary one is left alone"
    monkeypatch.setattr(huge, "MOST", 50 * 50)
    frame = Frame.around(mask)
    picture, reduced = frame.picture(image), frame.mask(mask)
    assert picture.shape[:2] == reduced.shape
    _, _, width, height = cv2.boundingRect(reduced)
    assert width * height <= 1.1 * 50 * 50
    assert reduced[:, 0].any() == mask[:, 0].any(), "what the border cuts, it cuts still"
    cutout = cut_out(picture, reduced, "disc", ORIGIN)
    scale = np.sqrt(np.count_nonzero(reduced) / np.count_nonzero(mask))
    assert cutout.matte.sum() / as_it_is.matte.sum() == pytest.approx(scale**2, rel=0.05)
    assert np.abs(cutout.foreground[cutout.matte == 255].astype(int) - [200, 60, 30]).max() <= 2


def test_what_is_not_seen_does_not_bleed_into_a_reduced_cutout(monkeypatch: pytest.MonkeyPatch) -> None:
    image, mask = _disc(400, 150, 200)
    image[mask == 0] = np.random.Generator(np.random.PCG64(1)).integers(0, 256, (np.count_nonzero(mask == 0), 3))
    monkeypatch.setattr(huge, "MOST", 50 * 50)
    cutout = cut_by_alpha(image, 255 * mask, "disc", ORIGIN)
    assert cutout.matte.size <= 60 * 60
    assert np.abs(cutout.foreground[cutout.matte > 128].astype(int) - [200, 60, 30]).max() <= 3
