"""Face masks estimated from landmarks and colours."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from natocc.core.errors import BadDataError, Reason
from natocc.core.samples import Image, Mask, Points
from natocc.faces.alignment.estimated_outline import estimate_face_outline
from natocc.faces.alignment.landmark_outline import fill_polygon
from natocc.faces.landmarks.detector import LandmarkFinder
from natocc.faces.sources.celebamask import CelebAMaskFaces
from natocc.io.images import read_rgb
from natocc.io.paths import package_folder

FACE = ("skin", "nose", "l_eye", "r_eye", "l_brow", "r_brow", "mouth", "u_lip", "l_lip")


def _estimate(image: Image, landmarks: Points) -> tuple[Mask, float]:
    outline, confidence = estimate_face_outline(image, landmarks)
    mask = np.zeros(image.shape[:2], np.uint8)
    fill_polygon(mask, outline.clip(-50_000, 50_000), 1)
    return mask, confidence


@pytest.fixture(scope="module")
def astronaut() -> tuple[Image, Points]:
    image, _ = read_rgb(package_folder("skimage") / "data" / "astronaut.png")
    points, _, _ = LandmarkFinder(68).find(image)
    return image, points


def test_against_masks_drawn_by_hand(real_data: Path, tmp_path: Path) -> None:
    source, finder = CelebAMaskFaces(source="celebamask", face_parts=FACE).open(real_data, tmp_path), LandmarkFinder(68)
    overlaps, confidences = [], []
    for face_id in source.ids()[::2]:
        face = source.read(face_id)
        assert face.face_mask is not None
        mask, confidence = _estimate(face.image, finder.find(face.image, face.face_mask)[0])
        overlaps.append(np.count_nonzero(mask & face.face_mask) / np.count_nonzero(mask | face.face_mask))
        confidences.append(confidence)
    assert np.mean(overlaps) >= 0.95
    assert min(overlaps) >= 0.9
    assert all(0 <= confidence <= 1 for confidence in confidences)


def test_a_mask_is_one_piece_and_always_the_same(astronaut: tuple[Image, Points]) -> None:
    expected, confidence = _estimate(*astronaut)
    assert cv2.connectedComponents(expected)[0] == 2
    assert len(cv2.findContours(expected, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)[0]) == 1  # no hole
    cv2.setRNGSeed(7)
    with ThreadPoolExecutor(3) as pool:
        for mask, again in pool.map(lambda _: _estimate(*astronaut), range(6)):
            assert (mask == expected).all()
            assert again == confidence


@settings(max_examples=4)
@given(st.sampled_from([0, 1, 2, 3]), st.sampled_from([0.5, 1.0, 2.0]))
def test_a_mask_turns_and_grows_with_the_photograph(turns: int, scale: float) -> None:
    image, _ = read_rgb(package_folder("skimage") / "data" / "astronaut.png")
    points, _, _ = LandmarkFinder(68).find(image)
    expected, _ = _estimate(image, points)
    side = image.shape[0]
    moved = points.copy()
    for _ in range(turns):
        moved = np.stack([moved[:, 1], side - 1 - moved[:, 0]], axis=1)
    size = (round(side * scale),) * 2
    turned = np.ascontiguousarray(np.rot90(image, turns))
    larger = np.asarray(cv2.resize(turned, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR), dtype=np.uint8)
    mask, _ = _estimate(larger, ((moved + 0.5) * scale - 0.5).astype(np.float32))
    back = np.rot90(cv2.resize(mask, (side, side), interpolation=cv2.INTER_NEAREST_EXACT), -turns)
    assert np.count_nonzero(back & expected) / np.count_nonzero(back | expected) > 0.95


def test_without_colours_the_landmarks_decide(astronaut: tuple[Image, Points]) -> None:
    image, points = astronaut
    mask, confidence = _estimate(np.full_like(image, 120), points)
    jaw = points[:17]
    assert mask.sum() > 0.5 * np.ptp(jaw[:, 0]) * np.ptp(jaw[:, 1])
    assert confidence < 0.3


def test_landmarks_that_are_no_face_are_rejected(astronaut: tuple[Image, Points]) -> None:
    with pytest.raises(BadDataError) as caught:
        _estimate(astronaut[0], np.zeros((68, 2), np.float32))
    assert caught.value.reason == Reason.DEGENERATE_LANDMARKS


def test_a_face_outside_its_picture_is_no_crash(astronaut: tuple[Image, Points]) -> None:
    """F20."""
    image, points = astronaut
    assert not _estimate(image, points + np.float32(5000))[0].any()
