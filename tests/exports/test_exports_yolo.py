"""What Ultralytics is told; that it reads it, ``make test-clients`` tests. ``supervision`` reads the polygons here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from exports.reading_back import invoke, needs, same_but_for_a_pixel, same_pixels
from natocc.exports.reader import SourceDataset
from natocc.io.images import read_labels


def test_every_picture_has_labels_and_a_label_map(dataset: SourceDataset, exported: Callable[..., Path]) -> None:
    root = exported("yolo-seg")
    assert yaml.safe_load((root / "data.yaml").read_text())["names"] == {0: "face"}
    told = yaml.safe_load((root / "semantic.yaml").read_text())
    assert told["names"] == {0: "background", 1: "face"}
    assert "path" not in told  # found from where the YAML lies
    for sample in dataset.samples():
        same_pixels(sample, None, read_labels(root / told["masks_dir"] / sample.split / f"{sample.stem}.png"))
        assert (root / "images" / sample.split / f"{sample.stem}.jpg").is_file()
        lines = (root / "labels" / sample.split / f"{sample.stem}.txt").read_text().splitlines()
        assert len(lines) == (sample.plane("masks") == 1).any()
        for line in lines:
            number, *points = map(float, line.split())
            assert number == 0
            assert len(points) >= 6
            assert 0 <= min(points) <= max(points) <= 1


@pytest.mark.parametrize("parts", ["linked", "separate"])
def test_a_divided_face_is_one_line_or_several(dataset: SourceDataset, exported: Callable[..., Path], parts: str) -> None:
    root = exported("yolo-seg", "--set", f"parts={parts}")
    for sample in dataset.samples():
        pieces = cv2.connectedComponents((sample.plane("masks") == 1).astype(np.uint8))[0] - 1
        lines = (root / "labels" / sample.split / f"{sample.stem}.txt").read_text().splitlines()
        assert len(lines) == (pieces if parts == "separate" else min(pieces, 1))


def test_occluders_are_classes_where_asked_for(dataset: SourceDataset, exported: Callable[..., Path]) -> None:
    root = exported("yolo-seg", "--set", "occluders=true")
    names = yaml.safe_load((root / "data.yaml").read_text())["names"]
    assert names[0] == "face"
    for sample in dataset.samples():
        lines = (root / "labels" / sample.split / f"{sample.stem}.txt").read_text().splitlines()
        assert {names[int(line.split()[0])] for line in lines} - {"face"} <= set(sample.categories)


def test_parts_are_classes_and_left_and_right_are_told(dataset: SourceDataset, exported: Callable[..., Path]) -> None:
    root = exported("yolo-seg", "--set", "labels=parts")
    told = {name: yaml.safe_load((root / name).read_text()) for name in ("data.yaml", "semantic.yaml")}
    names, values = told["data.yaml"]["names"], dataset.classes("parts")
    assert list(names.values()) == list(values.values())[1:]
    for each in told.values():
        pairs = [(each["names"][left], each["names"][right]) for left, right in each["flip_pairs"]]
        assert pairs == [("l_eye", "r_eye"), ("l_brow", "r_brow"), ("l_ear", "r_ear")]
    for sample in dataset.samples():
        lines = (root / "labels" / sample.split / f"{sample.stem}.txt").read_text().splitlines()
        seen = {values[value] for value in np.unique(sample.plane("parts")).tolist() if value not in (0, 255)}
        assert {names[int(line.split()[0])] for line in lines} == seen


def test_no_folder_has_a_name_that_ultralytics_takes_for_its_own(exported: Callable[..., Path]) -> None:
    root = exported("yolo-seg", "--set", "occluders=true")
    assert sorted(path.name for path in root.iterdir() if path.is_dir()) == ["images", "label_maps", "labels"]
    assert "masks_dir" not in yaml.safe_load((root / "data.yaml").read_text())


def test_occluders_twice_are_refused(dataset: SourceDataset, tmp_path: Path) -> None:
    flags = ("--set", "occluders=true", "--set", "labels=parts")
    said = invoke("export", dataset.root, "--to", "yolo-seg", *flags, "-o", tmp_path / "out", code=2)
    assert "leave occluders=true out" in said.stderr


def test_occluders_without_masks_are_refused(undivided: Path, tmp_path: Path) -> None:
    said = invoke("export", undivided, "--to", "yolo-seg", "--set", "occluders=true", "-o", tmp_path / "out", code=2)
    assert "no masks of its occluders" in said.stderr


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_supervision_reads_the_labels(dataset: SourceDataset, exported: Callable[..., Path]) -> None:
    supervision = needs("supervision")
    root = exported("yolo-seg", "--set", "parts=separate")
    loaded = supervision.DetectionDataset.from_yolo(
        str(root / "images" / "train"), str(root / "labels" / "train"), str(root / "data.yaml"), force_masks=True
    )
    assert loaded.classes == ["face"]
    seen = {Path(path).stem: (image, found) for path, image, found in loaded}
    for sample in (sample for sample in dataset.samples() if sample.split == "train"):
        image, found = seen[sample.stem]
        same_pixels(sample, image[..., ::-1], None)
        same_but_for_a_pixel(found.mask.any(axis=0), sample.plane("masks") == 1)


def test_faces_with_keypoints(dataset: SourceDataset, exported: Callable[..., Path]) -> None:
    root = exported("yolo-pose")
    told = yaml.safe_load((root / "data.yaml").read_text())
    count, values = told["kpt_shape"]
    assert (count, values, len(told["kpt_names"][0])) == (68, 3, 68)
    names, flipped = told["kpt_names"][0], told["flip_idx"]
    assert [flipped[flipped[point]] for point in range(68)] == list(range(68))
    assert (names[flipped[36]], names[36]) == ("left_eye_4", "right_eye_1")  # the outer corners
    for sample in dataset.samples():
        number, *values = map(float, (root / "labels" / sample.split / f"{sample.stem}.txt").read_text().split())
        assert number == 0
        x, y, w, h = np.array(values[:4]) * (80, 80, 80, 80)
        box = cv2.boundingRect((sample.plane("masks") == 1).astype(np.uint8))
        assert np.allclose((x - w / 2, y - h / 2, w, h), box, atol=1e-4)
        points = np.array(values[4:]).reshape(68, 3)
        for (x, y, visible), landmark in zip(points, sample.row["landmarks"], strict=True):
            if visible:
                assert np.allclose((80 * x, 80 * y), (landmark["x"], landmark["y"]), atol=1e-4)
                assert (visible == 1) == landmark["hidden"]


def test_faces_without_landmarks_have_no_keypoints(
    dataset: SourceDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SourceDataset, "most_landmarks", 0)
    for flags in (("yolo-pose",), ("coco", "--set", "keypoints=true")):
        said = invoke("export", dataset.root, "--to", *flags, "-o", tmp_path / "out", code=2)
        assert "has no landmarks" in said.stderr
