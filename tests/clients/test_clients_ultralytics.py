"""Ultralytics trains on what is exported, and its datasets give the labels back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from conftest import Dataset, same_but_for_a_pixel
from ultralytics import YOLO
from ultralytics.data.dataset import PolygonSemanticDataset, SemanticDataset, YOLODataset
from ultralytics.data.utils import add_polygon_background, check_det_dataset


def _trained(model: str, data: Path, tmp_path: Path) -> Any:
    """One epoch, without weights from the network."""
    learner = YOLO(model)
    told = {"epochs": 1, "imgsz": 64, "batch": 4, "workers": 0, "device": "cpu", "plots": False, "amp": False}
    learner.train(data=str(data), project=str(tmp_path), **told)
    return learner


def _instances(root: Path, split: str) -> Mapping[str, list[tuple[str, np.ndarray]]]:
    """Stem to the names and masks of the things of each picture, as Ultralytics draws them."""
    from ultralytics.data.utils import polygon2mask

    data = check_det_dataset(str(root / "data.yaml"))
    read = YOLODataset(img_path=data[split], data=data, task="segment", augment=False)
    found = {}
    for label in read.labels:
        scale = np.array(label["shape"][::-1])
        masks = [polygon2mask(label["shape"], [(polygon * scale).reshape(-1)]) > 0 for polygon in label["segments"]]
        names = [data["names"][int(number)] for number in label["cls"][:, 0]]
        found[Path(label["im_file"]).stem] = list(zip(names, masks, strict=True))
    return found


def _joined(things: list[tuple[str, np.ndarray]], name: str, shape: tuple[int, ...]) -> np.ndarray:
    return np.any([np.zeros(shape, bool), *(mask for other, mask in things if other == name)], axis=0)


def _classes(root: Path) -> dict[int, str]:
    return dict(yaml.safe_load((root / "semantic.yaml").read_text())["names"])


def test_faces_come_back(dataset: Dataset, export: Callable[..., Path]) -> None:
    root = export("yolo-seg", parts="separate", tolerance=0)
    for split in ("train", "test"):
        found = _instances(root, split)
        for sample in dataset.of(split):
            wanted = sample.arrays["masks"] == 1
            assert np.array_equal(_joined(found[sample.stem], "face", wanted.shape), wanted)


def test_linked_faces_are_one_thing(dataset: Dataset, export: Callable[..., Path]) -> None:
    found = _instances(export("yolo-seg", tolerance=0), "train")
    for sample in dataset.of("train"):
        wanted = sample.arrays["masks"] == 1
        assert len(found[sample.stem]) == bool(wanted.any())
        wrong = np.count_nonzero(_joined(found[sample.stem], "face", wanted.shape) != wanted)
        assert wrong < 0.02 * wanted.size  # the links between parts


def test_occluders_come_back(dataset: Dataset, export: Callable[..., Path]) -> None:
    found = _instances(export("yolo-seg", parts="separate", tolerance=0, occluders="true"), "train")
    for sample in dataset.of("train"):
        known = sample.arrays["kinds"] != 255
        things = [(name, mask) for name, mask in found[sample.stem] if name != "face"]
        covered = np.any([np.zeros(known.shape, bool), *(mask for _, mask in things)], axis=0)
        assert np.array_equal(covered & known, (sample.arrays["occluders"] > 0) & known)


def test_parts_come_back(dataset: Dataset, export: Callable[..., Path]) -> None:
    root = export("yolo-seg", labels="parts", parts="separate", tolerance=0)
    found = _instances(root, "train")
    for sample in dataset.of("train"):
        for value, name in _classes(root).items():
            wanted = sample.arrays["parts"] == value
            if value:
                assert np.array_equal(_joined(found[sample.stem], name, wanted.shape), wanted)


@pytest.mark.parametrize("labels", ["masks", "parts", "regions"])
def test_label_maps_come_back(dataset: Dataset, export: Callable[..., Path], labels: str) -> None:
    root = export("yolo-seg", semantic=labels)
    data = check_det_dataset(str(root / "semantic.yaml"))
    read = SemanticDataset(img_path=data["train"], data=data, task="semantic", augment=False)
    assert len(read.labels) == len(dataset.of("train"))
    for number, label in enumerate(read.labels):
        assert np.array_equal(read.load_mask(number), dataset.samples[Path(label["im_file"]).stem].arrays[labels])


def test_a_face_is_no_background_where_polygons_are_taken_for_label_maps(dataset: Dataset, export: Callable[..., Path]) -> None:
    root = export("yolo-seg", occluders="true", tolerance=0)
    data = add_polygon_background(check_det_dataset(str(root / "data.yaml")))
    assert not data.get("masks_dir")
    read = PolygonSemanticDataset(img_path=data["train"], data=data, task="semantic", augment=False)
    for number, label in enumerate(read.labels):
        sample = dataset.samples[Path(label["im_file"]).stem]
        mask = read.load_mask(number, label["shape"])
        assert np.mean((mask == 0) == (sample.arrays["masks"] == 1)) > 0.97
        assert data["names"][0] == "face"


@pytest.mark.parametrize(
    ("model", "description"),
    [("yolo11n-seg.yaml", "data.yaml"), ("yolo26-sem.yaml", "semantic.yaml"), ("yolo26-sem.yaml", "data.yaml")],
)
def test_segmentation_trains(export: Callable[..., Path], tmp_path: Path, model: str, description: str) -> None:
    root = export("yolo-seg", occluders="true")
    learner = _trained(model, root / description, tmp_path)
    told = yaml.safe_load((root / description).read_text())["names"]
    assert {number: name for number, name in learner.names.items() if name != "background" or number in told} == told


def test_poses_train_and_come_back(dataset: Dataset, export: Callable[..., Path], tmp_path: Path) -> None:
    root = export("yolo-pose")
    data = check_det_dataset(str(root / "data.yaml"))
    read = YOLODataset(img_path=data["train"], data=data, task="pose", augment=False)
    for label in read.labels:
        sample = dataset.samples[Path(label["im_file"]).stem]
        points = label["keypoints"][0] * (80, 80, 1)
        for (x, y, seen), landmark in zip(points, sample.row["landmarks"], strict=True):
            assert not seen or np.allclose((x, y), (landmark["x"], landmark["y"]), atol=1e-3)
            assert not seen or (seen == 1) == landmark["hidden"]
        x, y, width, height = label["bboxes"][0] * 80
        box = np.zeros((80, 80), bool)
        box[round(y - height / 2) : round(y + height / 2), round(x - width / 2) : round(x + width / 2)] = True
        face = sample.arrays["masks"] == 1
        assert (box | ~face).all()
        same_but_for_a_pixel(box.any(axis=0)[None], face.any(axis=0)[None])
    _trained("yolo11n-pose.yaml", root / "data.yaml", tmp_path)
