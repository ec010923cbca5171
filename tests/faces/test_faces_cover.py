"""Faces that something covers in the photograph itself, where the mask is estimated."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from natocc.core.samples import AlignedFace, FaceSample, Image, Mask, Origin, Points
from natocc.faces.alignment.align import AlignOptions, align_face
from natocc.faces.landmarks.detector import LandmarkFinder
from natocc.io.images import read_rgb
from natocc.io.paths import package_folder

ORIGIN = Origin("test", "1", "0" * 64)
FINDER = LandmarkFinder(68)


@pytest.fixture(scope="module")
def astronaut() -> tuple[Image, Points]:
    image, _ = read_rgb(package_folder("skimage") / "data" / "astronaut.png")
    points, _, _ = FINDER.find(image)
    return image, points


def _aligned(image: Image, points: Points) -> AlignedFace:
    return align_face(FaceSample(image, None, None, points, ORIGIN), AlignOptions(), FINDER)


def _painted(image: Image, corners_xy: Points, colour: tuple[int, int, int]) -> tuple[Image, Mask]:
    """A flat thing with soft folds, laid on a photograph."""
    mask = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.rint(corners_xy).astype(np.int32)], 1)
    folds = 1 - 0.15 * np.abs(np.sin(np.arange(image.shape[0]) / 5))[:, None, None]
    cloth = (np.array(colour) * folds).astype(np.uint8) + np.zeros_like(image)
    return np.where(mask[..., None] > 0, cloth, image), mask


def _face_mask(points: Points) -> Points:
    """Over nose, mouth and chin, from one side of the jaw to the other."""
    return np.concatenate([points[2:15], points[[28]]])


def _glasses(points: Points) -> Points:
    """One dark bar over both eyes."""
    unit = np.float32(np.hypot(*(points[36] - points[45])) / 4)
    up, down = points[[17, 26]] - [0, unit * 0.2], points[[46, 41]] + [0, unit * 1.1]
    return np.concatenate([up, points[[26]] + [0, unit * 2], down, points[[17]] + [0, unit * 2]]).astype(np.float32)


@pytest.mark.parametrize("colour", [(120, 190, 215), (235, 235, 235), (30, 30, 32)], ids=["blue", "white", "black"])
def test_a_mask_over_nose_and_mouth_is_not_labelled_and_costs_the_confidence(
    astronaut: tuple[Image, Points], colour: tuple[int, int, int]
) -> None:
    image, points = astronaut
    clean = _aligned(image, points)
    photograph, worn = _painted(image, _face_mask(points), colour)
    covered = _aligned(photograph, points)
    there = cv2.warpAffine(worn, clean.matrix, clean.face_mask.shape[::-1], flags=cv2.INTER_NEAREST) & clean.face_mask
    assert covered.unlabelled is not None
    assert np.count_nonzero(covered.unlabelled & there) > 0.95 * np.count_nonzero(there)
    assert np.count_nonzero(covered.face_mask & there) < 0.02 * np.count_nonzero(covered.face_mask)
    assert np.count_nonzero(covered.unlabelled & clean.face_mask & ~there) < 0.1 * np.count_nonzero(clean.face_mask & ~there)
    assert covered.mask_confidence == 0
    assert clean.mask_confidence is not None
    assert clean.mask_confidence > 0.1


def test_sunglasses_are_not_labelled(astronaut: tuple[Image, Points]) -> None:
    image, points = astronaut
    photograph, worn = _painted(image, _glasses(points), (25, 24, 24))
    covered = _aligned(photograph, points)
    there = cv2.warpAffine(worn, covered.matrix, covered.face_mask.shape[::-1], flags=cv2.INTER_NEAREST)
    assert covered.unlabelled is not None
    assert np.count_nonzero(covered.unlabelled & there) > 0.8 * np.count_nonzero(there)
    assert np.count_nonzero(covered.unlabelled & ~there) < 0.5 * np.count_nonzero(there)
    assert covered.mask_confidence is not None
    assert covered.mask_confidence < 0.05


@pytest.mark.parametrize("light", [1.0, 0.6], ids=["as it is", "darker"])
def test_a_face_that_nothing_covers_keeps_every_pixel(astronaut: tuple[Image, Points], light: float) -> None:
    image, points = astronaut
    assert _aligned((image * light).astype(np.uint8), points).unlabelled is None


def test_without_colours_nothing_is_found(astronaut: tuple[Image, Points]) -> None:
    image, points = astronaut
    grey = np.repeat(
        cv2.cvtColor(_painted(image, _face_mask(points), (230, 230, 230))[0], cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2
    )
    assert _aligned(grey, points).unlabelled is None


def test_the_demo_has_faces_that_nothing_covers() -> None:
    for path in (package_folder("skimage") / "data" / "astronaut.png", package_folder("matplotlib") / "mpl-data" / "sample_data"):
        pictures = [path] if path.is_file() else sorted(path.glob("grace_hopper.*"))
        for picture in pictures:
            image, _ = read_rgb(picture)
            assert _aligned(image, FINDER.find(image)[0]).unlabelled is None


def test_landmarks_or_a_face_beyond_the_picture_are_no_crash(astronaut: tuple[Image, Points]) -> None:
    image, points = astronaut
    cut = image[: int(points[30, 1])]
    assert _aligned(np.ascontiguousarray(cut), points).face_mask.any()
