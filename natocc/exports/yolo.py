"""Ultralytics: labels as polygons for instance segmentation, label maps for semantic segmentation, beside the same pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field

from natocc.core.errors import UsageError
from natocc.exports.format import ExportOptions, Labels
from natocc.exports.instances import FACE, instances, occluder_categories, occluder_kinds
from natocc.exports.polygons import linked, polygons
from natocc.exports.reader import SourceDataset, SourceSample
from natocc.exports.writer import ExportWriter


class YoloExport(ExportOptions):
    """``images/SPLIT``, ``labels/SPLIT``, ``masks/SPLIT``; ``data.yaml`` for instances, ``semantic.yaml`` for label maps.

    A label is a line ``class x1 y1 x2 y2 ...``, 0-1 of width and height: a polygon, so an approximation, with holes cut open to
    the outside. Pixels to ignore are 255 in the label maps; polygons leave them out.
    """

    to: Literal["yolo-seg"] = "yolo-seg"
    labels: Literal["masks", "amodal"] = "masks"
    """The visible face, or the face before it was covered."""
    parts: Literal["linked", "separate"] = "linked"
    """How a face that an occluder divides is written: as one line, its parts linked as Ultralytics' own converters do, or as one
    line for each part."""
    semantic: Labels | None = None
    """Label maps of ``semantic.yaml``; by default those of ``labels``."""
    occluders: bool = False
    """Whether occluders are instances, too, classes from 1 on. The dataset must have their masks."""
    tolerance: float = Field(0.5, ge=0, le=100)
    """How far a polygon may lie from the true outline, px."""

    def check(self, dataset: SourceDataset) -> None:
        """Refuse a dataset without the masks that are asked for.

        Raises
        ------
        UsageError
            If there are none.
        """
        super().check(dataset)
        dataset.classes(self.semantic or self.labels)
        if self.occluders and "occluders" not in dataset.folders:
            raise UsageError(f"{dataset.root} has no masks of its occluders; output.masks in a recipe says which are made")

    def write(self, dataset: SourceDataset, samples: Iterator[SourceSample], writer: ExportWriter, target: Path) -> None:
        """Link pictures and label maps, write polygons, then the two descriptions."""
        del target
        names = [FACE, *(occluder_categories(dataset) if self.occluders else [])]
        numbers = {name: number for number, name in enumerate(names)}
        maps, kinds = self.semantic or self.labels, occluder_kinds(dataset)
        for sample in samples:
            writer.take(
                sample.files["images"],
                f"images/{sample.split}/{sample.stem}{sample.files['images'].suffix}",
                sample.sha256("images"),
            )
            writer.take(sample.files[maps], f"masks/{sample.split}/{sample.stem}.png", sample.sha256(maps))
            writer.write(f"labels/{sample.split}/{sample.stem}.txt", "".join(self._lines(sample, numbers, kinds)))
        writer.write("data.yaml", _description(dataset, dict(enumerate(names))))
        writer.write("semantic.yaml", _description(dataset, dataset.classes(maps)) + "masks_dir: masks  # 255 is ignored\n")

    def _lines(self, sample: SourceSample, numbers: Mapping[str, int], kinds: Mapping[int, str]) -> Iterator[str]:
        scale = (sample.row["width"], sample.row["height"])
        for instance in instances(sample, self.labels, self.occluders, kinds):
            parts = [] if instance.ignored else polygons(instance.mask, self.tolerance)
            for polygon in [linked(parts)] if parts and self.parts == "linked" else parts:
                points = " ".join(f"{value:.7g}" for value in (polygon / scale).ravel().tolist())
                yield f"{numbers[instance.category]} {points}\n"


def _description(dataset: SourceDataset, names: Mapping[int, str]) -> str:
    """A dataset's YAML: without ``path``, its paths start from where it lies. ``train`` and ``val`` must both be there."""
    import yaml

    splits = list(dataset.counts)
    train = "train" if "train" in splits else splits[0]
    val = next(split for split in ("val", "test", train) if split in splits)
    text = f"train: images/{train}\nval: images/{val}" + ("" if val == "val" else "  # there is no split 'val' here") + "\n"
    text += "".join(f"{split}: images/{split}\n" for split in splits if split not in ("train", "val", train))
    return text + yaml.safe_dump({"names": dict(names)}, sort_keys=False, allow_unicode=True)
