"""Ultralytics: faces as boxes with keypoints, which say whether they are seen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from natocc.exports.format import ExportOptions
from natocc.exports.instances import FACE, instances
from natocc.exports.keypoints import Keypoints
from natocc.exports.reader import SourceDataset, SourceSample
from natocc.exports.writer import ExportWriter
from natocc.exports.yolo import description, take_picture


class YoloPoseExport(ExportOptions):
    """``images/SPLIT``, ``labels/SPLIT`` and ``data.yaml``: the face's box, and its landmarks as keypoints.

    A label is a line ``0 x y width height`` and ``x y visibility`` for each landmark, 0-1 of the picture; visibility is 2 for one
    that is seen, 1 for one that is hidden, 0 for one outside the picture.
    """

    to: Literal["yolo-pose"] = "yolo-pose"
    labels: Literal["masks", "amodal"] = "masks"
    """Whose box: the visible face, or the face before it was covered."""

    def check(self, dataset: SourceDataset) -> None:
        """Refuse a dataset without landmarks.

        Raises
        ------
        UsageError
            If there are none.
        """
        super().check(dataset)
        Keypoints.of(dataset)

    def write(self, dataset: SourceDataset, samples: Iterator[SourceSample], writer: ExportWriter, target: Path) -> None:
        """Link pictures, write boxes and keypoints, then the description."""
        del target
        keypoints = Keypoints.of(dataset)
        for sample in samples:
            take_picture(sample, writer)
            writer.write(f"labels/{sample.split}/{sample.stem}.txt", _line(sample, self.labels, keypoints))
        told = description(dataset, {0: FACE})
        told += f"kpt_shape: [{keypoints.count}, 3]\nflip_idx: {keypoints.flipped}\n"
        writer.write("data.yaml", f"{told}kpt_names:\n  0: [{', '.join(keypoints.names)}]\n")


def _line(sample: SourceSample, labels: str, keypoints: Keypoints) -> str:
    """Nothing where nothing of the face is seen."""
    face = next((found for found in instances(sample, labels, False) if not found.ignored), None)
    if face is None:
        return ""
    import cv2

    width, height = sample.row["width"], sample.row["height"]
    x, y, w, h = cv2.boundingRect(face.mask)
    values = [(x + w / 2) / width, (y + h / 2) / height, w / width, h / height]
    for point_x, point_y, visibility in keypoints.values(sample):
        values += [point_x / width, point_y / height, visibility]
    return "0 " + " ".join(f"{value:.7g}" for value in values) + "\n"
