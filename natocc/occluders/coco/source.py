"""Objects out of COCO [1]_, or any data set in its ``instances`` format.

.. [1] T.-Y. Lin et al., "Microsoft COCO: Common Objects in Context", ECCV 2014.
"""

from __future__ import annotations

import dataclasses
import fnmatch
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, overload

import numpy as np
import numpy.typing as npt
from pydantic import Field

from natocc.core.errors import BadDataError, Reason, UsageError
from natocc.core.samples import Cutout, Image, Origin
from natocc.core.text import nearest
from natocc.io.images import read_rgb
from natocc.io.paths import SUFFIXES, files_below, inside, locate, require_folder
from natocc.occluders.coco.index import CocoIndex, open_index, read_annotation, read_index
from natocc.occluders.coco.instances import AnnotationEntry, PictureEntry
from natocc.occluders.coco.segmentations import decode
from natocc.occluders.cutting.cutouts import CutoutRules, check_mask, check_sharpness, cut_out
from natocc.occluders.cutting.upscale import UpscaleOptions, Upscaler
from natocc.occluders.library.extraction import library_key, open_library
from natocc.occluders.library.library import Library
from natocc.occluders.source import OccluderOptions
from natocc.plugins.options import Location

CATEGORIES = (
    "bird", "cat", "dog", "backpack", "umbrella", "handbag", "tie", "frisbee", "sports ball", "kite", "baseball bat",
    "baseball glove", "tennis racket", "bottle", "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple",
    "sandwich", "orange", "broccoli", "carrot", "hot dog", "pizza", "donut", "cake", "potted plant", "laptop", "mouse",
    "remote", "keyboard", "cell phone", "book", "clock", "vase", "scissors", "teddy bear", "hair drier", "toothbrush",
)  # fmt: skip
"""What a hand can hold or what can hide a face: no people, vehicles, furniture or large animals."""

_LAYOUT = "COCO's layout: annotations/instances_NAME.json beside a folder NAME of pictures (NAME such as val2017)"


class CocoOccluders(OccluderOptions):
    """Annotated objects in photographs: COCO, or any dataset in its format."""

    source: Literal["coco"] = "coco"
    root: Location = "coco"
    """Location of the folder with ``annotations/`` and the folders of pictures."""
    annotations: tuple[Location, ...] | None = None
    """Locations of instances files; by default ``ROOT/annotations/instances_NAME.json`` where the folder ``ROOT/NAME`` exists."""
    images: Location | None = None
    """Location of the folder of pictures; by default ``ROOT/NAME``."""
    categories: tuple[str, ...] = Field(CATEGORIES, min_length=1)
    """Names of the categories to use; ``[all]`` uses every one."""
    exclude_categories: tuple[str, ...] = ()
    """Names of categories to leave out of those."""
    licences: tuple[str, ...] | None = None
    """Patterns, one of which a picture's licence (its URL, else its name) must match, such as ``*/licenses/by/*``."""
    upscale: UpscaleOptions | None = None
    """A network that enlarges small objects; without one they are interpolated."""
    # Outlines drawn by hand take a rim of background along.
    rules: CutoutRules = CutoutRules(choke=1, min_sharpness=20)
    """What an object must be like."""

    def check(self, data: Path) -> int:
        """Number of pictures in the folders that the annotation files name; see :meth:`OccluderOptions.check`."""
        return sum(len(files_below(folder, SUFFIXES)) for folder in sorted({folder for _, folder in self.files(data)}))

    def open(self, data: Path, cache: Path, jobs: int = 1) -> Library:
        """See :meth:`OccluderOptions.open`."""
        files = self.files(data)
        upscaler = self._upscaler(data)
        # Not by every picture: 118 000 of them take a second to ask for their sizes, in every process, and do not change.
        known = [path for pair in files for path in pair] + ([upscaler.path] if upscaler else [])
        key = library_key(self.model_dump_json(), known, [])
        return open_library(cache, key, str(files[0][0].parent), lambda: self.pictures(files, cache, upscaler), jobs)

    def _upscaler(self, data: Path) -> Upscaler | None:
        if self.upscale is None:
            return None
        upscaler = Upscaler(locate(self.upscale.model, data), self.upscale.scale, self.upscale.below)
        if not upscaler.path.is_file():
            upscaler.check()
        return upscaler

    def files(self, data: Path) -> list[tuple[Path, Path]]:
        """Each annotation file with the folder of its pictures."""
        root = locate(self.root, data)
        if self.annotations is None:
            paths = sorted((root / "annotations").glob("instances_*.json"))
        else:
            paths = [locate(name, data) for name in self.annotations]
            for path in paths:
                if not path.is_file():
                    raise UsageError(f"no annotation file {path}; expected a COCO instances file")
        if self.images is not None:
            folder = require_folder(locate(self.images, data), "the pictures that the annotations name")
            files = [(path, folder) for path in paths]
        else:
            names = [(path, path.stem.removeprefix("instances_")) for path in paths]
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

    def pictures(
        self, files: list[tuple[Path, Path]], cache: Path | None = None, upscaler: Upscaler | None = None
    ) -> CocoPictures:
        """Every picture that has an annotation of a wanted category, in the order of the files, by id in each.

        An annotation whose picture or category the file does not know, or that is no object, ends up without a picture, where it
        is refused and counted like any other.

        Parameters
        ----------
        files : list of (Path, Path)
            Each annotation file with the folder of its pictures.
        cache : Path, optional
            Where what the files hold is kept.
        upscaler : Upscaler, optional
            What enlarges small objects.

        Raises
        ------
        UsageError
            If a file is damaged, or knows none of the categories.
        """
        if upscaler is not None:
            upscaler.check()
        opened = [(read_index(path) if cache is None else open_index(path, cache), folder) for path, folder in files]
        wanted = self._wanted(str(files[0][0]), {name for index, _ in opened for name in index.categories})
        return CocoPictures([(index, folder, index.groups(wanted)) for index, folder in opened], self, upscaler)

    def _wanted(self, name: str, known: set[str]) -> set[str]:
        """Names of the categories to take, of those that the files know.

        Raises
        ------
        UsageError
            If no file knows a name, unless it is one of many by default, or none of the names.
        """
        asked = known if self.categories == ("all",) else set(self.categories)
        for category in sorted((set() if self.categories == CATEGORIES else asked) | set(self.exclude_categories)):
            if category not in known:
                raise UsageError(f"{name}: there is no category {category!r}{nearest(category, sorted(known))}")
        wanted = (asked & known) - set(self.exclude_categories)
        if not wanted:
            raise UsageError(f"{name}: none of the categories wanted; it has {', '.join(sorted(known)[:20])}")
        return wanted


@dataclasses.dataclass(frozen=True, slots=True)
class CocoPicture:
    """A picture of a COCO file and its annotations of wanted categories.

    Parameters
    ----------
    file : Path
        The COCO file; its stem is part of the ids of objects.
    folder : Path
        Root of the pictures.
    entry : PictureEntry, optional
        The picture's entry in the file; none for annotations that name no known picture.
    annotations : tuple of (AnnotationEntry, str)
        With the names of their categories.
    options : CocoOccluders
        What the objects must be like.
    upscaler : Upscaler, optional
        What enlarges the small ones.
    """

    file: Path
    folder: Path
    entry: PictureEntry | None
    annotations: tuple[tuple[AnnotationEntry, str], ...]
    options: CocoOccluders
    upscaler: Upscaler | None

    def objects(self) -> Iterator[Cutout | BadDataError]:
        """A cutout, or why there is none, for each annotation."""
        try:
            image, digest = self._read()
        except BadDataError as error:
            for annotation, _ in self.annotations:
                yield BadDataError(error.reason, f"{self.file.stem}/{annotation.number}: {error.detail}")
            return
        licence = None if self.entry is None else self.entry.licence
        for annotation, category in self.annotations:
            item = f"{self.file.stem}/{annotation.number}"
            try:
                yield self._cut(image, Origin("coco", item, digest, licence), category, read_annotation(self.file, annotation))
            except BadDataError as error:
                yield BadDataError(error.reason, f"{item}: {error.detail}")

    def _read(self) -> tuple[Image, str]:
        if self.entry is None:
            raise BadDataError(Reason.BAD_ANNOTATION, "no object with an id, or its picture or category is not in the file")
        allowed, name, licence = self.options.licences, self.entry.file_name, self.entry.licence
        if allowed is not None and not any(fnmatch.fnmatchcase(licence or "", pattern) for pattern in allowed):
            raise BadDataError(Reason.LICENCE, f"licence {licence!r} is not among {', '.join(allowed)}")
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


@dataclasses.dataclass(frozen=True, eq=False)
class CocoPictures(Sequence[CocoPicture]):
    """Pictures of the wanted categories, file after file; each is put together when it is asked for.

    Parameters
    ----------
    files : list of (CocoIndex, Path, sequence of arrays)
        Of each file its index, the folder of its pictures, and rows of the index for each picture.
    options, upscaler
        As in :class:`CocoPicture`.
    """

    files: list[tuple[CocoIndex, Path, Sequence[npt.NDArray[np.int64]]]]
    options: CocoOccluders
    upscaler: Upscaler | None

    def __len__(self) -> int:
        return sum(len(groups) for *_, groups in self.files)

    @overload
    def __getitem__(self, position: int) -> CocoPicture: ...
    @overload
    def __getitem__(self, position: slice) -> list[CocoPicture]: ...
    def __getitem__(self, position: int | slice) -> CocoPicture | list[CocoPicture]:
        if isinstance(position, slice):
            return [self[number] for number in range(*position.indices(len(self)))]
        for index, folder, groups in self.files:
            if 0 <= position < len(groups):
                entry, annotations = index.picture(groups[position])
                return CocoPicture(index.path, folder, entry, annotations, self.options, self.upscaler)
            position -= len(groups)
        raise IndexError("no such picture")
