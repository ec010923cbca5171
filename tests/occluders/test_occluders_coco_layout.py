"""Where COCO files and their pictures lie: layouts of tools and people, and what is said of the rest."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest
from coco_made import RUNS, annotation, content, write

from natocc.core.errors import UsageError
from natocc.io.notes import NO_PICTURES
from natocc.occluders.coco.layout import item_names
from natocc.occluders.coco.source import CocoOccluders

VAL = content(("p0.jpg",))
IN_FOLDERS = content(("train2017/p0.jpg", "val2017/p1.jpg"))

LAYOUTS: dict[str, tuple[dict[str, Any], list[str]]] = {
    # files, and ids of the cutouts
    "COCO's": (
        {
            "annotations/instances_train2017.json": content(), "annotations/instances_val2017.json": VAL,
            "annotations/captions_val2017.json": {"images": [], "annotations": []},
            "train2017/p0.jpg": None, "train2017/p1.jpg": None, "val2017/p0.jpg": None,
        },
        ["instances_train2017/0", "instances_train2017/1", "instances_val2017/0"],
    ),
    "COCO's, of one split the annotations alone": (
        {"annotations/instances_train.json": content(), "annotations/instances_val.json": VAL, "val/p0.jpg": None},
        ["instances_val/0"],
    ),
    "COCO's below images": (
        {
            "annotations/instances_train2017.json": content(), "annotations/instances_val2017.json": VAL,
            "images/train2017/p0.jpg": None, "images/train2017/p1.jpg": None, "images/val2017/p0.jpg": None,
        },
        ["instances_train2017/0", "instances_train2017/1", "instances_val2017/0"],
    ),
    "Roboflow's": (
        {
            "train/_annotations.coco.json": content(), "train/p0.jpg": None, "train/p1.jpg": None,
            "valid/_annotations.coco.json": content(), "valid/p0.jpg": None, "valid/p1.jpg": None,
        },
        ["train/_annotations.coco/0", "train/_annotations.coco/1", "valid/_annotations.coco/0", "valid/_annotations.coco/1"],
    ),
    "Label Studio's": (
        {"result.json": content(("images/p0.jpg", "images/p1.jpg")), "images/p0.jpg": None, "images/p1.jpg": None},
        ["result/0", "result/1"],
    ),
    "Label Studio's on Windows": (
        {"result.json": content(("images\\p0.jpg",)), "images/p0.jpg": None}, ["result/0"],
    ),
    "CVAT's": (
        {"annotations/instances_default.json": content(), "images/p0.jpg": None, "images/p1.jpg": None},
        ["instances_default/0", "instances_default/1"],
    ),
    "CVAT's, a task a folder": (
        {
            "a/annotations/instances_default.json": VAL, "a/images/p0.jpg": None,
            "b/annotations/instances_default.json": VAL, "b/images/default/p0.jpg": None,
        },
        ["a/annotations/instances_default/0", "b/annotations/instances_default/0"],
    ),
    "labelme2coco's": ({"annotations.json": content(("JPEGImages/p0.jpg",)), "JPEGImages/p0.jpg": None}, ["annotations/0"]),
    "JPEGImages": ({"annotations.json": VAL, "JPEGImages/p0.jpg": None}, ["annotations/0"]),
    "a JSON beside its pictures": ({"my cups.json": VAL, "p0.jpg": None}, ["my cups/0"]),
    "a JSON a split": (
        {"train.json": content(), "val.json": VAL, "train/p0.jpg": None, "train/p1.jpg": None, "val/p0.jpg": None},
        ["train/0", "train/1", "val/0"],
    ),
    "splits below annotations": (
        {"annotations/train/coco.json": VAL, "annotations/val/coco.json": VAL, "train/p0.jpg": None, "images/val/p0.jpg": None},
        ["train/coco/0", "val/coco/0"],
    ),
    "splits of splits": (
        {"train/annotations/coco.json": VAL, "train/images/p0.jpg": None, "val/labels.json": VAL, "val/data/p0.jpg": None},
        ["coco/0", "labels/0"],
    ),
    "LVIS": (
        {"lvis_v1_train.json": IN_FOLDERS, "train2017/p0.jpg": None, "val2017/p1.jpg": None},
        ["lvis_v1_train/0", "lvis_v1_train/1"],
    ),
    "LVIS below annotations and images": (
        {"annotations/lvis_v1_train.json": IN_FOLDERS, "images/train2017/p0.jpg": None, "images/val2017/p1.jpg": None},
        ["lvis_v1_train/0", "lvis_v1_train/1"],
    ),
    "one folder for all splits": (
        {
            "annotations/instances_a.json": VAL, "annotations/instances_b.json": content(("p1.jpg",)), "images/p0.jpg": None,
            "images/p1.jpg": None,
        },
        ["instances_a/0", "instances_b/0"],
    ),
    "what the system put there": (
        {
            "annotations/instances_v.json": VAL, "annotations/._instances_v.json": b"\0\5\x16\7", "v/p0.jpg": None,
            "__MACOSX/annotations/instances_v.json": VAL,
        },
        ["instances_v/0"],
    ),
    "other JSONs beside it": (
        {"info.json": {"a": 1}, "list.json": [1], "broken.json": "{", "coco.json": VAL, "images/p0.jpg": None}, ["coco/0"],
    ),
}  # fmt: skip


def _items(root: Path, **options: Any) -> list[str]:
    source = CocoOccluders.model_validate({"root": str(root), **options})
    assert source.check(root) > 0
    library = source.open(root, root.parent / "cache")
    assert not library.refused
    return list(library.items())


@pytest.mark.parametrize("kind", LAYOUTS)
def test_a_layout_is_found_by_itself(tmp_path: Path, kind: str) -> None:
    files, items = LAYOUTS[kind]
    assert _items(write(tmp_path / "c", files)) == items


@pytest.mark.parametrize("name", ["annotations", "annotations/instances_v.json", "v/instances_v.json", "v"])
def test_the_root_may_be_the_folder_of_annotations_or_the_file(tmp_path: Path, name: str) -> None:
    file = "v/instances_v.json" if name.startswith("v") else "annotations/instances_v.json"
    write(tmp_path / "c", {file: VAL, "v/p0.jpg": None})
    assert _items(tmp_path / "c" / name) == ["instances_v/0"]


def test_folders_of_pictures_are_given_for_all_files_or_for_each(tmp_path: Path) -> None:
    files = {
        "train.json": VAL,
        "val.json": VAL,
        "pics/train/p0.jpg": None,
        "pics/val/p0.jpg": None,
        "z1/p0.jpg": None,
        "z2/p0.jpg": None,
    }
    root = write(tmp_path / "c", files)
    both = ["train/0", "val/0"]
    assert _items(root, images="pics") == both
    assert _items(root, images=("z2", "z1")) == both
    assert _items(root, images="pics", annotations=["train.json", "val.json"]) == both
    with pytest.raises(UsageError, match="images: expected one folder, or one for each of 2"):
        _items(root, images=["z1", "z2", "z1"])
    with pytest.raises(UsageError, match=r"images=.*(pics/train|z1)"):
        _items(root)
    with pytest.raises(UsageError, match="is given twice"):
        _items(root, annotations=["train.json", "./train.json"], images="z1")


def test_another_splits_pictures_do_not_serve(tmp_path: Path) -> None:
    """Names of pictures repeat in every split; another folder's are other pictures."""
    root = write(tmp_path / "c", {"annotations/train.json": VAL, "annotations/val.json": VAL, "val/p0.jpg": None})
    assert _items(root) == ["val/0"]
    assert CocoOccluders(root=str(root)).notes(root).examples == {NO_PICTURES: "train.json"}
    with pytest.raises(UsageError, match=r"train\.json names 1 picture, such as 'p0\.jpg'"):
        _items(root, annotations=["annotations/train.json"])


@pytest.mark.parametrize("count", [2, 3])
def test_files_that_agree_in_name_size_and_time_are_not_taken_for_each_other(tmp_path: Path, count: int) -> None:
    """An archive of a labelling service gives all its files one time."""
    names = [f"s{index}" for index in range(count)]
    for index, name in enumerate(names):
        path = tmp_path / "c" / name / "_annotations.coco.json"
        write(path.parent, {path.name: content((f"p{index}.jpg",)), f"p{index}.jpg": None})
        os.utime(path, (1e9, 1e9))
    assert _items(tmp_path / "c") == [f"{name}/_annotations.coco/0" for name in names]


def test_linked_folders_are_looked_into_once(tmp_path: Path) -> None:
    write(tmp_path / "away" / "train", {"_annotations.coco.json": VAL, "p0.jpg": None})
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "train").symlink_to(tmp_path / "away" / "train")
    (tmp_path / "c" / "zoo").symlink_to(tmp_path / "c" / "train")
    (tmp_path / "away" / "train" / "loop").symlink_to(tmp_path / "c")
    assert _items(tmp_path / "c") == ["_annotations.coco/0"]


def test_ids_begin_with_what_tells_files_apart() -> None:
    assert item_names([Path("r/a/x/i.json"), Path("r/b/x/i.json"), Path("r/b/j.json")]) == ["a/x/i", "b/x/i", "j"]
    assert item_names([Path("a.b.json")]) == ["a.b"]


SA_1B = {"image": {"image_id": 1, "file_name": "sa_1.jpg"}, "annotations": [{"id": 5, "segmentation": RUNS}]}
PANOPTIC = {"image_id": 0, "file_name": "0.png", "segments_info": []}
BOX = {**annotation(0, 0), "segmentation": [], "bbox": [1, 2, 30, 40]}
KEYPOINTS = {"id": 1, "image_id": 0, "category_id": 1, "keypoints": [1, 2, 2]}
HOME = content(("/home/x/p0.jpg",))
OTHERS: dict[str, tuple[dict[str, Any], str]] = {
    # files, and what the message must say
    "nothing": ({}, "found nothing of the kind.*annotations="),
    "pictures alone": ({"train/p0.jpg": None}, "found 1 picture "),
    "Pascal VOC": ({"Annotations/a.xml": "<annotation/>", "JPEGImages/a.jpg": None}, r"\.xml \(XML as of Pascal VOC\)"),
    "YOLO": ({"labels/a.txt": "0 .5 .5 .1 .1", "images/a.jpg": None}, r"\.txt \(text as of YOLO\)"),
    "an archive": ({"annotations.zip": b"PK"}, r"\.zip \(ZIP archives, to be unpacked\)"),
    "SA-1B": ({"sa_1.json": SA_1B, "sa_1.jpg": None}, "SA-1B"),
    "SA-1B without its pictures": ({"sa_1.json": SA_1B}, "SA-1B"),
    "LabelMe": ({"a.json": {"version": "5", "shapes": [], "imagePath": "a.jpg", "imageData": None}, "a.jpg": None}, "LabelMe"),
    "VIA": ({"via.json": {"a.jpg123": {"filename": "a.jpg", "size": 1, "regions": []}}}, "VIA"),
    "a project of VIA": ({"via.json": {"_via_settings": {}, "_via_img_metadata": {}}}, "VIA"),
    "Supervisely": ({"ann/a.json": {"description": "", "tags": [], "size": {}, "objects": []}}, "Supervisely"),
    "panoptic": ({"p.json": content(annotations=[PANOPTIC]), "p0.jpg": None}, "panoptic"),
    "captions": ({"c.json": {"images": [], "annotations": [{"id": 1, "image_id": 1, "caption": "a cup"}]}}, "captions"),
    "results": ({"r.json": [{"image_id": 1, "category_id": 1, "segmentation": RUNS, "score": 0.5}]}, "list of results"),
    "Label Studio's own": ({"ls.json": [{"id": 1, "data": {"image": "x"}, "annotations": []}]}, "Label Studio"),
    "CreateML": ({"ml.json": [{"image": "a.jpg", "annotations": []}]}, "CreateML"),
    "a list": ({"x.json": [1, 2]}, "expected a JSON object with images"),
    "JSON Lines": ({"x.json": '{"a": 1}\n{"a": 2}\n'}, "JSON Lines"),
    "no annotations": ({"x.json": {"info": {}, "images": [], "categories": []}}, r"\$\.annotations is missing.*images alone"),
    "no categories": ({"x.json": {"images": [], "annotations": []}}, r"\$\.categories is missing"),
    "splits in one file": ({"x.json": {"train": content(), "val": content()}}, "a file for each"),
    "another encoding": ({"x.json": json.dumps(VAL).encode("utf-16")}, "UTF-8"),
    "an empty file": ({"x.json": b""}, r"x\.json: .*empty \(0 bytes\)"),
    "a Git LFS pointer": ({"x.json": "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"}, "git lfs pull"),
    "a web page": ({"x.json": "<!DOCTYPE html>\n<html></html>"}, "HTML"),
    "compressed": ({"x.json": gzip.compress(b"{}")}, "gzip archive: unpack it"),
    "boxes alone": ({"x.json": content(annotations=[BOX]), "p0.jpg": None}, "bbox alone"),
    "keypoints alone": ({"x.json": content(annotations=[KEYPOINTS]), "p0.jpg": None}, "keypoints alone"),
    "pictures elsewhere": ({"annotations/instances_v.json": VAL, "odd/folder/p0.jpg": None}, r"odd/folder has .*: images="),
    "pictures nowhere": ({"annotations/instances_v.json": VAL}, r"'p0\.jpg'.*images=FOLDER"),
    "names of another computer": ({"annotations/i.json": HOME, "w/p0.jpg": None}, r"'/home/x/p0\.jpg'.*w has 'p0\.jpg'.*last_"),
}  # fmt: skip


@pytest.mark.parametrize("kind", OTHERS)
def test_what_is_no_coco_is_called_what_it_is_in_one_line(tmp_path: Path, kind: str) -> None:
    files, message = OTHERS[kind]
    (tmp_path / "c").mkdir()
    write(tmp_path / "c", files)
    with pytest.raises(UsageError, match=message) as caught:
        CocoOccluders(root="c").open(tmp_path, tmp_path / "cache")
    assert len(caught.value.lines) == (2 if kind in ("boxes alone", "keypoints alone") else 1)


@pytest.mark.parametrize(
    "kind", [kind for kind, (files, _) in OTHERS.items() if len([name for name in files if name.endswith(".json")]) == 1]
)
def test_what_is_no_coco_is_called_what_it_is_where_it_is_named(tmp_path: Path, kind: str) -> None:
    files, message = OTHERS[kind]
    write(tmp_path / "c", files)
    (name,) = (name for name in files if name.endswith(".json"))
    with pytest.raises(UsageError, match=message) as caught:
        CocoOccluders(root="c", annotations=(f"c/{name}",)).open(tmp_path, tmp_path / "cache")
    assert len(caught.value.lines) == (2 if kind in ("boxes alone", "keypoints alone") else 1)


def test_an_annotation_file_that_is_not_there_is_named_with_the_data_root(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=rf"no annotation file .*train\.json.*lie below {tmp_path}"):
        CocoOccluders(annotations=("train.json",)).check(tmp_path)
