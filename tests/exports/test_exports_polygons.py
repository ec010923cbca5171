"""Polygons of masks of any shape: filled as their readers fill them, they are the mask."""

from __future__ import annotations

import cv2
import hypothesis
import hypothesis.extra.numpy
import hypothesis.strategies as st
import numpy as np
import pytest

from natocc.core.samples import Mask
from natocc.exports.polygons import Polygon, linked, polygons

MASKS = hypothesis.extra.numpy.arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.integers(0, 1))


def _filled(shape: tuple[int, int], parts: list[Polygon]) -> Mask:
    """As Ultralytics and supervision fill: the fraction cut off, the border included."""
    canvas = np.zeros(shape, np.uint8)
    for part in parts:
        cv2.fillPoly(canvas, [part.astype(np.int32)], 1)
    return canvas


def _by_centres(shape: tuple[int, int], parts: list[Polygon]) -> Mask:
    """Inside where a ray from the pixel's centre crosses the polygon an odd number of times."""
    inside = np.zeros(shape, np.bool_)
    rows, columns = np.indices(shape) + 0.5
    for part in parts:
        odd = np.zeros(shape, np.bool_)
        for (x, y), (to_x, to_y) in zip(part, np.roll(part, -1, axis=0), strict=True):
            if y != to_y:
                crosses = (rows < y) != (rows < to_y)
                odd ^= crosses & (columns < x + (rows - y) * (to_x - x) / (to_y - y))
        inside |= odd
    return inside.astype(np.uint8)


@hypothesis.given(MASKS)
def test_what_is_not_simplified_is_exact(mask: Mask) -> None:
    parts = polygons(mask, 0)
    assert len(parts) == cv2.connectedComponents(mask)[0] - 1
    assert np.array_equal(_by_centres(mask.shape, parts), mask)
    if parts:
        assert np.array_equal(_by_centres(mask.shape, [linked(parts)]), mask)


@hypothesis.given(MASKS, st.floats(0, 5))
def test_every_polygon_can_be_drawn(mask: Mask, tolerance: float) -> None:
    for part in polygons(mask, tolerance):
        assert len(part) >= 3
        assert (part > 0).all()
        assert (part < mask.shape[::-1]).all()


def test_a_ring_keeps_its_hole_and_two_discs_stay_two() -> None:
    ring = cv2.circle(np.zeros((96, 96), np.uint8), (40, 44), 30, 1, -1)
    cv2.circle(ring, (44, 40), 12, 0, -1)
    discs = cv2.circle(cv2.circle(np.zeros((96, 96), np.uint8), (20, 20), 12, 1, -1), (70, 60), 15, 1, -1)
    for mask, count in ((ring, 1), (discs, 2)):
        for tolerance, wrong in ((0, 0), (0.5, 0.03), (1, 0.06)):
            parts = polygons(mask, tolerance)
            assert len(parts) == count
            assert np.count_nonzero(_filled(mask.shape, parts) != mask) <= wrong * mask.sum()


@pytest.mark.parametrize("shape", [(3, 3), (1, 1)])
def test_nothing_has_no_polygon_and_a_pixel_has_one(shape: tuple[int, int]) -> None:
    assert polygons(np.zeros(shape, np.uint8), 1) == []
    assert [len(part) for part in polygons(np.pad(np.ones((1, 1), np.uint8), 1), 1)] == [4]
