"""Objects out of COCO [1]_, or any data set in its ``instances`` format.

.. [1] T.-Y. Lin et al., "Microsoft COCO: Common Objects in Context", ECCV 2014.
"""

from __future__ import annotations

import dataclasses
import fnmatch
import functools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from natocc.errors import BadDataError, Reason, UsageError
from natocc.images import SUFFIXES, read_rgb
from natocc.locations import files_below, inside, locate, require_folder
from natocc.occluders.coco_json import Annotation, Instances, Picture, read_instances
from natocc.occluders.cutouts import CutoutRules, check_mask, check_sharpness, cut_out
from natocc.occluders.extraction import library_key, open_library
from natocc.occluders.library import Library
from natocc.occluders.segmentations import decode
from natocc.occluders.source import OccluderOptions
from natocc.occluders.upscale import UpscaleOptions, Upscaler
from natocc.options import nearest
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
    exclude_categories: tuple[str, ...] = Field((), description="names to leave out of those")
    licences: tuple[str, ...] | None = Field(
        None, description="patterns, one of which a picture's licence (URL, else name) must match, such as '*/licenses/by/*'"
    )
    upscale: UpscaleOptions | None = Field(None, description="a network for small objects; without one they are interpolated")
    # Outlines drawn by hand take a rim of background along.
    rules: CutoutRules = Field(CutoutRules(choke=1, min_sharpness=20), description="what each object must be like")

    def check(self, data: Path) -> int:
        """How many pictures lie in the folders that the annotation files name; see :meth:`OccluderOptions.check`."""
        return sum(len(files_below(folder, SUFFIXES)) for folder in sorted({folder for _, folder in self._files(data)}))

    def open(self, data: Path, cache: Path, jobs: int = 1) -> Library:
        """See :meth:`OccluderOptions.open`."""
        files = self._files(data)
        upscaler = self._upscaler(data)
        # Not by every picture: 118 000 of them take a second to ask for their sizes, in every process, and do not change.
        known = [path for pair in files for path in pair] + ([upscaler.path] if upscaler else [])
        key = library_key(self.model_dump_json(), known, [])
        return open_library(cache, key, str(files[0][0].parent), lambda: self._pictures(files, upscaler), jobs)

    def _upscaler(self, data: Path) -> Upscaler | None:
        if self.upscale is None:
            return None
        upscaler = Upscaler(locate(self.upscale.model, data), self.upscale.scale, self.upscale.below)
        if not upscaler.path.is_file():
            upscaler.check()
        return upscaler

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
            names = [(path, path.stem.removeprefix("instances_")) for path in found]
            # `instances_...json` would mean the folder above.
            files = [(path, root / name) for path, name in names if name not in ("", ".", "..")]
            if self.annotations is None:
                files = [(path, folder) for path, folder in files if folder.is_dir()]
        if not files:
            raise UsageError(
                f"no annotations with pictures below {root}; expected {_LAYOUT} (say where with --data or --occluders-root)"
            )
        for _, folder in files:
            require_folder(folder, _LAYOUT)
        return files

    def _pictures(self, files: list[tuple[Path, Path]], upscaler: Upscaler | None = None) -> list[CocoPicture]:
        """Every picture that has an annotation of a wanted category, in the order of the files."""
        if upscaler is not None:
            upscaler.check()
        opened = [(path, folder, read_instances(path)) for path, folder in files]
        wanted = self._wanted(str(files[0][0]), {name for *_, each in opened for name in each.categories.values()})
        return [picture for path, folder, each in opened for picture in _group(path.stem, folder, each, wanted, self, upscaler)]

    def _wanted(self, name: str, known: set[str]) -> set[str]:
        """Names of the categories to take, of those that the files know.

        Raises
        ------
        UsageError
            If no file knows a name, unless it is one of many by default, or none of the names.
        """
        asked = known if self.categories == ("all",) else set(self.categories)
        for each in sorted((set() if self.categories == CATEGORIES else asked) | set(self.exclude_categories)):
            if each not in known:
                raise UsageError(f"{name}: there is no category {each!r}{nearest(each, sorted(known))}")
        wanted = (asked & known) - set(self.exclude_categories)
        if not wanted:
            raise UsageError(f"{name}: none of the categories wanted; it has {', '.join(sorted(known)[:20])}")
        return wanted


@dataclasses.dataclass(frozen=True, slots=True)
class CocoPicture:
    """A picture of a COCO file and its annotations of wanted categories.

    Parameters
    ----------
    stem : str
        Of the file, for the ids of objects.
    folder : Path
        Root of the pictures.
    entry : Picture, optional
        The picture's entry in the file; none for annotations that name no known picture.
    licence : str, optional
        Of the picture.
    annotations : tuple of (Annotation, str)
        With the names of their categories.
    options : CocoOptions
        What the objects must be like.
    upscaler : Upscaler, optional
        What enlarges the small ones.
    """

    stem: str
    folder: Path
    entry: Picture | None
    licence: str | None
    annotations: tuple[tuple[Annotation, str], ...]
    options: CocoOptions
    upscaler: Upscaler | None

    def objects(self) -> Iterator[Cutout | BadDataError]:
        """A cutout, or why there is none, for each annotation."""
        try:
            image, digest = self._read()
        except BadDataError as error:
            for annotation, _ in self.annotations:
                yield BadDataError(error.reason, f"{self.stem}/{annotation.number}: {error.detail}")
            return
        for annotation, category in self.annotations:
            item = f"{self.stem}/{annotation.number}"
            try:
                yield self._cut(image, Origin("coco", item, digest, self.licence), category, json.loads(annotation.text))
            except BadDataError as error:
                yield BadDataError(error.reason, f"{item}: {error.detail}")

    def _read(self) -> tuple[Image, str]:
        if self.entry is None:
            raise BadDataError(Reason.BAD_ANNOTATION, "no object with an id, or its picture or category is not in the file")
        allowed, name = self.options.licences, self.entry.file_name
        if allowed is not None and not any(fnmatch.fnmatchcase(self.licence or "", pattern) for pattern in allowed):
            raise BadDataError(Reason.LICENCE, f"licence {self.licence!r} is not among {', '.join(allowed)}")
        try:
            name.encode()
        except UnicodeEncodeError:  # JSON can escape half a character, which no file is named
            raise BadDataError(Reason.BAD_ANNOTATION, f"file name {name!r} is no text") from None
        image, digest = read_rgb(inside(self.folder, name))
        stated = (self.entry.height, self.entry.width)
        if stated != image.shape[:2]:
            raise BadDataError(Reason.SIZE_MISMATCH, f"{name!r} is {image.shape[:2]}, annotated as {stated}")
        return image, digest

    def _cut(self, image: Image, origin: Origin, category: str, annotation: Mapping[str, Any]) -> Cutout:
        if annotation.get("iscrowd", 0) != 0:
            raise BadDataError(Reason.CROWD, "a crowd, not one object")
        rules = self.options.rules
        mask = check_mask(decode(annotation.get("segmentation"), *image.shape[:2]), rules)
        check_sharpness(image, mask, rules)
        if self.upscaler is None or not self.upscaler.wanted(mask):
            return cut_out(image, mask, category, origin, choke=rules.choke)
        larger, mask = self.upscaler.enlarge(image, mask)
        return cut_out(larger, mask, category, origin, choke=rules.choke * self.upscaler.scale)


def _group(
    stem: str, folder: Path, instances: Instances, wanted: set[str], options: CocoOptions, upscaler: Upscaler | None
) -> list[CocoPicture]:
    """The annotations of wanted categories by the picture that they are of, pictures by id.

    An annotation whose picture or category the file does not know, or that is no object, ends up without a picture, where it is
    refused and counted like any other.
    """
    of_picture: dict[int, list[tuple[Annotation, str]]] = {}
    lost: list[tuple[Annotation, str]] = []
    for annotation in instances.annotations:
        category = None if annotation.category is None else instances.categories.get(annotation.category)
        if category is not None and category not in wanted:
            continue
        if category is None or annotation.picture is None or annotation.picture not in instances.pictures:
            lost.append((annotation, ""))
        else:
            of_picture.setdefault(annotation.picture, []).append((annotation, category))
    make = functools.partial(CocoPicture, stem, folder, options=options, upscaler=upscaler)
    pictures = [
        make(instances.pictures[number], _licence(instances, number), tuple(of_picture[number])) for number in sorted(of_picture)
    ]
    return [*pictures, make(None, None, tuple(lost))] if lost else pictures


def _licence(instances: Instances, number: int) -> str | None:
    """Licence of a picture; none where the file does not say, or names one that it does not have."""
    named = instances.pictures[number].licence
    return instances.licences.get(named) if type(named) is int else None
