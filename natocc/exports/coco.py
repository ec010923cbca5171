"""COCO: instances as one JSON a split."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Literal

import cv2
import numpy as np
from pydantic import Field

from natocc.core.plans import Json
from natocc.exports.format import ExportOptions
from natocc.exports.instances import FACE, Instance, instances, occluder_categories, occluder_kinds
from natocc.exports.polygons import polygons
from natocc.exports.reader import SourceDataset, SourceSample
from natocc.exports.writer import ExportWriter


class CocoExport(ExportOptions):
    """``annotations/instances_SPLIT.json`` and ``SPLIT/*.jpg``: the face, and each occluder where the dataset has their masks.

    Pixels that are to be ignored are one more annotation of the face with ``iscrowd`` 1, which COCO's evaluation ignores.
    """

    to: Literal["coco"] = "coco"
    labels: Literal["masks", "amodal"] = "masks"
    """The visible face, or the face before it was covered."""
    segmentation: Literal["rle", "polygons"] = "rle"
    """Run lengths are exact. Polygons approximate: simplified by ``tolerance``, holes cut open to the outside. Regions to ignore
    are run lengths either way, as COCO has it."""
    tolerance: float = Field(0.5, ge=0, le=100)
    """How far a polygon may lie from the true outline, px."""

    def write(self, dataset: SourceDataset, samples: Iterator[SourceSample], writer: ExportWriter, target: Path) -> None:
        """Link the pictures and write the annotations as they come; what the other lists hold is kept until the end."""
        del target
        has_occluders = "occluders" in dataset.folders
        names = [FACE, *(occluder_categories(dataset) if has_occluders else [])]
        kinds = occluder_kinds(dataset)
        categories = {name: number for number, name in enumerate(names, start=1)}
        with contextlib.ExitStack() as stack:
            parts = {
                split: _Split(stack.enter_context(writer.open(f"annotations/instances_{split}.json"))) for split in dataset.counts
            }
            number = 0
            for sample in samples:
                name = f"{sample.stem}{sample.files['images'].suffix}"
                writer.take(sample.files["images"], f"{sample.split}/{name}", sample.sha256("images"))
                part = parts[sample.split]
                part.add_image(sample, name)
                for instance in instances(sample, self.labels, has_occluders, kinds):
                    number += 1
                    part.add_annotation({"id": number, "image_id": sample.index, **self._annotation(instance, categories)})
            for part in parts.values():
                part.finish(dataset, categories)

    def _annotation(self, instance: Instance, categories: Mapping[str, int]) -> dict[str, Json]:
        segmentation: Json = None
        if self.segmentation == "polygons" and not instance.ignored:
            segmentation = [part.round(2).ravel().tolist() for part in polygons(instance.mask, self.tolerance)]
        return {
            "category_id": categories[instance.category],
            "segmentation": segmentation or run_lengths(instance),
            "area": int(np.count_nonzero(instance.mask)),
            "bbox": list(cv2.boundingRect(instance.mask)),
            "iscrowd": int(instance.ignored),
        }


def run_lengths(instance: Instance) -> dict[str, Json]:
    """A mask as COCO's compressed run lengths."""
    from pycocotools import mask as coco_mask

    encoded = coco_mask.encode(np.asfortranarray(instance.mask))
    return {"size": [int(side) for side in encoded["size"]], "counts": encoded["counts"].decode("ascii")}


@dataclasses.dataclass
class _Split:
    """The JSON of one split; annotations are written at once, the rest is small."""

    file: IO[bytes]
    images: list[dict[str, Json]] = dataclasses.field(default_factory=list)
    licences: dict[str, int] = dataclasses.field(default_factory=dict)
    annotations: int = 0

    def add_image(self, sample: SourceSample, name: str) -> None:
        row = sample.row
        occluders = [self._licence(occluder["licence"]) for occluder in row["occluders"] or ()]
        size = {"width": row["width"], "height": row["height"]}
        image = {"id": sample.index, "file_name": name, **size, "license": self._licence(row["face_licence"])}
        self.images.append({**image, "occluder_licenses": occluders, "natocc": sample.described()})

    def add_annotation(self, annotation: Mapping[str, Json]) -> None:
        self.file.write(b",\n" if self.annotations else b'{"annotations": [\n')
        self.file.write(json.dumps(annotation, allow_nan=False).encode("ascii"))
        self.annotations += 1

    def finish(self, dataset: SourceDataset, categories: Mapping[str, int]) -> None:
        kind = {name: "person" if name == FACE else "occluder" for name in categories}
        rest: dict[str, Json] = {
            "images": self.images,
            "categories": [{"id": number, "name": name, "supercategory": kind[name]} for name, number in categories.items()],
            "licenses": [
                {"id": number, "name": name, "url": name if "://" in name else ""} for name, number in self.licences.items()
            ],
            "info": {
                "description": f"{dataset.name}: occluded faces",
                "version": dataset.recipe_sha256,
                "contributor": f"natocc {dataset.description.natocc}",
            },
        }
        self.file.write(b"\n],\n" if self.annotations else b'{"annotations": [],\n')
        self.file.write(json.dumps(rest, allow_nan=False)[1:].encode("ascii") + b"\n")

    def _licence(self, text: str | None) -> int:
        return self.licences.setdefault(text or "unknown", len(self.licences) + 1)
