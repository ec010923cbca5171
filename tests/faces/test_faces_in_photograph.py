"""From a photograph to what ``natocc.occlude`` needs, without a recipe."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import natocc
from natocc.io.images import read_rgb
from natocc.io.paths import package_folder

PHOTOGRAPH = package_folder("skimage") / "data" / "astronaut.png"


def test_every_face_and_its_mask() -> None:
    image, digest = read_rgb(PHOTOGRAPH)
    head = image[:240, 120:340]
    two = np.concatenate([head, head], axis=1)
    faces = natocc.find_faces(two)
    assert [face.origin.item for face in faces] == ["photograph#1", "photograph#2"]
    left, right = (face.landmarks_xy for face in faces)
    assert left is not None
    assert right is not None
    assert left[:, 0].max() < head.shape[1] < right[:, 0].min()
    assert [face.others_xy for face in faces] == [(right,), (left,)]
    face = natocc.align(faces[1], method="none")
    assert (face.image == two).all()
    assert face.mask_estimated
    assert not face.face_mask[:, : head.shape[1]].any()
    red = np.full((90, 90, 4), (250, 10, 10, 255), np.uint8)
    composite = natocc.occlude(face.image, face.face_mask, red, landmarks=face.landmarks_xy, rng=1)
    assert 0 < composite.occlusion_ratio < 1
    crop = natocc.align(faces[0], size=128)
    assert crop.image.shape == (128, 128, 3)
    assert 0.2 < crop.face_mask.mean() < 0.8
    (of_file,) = natocc.find_faces(PHOTOGRAPH)
    assert (of_file.origin.item, of_file.origin.sha256) == ("astronaut.png#1", digest)


def test_five_points_and_small_faces() -> None:
    (face,) = natocc.find_faces(str(PHOTOGRAPH), points=5)
    assert face.landmarks_xy is not None
    assert face.landmarks_xy.shape == (5, 2)
    with pytest.raises(natocc.BadDataError, match="needs 68 landmarks"):
        natocc.align(face)
    head = read_rgb(PHOTOGRAPH)[0][:200, 140:320]
    assert len(natocc.find_faces(head)) == 1
    assert natocc.find_faces(head, least_side=200) == []


def test_no_face_no_picture_no_key(tmp_path: Path) -> None:
    assert natocc.find_faces(np.zeros((39, 90, 3), np.uint8)) == []
    with pytest.raises(ValueError, match=r"image must be \(H, W, 3\) uint8, got \(9, 9\) uint8"):
        natocc.find_faces(np.zeros((9, 9), np.uint8))
    with pytest.raises(natocc.BadDataError, match="missing-file"):
        natocc.find_faces(tmp_path / "none.jpg")
    image = np.zeros((80, 80, 3), np.uint8)
    own = natocc.FaceSample(image, image[..., 0] + np.uint8(1), None, None, natocc.Origin("mine", "1", ""))
    assert natocc.align(own, method="none").face_mask.all()
    with pytest.raises(natocc.RecipeError, match=r"align: unknown key 'sise' \(did you mean 'size'\?\)"):
        natocc.align(own, sise=64)
