"""``pycocotools`` and ``supervision`` read the instances; run lengths are exact."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from pycocotools.coco import COCO

from exports.reading_back import needs, same_but_for_a_pixel, same_pixels
from natocc.exports.reader import SourceDataset
from natocc.io.images import read_rgb


def _open(path: Path) -> Any:
    with contextlib.redirect_stdout(io.StringIO()):
        return COCO(str(path))


@pytest.mark.parametrize("how", ["rle", "polygons"])
def test_pycocotools_gets_every_mask_back(dataset: SourceDataset, exported: Callable[..., Path], how: str) -> None:
    root = exported("coco", "--set", f"segmentation={how}", "--set", "tolerance=0")
    numbers: list[int] = []
    crowds = 0
    for split in dataset.counts:
        coco = _open(root / "annotations" / f"instances_{split}.json")
        names = {each["id"]: each["name"] for each in coco.dataset["categories"]}
        assert names[1] == "face"
        licences = {each["id"] for each in coco.dataset["licenses"]}
        for sample in (sample for sample in dataset.samples() if sample.split == split):
            image = coco.imgs[sample.index]
            assert image["license"] in licences
            assert licences.issuperset(image["occluder_licenses"])
            same_pixels(sample, read_rgb(root / split / image["file_name"])[0], None)
            labels = np.zeros((image["height"], image["width"]), np.uint8)
            occluders = np.zeros_like(labels)
            for annotation in coco.imgToAnns[sample.index]:
                mask = coco.annToMask(annotation)
                numbers.append(annotation["id"])
                crowds += annotation["iscrowd"]
                assert abs(int(mask.sum()) - annotation["area"]) <= (0 if how == "rle" else 4)
                assert annotation["bbox"] == list(cv2.boundingRect(mask)) or how == "polygons"
                if names[annotation["category_id"]] == "face":
                    labels[mask > 0] = 255 if annotation["iscrowd"] else 1
                else:
                    assert names[annotation["category_id"]] in sample.categories
                    occluders |= mask
            if how == "rle":
                same_pixels(sample, None, labels)
                assert np.array_equal(occluders > 0, sample.plane("occluders") > 0)
            else:
                assert np.count_nonzero(labels != sample.plane("masks")) <= 4
    assert len(set(numbers)) == len(numbers)
    assert crowds


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("how", ["rle", "polygons"])
def test_supervision_gets_the_face_back(dataset: SourceDataset, exported: Callable[..., Path], how: str) -> None:
    supervision = needs("supervision")
    root = exported("coco", "--set", f"segmentation={how}", "--split", "train")
    loaded = supervision.DetectionDataset.from_coco(
        str(root / "train"), str(root / "annotations" / "instances_train.json"), force_masks=True
    )
    seen = {Path(path).stem: (image, found) for path, image, found in loaded}
    for sample in (sample for sample in dataset.samples() if sample.split == "train"):
        image, found = seen[sample.stem]
        same_pixels(sample, image[..., ::-1], None)
        face = found.mask[found.class_id == loaded.classes.index("face")].any(axis=0)
        wanted = sample.plane("masks") > 0
        if how == "rle":
            assert np.array_equal(face, wanted)
        else:
            same_but_for_a_pixel(face, wanted)


def _instances(root: Path, name: str = "instances") -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Every annotation of all splits, with the file that it stands in."""
    files = [json.loads(path.read_text()) for path in sorted((root / "annotations").glob(f"{name}_*.json"))]
    return [(annotation, file) for file in files for annotation in file["annotations"]]


def test_what_is_to_be_ignored_may_be_left_out(exported: Callable[..., Path]) -> None:
    root = exported("coco", "--set", "ignored=omit", "--set", "segmentation=polygons")
    for annotation, _ in _instances(root):
        assert annotation["iscrowd"] == 0
        assert isinstance(annotation["segmentation"], list)


def test_occluders_may_be_one_category_or_none(exported: Callable[..., Path]) -> None:
    for how, names in (("one", ["face", "occluder"]), ("none", ["face"])):
        found = _instances(exported("coco", "--set", f"occluders={how}"))
        assert [category["name"] for category in found[0][1]["categories"]] == names
        assert {annotation["category_id"] for annotation, _ in found} == set(range(1, 1 + len(names)))


def test_keypoints_are_the_landmarks_and_say_which_are_seen(dataset: SourceDataset, exported: Callable[..., Path]) -> None:
    root = exported("coco", "--set", "keypoints=true", "--set", "pictures=images/SPLIT")
    samples = {sample.index: sample for sample in dataset.samples()}
    found = _instances(root, "person_keypoints")
    assert {annotation["image_id"] for annotation, _ in found} == set(samples)
    hidden = 0
    for annotation, file in found:
        sample = samples[annotation["image_id"]]
        (category,) = file["categories"]
        points = np.array(annotation["keypoints"]).reshape(-1, 3)
        assert len(category["keypoints"]) == len(points) == len(sample.row["landmarks"]) == 68
        for (x, y, visible), landmark in zip(points, sample.row["landmarks"], strict=True):
            if visible:
                assert (x, y, visible == 1) == (landmark["x"], landmark["y"], landmark["hidden"])
                hidden += visible == 1
            else:
                assert not (0 <= landmark["x"] < sample.row["width"] and 0 <= landmark["y"] < sample.row["height"])
        assert annotation["num_keypoints"] == np.count_nonzero(points[:, 2])
        assert (root / "images" / sample.split / f"{sample.stem}.jpg").is_file()
    assert hidden


def test_an_export_of_a_part_numbers_categories_as_the_whole(exported: Callable[..., Path]) -> None:
    whole, part = (
        json.loads((exported("coco", *flags) / "annotations" / "instances_test.json").read_text())["categories"]
        for flags in ((), ("--split", "test"))
    )
    assert whole == part
