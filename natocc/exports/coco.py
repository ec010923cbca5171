"""COCO: instances as one JSON a split."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from pydantic import Field

from natocc.core.plans import Json
from natocc.exports.coco_json import Annotations
from natocc.exports.format import ExportOptions
from natocc.exports.instances import FACE, Instance, instances, occluder_categories, occluder_kinds
from natocc.exports.keypoints import NOT_LABELLED, Keypoints
from natocc.exports.polygons import polygons
from natocc.exports.reader import SourceDataset, SourceSample
from natocc.exports.writer import ExportWriter

OCCLUDER = "occluder"
"""Category of all occluders, where they are one."""


class CocoExport(ExportOptions):
    """``annotations/instances_SPLIT.json`` and ``SPLIT/*.jpg``: the face, and each occluder where the dataset has their masks."""

    to: Literal["coco"] = "coco"
    labels: Literal["masks", "amodal"] = "masks"
    """The visible face, or the face before it was covered."""
    segmentation: Literal["rle", "polygons"] = "rle"
    """Run lengths are exact. Polygons approximate: simplified by ``tolerance``, holes cut open to the outside."""
    tolerance: float = Field(0.5, ge=0, le=100)
    """How far a polygon may lie from the true outline, px."""
    ignored: Literal["crowd", "omit"] = "crowd"
    """Pixels that are to be ignored: one more annotation of the face with ``iscrowd`` 1, in run lengths, which COCO's evaluation
    ignores; or nothing, for readers that take it for a face (torchvision's) or know no run lengths (Label Studio)."""
    occluders: Literal["kinds", "one", "none"] = "kinds"
    """Categories of occluders: their kinds, where the dataset has label maps of them, else what each is; one for all, called
    ``occluder``; or no occluders."""
    pictures: Literal["SPLIT", "images/SPLIT"] = "SPLIT"
    """Folder of the pictures; ``images/SPLIT`` is where datumaro looks."""
    keypoints: bool = False
    """Whether ``annotations/person_keypoints_SPLIT.json`` has the landmarks, too, with their visibility."""

    def check(self, dataset: SourceDataset) -> None:
        """Refuse a dataset without the masks, or the landmarks, that are asked for.

        Raises
        ------
        UsageError
            If there are none.
        """
        super().check(dataset)
        if self.keypoints:
            Keypoints.of(dataset)

    def write(self, dataset: SourceDataset, samples: Iterator[SourceSample], writer: ExportWriter, target: Path) -> None:
        """Link the pictures and write the annotations as they come; what the other lists hold is kept until the end."""
        del target
        has_occluders = "occluders" in dataset.folders and self.occluders != "none"
        kinds = occluder_kinds(dataset)
        own = ([OCCLUDER] if self.occluders == "one" else occluder_categories(dataset)) if has_occluders else []
        categories = {name: number for number, name in enumerate([FACE, *own], start=1)}
        keypoints = Keypoints.of(dataset) if self.keypoints else None
        with contextlib.ExitStack() as stack:

            def opened(name: str) -> dict[str, Annotations]:
                names = {split: f"annotations/{name}_{split}.json" for split in dataset.counts}
                return {split: Annotations(stack.enter_context(writer.open(name))) for split, name in names.items()}

            things, faces = opened("instances"), opened("person_keypoints") if keypoints else {}
            number = 0
            for sample in samples:
                name = f"{sample.stem}{sample.files['images'].suffix}"
                folder = self.pictures.replace("SPLIT", sample.split)
                writer.take(sample.files["images"], f"{folder}/{name}", sample.sha256("images"))
                for files in (things, faces) if faces else (things,):
                    files[sample.split].add_image(sample, name)
                for instance in instances(sample, self.labels, has_occluders, kinds):
                    if instance.ignored and self.ignored == "omit":
                        continue
                    number += 1
                    annotation = {"id": number, "image_id": sample.index, **self._annotation(instance, categories)}
                    things[sample.split].add_annotation(annotation)
                    if keypoints and instance.category == FACE and not instance.ignored:
                        faces[sample.split].add_annotation({**annotation, **_keypoints(keypoints, sample)})
            for file in things.values():
                file.finish(dataset, categories)
            for file in faces.values():
                file.finish(dataset, {FACE: categories[FACE]}, keypoints)

    def _annotation(self, instance: Instance, categories: Mapping[str, int]) -> dict[str, Json]:
        segmentation: Json = None
        if self.segmentation == "polygons" and not instance.ignored:
            segmentation = [part.round(2).ravel().tolist() for part in polygons(instance.mask, self.tolerance)]
        merged = OCCLUDER if self.occluders == "one" and instance.category != FACE else instance.category
        return {
            "category_id": categories[merged],
            "segmentation": segmentation or run_lengths(instance),
            "area": int(np.count_nonzero(instance.mask)),
            "bbox": list(cv2.boundingRect(instance.mask)),
            "iscrowd": int(instance.ignored),
        }


def _keypoints(keypoints: Keypoints, sample: SourceSample) -> dict[str, Json]:
    points = list(keypoints.values(sample))
    seen = sum(visibility != NOT_LABELLED for *_, visibility in points)
    return {"keypoints": [value for point in points for value in point], "num_keypoints": seen}


def run_lengths(instance: Instance) -> dict[str, Json]:
    """A mask as COCO's compressed run lengths."""
    from pycocotools import mask as coco_mask

    encoded = coco_mask.encode(np.asfortranarray(instance.mask))
    return {"size": [int(side) for side in encoded["size"]], "counts": encoded["counts"].decode("ascii")}
