"""A JSON file of COCO's, written while its annotations come."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import IO

from natocc.core.plans import Json
from natocc.exports.described import described
from natocc.exports.instances import FACE
from natocc.exports.keypoints import Keypoints
from natocc.exports.reader import SourceDataset, SourceSample


@dataclasses.dataclass
class Annotations:
    """The JSON of one split; annotations are written at once, the rest is small."""

    file: IO[bytes]
    images: list[dict[str, Json]] = dataclasses.field(default_factory=list)
    licences: dict[str, int] = dataclasses.field(default_factory=dict)
    annotations: int = 0

    def add_image(self, sample: SourceSample, name: str) -> None:
        """A sample's picture, its licences and what is known of it."""
        row = sample.row
        occluders = [self._licence(occluder["licence"]) for occluder in row["occluders"] or ()]
        size = {"width": row["width"], "height": row["height"]}
        image = {"id": sample.index, "file_name": name, **size, "license": self._licence(row["face_licence"])}
        self.images.append({**image, "occluder_licenses": occluders, "natocc": described(sample)})

    def add_annotation(self, annotation: Mapping[str, Json]) -> None:
        """Write an annotation."""
        self.file.write(b",\n" if self.annotations else b'{"annotations": [\n')
        self.file.write(json.dumps(annotation, allow_nan=False).encode("ascii"))
        self.annotations += 1

    def finish(self, dataset: SourceDataset, categories: Mapping[str, int], keypoints: Keypoints | None = None) -> None:
        """Write what was kept, and the categories with the keypoints that each has."""
        points = {"keypoints": list(keypoints.names), "skeleton": []} if keypoints else {}
        kind = {name: "person" if name == FACE else "occluder" for name in categories}
        rest: dict[str, Json] = {
            "images": self.images,
            "categories": [
                {"id": number, "name": name, "supercategory": kind[name], **points} for name, number in categories.items()
            ],
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
