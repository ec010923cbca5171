"""What a crop shows outside its photograph, how much of that is allowed, and how it is labelled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from natocc.core.errors import BadDataError, Reason
from natocc.core.samples import IGNORE, AlignedFace, FaceSample, Origin, Points
from natocc.faces.alignment import border
from natocc.faces.alignment.align import AlignOptions, align_face
from natocc.faces.alignment.crop import labels_outside, seen_in_crop, warp_labels, warp_picture
from natocc.faces.landmarks.cache import FoundFace
from natocc.faces.landmarks.detector import LandmarkFinder
from natocc.io.images import read_rgb

ORIGIN = Origin("test", "1", "0" * 64)
NOBODY = LandmarkFinder(68)
BORDERS = ("blur", "reflect", "constant")


class Told(LandmarkFinder):
    """Finds what it was told, and remembers how often it was asked."""

    def __init__(self, *faces_xy: Points) -> None:
        super().__init__(68)
        self.faces_xy = faces_xy

    def find(self, image: np.ndarray, face_mask: np.ndarray | None = None) -> FoundFace:
        return FoundFace(self.faces_xy[0], "hog", self.faces_xy[1:])


def _landmarks(x: float, y: float, scale: float = 40, angle: float = 0) -> Points:
    """68 points of a face whose eyes are centred at (x, y) and `scale` px apart."""
    points = np.zeros((68, 2))
    sweep = np.linspace(0, np.pi, 17)
    points[:17] = np.stack([-np.cos(sweep), 1.7 * np.sin(sweep)], axis=1)
    points[17:27] = np.stack([np.linspace(-0.7, 0.7, 10), np.full(10, -0.3)], axis=1)
    points[27:31, 1] = np.linspace(0, 0.5, 4)
    points[31:36] = np.stack([np.linspace(-0.2, 0.2, 5), np.full(5, 0.6)], axis=1)
    points[36:42], points[42:48] = (-0.5, 0), (0.5, 0)
    points[48:68], points[48], points[54] = (0, 1), (-0.3, 1), (0.3, 1)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return (scale * points @ turn.T + (x, y)).astype(np.float32)


def _textured(seed: int = 3) -> np.ndarray:
    """A picture (300, 320, 3) in which nothing is like anything else; what is in it is 20 px long."""
    coarse = np.random.default_rng(seed).integers(0, 256, (15, 16, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(coarse, (320, 300), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def _aligned(landmarks: Points, mask: np.ndarray | None = None, finder: LandmarkFinder = NOBODY, **options: Any) -> AlignedFace:
    image = _textured()
    mask = np.ones(image.shape[:2], np.uint8) if mask is None else mask
    given = landmarks if finder is NOBODY else None
    options = {"size": 200, "max_outside": 1, **options}
    return align_face(FaceSample(image, mask, None, given, ORIGIN), AlignOptions.model_validate(options), finder)


def _seen(face: AlignedFace) -> np.ndarray:
    return warp_labels(np.ones((300, 320), np.uint8), face.matrix, face.face_mask.shape)


@pytest.mark.parametrize("angle", [0, 0.3])
@pytest.mark.parametrize(("x", "y"), [(160, 130), (60, 130), (300, 20)])
def test_what_is_inside_the_photograph_does_not_depend_on_the_border(x: float, y: float, angle: float) -> None:
    faces = [_aligned(_landmarks(x, y, angle=angle), border=name) for name in BORDERS]
    seen = _seen(faces[0]) > 0
    assert 0 < seen.mean() <= 1
    assert all((face.image[seen] == faces[0].image[seen]).all() for face in faces)
    assert all((face.face_mask == seen).all() for face in faces)


def test_a_crop_inside_its_photograph_is_the_same_under_every_border() -> None:
    faces = [_aligned(_landmarks(160, 130, 30), border=name) for name in (*BORDERS, "reject")]
    assert _seen(faces[0]).all()
    assert len({face.image.tobytes() for face in faces}) == 1
    assert all(face.unlabelled is None for face in faces)


def _likeness(one: np.ndarray, other: np.ndarray) -> float:
    """Correlation of luminance."""
    return float(np.corrcoef(one.mean(axis=2).ravel(), other.mean(axis=2).ravel())[0, 1])


def test_a_blurred_border_is_not_the_mirrored_photograph() -> None:
    """Farther out than anything in the picture is long, it is no more like the mirrored picture than chance has it."""
    matrix, shape = np.array([[1.0, 0, 100], [0, 1, 0]]), (300, 320)
    likenesses: dict[str, list[float]] = {"blur": [], "reflect": []}
    for seed in range(12):
        image = _textured(seed)
        mirrored = cv2.GaussianBlur(image, (0, 0), 16)[:, 99::-1]
        for name, found in likenesses.items():
            shown = warp_picture(image, matrix, shape, name)  # type: ignore[arg-type]
            found.append(_likeness(shown[:, :80], mirrored[:, :80]))
    assert abs(np.mean(likenesses["blur"])) < 0.2
    assert np.mean(likenesses["reflect"]) > 0.8


def test_a_blurred_border_goes_on_from_the_edge_and_grows_calm() -> None:
    image = np.random.default_rng(5).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    image[:, :, 0] //= 8
    warped = warp_picture(image, np.array([[1.0, 0, 200], [0, 1, 0]]), (200, 400), "blur").astype(float)
    contrast = [float(warped[:, column].std(axis=0).mean()) for column in (200, 197, 180, 20)]
    assert contrast[0] > contrast[1] > contrast[2] > contrast[3]
    assert contrast[3] < 5
    assert np.allclose(warped[:, :200].mean(axis=(0, 1)), image[:, :16].mean(axis=(0, 1)), atol=6)


@pytest.mark.parametrize("name", ["blur", "reflect"])
@pytest.mark.parametrize("size", [64, 513, 1100])
def test_one_colour_stays_one_colour(name: str, size: int) -> None:
    sample = FaceSample(np.full((300, 320, 3), 180, np.uint8), np.ones((300, 320), np.uint8), None, _landmarks(60, 50), ORIGIN)
    face = align_face(sample, AlignOptions.model_validate({"size": size, "border": name, "max_outside": 1}), NOBODY)
    assert (np.abs(face.image.astype(int) - 180) <= 1).all()


def test_a_constant_border_is_black() -> None:
    face = _aligned(_landmarks(60, 130, 50), border="constant")
    assert (face.image[_seen(face) == 0] == 0).all()
    assert face.unlabelled is None


@pytest.mark.parametrize("angle", [0, 0.2])
def test_the_limit_counts_the_share_of_the_area(angle: float) -> None:
    landmarks = _landmarks(90, 130, 50, angle)
    share = float((_seen(_aligned(landmarks)) == 0).mean())
    assert 0.02 < share < 0.5
    _aligned(landmarks, max_outside=share)
    with pytest.raises(BadDataError, match=r"max_outside allows") as caught:
        _aligned(landmarks, max_outside=np.nextafter(share, 0))
    assert caught.value.reason is Reason.OUTSIDE_PHOTOGRAPH
    with pytest.raises(BadDataError, match=r"border=reject") as caught:
        _aligned(landmarks, border="reject", max_outside=1)
    assert caught.value.reason is Reason.OUTSIDE_PHOTOGRAPH


def test_a_crop_that_is_mostly_made_up_is_refused_by_default() -> None:
    most = AlignOptions().max_outside
    assert _aligned(_landmarks(90, 130, 60), max_outside=most).face_mask.any()
    with pytest.raises(BadDataError) as caught:
        _aligned(_landmarks(0, 10, 60), max_outside=most)
    assert caught.value.reason is Reason.OUTSIDE_PHOTOGRAPH


@pytest.mark.parametrize("name", BORDERS)
def test_what_is_of_a_face_outside_the_photograph_is_unlabelled(name: str) -> None:
    """A face at the left edge: mirrored it is whole, smeared it is a strip as high as it is at the edge, in black it is not."""
    mask = np.zeros((300, 320), np.uint8)
    cv2.ellipse(mask, (30, 140), (40, 60), 0, 0, 360, 1, -1)
    face = _aligned(_landmarks(30, 130), mask, border=name)
    seen = _seen(face) > 0
    outside = np.zeros_like(face.face_mask) if face.unlabelled is None else face.unlabelled
    assert not outside[seen].any()
    assert not face.face_mask[~seen].any()
    edge = int(np.flatnonzero(seen.any(axis=0))[0])
    if name == "constant":
        assert not outside.any()
    elif name == "reflect":
        mirrored = face.face_mask[:, edge:][:, :edge][:, ::-1]
        assert np.count_nonzero(outside[:, edge - mirrored.shape[1] : edge] != mirrored) < 0.02 * mirrored.sum()
    else:
        assert (outside[:, :edge] == face.face_mask[:, edge : edge + 1]).mean() > 0.97
        assert outside[:, 0].any()


@pytest.mark.parametrize("name", BORDERS)
def test_labels_outside_are_those_of_the_colours_there(name: str) -> None:
    """A picture of two flat colours, and a map of where the first is: what is made up agrees with it."""
    labels = np.zeros((80, 100), np.uint8)
    labels[20:50, :30] = 1
    image = np.repeat(labels[..., None] * np.uint8(200), 3, axis=2)
    matrix, shape = np.array([[1.0, 0, 20], [0, 1, 10]]), (100, 120)
    crop = warp_labels(labels, matrix, shape)
    outside = labels_outside(crop, (80, 100), matrix, name)  # type: ignore[arg-type]
    seen = seen_in_crop((80, 100), matrix, shape)
    picture = warp_picture(image, matrix, shape, name)[..., 0]  # type: ignore[arg-type]
    assert not outside[seen > 0].any()
    near = (seen == 0) & (cv2.distanceTransform(1 - seen, cv2.DIST_L2, 5) <= 2)
    assert ((outside > 0) == (picture > 100))[near].mean() > 0.95
    assert outside.any() == (name != "constant")


@pytest.mark.parametrize("name", ["blur", "reflect"])
@pytest.mark.parametrize("scale", [0.07, 0.33, 1, 2.6])
@pytest.mark.parametrize("angle", [0, 0.3, -0.785])
def test_labels_outside_have_no_gaps(name: str, scale: float, angle: float) -> None:
    """All that is seen is face, so all that is made of it is; shrunk, grown or turned."""
    side = round(80 / scale)
    linear = scale * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    matrix = np.column_stack([linear, 100.3 - linear @ np.full(2, (side - 1) / 2)])
    seen = seen_in_crop((side, side), matrix, (200, 200))
    assert 0.1 < seen.mean() < 0.2
    assert (labels_outside(seen, (side, side), matrix, name) == 1 - seen).all()  # type: ignore[arg-type]


def test_other_faces_are_unlabelled_where_the_source_has_a_mask_of_its_own() -> None:
    image = _textured()
    mask = np.zeros((300, 320), np.uint8)
    cv2.ellipse(mask, (150, 150), (40, 60), 0, 0, 360, 1, -1)
    parts = mask.copy()
    parts[:, 212:] = 7  # hair, say
    finder = Told(_landmarks(150, 130), _landmarks(210, 140, 20))
    options = AlignOptions(size=256)
    alone, known = (align_face(FaceSample(image, mask, given, None, ORIGIN), options, finder) for given in (None, parts))
    for face in (alone, known):
        assert face.unlabelled is not None
        assert not face.mask_estimated
        x, y = face.matrix[:, :2] @ (200, 150) + face.matrix[:, 2]
        assert face.unlabelled[round(y), round(x)]
        assert not (face.unlabelled & face.face_mask).any()
    assert known.parts is not None
    assert known.unlabelled is not None
    assert alone.unlabelled is not None
    assert (known.parts[known.unlabelled > 0] == IGNORE).all()
    assert known.unlabelled.sum() < alone.unlabelled.sum()  # what it names is no other face
    only = align_face(FaceSample(image, mask, parts, _landmarks(150, 130), ORIGIN), options, NOBODY)
    assert only.unlabelled is None


def test_five_points_show_where_another_face_is() -> None:
    five = [45, 42, 36, 39, 33]
    mask = np.zeros((300, 320), np.uint8)
    cv2.ellipse(mask, (150, 150), (40, 60), 0, 0, 360, 1, -1)
    face = _aligned(_landmarks(150, 130), mask, Told(_landmarks(150, 130)[five], _landmarks(210, 140, 20)[five]))
    assert face.unlabelled is not None
    x, y = face.matrix[:, :2] @ (210, 150) + face.matrix[:, 2]
    assert face.unlabelled[round(y), round(x)]


@pytest.mark.parametrize("side", [64, 256, 700])
def test_the_reduced_blur_is_the_whole_one(side: int, real_data: Path) -> None:
    photograph = read_rgb(sorted((real_data / "helen").glob("*.jpg"))[0])[0]
    image = np.asarray(cv2.resize(photograph, (side, side), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    whole = cv2.GaussianBlur(image, (0, 0), 0.05 * side).astype(int)
    assert np.abs(border._blurred(image) - whole).max() <= 6


def test_what_is_mirrored_is_the_more_blurred_the_farther_out() -> None:
    image = np.random.default_rng(5).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    warped = warp_picture(image, np.array([[1.0, 0, 200], [0, 1, 0]]), (200, 400))
    assert (warped[:, 200:] == image).all()  # the source itself stays as it is
    contrast = [float(warped[:, column].std()) for column in (195, 190, 180)]
    assert contrast[0] > contrast[1] > contrast[2]
    assert contrast[2] < 10
