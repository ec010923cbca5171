"""Geometry of landmarks: polygons, regions, eye and mouth centres, and the options of the alignment."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from natocc.faces.alignment.align import AlignOptions
from natocc.faces.alignment.landmark_outline import face_region, fill_polygon
from natocc.faces.landmarks.keypoints import eye_centres_xy, inter_ocular, mouth_centre_xy
from natocc.faces.sources.folder import FolderFaces


def _face(scale: float = 60, centre: tuple[float, float] = (150, 150)) -> np.ndarray:
    """68 points of which jaw, brows, eyes and mouth are where they should be."""
    points = np.zeros((68, 2))
    angles = np.linspace(0, np.pi, 17)
    points[:17] = np.stack([-np.cos(angles), 1.3 * np.sin(angles)], axis=1)
    points[17:27] = np.stack([np.linspace(-0.7, 0.7, 10), np.full(10, -0.3)], axis=1)
    points[36:42], points[42:48] = (-0.4, 0), (0.4, 0)
    points[48:68], points[48], points[54] = (0, 0.8), (-0.3, 0.8), (0.3, 0.8)
    return (scale * points + centre).astype(np.float32)


def _turned(points: np.ndarray, angle: float, scale: float, shift: tuple[float, float]) -> np.ndarray:
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return points.astype(np.float64) @ turn.T + shift


@given(st.integers(3, 40), st.floats(5, 60), st.floats(20, 80), st.floats(20, 80), st.integers(1, 255))
def test_a_polygon_has_the_area_of_its_outline(corners: int, radius: float, x: float, y: float, value: int) -> None:
    angles = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    outline = np.stack([x + radius * np.cos(angles), y + radius * np.sin(angles)], axis=1)
    labels = np.zeros((200, 200), np.uint8)
    fill_polygon(labels, outline + 50, value)
    area, edge = corners / 2 * radius**2 * np.sin(2 * np.pi / corners), 2 * corners * radius * np.sin(np.pi / corners)
    assert set(np.unique(labels)) == {0, value}
    assert area - edge - 2 <= np.count_nonzero(labels) <= area + edge + 4


def test_a_polygon_may_leave_the_map_and_paints_over_what_was_there() -> None:
    labels = np.full((20, 20), 7, np.uint8)
    fill_polygon(labels, np.array([[-90_000, -90_000], [9, -90_000], [9, 90_000], [-90_000, 90_000]]), 3)
    assert (labels[:, :10] == 3).all()
    assert (labels[:, 10:] == 7).all()


@given(st.integers(-40, 40), st.integers(-40, 40))
def test_a_region_moves_with_its_landmarks(across: int, down: int) -> None:
    here, there = face_region(_face(), (400, 400)), face_region(_face(centre=(150 + across, 150 + down)), (400, 400))
    assert (np.roll(here, (down, across), axis=(0, 1)) == there).all()


@given(st.floats(0, 2 * np.pi), st.floats(0.3, 3))
def test_a_region_turns_and_grows_with_its_landmarks(angle: float, scale: float) -> None:
    upright = face_region(_face(centre=(0, 0)) + np.float32(150), (300, 300))
    turned = face_region(_turned(_face(centre=(0, 0)), angle, scale, (400, 400)).astype(np.float32), (800, 800))
    assert turned.sum() == pytest.approx(scale**2 * upright.sum(), rel=0.05 / min(scale, 1))


@given(st.floats(20, 60))
def test_a_region_is_one_smooth_piece_around_the_landmarks(scale: float) -> None:
    points = _face(scale)
    region = face_region(points, (300, 300))
    outlines, _ = cv2.findContours(region, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    assert len(outlines) == 1
    assert all(region[round(float(y)), round(float(x))] for x, y in points[17:])
    hull = cv2.contourArea(cv2.convexHull(outlines[0]))
    assert cv2.contourArea(outlines[0]) > 0.97 * hull
    assert np.flatnonzero(region.any(axis=1))[0] < points[17:27, 1].min() - 0.3 * scale  # a forehead above the brows


def test_a_region_off_the_picture_is_empty() -> None:
    assert not face_region(_face(centre=(-900, 50)), (100, 100)).any()
    assert not face_region(_face(centre=(1e6, 1e6)), (100, 100)).any()


@pytest.mark.parametrize("count", [0, 5, 67])
def test_other_numbers_of_points_are_refused(count: int) -> None:
    points = np.zeros((count, 2), np.float32)
    with pytest.raises(ValueError, match="must be"):
        face_region(points, (10, 10))
    if count != 5:
        with pytest.raises(ValueError, match="must be"):
            eye_centres_xy(points)
        with pytest.raises(ValueError, match="must be"):
            mouth_centre_xy(points)


@given(st.sampled_from([5, 68]), st.floats(-3.1, 3.1), st.floats(0.2, 5), st.floats(-500, 500), st.floats(-500, 500))
def test_eyes_and_mouth_move_with_the_landmarks(count: int, angle: float, scale: float, x: float, y: float) -> None:
    points = _face() if count == 68 else np.array([[190, 150], [175, 150], [110, 150], [125, 150], [150, 190]], np.float32)
    moved = _turned(points, angle, scale, (x, y))
    before, after = (np.array([*eye_centres_xy(some), mouth_centre_xy(some)]) for some in (points, moved))
    assert np.allclose(after, _turned(before, angle, scale, (x, y)), atol=1e-6)
    assert inter_ocular(moved) == pytest.approx(scale * inter_ocular(points))


def test_left_and_right_are_the_pictures() -> None:
    left, right = eye_centres_xy(_face())
    assert left[0] < right[0]
    assert mouth_centre_xy(_face())[1] > left[1]
    assert (mouth_centre_xy(np.full((5, 2), 3, np.float32)) == 3).all()  # no direction is down: no division by zero


@pytest.mark.parametrize("wrong", [{"size": 63}, {"size": 4097}, {"points": 7}, {"method": "arcface"}, {"sise": 256}])
def test_options_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        AlignOptions.model_validate(wrong)


def test_every_source_says_how_it_is_aligned() -> None:
    assert FolderFaces(source="folder").align == AlignOptions(method="ffhq", size=None, points=68)
    chosen = FolderFaces.model_validate({"source": "folder", "align": {"method": "none", "size": 1024}})
    assert chosen.align.size == 1024
