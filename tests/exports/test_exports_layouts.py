"""The layouts of face datasets and of PASCAL VOC; natocc's own sources read the former."""

from __future__ import annotations

import csv
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage

from exports.reading_back import invoke, same_pixels
from natocc.exports.reader import SourceDataset
from natocc.faces import SOURCES
from natocc.faces.classes import CLASS_TABLES, PARTS
from natocc.faces.sources.base import FaceOptions
from natocc.io.images import read_labels
from natocc.plugins.options import choose_by_name


def _faces(**options: object) -> Any:
    return choose_by_name(options, FaceOptions, SOURCES, "source").open(Path(), Path())


def test_celebamask_is_read_back(dataset: SourceDataset, exported: Callable[..., Path]) -> None:
    root = exported("celebamask")
    source = _faces(source="celebamask", root=str(root))
    with (root / "samples.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    samples = {sample.index: sample for sample in dataset.samples()}
    assert [row["number"] for row in rows] == list(source.ids()) == [str(number) for number in range(len(samples))]
    for row in rows:
        sample, face = samples[int(row["index"])], source.read(row["number"])
        wanted = sample.plane("parts").copy()
        wanted[wanted >= len(PARTS)] = 0  # the occluder, and what is to be ignored
        assert np.array_equal(face.parts, wanted)
        same_pixels(sample, face.image, None)
        assert row["number"] in (root / f"{sample.split}.txt").read_text().split()
        covered = root / "CelebAMask-HQ-mask-anno" / "0" / f"{int(row['number']):05d}_occluder.png"
        assert covered.is_file() == (sample.plane("parts") == len(PARTS)).any()
        if covered.is_file():
            assert np.array_equal(read_labels(covered) > 0, sample.plane("parts") == len(PARTS))
    assert "l_eye and r_eye" in (root / "README.md").read_text()


def test_lapa_is_read_back(dataset: SourceDataset, exported: Callable[..., Path]) -> None:
    root = exported("lapa")
    source = _faces(source="labelled", root=str(root), classes="lapa")
    parts, lapa = dataset.classes("parts"), CLASS_TABLES["lapa"]
    for sample in dataset.samples():
        face = source.read(f"{sample.split}/{sample.stem}")
        assert source.split(f"{sample.split}/{sample.stem}") == sample.split
        wanted = sample.plane("parts")
        assert np.array_equal(face.parts == 255, wanted == 255)
        for value, name in lapa.items():
            if value:
                assert np.array_equal(face.parts == value, wanted == next(own for own, other in parts.items() if other == name))
    said = (root / "README.md").read_text()
    assert "hat, ear_r, neck_l, neck, cloth, occluder." in said
    assert "l_eye and r_eye" in said


@pytest.mark.parametrize("labels", ["masks", "parts"])
def test_voc_has_pictures_label_maps_boxes_and_lists(dataset: SourceDataset, exported: Callable[..., Path], labels: str) -> None:
    voc = exported("voc", "--set", f"labels={labels}") / "VOCdevkit" / "VOC2012"
    wanted = [sample for sample in dataset.samples() if sample.split == "train"]
    for name in ("Segmentation/train", "Main/train"):
        assert (voc / "ImageSets" / f"{name}.txt").read_text().split() == [sample.stem for sample in wanted]
    classes = dataset.classes(labels)
    for sample in wanted:
        image = PillowImage.open(voc / "JPEGImages" / f"{sample.stem}.jpg")
        mask = PillowImage.open(voc / "SegmentationClass" / f"{sample.stem}.png")
        assert mask.mode == "P"
        same_pixels(sample, np.asarray(image), None)
        same_pixels(sample, None, np.asarray(mask), labels)
        boxes = {
            thing.findtext("name"): [int(thing.findtext(f"bndbox/{side}") or 0) for side in ("xmin", "ymin", "xmax", "ymax")]
            for thing in ElementTree.parse(voc / "Annotations" / f"{sample.stem}.xml").iter("object")
        }
        assert set(boxes) == {classes[value] for value in np.unique(np.asarray(mask)).tolist() if value not in (0, 255)}
        for value, name in classes.items():
            if name in boxes:
                x, y, width, height = cv2.boundingRect((np.asarray(mask) == value).astype(np.uint8))
                assert boxes[name] == [x + 1, y + 1, x + width, y + height]
    assert ("l_eye and r_eye" in (voc / "labelmap.txt").read_text()) == (labels == "parts")


def test_voc_has_its_colours(dataset: SourceDataset, exported: Callable[..., Path]) -> None:
    voc = exported("voc", "--set", "labels=parts") / "VOCdevkit" / "VOC2012"
    lines = [line.split(":") for line in (voc / "labelmap.txt").read_text().splitlines() if not line.startswith("#")]
    colours = {tuple(map(int, line[1].split(","))): line[0] for line in lines}
    sample = next(dataset.samples())
    seen = np.asarray(PillowImage.open(voc / "SegmentationClass" / f"{sample.stem}.png").convert("RGB")).reshape(-1, 3)
    names = dataset.classes("parts") | {255: "ignored"}
    wanted = sample.plane("parts").ravel()
    for value in np.unique(wanted).tolist():
        assert {colours[tuple(colour)] for colour in np.unique(seen[wanted == value], axis=0).tolist()} == {names[value]}


def test_pictures_that_are_no_jpeg_are_refused(dataset: SourceDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SourceDataset, "image_suffix", ".png")
    for name in ("celebamask", "lapa", "voc"):
        said = invoke("export", dataset.root, "--to", name, "-o", tmp_path / "out", code=2)
        assert "has .jpg pictures, found .png" in said.stderr


def test_parts_that_celebamask_does_not_have_are_refused(
    dataset: SourceDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SourceDataset, "classes", lambda *_: {0: "background", 1: "eyes"})
    said = invoke("export", dataset.root, "--to", "celebamask", "-o", tmp_path / "out", code=2)
    assert "has no parts called eyes" in said.stderr
