"""torchvision, FiftyOne, datumaro and Label Studio read the coco export; the first three VOC's folders, too."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import Dataset, same_but_for_a_pixel


@pytest.mark.parametrize("ignored", ["omit", "crowd"])
def test_torchvision_sees_one_face(dataset: Dataset, export: Callable[..., Path], ignored: str) -> None:
    from torchvision import datasets

    root = export("coco", ignored=ignored, occluders="none")
    read = datasets.wrap_dataset_for_transforms_v2(
        datasets.CocoDetection(str(root / "train"), str(root / "annotations" / "instances_train.json")),
        target_keys=["image_id", "masks", "labels"],
    )
    assert len(read) == len(dataset.of("train"))
    more = 0
    for image, target in read:
        sample = dataset.samples[f"{target['image_id']:09d}"]
        assert np.array_equal(np.asarray(image), sample.arrays["images"])
        assert np.array_equal(target["masks"][0].numpy() > 0, sample.arrays["masks"] == 1)
        more += len(target["masks"]) > 1
    assert bool(more) == (ignored == "crowd")  # torchvision keeps what COCO's evaluation ignores


@pytest.mark.parametrize("how", ["rle", "polygons"])
def test_fiftyone_gets_faces_occluders_and_keypoints(dataset: Dataset, export: Callable[..., Path], how: str) -> None:
    from fiftyone.utils.coco import COCODetectionDatasetImporter

    root = export("coco", segmentation=how, keypoints="true", pictures="images/SPLIT", occluders="one", tolerance=0)
    for name, kinds in (("instances", ["segmentations"]), ("person_keypoints", ["segmentations", "keypoints"])):
        reader = COCODetectionDatasetImporter(
            data_path=str(root / "images" / "train"),
            labels_path=str(root / "annotations" / f"{name}_train.json"),
            label_types=kinds,
        )
        with reader:
            found = {Path(path).stem: labels for path, _, labels in reader}
        assert set(found) == {sample.stem for sample in dataset.of("train")}
        for sample in dataset.of("train"):
            labels = found[sample.stem] if isinstance(found[sample.stem], dict) else {"segmentations": found[sample.stem]}
            shape = sample.arrays["masks"].shape
            drawn = {"face": np.zeros(shape, bool), "occluder": np.zeros(shape, bool)}
            for thing in labels["segmentations"].detections:
                if thing.get_attribute_value("iscrowd", 0):
                    continue
                left, top = round(thing.bounding_box[0] * shape[1]), round(thing.bounding_box[1] * shape[0])
                height, width = thing.mask.shape
                drawn[thing.label][top : top + height, left : left + width] |= thing.mask[: shape[0] - top, : shape[1] - left]
            same_but_for_a_pixel(drawn["face"], sample.arrays["masks"] == 1)
            if name == "instances":
                known = sample.arrays["kinds"] != 255
                same_but_for_a_pixel(drawn["occluder"] & known, (sample.arrays["occluders"] > 0) & known)
            else:
                (points,) = labels["keypoints"].keypoints
                assert len(points.points) == 68


@pytest.mark.parametrize("how", ["rle", "polygons"])
def test_datumaro_reads_instances(dataset: Dataset, export: Callable[..., Path], how: str) -> None:
    import datumaro
    from datumaro.components.annotation import AnnotationType

    root = export("coco", segmentation=how, pictures="images/SPLIT", occluders="none", ignored="omit", tolerance=0)
    read = datumaro.Dataset.import_from(str(root), "coco")
    assert {name: len(part) for name, part in read.subsets().items()} == {
        split: len(dataset.of(split)) for split in ("train", "test")
    }
    for item in read:
        sample = dataset.samples[item.id]
        assert np.array_equal(item.media.data[..., ::-1], sample.arrays["images"])
        if how == "rle":
            (mask,) = [each for each in item.annotations if each.type == AnnotationType.mask]
            assert np.array_equal(mask.image > 0, sample.arrays["masks"] == 1)
        else:
            assert any(each.type == AnnotationType.polygon for each in item.annotations)


def test_datumaro_reads_keypoints(dataset: Dataset, export: Callable[..., Path]) -> None:
    import datumaro
    from datumaro.components.annotation import AnnotationType

    read = datumaro.Dataset.import_from(str(export("coco", keypoints="true", pictures="images/SPLIT")), "coco_person_keypoints")
    assert len(read) == len(dataset.samples)
    for item in read:
        points = next(each for each in item.annotations if each.type == AnnotationType.points)
        wanted = dataset.samples[item.id].row["landmarks"]
        for seen, place, landmark in zip(points.visibility, np.reshape(points.points, (-1, 2)), wanted, strict=True):
            assert seen.value == 0 or np.allclose(place, (landmark["x"], landmark["y"]), atol=0.01)
            assert seen.value == 0 or (seen.value == 1) == landmark["hidden"]


def test_label_studio_takes_polygons(dataset: Dataset, export: Callable[..., Path], tmp_path: Path) -> None:
    from label_studio_sdk.converter.imports.coco import convert_coco_to_ls

    root = export("coco", segmentation="polygons", ignored="omit")
    made = tmp_path / "tasks.json"
    convert_coco_to_ls(
        str(root / "annotations" / "instances_train.json"), str(made), image_root_url="/train", out_type="annotations"
    )
    tasks = json.loads(made.read_text())
    assert len(tasks) == len(dataset.of("train"))
    assert all(any(each["type"] == "polygonlabels" for each in task["annotations"][0]["result"]) for task in tasks)


@pytest.mark.parametrize("labels", ["masks", "parts", "regions"])
def test_torchvision_reads_voc(dataset: Dataset, export: Callable[..., Path], labels: str) -> None:
    from torchvision import datasets

    read = datasets.VOCSegmentation(str(export("voc", labels=labels)), year="2012", image_set="train")
    for sample, (image, mask) in zip(dataset.of("train"), read, strict=True):
        assert np.array_equal(np.asarray(image), sample.arrays["images"])
        assert np.array_equal(np.asarray(mask), sample.arrays[labels])


def test_datumaro_and_fiftyone_read_voc(dataset: Dataset, export: Callable[..., Path]) -> None:
    import datumaro
    from datumaro.components.annotation import AnnotationType
    from fiftyone.utils.voc import VOCDetectionDatasetImporter

    root = export("voc", labels="regions") / "VOCdevkit" / "VOC2012"
    read = datumaro.Dataset.import_from(str(root), "voc_segmentation")
    names = {number: label.name for number, label in enumerate(read.categories()[AnnotationType.label].items)}
    assert len(read) == len(dataset.samples)
    for item in read:
        regions = dataset.samples[item.id].arrays["regions"]
        for mask in item.annotations:
            if names[mask.label] != "background":
                value = {"face": 1, "occluder over face": 2, "occluder elsewhere": 3, "ignored": 255}[names[mask.label]]
                assert np.array_equal(mask.image > 0, regions == value)
    with VOCDetectionDatasetImporter(data_path=str(root / "JPEGImages"), labels_path=str(root / "Annotations")) as reader:
        for path, _, labels in reader:
            regions = dataset.samples[Path(path).stem].arrays["regions"]
            assert {thing.label == "face" for thing in labels.detections} >= {bool((regions == 1).any())} - {False}
