"""Ultralytics: labels as polygons for instance segmentation, label maps for semantic segmentation, beside the same pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field

from natocc.core.errors import UsageError
from natocc.core.text import plain
from natocc.exports.format import ExportOptions, Labels
from natocc.exports.instances import FACE, FACE_MAPS, class_instances, instances, occluder_categories, occluder_kinds
from natocc.exports.polygons import linked, polygons
from natocc.exports.reader import SourceDataset, SourceSample
from natocc.exports.writer import ExportWriter
from natocc.faces.classes import flip_pairs

MAPS = "label_maps"
"""Folder of the label maps. Ultralytics takes one called ``masks`` for those of any YAML beside it."""


class YoloExport(ExportOptions):
    """``images/SPLIT``, ``labels/SPLIT``, ``label_maps/SPLIT``; ``data.yaml`` for instances, ``semantic.yaml`` for label maps.

    A label is a line ``class x1 y1 x2 y2 ...``, 0-1 of width and height: a polygon, so an approximation, with holes cut open to
    the outside. Pixels to ignore are 255 in the label maps; polygons leave them out. Where classes are left and right, both YAMLs
    say so: Ultralytics does not exchange them, so train with ``fliplr=0``.
    """

    to: Literal["yolo-seg"] = "yolo-seg"
    labels: Labels = "masks"
    """What becomes polygons: the visible face, the face before it was covered, or each class of other label maps but the first,
    background."""
    parts: Literal["linked", "separate"] = "linked"
    """How a face that an occluder divides is written: as one line, its parts linked as Ultralytics' own converters do, or as one
    line for each part."""
    semantic: Labels | None = None
    """Label maps of ``semantic.yaml``; by default those of ``labels``."""
    occluders: bool = False
    """Whether occluders are instances beside the face, classes from 1 on. The dataset must have their masks."""
    tolerance: float = Field(0.5, ge=0, le=100)
    """How far a polygon may lie from the true outline, px."""

    def check(self, dataset: SourceDataset) -> None:
        """Refuse a dataset without the masks that are asked for.

        Raises
        ------
        UsageError
            If there are none, or label maps that have occluders are to get them once more.
        """
        super().check(dataset)
        dataset.classes(self.semantic or self.labels)
        if self.occluders and self.labels not in FACE_MAPS:
            raise UsageError(f"labels={self.labels} has occluders among its classes: leave occluders=true out")
        if self.occluders and "occluders" not in dataset.folders:
            raise UsageError(f"{dataset.root} has no masks of its occluders; output.masks in a recipe says which are made")

    def write(self, dataset: SourceDataset, samples: Iterator[SourceSample], writer: ExportWriter, target: Path) -> None:
        """Link pictures and label maps, write polygons, then the two descriptions."""
        del target
        names, maps = self._names(dataset), self.semantic or self.labels
        numbers = {name: number for number, name in enumerate(names)}
        kinds = occluder_kinds(dataset)
        for sample in samples:
            take_picture(sample, writer)
            writer.take(sample.files[maps], f"{MAPS}/{sample.split}/{sample.stem}.png", sample.sha256(maps))
            writer.write(f"labels/{sample.split}/{sample.stem}.txt", "".join(self._lines(dataset, sample, numbers, kinds)))
        writer.write("data.yaml", description(dataset, dict(enumerate(names))))
        told = f"masks_dir: {MAPS}  # 255 is ignored\n"
        writer.write("semantic.yaml", description(dataset, dataset.classes(maps)) + told)

    def _names(self, dataset: SourceDataset) -> list[str]:
        """Of the classes of polygons, by number."""
        if self.labels not in FACE_MAPS:
            return list(dict.fromkeys(name for value, name in dataset.classes(self.labels).items() if value > 0))
        return [FACE, *(occluder_categories(dataset) if self.occluders else [])]

    def _lines(
        self, dataset: SourceDataset, sample: SourceSample, numbers: Mapping[str, int], kinds: Mapping[int, str]
    ) -> Iterator[str]:
        scale = (sample.row["width"], sample.row["height"])
        if self.labels in FACE_MAPS:
            found = instances(sample, self.labels, self.occluders, kinds)
        else:
            found = class_instances(sample, self.labels, dataset.classes(self.labels))
        for instance in found:
            parts = [] if instance.ignored else polygons(instance.mask, self.tolerance)
            for polygon in [linked(parts)] if parts and self.parts == "linked" else parts:
                points = " ".join(f"{value:.7g}" for value in (polygon / scale).ravel().tolist())
                yield f"{numbers[instance.category]} {points}\n"


def take_picture(sample: SourceSample, writer: ExportWriter) -> None:
    """The picture of a sample where Ultralytics looks for it."""
    name = f"images/{sample.split}/{sample.stem}{sample.files['images'].suffix}"
    writer.take(sample.files["images"], name, sample.sha256("images"))


def description(dataset: SourceDataset, names: Mapping[int, str]) -> str:
    """A dataset's YAML: without ``path``, its paths start from where it lies. ``train`` and ``val`` must both be there."""
    import yaml

    splits = list(dataset.counts)
    train = "train" if "train" in splits else splits[0]
    val = next(split for split in ("val", "test", train) if split in splits)
    text = f"train: images/{train}\nval: images/{val}" + ("" if val == "val" else "  # there is no split 'val' here") + "\n"
    text += "".join(f"{split}: images/{split}\n" for split in splits if split not in ("train", "val", train))
    text += yaml.safe_dump({"names": dict(names)}, sort_keys=False, allow_unicode=True)
    if pairs := flip_pairs(names):
        shown = [f"{names[left]} and {names[right]}" for left, right in pairs]
        text += (
            f"# Ultralytics mirrors pictures and leaves these as they are, so train with fliplr=0: {plain(', '.join(shown))}.\n"
        )
        text += f"flip_pairs: {[list(pair) for pair in pairs]}\n"
    return text
