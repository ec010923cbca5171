"""Objects out of COCO [1]_, or any data set in its ``instances`` format.

.. [1] T.-Y. Lin et al., "Microsoft COCO: Common Objects in Context", ECCV 2014.
"""

from __future__ import annotations

import dataclasses
import fnmatch
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from natocc.errors import BadDataError, Reason, UsageError
from natocc.images import read_rgb
from natocc.locations import inside, locate, require_folder
from natocc.occluders.coco_json import Instances, read_instances
from natocc.occluders.cutouts import CutoutRules, check_mask, cut_out
from natocc.occluders.extraction import library_key, open_library
from natocc.occluders.library import Library
from natocc.occluders.segmentations import decode
from natocc.occluders.source import OccluderOptions
from natocc.samples import Cutout, Image, Origin

CATEGORIES = (
    "bird", "cat", "dog", "backpack", "umbrella", "handbag", "tie", "frisbee", "sports ball", "kite", "baseball bat",
    "baseball glove", "tennis racket", "bottle", "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple",
    "sandwich", "orange", "broccoli", "carrot", "hot dog", "pizza", "donut", "cake", "potted plant", "laptop", "mouse",
    "remote", "keyboard", "cell phone", "book", "clock", "vase", "scissors", "teddy bear", "hair drier", "toothbrush",
)  # fmt: skip
"""What a hand can hold or what gets before a face: no people, vehicles, furniture or large animals."""

_LAYOUT = "COCO's layout: annotations/instances_NAME.json beside a folder NAME of pictures (NAME such as val2017)"


class CocoOptions(OccluderOptions):
    """``source: coco``: annotated objects in photographs."""

    source: Literal["coco"] = "coco"
    root: str = Field("coco", description="folder with annotations/ and the folders of pictures")
    annotations: tuple[str, ...] | None = Field(
        None, description="instances files; by default ROOT/annotations/instances_NAME.json where the folder ROOT/NAME exists"
    )
    images: str | None = Field(None, description="folder of the pictures; by default ROOT/NAME")
    categories: tuple[str, ...] = Field(CATEGORIES, min_length=1, description="names to take; [all] takes every one")
    licences: tuple[str, ...] | None = Field(
        None, description="patterns, one of which a picture's licence (URL, else name) must match, such as '*/licenses/by/*'"
    )
    rules: CutoutRules = CutoutRules(choke=1)  # outlines drawn by hand take a rim of background along

    def open(self, data: Path, cache: Path, jobs: int = 1) -> Library:
        """See :meth:`OccluderOptions.open`."""
        files = self._files(data)
        key = library_key(self.model_dump_json(), [path for path, _ in files], sorted({folder for _, folder in files}))
        return open_library(cache, key, str(files[0][0].parent), lambda: self._pictures(files), jobs)

    def _files(self, data: Path) -> list[tuple[Path, Path]]:
        """Each annotation file with the folder of its pictures."""
        root = locate(self.root, data)
        if self.annotations is None:
            found = sorted((root / "annotations").glob("instances_*.json"))
        else:
            found = [locate(name, data) for name in self.annotations]
            for path in found:
                if not path.is_file():
                    raise UsageError(f"no annotation file {path}; expected a COCO instances file")
        if self.images is not None:
            folder = require_folder(locate(self.images, data), "the pictures that the annotations name")
            files = [(path, folder) for path in found]
        else:
            files = [(path, root / path.stem.removeprefix("instances_")) for path in found]
            if self.annotations is None:
                files = [(path, folder) for path, folder in files if folder.is_dir()]
        if not files:
            raise UsageError(
                f"no annotations with pictures below {root}; expected {_LAYOUT} (say where with --data or --occluders-root)"
            )
        for _, folder in files:
            require_folder(folder, _LAYOUT)
        return files

    def _pictures(self, files: list[tuple[Path, Path]]) -> list[CocoPicture]:
        """Every picture that has an annotation of a wanted category, in the order of the files."""
        pictures: list[CocoPicture] = []
        known: set[str] = set()
        for path, folder in files:
            instances = read_instances(path)
            known |= set(instances.categories.values())
            wanted = instances.categories.values() if self.categories == ("all",) else self.categories
            pictures += _group(path.stem, folder, instances, set(wanted), self)
        if self.categories != ("all",) and not known & set(self.categories):
            raise UsageError(f"{files[0][0]}: none of the categories wanted; it has {', '.join(sorted(known)[:20])}")
        return pictures


@dataclasses.dataclass(frozen=True)
class CocoPicture:
    """A picture of a COCO file and its annotations of wanted categories.

    Parameters
    ----------
    folder : Path
        Root of the pictures.
    entry : mapping
        The picture's entry in the file; empty for annotations that name no known picture.
    licence : str, optional
        Of the picture.
    annotations : tuple of (str, str, mapping)
        Item id, category and the annotation itself.
    licences : tuple of str, optional
        Patterns, one of which the licence must match.
    rules : CutoutRules
        What the objects must be like.
    """

    folder: Path
    entry: Mapping[str, Any]
    licence: str | None
    annotations: tuple[tuple[str, str, Mapping[str, Any]], ...]
    licences: tuple[str, ...] | None
    rules: CutoutRules

    def objects(self) -> Iterator[Cutout | BadDataError]:
        """A cutout, or why there is none, for each annotation."""
        try:
            image, digest = self._read()
        except BadDataError as error:
            for item, _, _ in self.annotations:
                yield BadDataError(error.reason, f"{item}: {error.detail}")
            return
        for item, category, annotation in self.annotations:
            try:
                yield self._cut(image, Origin("coco", item, digest, self.licence), category, annotation)
            except BadDataError as error:
                yield BadDataError(error.reason, f"{item}: {error.detail}")

    def _read(self) -> tuple[Image, str]:
        if not self.entry:
            raise BadDataError(Reason.BAD_ANNOTATION, "no object with an id, or its picture or category is not in the file")
        allowed = self.licences
        if allowed is not None and not any(fnmatch.fnmatchcase(self.licence or "", pattern) for pattern in allowed):
            raise BadDataError(Reason.LICENCE, f"licence {self.licence!r} is not among {', '.join(allowed)}")
        image, digest = read_rgb(inside(self.folder, self.entry["file_name"]))
        stated = (self.entry.get("height"), self.entry.get("width"))
        if stated != image.shape[:2]:
            raise BadDataError(Reason.SIZE_MISMATCH, f"{self.entry['file_name']} is {image.shape[:2]}, annotated as {stated}")
        return image, digest

    def _cut(self, image: Image, origin: Origin, category: str, annotation: Mapping[str, Any]) -> Cutout:
        if annotation.get("iscrowd", 0) != 0:
            raise BadDataError(Reason.CROWD, "a crowd, not one object")
        mask = decode(annotation.get("segmentation"), *image.shape[:2])
        return cut_out(image, check_mask(mask, self.rules), category, origin, choke=self.rules.choke)


def _group(stem: str, folder: Path, instances: Instances, wanted: set[str], options: CocoOptions) -> list[CocoPicture]:
    """The annotations of wanted categories by the picture that they are of, pictures by id.

    An annotation whose picture or category the file does not know, or that is no object, ends up with an empty picture, where it
    is refused and counted like any other.
    """
    of_picture: dict[int | None, list[tuple[str, str, Mapping[str, Any]]]] = {}
    for position, annotation in enumerate(instances.annotations):
        known = isinstance(annotation, dict) and type(annotation.get("id")) is int
        number = annotation["id"] if known else f"at-{position}"
        category = instances.categories.get(_id(annotation, "category_id"), "")
        if known and category and category not in wanted:
            continue
        picture = _id(annotation, "image_id") if known and category else None
        item = (f"{stem}/{number}", category, annotation if isinstance(annotation, dict) else {})
        of_picture.setdefault(picture if picture in instances.images else None, []).append(item)
    lost = of_picture.pop(None, [])
    pictures = [
        CocoPicture(
            folder=folder,
            entry=instances.images[number],
            licence=instances.licences.get(instances.images[number].get("license")),
            annotations=tuple(annotations),
            licences=options.licences,
            rules=options.rules,
        )
        for number, annotations in sorted(of_picture.items(), key=lambda pair: pair[0] or 0)
        if number is not None
    ]
    if lost:
        pictures.append(CocoPicture(folder, {}, None, tuple(lost), None, options.rules))
    return pictures


def _id(annotation: Any, key: str) -> int:
    """An id that an annotation names; -1, which no file may use, where it is none."""
    found = annotation.get(key) if isinstance(annotation, dict) else None
    return found if type(found) is int else -1
