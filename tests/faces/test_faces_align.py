from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from natocc.core.errors import BadDataError, Reason
from natocc.core.samples import FaceSample, Origin
from natocc.faces.alignment.align import AlignOptions, align_face
from natocc.faces.alignment.crop import ffhq_matrix, warp_labels
from natocc.faces.landmarks.detector import LandmarkFinder
from natocc.faces.landmarks.keypoints import eye_centres_xy, mouth_centre_xy

ORIGIN = Origin("test", "1", "0" * 64)
NOBODY = LandmarkFinder(68)


def _landmarks(angle: float = 0, scale: float = 60, centre: tuple[float, float] = (150, 130)) -> np.ndarray:
    """A face of 68 points: only eyes and mouth are where they should be."""
    points = np.zeros((68, 2))
    points[:17] = np.stack([np.linspace(-1.2, 1.2, 17), 1.4 * np.sin(np.linspace(0, np.pi, 17))], axis=1)
    points[36:42], points[42:48] = (-0.5, 0), (0.5, 0)
    points[48:68], points[48], points[54] = (0, 1), (-0.3, 1), (0.3, 1)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return (scale * points @ turn.T + centre).astype(np.float32)


def _sample(landmarks: np.ndarray | None = None, size: tuple[int, int] = (300, 320)) -> FaceSample:
    """A bright ellipse on dark ground: the picture's own edge is the mask's edge."""
    fine = np.zeros((size[0] * 4, size[1] * 4), np.uint8)
    cv2.ellipse(fine, (600, 560), (320, 400), 20, 0, 360, 255, -1)
    soft = cv2.resize(fine, size[::-1], interpolation=cv2.INTER_AREA)
    mask = (soft >= 128).astype(np.uint8)
    return FaceSample(np.repeat(soft[..., None], 3, axis=2), mask, mask * np.uint8(3), landmarks, ORIGIN)


@given(st.floats(-3.1, 3.1), st.floats(5, 300), st.floats(-200, 400), st.floats(-200, 400), st.sampled_from([64, 256, 512]))
def test_ffhq_puts_every_upright_face_in_one_place(angle: float, scale: float, x: float, y: float, size: int) -> None:
    landmarks = _landmarks(angle, scale, (x, y))
    matrix = ffhq_matrix(landmarks, size)
    left, right = (matrix[:, :2] @ eye + matrix[:, 2] for eye in eye_centres_xy(landmarks))
    mouth = matrix[:, :2] @ mouth_centre_xy(landmarks) + matrix[:, 2]
    canonical = ffhq_matrix(_landmarks(), size)
    left_0, right_0 = (canonical[:, :2] @ eye + canonical[:, 2] for eye in eye_centres_xy(_landmarks()))
    assert np.allclose(left, left_0, atol=0.02 * size / 64)
    assert np.allclose(right, right_0, atol=0.02 * size / 64)
    assert left[0] < right[0]
    assert mouth[1] > left[1]
    linear = matrix[:, :2]
    assert np.allclose(linear @ linear.T, np.linalg.det(linear) * np.eye(2), atol=1e-9 + 1e-6 * abs(np.linalg.det(linear)))


def _flat() -> np.ndarray:
    points = _landmarks()
    points[48:68] = points[36]
    return points


DEGENERATE = {
    "one point": np.full((68, 2), 7, np.float32),
    "eyes coincide": np.where(np.isin(np.arange(68), range(36, 48))[:, None], np.float32(50), _landmarks()),
    "mouth on the line of the eyes": _flat(),
    "mirrored": _landmarks() * np.array([-1, 1], np.float32),
}


@pytest.mark.parametrize("name", sorted(DEGENERATE))
def test_degenerate_landmarks_are_rejected(name: str) -> None:
    with pytest.raises(BadDataError) as caught:
        ffhq_matrix(DEGENERATE[name], 256)
    assert caught.value.reason == Reason.DEGENERATE_LANDMARKS


@pytest.mark.parametrize("size", [64, 150, 256, 700])
@pytest.mark.parametrize("angle", [0, 0.4, -1.0])
def test_mask_and_picture_stay_together(size: int, angle: float) -> None:
    """Shrunk or grown, turned or not, the mask's edge lies on the picture's to less than half a pixel."""
    face = align_face(_sample(_landmarks(angle)), AlignOptions(size=size), NOBODY)
    assert face.image.shape == (size, size, 3)
    assert (face.face_mask * 3 == face.parts).all()
    valid = warp_labels(np.ones((300, 320), np.uint8), face.matrix, (size, size)) > 0
    difference = (face.image[..., 0].astype(float) - 255.0 * face.face_mask)[valid].sum() / 255
    outline = np.count_nonzero(cv2.morphologyEx(face.face_mask, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))) / 2
    assert abs(difference) < 0.25 * outline
    for axis in (0, 1):
        weight = np.where(valid, face.image[..., 0], 0).astype(float)
        grid = np.indices((size, size))[axis]
        assert abs((weight * grid).sum() / weight.sum() - (face.face_mask * grid).sum() / face.face_mask.sum()) < 0.5


def test_outside_the_source_there_is_no_black_wedge_and_no_face() -> None:
    sample = FaceSample(np.full((300, 320, 3), 180, np.uint8), np.ones((300, 320), np.uint8), None, _landmarks(0.3), ORIGIN)
    face = align_face(sample, AlignOptions(size=256), NOBODY)
    assert (np.abs(face.image.astype(int) - 180) <= 1).all()
    assert 0 < face.face_mask.mean() < 1


@pytest.mark.parametrize("shape", [(3, 900), (900, 3), (1, 1), (1, 200), (2, 200)])
def test_a_strip_of_a_picture_is_no_hang(shape: tuple[int, int]) -> None:
    """OpenCV 5.0 never returns from mirroring a picture one pixel wide without its edge (BORDER_REFLECT_101)."""
    sample = FaceSample(np.full((*shape, 3), 9, np.uint8), np.ones(shape, np.uint8), None, None, ORIGIN)
    face = align_face(sample, AlignOptions(method="none", size=64), NOBODY)
    assert max(face.image.shape) == 64
    assert (face.image == 9).all()


def test_landmarks_move_with_the_picture() -> None:
    face = align_face(_sample(_landmarks(0.2)), AlignOptions(size=200), NOBODY)
    assert face.landmarks_xy is not None
    assert face.inter_ocular == pytest.approx(60 * np.sqrt(np.linalg.det(face.matrix[:, :2])), rel=1e-4)


def test_none_keeps_the_picture() -> None:
    sample = _sample()
    face = align_face(sample, AlignOptions(method="none"), NOBODY)
    assert (face.image == sample.image).all()
    assert (face.face_mask == sample.face_mask).all()
    assert face.landmarks_xy is None
    half = align_face(sample, AlignOptions(method="none", size=160), NOBODY)
    assert half.image.shape == (150, 160, 3)


def test_a_mask_is_estimated_where_there_is_none() -> None:
    sample = _sample(_landmarks())
    estimated = align_face(FaceSample(sample.image, None, None, sample.landmarks_xy, ORIGIN), AlignOptions(size=256), NOBODY)
    assert estimated.mask_estimated
    assert 0.05 < estimated.face_mask.mean() < 0.6
    five = FaceSample(sample.image, None, None, _landmarks()[[45, 42, 36, 39, 33]], ORIGIN)
    with pytest.raises(BadDataError, match="68 landmarks"):
        align_face(five, AlignOptions(method="none", points=5), NOBODY)


def test_a_face_outside_the_crop_is_rejected() -> None:
    mask = np.zeros((300, 320), np.uint8)
    mask[299, 319] = 1
    sample = FaceSample(np.zeros((300, 320, 3), np.uint8), mask, None, _landmarks(0, 10, (20, 20)), ORIGIN)
    with pytest.raises(BadDataError) as caught:
        align_face(sample, AlignOptions(size=64), NOBODY)
    assert caught.value.reason == Reason.EMPTY_MASK
