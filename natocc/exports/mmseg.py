"""MMSegmentation 1.x: ``img_dir`` and ``ann_dir`` by split, equal stems, and a dataset config to build on."""

from __future__ import annotations

import colorsys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from natocc.core.errors import UsageError
from natocc.core.text import plain
from natocc.exports.format import ExportOptions
from natocc.exports.reader import SourceDataset, SourceSample
from natocc.exports.writer import ExportWriter

CONFIG = "dataset.py"

_TEMPLATE = """# {name}, for MMSegmentation 1.x; written by natocc. To use it, name this file in the _base_ of a config.
dataset_type = "BaseSegDataset"
data_root = "{{{{ fileDirname }}}}"  # MMEngine puts this file's folder here
metainfo = dict(
    classes={classes},
    palette={palette},
)
crop_size = {crop_size}
train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadAnnotations", reduce_zero_label=False),
    dict(type="RandomResize", scale={scale}, ratio_range=(0.5, 2.0), keep_ratio=True),
    dict(type="RandomCrop", crop_size=crop_size, cat_max_ratio=0.95),
    dict(type="RandomFlip", prob=0.5{swap}),
    dict(type="PhotoMetricDistortion"),
    dict(type="PackSegInputs"),
]
test_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadAnnotations", reduce_zero_label=False),
    dict(type="PackSegInputs"),
]
"""

_LOADER = """{comment}{stage}_dataloader = dict(
    batch_size={batch},
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type="{sampler}", shuffle={shuffle}),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        metainfo=metainfo,
        data_prefix=dict(img_path="img_dir/{split}", seg_map_path="ann_dir/{split}"),
        img_suffix="{suffix}",
        seg_map_suffix=".png",
        reduce_zero_label=False,
        ignore_index=255,
        pipeline={pipeline}_pipeline,
    ),
)
"""


class MmsegExport(ExportOptions):
    """MMSegmentation 1.x; 255 is ignored."""

    to: Literal["mmseg"] = "mmseg"

    def check(self, dataset: SourceDataset) -> None:
        """Refuse label maps whose values have gaps: MMSegmentation counts classes from 0.

        Raises
        ------
        UsageError
            If the classes are not 0, 1, 2, ...
        """
        classes = dataset.classes(self.labels)
        gap = next((value for value in range(len(classes)) if value not in classes), None)
        if gap is not None:
            raise UsageError(
                f"{dataset.root}: MMSegmentation needs classes 0, 1, 2, ...; {self.labels!r} has none of value {gap}"
            )

    def write(self, dataset: SourceDataset, samples: Iterator[SourceSample], writer: ExportWriter, target: Path) -> None:
        """Link every picture and label map, then write the config."""
        del target
        largest = (0, 0)
        for sample in samples:
            suffix = sample.files["images"].suffix
            writer.take(sample.files["images"], f"img_dir/{sample.split}/{sample.stem}{suffix}", sample.sha256("images"))
            writer.take(sample.files[self.labels], f"ann_dir/{sample.split}/{sample.stem}.png", sample.sha256(self.labels))
            largest = max(largest, (int(sample.row["height"]), int(sample.row["width"])))
        writer.write(CONFIG, _config(dataset, self.labels, largest))


def _config(dataset: SourceDataset, labels: str, largest: tuple[int, int]) -> str:
    """The config's text. A stage whose split is missing uses the next best one, so that the config is whole."""
    named, pairs = tuple(dataset.classes(labels).values()), dataset.flip_pairs(labels)
    text = _TEMPLATE.format(
        name=plain(dataset.name),
        classes=repr(named),
        palette=repr(palette(len(named))),
        crop_size=repr((min(512, largest[0]), min(512, largest[1]))),
        scale=repr((largest[1], largest[0])),
        swap=f", swap_seg_labels={list(pairs)!r}" if pairs else "",
    )
    splits = list(dataset.counts)
    chosen = {
        "train": "train" if "train" in splits else splits[0],
        "val": next((split for split in ("val", "test") if split in splits), splits[-1]),
        "test": next((split for split in ("test", "val") if split in splits), splits[-1]),
    }
    for stage, split in chosen.items():
        training = stage == "train"
        text += _LOADER.format(
            comment="" if stage == split else f"# There is no split {stage!r} here.\n",
            stage=stage,
            split=split,
            batch=4 if training else 1,
            sampler="InfiniteSampler" if training else "DefaultSampler",
            shuffle=training,
            suffix=dataset.image_suffix,
            pipeline="train" if training else "test",
        )
    return text + 'val_evaluator = dict(type="IoUMetric", iou_metrics=["mIoU"])\ntest_evaluator = val_evaluator\n'


def palette(count: int) -> list[list[int]]:
    """Colours to show classes in, (R, G, B) of 0-255: black for the first, then hues far apart.

    Examples
    --------
    >>> palette(2)
    [[0, 0, 0], [0, 200, 68]]
    """
    hues = ((0.39 + 0.618034 * step) % 1 for step in range(count - 1))
    return [[0, 0, 0], *([round(200 * channel) for channel in colorsys.hsv_to_rgb(hue, 1, 1)] for hue in hues)][:count]
