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


def test_an_export_of_a_part_numbers_categories_as_the_whole(exported: Callable[..., Path]) -> None:
    whole, part = (
        json.loads((exported("coco", *flags) / "annotations" / "instances_test.json").read_text())["categories"]
        for flags in ((), ("--split", "test"))
    )
    assert whole == part
