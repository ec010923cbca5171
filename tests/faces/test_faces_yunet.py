"""YuNet finds covered faces where HOG finds none; without its file nothing changes."""

from __future__ import annotations

import json
import pickle
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner
from needed import missing
from skimage import data

import natocc
from natocc.cli import main
from natocc.core.errors import UsageError
from natocc.dataset.manifest import read_manifest
from natocc.faces.landmarks import detector
from natocc.faces.landmarks.cache import FoundFace
from natocc.faces.landmarks.detector import LandmarkFinder
from natocc.faces.landmarks.keypoints import inter_ocular
from natocc.faces.landmarks.yunet import YuNet
from natocc.io.images import encode_png, read_rgb

FACE = np.ascontiguousarray(data.astronaut()[:256, 96:352])


@pytest.fixture(scope="module")
def model(real_data: Path) -> Path:
    path = real_data / "models" / "yunet_n_640_640.onnx"
    if not path.is_file():
        missing(f"no file {path}")
    return path


@pytest.fixture
def blind_hog(monkeypatch: pytest.MonkeyPatch) -> None:
    """HOG finds nothing."""
    monkeypatch.setattr(LandmarkFinder, "_hog", type("Nothing", (), {"run": lambda *_: ([], [], [])})())


def test_its_box_is_the_one_that_hog_gives(model: Path) -> None:
    finder = LandmarkFinder(68, None, model)
    (_, found), *_ = finder._searches(FACE, detector.REDUCED_SIDE)
    hog = detector.choose_box([box for box, _ in found], None)
    ((box, score),) = YuNet(model).boxes(FACE)
    assert hog is not None
    assert detector._overlap(box, hog) > 0.7
    assert 0.7 <= score <= 1


def test_it_is_asked_after_hog_and_before_the_cnn(model: Path, blind_hog: None) -> None:
    finder, alone = LandmarkFinder(5, None, model), LandmarkFinder(5).find(FACE)
    face = finder.find(FACE)
    assert (face.detector, alone.detector) == ("yunet", "cnn")
    assert finder.find_all(FACE)[0][1] == "yunet"
    assert np.linalg.norm(face.landmarks_xy - alone.landmarks_xy, axis=1).mean() < 5


def test_where_hog_finds_the_face_it_is_not_asked(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(YuNet, "boxes", lambda *_: pytest.fail("asked"))
    assert LandmarkFinder(5, None, model).find(FACE).detector == "hog"


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 90, 3), (96, 32, 3), (31, 33, 3), (32, 640, 3), (700, 500, 3)])
def test_pictures_of_any_size_without_a_face(model: Path, shape: tuple[int, ...]) -> None:
    assert not list(YuNet(model).boxes(np.full(shape, 90, np.uint8)))


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -1.0])
def test_boxes_that_are_none_are_left_out(model: Path, monkeypatch: pytest.MonkeyPatch, wrong: float) -> None:
    rows = np.tile(np.linspace(20, 60, 15, dtype=np.float32), (3, 1))
    rows[0, 2], rows[1, 3] = wrong, wrong
    network = SimpleNamespace(setInputSize=lambda _: None, detect=lambda _: (1, rows))
    monkeypatch.setattr(YuNet, "_network", network)
    assert len(list(YuNet(model).boxes(np.full((90, 90, 3), 90, np.uint8)))) == 1


def test_a_large_picture_is_reduced_and_its_box_scaled_back(model: Path) -> None:
    ((box, _),) = YuNet(model).boxes(FACE)
    ((large, _),) = YuNet(model).boxes(FACE.repeat(5, axis=0).repeat(5, axis=1))
    assert np.allclose(np.array(large) / 5, box, atol=12)


def test_the_kept_landmarks_know_the_detector(model: Path, tmp_path: Path, blind_hog: None) -> None:
    alone, with_it = LandmarkFinder(5, tmp_path), LandmarkFinder(5, tmp_path, model)
    assert [finder.find(FACE).detector for finder in (alone, with_it, alone, with_it)] == ["cnn", "yunet"] * 2
    again: FoundFace = pickle.loads(pickle.dumps(with_it)).find(FACE)
    assert again.detector == "yunet"


def test_a_file_that_is_not_yunet_is_refused(tmp_path: Path, real_data: Path) -> None:
    with pytest.raises(UsageError, match=r"align.yunet: .*cannot be read: No such file"):
        YuNet(tmp_path / "gone.onnx").check()
    (tmp_path / "text.onnx").write_text("no network")
    others = [tmp_path / "text.onnx", real_data / "models" / "realesr-animevideov3-x2.onnx"]
    for path in (path for path in others if path.is_file()):
        with pytest.raises(UsageError, match="is not the face detector YuNet"):
            YuNet(path).check()


def test_a_build_uses_the_file_that_the_recipe_names_and_says_so(
    model: Path, tmp_path: Path, cache: Path, blind_hog: None
) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.png").write_bytes(encode_png(FACE))
    recipe = {
        "name": "covered",
        "faces": {"source": "folder", "faces": "all", "align": {"size": 96, "yunet": str(model)}},
        "sets": [{"name": "clean", "method": "none"}],
    }
    natocc.build(recipe, tmp_path / "out", data=tmp_path, cache=tmp_path / "cache", backend="threading")
    assert [row["detector"] for row in read_manifest(tmp_path / "out")] == ["yunet"]
    inputs = json.loads((tmp_path / "out" / "dataset.json").read_text())["inputs"]
    assert inputs["faces"]["sha256"] == {"align.yunet": YuNet(model).sha256}
    recipe["faces"]["align"]["yunet"] = "gone.onnx"  # type: ignore[index]
    with pytest.raises(UsageError, match=r"align\.yunet"):
        natocc.build(recipe, tmp_path / "other", data=tmp_path, cache=tmp_path / "cache")


def test_doctor_says_whether_it_is_there(model: Path, real_data: Path, tmp_path: Path) -> None:
    def told(*arguments: object) -> str:
        return CliRunner().invoke(main, ["doctor", *map(str, arguments), "--cache", str(tmp_path / "cache")]).output

    (tmp_path / "models").mkdir()
    assert "no detector YuNet (*yunet*.onnx) in the data root" in told("--data", tmp_path)
    (tmp_path / "models" / "yunet.onnx").write_bytes(model.read_bytes())
    assert "network models/yunet.onnx: finds faces where HOG finds none, as faces.align.yunet" in told("--data", tmp_path)
    (tmp_path / "models" / "yunet.onnx").write_bytes(b"cut")
    assert "is not the face detector YuNet" in told("--data", tmp_path)


@pytest.mark.slow
def test_really_occluded_faces_are_all_found_and_their_landmarks_are_sane(real_data: Path, model: Path) -> None:
    """HOG finds 44 of 50; the landmarks of the others lie where a face is, and their eyes as far apart as eyes do."""
    root = real_data / "real-occlusion"
    if not root.is_dir():
        missing(f"no folder {root}")
    finder, found = LandmarkFinder(68, None, model), Counter[str]()
    for path in sorted((root / "images").iterdir()):
        image, _ = read_rgb(path, 10**8)
        face = finder.find(image)
        found[face.detector] += 1
        ((left, top, right, bottom), _), *_ = sorted(YuNet(model).boxes(image), key=lambda each: -each[1])
        if face.detector == "yunet":
            side = right - left
            assert 0.3 < inter_ocular(face.landmarks_xy) / side < 0.6
            inside = (face.landmarks_xy > [left - 0.2 * side, top - 0.2 * side]).all(axis=1)
            inside &= (face.landmarks_xy < [right + 0.2 * side, bottom + 0.3 * side]).all(axis=1)
            assert inside.mean() > 0.9
    assert found == {"hog": 42, "hog-upsampled": 2, "yunet": 6}


@pytest.mark.slow
def test_landmarks_from_its_boxes_are_as_good_as_from_hogs(real_data: Path, model: Path) -> None:
    finder = LandmarkFinder(68, None, model)
    errors: dict[str, list[float]] = {"hog": [], "yunet": []}
    for path in sorted((real_data / "helen").glob("*.jpg"))[::3]:
        lines = (line.split() for line in path.with_suffix(".pts").read_text().splitlines())
        truth = np.array([[float(each) for each in line] for line in lines if len(line) == 2 and line[0][0].isdigit()])
        image, _ = read_rgb(path, 10**8)
        (left, top), (right, bottom) = truth.min(axis=0), truth.max(axis=0)
        wanted = (left, top, right, bottom)
        searches = {name: detector.choose_box([box for box, _ in found], wanted) for name, found in _cheap(finder, image)}
        if any(box is None for box in searches.values()):
            continue
        for name, box in searches.items():
            assert box is not None
            distances = np.linalg.norm(finder._predict(image, box) - truth, axis=1)
            errors[name].append(float(distances.mean() / inter_ocular(truth.astype(np.float32))))
    assert len(errors["hog"]) > 15
    assert np.mean(errors["yunet"]) < np.mean(errors["hog"]) + 0.005


def _cheap(finder: LandmarkFinder, image: np.ndarray) -> list[tuple[str, list[tuple[detector.Box, float]]]]:
    """HOG's first search and YuNet's."""
    searches = finder._searches(image, detector.REDUCED_SIDE)
    return [(name, found) for name, found in (next(searches), next(searches), next(searches)) if name != "hog-upsampled"]
