"""Ultralytics after its documented formats, by a small reader; the polygons by ``supervision`` too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from PIL import Image as PillowImage

from exports.reading_back import invoke, needs, same_but_for_a_pixel, same_pixels
from natocc.core.samples import Mask
from natocc.exports.reader import SourceDataset


def _images(root: Path, description: str) -> Iterator[tuple[str, Path]]:
    """Pictures of each split; without ``path`` they are found from where the YAML lies."""
    told = yaml.safe_load((root / description).read_text())
    assert "path" not in told
    for split in ("train", "val", "test"):
        if split in told:
            yield from ((split, path) for path in sorted((root / told[split]).iterdir()))


def _instances(label: Path, shape: tuple[int, ...]) -> list[tuple[int, Mask]]:
    """Lines of ``class x1 y1 x2 y2 ...``, as whole pixels filled, as Ultralytics' ``polygon2mask`` has it."""
    found = []
    for line in label.read_text().splitlines():
        number, *values = line.split(" ")
        points = np.array(values, np.float64).reshape(-1, 2)
        assert len(points) >= 3
        assert (points >= 0).all()
        assert (points <= 1).all()
        canvas = np.zeros(shape, np.uint8)
        cv2.fillPoly(canvas, [(points * shape[::-1]).astype(np.int32)], 1)
        found.append((int(number), canvas))
    return found


def test_the_semantic_form(dataset: SourceDataset, exported: Callable[..., Path]) -> None:
    root = exported("yolo-seg")
    told = yaml.safe_load((root / "semantic.yaml").read_text())
    assert told["names"] == {0: "background", 1: "face"}
    masks = {}
    for _, path in _images(root, "semantic.yaml"):
        mask = Path(str(path).replace("/images/", f"/{told['masks_dir']}/")).with_suffix(".png")
        masks[path.stem] = (np.asarray(PillowImage.open(path)), np.asarray(PillowImage.open(mask)))
    for sample in dataset.samples():
        same_pixels(sample, *masks[sample.stem])
    assert any((mask == 255).any() for _, mask in masks.values())


@pytest.mark.parametrize("parts", ["linked", "separate"])
def test_the_instances(dataset: SourceDataset, exported: Callable[..., Path], parts: str) -> None:
    root = exported("yolo-seg", "--set", f"parts={parts}", "--set", "tolerance=0")
    images = [path for _, path in _images(root, "data.yaml")]
    labels = {path.stem: Path(str(path).replace("/images/", "/labels/")).with_suffix(".txt") for path in images}
    assert yaml.safe_load((root / "data.yaml").read_text())["names"] == {0: "face"}
    for sample in dataset.samples():
        wanted = sample.plane("masks") == 1
        found = _instances(labels[sample.stem], wanted.shape)
        pieces = cv2.connectedComponents(wanted.astype(np.uint8))[0] - 1
        assert len(found) == (pieces if parts == "separate" else min(pieces, 1))
        face = sum((mask for _, mask in found), np.zeros(wanted.shape, np.uint8)) > 0
        wrong = np.count_nonzero(face != wanted)
        assert wrong == 0 or (parts == "linked" and pieces > 1 and wrong < 0.02 * wanted.size)


def test_occluders_are_classes_where_asked_for(dataset: SourceDataset, exported: Callable[..., Path]) -> None:
    root = exported("yolo-seg", "--set", "occluders=true", "--set", "parts=separate", "--set", "tolerance=0")
    names = yaml.safe_load((root / "data.yaml").read_text())["names"]
    assert names[0] == "face"
    for sample in dataset.samples():
        shape = sample.plane("masks").shape
        found = _instances(root / "labels" / sample.split / f"{sample.stem}.txt", shape)
        assert {names[number] for number, _ in found} - {"face"} <= set(sample.categories)
        covered = sum((mask for number, mask in found if number), np.zeros(shape, np.uint8)) > 0
        assert np.array_equal(covered, sample.plane("occluders") > 0)


def test_parts_are_classes_and_left_and_right_are_told(dataset: SourceDataset, exported: Callable[..., Path]) -> None:
    root = exported("yolo-seg", "--set", "labels=parts", "--set", "parts=separate", "--set", "tolerance=0")
    told = {name: yaml.safe_load((root / name).read_text()) for name in ("data.yaml", "semantic.yaml")}
    names = told["data.yaml"]["names"]
    assert list(names.values()) == list(dataset.classes("parts").values())[1:]
    for each in told.values():
        pairs = [(each["names"][left], each["names"][right]) for left, right in each["flip_pairs"]]
        assert pairs == [("l_eye", "r_eye"), ("l_brow", "r_brow"), ("l_ear", "r_ear")]
    for sample in dataset.samples():
        wanted = sample.plane("parts")
        for number, name in names.items():
            of_class = np.zeros(wanted.shape, np.uint8)
            for found, mask in _instances(root / "labels" / sample.split / f"{sample.stem}.txt", wanted.shape):
                of_class |= mask if found == number else 0
            value = next(value for value, other in dataset.classes("parts").items() if other == name)
            assert np.array_equal(of_class > 0, wanted == value)


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
    rows = [{"status": "made", "landmarks": []}]
    monkeypatch.setattr("natocc.exports.keypoints.stream_manifest", lambda *_: rows)
    for flags in (("yolo-pose",), ("coco", "--set", "keypoints=true")):
        said = invoke("export", dataset.root, "--to", *flags, "-o", tmp_path / "out", code=2)
        assert "has no landmarks" in said.stderr
