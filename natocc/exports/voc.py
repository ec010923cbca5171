"""PASCAL VOC's own folders: pictures, label maps with VOC's colours, boxes, lists of names."""

from __future__ import annotations

import contextlib
import io
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Literal

import cv2

from natocc.core.samples import IGNORE, Mask
from natocc.core.text import plain
from natocc.exports.format import ExportOptions
from natocc.exports.instances import FACE_MAPS, Instance, class_instances, instances
from natocc.exports.notes import flip_sentence
from natocc.exports.reader import SourceDataset, SourceSample
from natocc.exports.writer import ExportWriter

ROOT = "VOCdevkit/VOC2012"
"""Where torchvision looks below the folder that it is given."""


class VocExport(ExportOptions):
    """``VOCdevkit/VOC2012``: ``JPEGImages``, ``SegmentationClass``, ``Annotations`` with the box of each class, ``ImageSets``.

    Label maps have a palette, VOC's, whose indices are the classes; 255 is to be ignored. ``labelmap.txt`` names classes and
    colours, as CVAT and datumaro have it. ``trainval`` is both train and val.
    """

    to: Literal["voc"] = "voc"
    jpeg_layout = "VOC"

    def write(self, dataset: SourceDataset, samples: Iterator[SourceSample], writer: ExportWriter, target: Path) -> None:
        """Link the pictures, write label maps, boxes and lists."""
        del target
        classes = dataset.classes(self.labels)
        colours = voc_colours()
        joined = ["trainval"] if {"train", "val"} <= set(dataset.counts) else []
        with contextlib.ExitStack() as stack:
            lists = {split: _opened(stack, writer, split) for split in (*dataset.counts, *joined)}
            for sample in samples:
                writer.take(sample.files["images"], f"{ROOT}/JPEGImages/{sample.stem}.jpg", sample.sha256("images"))
                plane = sample.plane(self.labels)
                writer.write(f"{ROOT}/SegmentationClass/{sample.stem}.png", _with_palette(plane, colours))
                faces = self.labels in FACE_MAPS
                found = instances(sample, self.labels, False) if faces else class_instances(sample, self.labels, classes)
                writer.write(f"{ROOT}/Annotations/{sample.stem}.xml", _annotation(sample, found))
                for split in (sample.split, *(joined if sample.split in ("train", "val") else [])):
                    for file in lists[split]:
                        file.write(f"{sample.stem}\n".encode())
        writer.write(f"{ROOT}/labelmap.txt", _label_map(classes, colours, flip_sentence(dataset, self.labels)))


def voc_colours() -> list[tuple[int, int, int]]:
    """VOC's colour of each value of 0-255: its bits, dealt to red, green and blue, the lowest ones first.

    Examples
    --------
    >>> voc_colours()[:4], voc_colours()[255]
    ([(0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0)], (224, 224, 192))
    """
    return [
        tuple(sum((value >> (3 * bit + channel) & 1) << (7 - bit) for bit in range(8)) for channel in range(3))  # type: ignore[misc]
        for value in range(256)
    ]


def _opened(stack: contextlib.ExitStack, writer: ExportWriter, split: str) -> list[IO[bytes]]:
    """The list of a split, for segmentation and for boxes."""
    return [stack.enter_context(writer.open(f"{ROOT}/ImageSets/{task}/{split}.txt")) for task in ("Segmentation", "Main")]


def _with_palette(plane: Mask, colours: Iterable[tuple[int, int, int]]) -> bytes:
    from PIL import Image as PillowImage

    picture = PillowImage.fromarray(plane)
    picture.putpalette([channel for colour in colours for channel in colour])
    file = io.BytesIO()
    picture.save(file, format="PNG")
    return file.getvalue()


def _annotation(sample: SourceSample, found: Iterable[Instance]) -> bytes:
    """Boxes as VOC counts them: from 1, the last pixel included."""
    root = ElementTree.Element("annotation")
    size = {"width": sample.row["width"], "height": sample.row["height"], "depth": 3}
    for tag, text in (("folder", "VOC2012"), ("filename", f"{sample.stem}.jpg"), ("segmented", "1")):
        ElementTree.SubElement(root, tag).text = text
    _numbers(ElementTree.SubElement(root, "size"), size)
    for instance in found:
        if instance.ignored:
            continue
        x, y, width, height = cv2.boundingRect(instance.mask)
        thing = ElementTree.SubElement(root, "object")
        for tag, text in (("name", plain(instance.category)), ("truncated", "0"), ("difficult", "0")):
            ElementTree.SubElement(thing, tag).text = text
        box = {"xmin": x + 1, "ymin": y + 1, "xmax": x + width, "ymax": y + height}
        _numbers(ElementTree.SubElement(thing, "bndbox"), box)
    ElementTree.indent(root)
    document: bytes = ElementTree.tostring(root, encoding="utf-8")
    return document + b"\n"


def _numbers(parent: ElementTree.Element, values: Mapping[str, int]) -> None:
    for tag, value in values.items():
        ElementTree.SubElement(parent, tag).text = str(value)


def _label_map(classes: Mapping[int, str], colours: list[tuple[int, int, int]], flips: str) -> str:
    lines = ["# label:color_rgb:parts:actions", *([f"# {flips}"] if flips else [])]
    for value, name in {**classes, IGNORE: "ignored"}.items():
        lines.append(f"{plain(name).replace(':', ' ')}:{','.join(map(str, colours[value]))}::")
    return "\n".join(lines) + "\n"
