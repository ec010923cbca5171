"""Pictures of COCO files, and what is cut out of each."""

from __future__ import annotations

import dataclasses
import fnmatch
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, overload

import numpy as np
import numpy.typing as npt

from natocc.core.errors import BadDataError, Reason
from natocc.core.samples import Cutout, Image, Origin
from natocc.io.images import read_rgb
from natocc.occluders.coco.beside import Beside
from natocc.occluders.coco.index import CocoIndex, read_annotation
from natocc.occluders.coco.instances import AnnotationEntry, PictureEntry
from natocc.occluders.coco.names import find_picture
from natocc.occluders.coco.scalars import flag, id_of, whole
from natocc.occluders.coco.segmentations import decode
from natocc.occluders.cutting.cutouts import CutoutRules, check_mask, check_sharpness, cut_out
from natocc.occluders.cutting.huge import Frame
from natocc.occluders.cutting.judging import judged
from natocc.occluders.cutting.trim import trim
from natocc.occluders.cutting.upscale import Upscaler


@dataclasses.dataclass(frozen=True, slots=True)
class ObjectOptions:
    """What a recipe says of pictures and objects: fields of :class:`~natocc.occluders.coco.source.CocoOccluders`."""

    file_names: Literal["as_written", "last_part"]
    licences: tuple[str, ...] | None
    crowds: Literal["leave_out", "take", "auto"]
    max_pixels: int
    rules: CutoutRules


@dataclasses.dataclass(frozen=True, eq=False)
class CocoFile:
    """A COCO file, opened.

    Parameters
    ----------
    name : str
        What the ids of its objects begin with.
    index : CocoIndex
        Where everything lies in it.
    folder : Path
        Root of its pictures.
    groups : sequence of arrays
        Rows of the index for each picture that has an annotation of a wanted category.
    """

    name: str
    index: CocoIndex
    folder: Path
    groups: Sequence[npt.NDArray[np.int64]]


@dataclasses.dataclass(frozen=True, slots=True)
class CocoPicture:
    """A picture of a COCO file and its annotations of wanted categories.

    Parameters
    ----------
    file : Path
        The COCO file.
    name : str
        What the ids of its objects begin with.
    folder : Path
        Root of the pictures.
    painted : bool
        See :class:`~natocc.occluders.coco.instances.Instances`.
    entry : PictureEntry, optional
        The picture's entry in the file; none for annotations that name no known picture.
    annotations : tuple of (AnnotationEntry, str)
        With the names of their categories.
    beside : tuple of AnnotationEntry
        Every annotation of the picture, of other categories too: what may lie before an object.
    options : ObjectOptions
        What the objects must be like.
    upscaler : Upscaler, optional
        What enlarges the small ones.
    """

    file: Path
    name: str
    folder: Path
    painted: bool
    entry: PictureEntry | None
    annotations: tuple[tuple[AnnotationEntry, str], ...]
    beside: tuple[AnnotationEntry, ...]
    options: ObjectOptions
    upscaler: Upscaler | None

    def __str__(self) -> str:
        """File and picture."""
        return f"{self.name}: a picture without an entry" if self.entry is None else f"{self.name}: {self.entry.file_name}"

    def objects(self) -> Iterator[Cutout | BadDataError]:
        """A cutout, or why there is none, for each annotation."""
        entry = self.entry
        if entry is None:
            for annotation, category in self.annotations:
                yield self._refuse(annotation, _why_lost(read_annotation(self.file, annotation), category))
            return
        try:
            image, digest = self._read(entry)
        except BadDataError as error:
            for annotation, _ in self.annotations:
                yield self._refuse(annotation, error)
            return
        beside = Beside(self.file, self.beside, (image.shape[0], image.shape[1]))
        for annotation, category in self.annotations:
            origin = Origin("coco", f"{self.name}/{annotation.number}", digest, entry.licence)
            try:
                yield self._cut(image, origin, category, annotation, beside)
            except BadDataError as error:
                yield self._refuse(annotation, error)

    def _refuse(self, annotation: AnnotationEntry, error: BadDataError) -> BadDataError:
        return BadDataError(error.reason, f"{self.name}/{annotation.number}: {error.detail}")

    def _read(self, entry: PictureEntry) -> tuple[Image, str]:
        allowed, name, licence = self.options.licences, entry.file_name, entry.licence
        if allowed is not None and not any(fnmatch.fnmatchcase(licence or "", pattern) for pattern in allowed):
            raise BadDataError(Reason.LICENCE, f"licence {licence!r} is not among {', '.join(allowed)}")
        path = find_picture(self.folder, name, self.options.file_names == "last_part")
        image, digest = read_rgb(path, self.options.max_pixels)
        # Tools that do not know the size write nothing, 0 or a text.
        stated = tuple(side if side is not None and side > 0 else None for side in (whole(entry.height), whole(entry.width)))
        if any(side not in (None, real) for side, real in zip(stated, image.shape, strict=False)):
            raise BadDataError(Reason.SIZE_MISMATCH, f"{name!r} is {image.shape[:2]}, annotated as {stated}")
        return image, digest

    def _cut(self, image: Image, origin: Origin, category: str, entry: AnnotationEntry, beside: Beside) -> Cutout | BadDataError:
        annotation = read_annotation(self.file, entry)
        outline = annotation.get("segmentation")
        if self._is_crowd(annotation.get("iscrowd"), outline):
            raise BadDataError(Reason.CROWD, "a crowd (iscrowd is 1), not one object; crowds=take takes it as one")
        if not outline:
            others = [key for key in ("bbox", "keypoints") if annotation.get(key)]
            found = f"{' and '.join(others)} alone" if others else repr(outline)
            raise BadDataError(Reason.BAD_ANNOTATION, f"no outline to cut along: expected a segmentation, found {found}")
        rules = self.options.rules
        whole_mask = check_mask(decode(outline, *image.shape[:2]), rules)
        frame = Frame.around(whole_mask)
        image, mask = frame.picture(image), frame.mask(whole_mask)
        check_sharpness(image, mask, rules)
        mask = trim(image, mask)
        if self.upscaler is None or not self.upscaler.wanted(mask):
            cutout = cut_out(image, mask, category, origin, choke=rules.choke)
        else:
            larger, larger_mask = self.upscaler.enlarge(image, mask)
            cutout = cut_out(larger, larger_mask, category, origin, choke=rules.choke * self.upscaler.scale)
        return judged(cutout, image, mask, rules.min_quality, lambda: frame.mask(beside.others(entry.number, whole_mask)))

    def _is_crowd(self, value: Any, outline: Any) -> bool:
        marked = flag(value)
        if marked is None:
            raise BadDataError(Reason.BAD_ANNOTATION, f"iscrowd: expected 0 or 1, found {str(value)[:40]!r}")
        crowds = self.options.crowds
        takes = crowds == "take" or (crowds == "auto" and self.painted and isinstance(outline, dict))
        return marked and not takes


@dataclasses.dataclass(frozen=True, eq=False)
class CocoPictures(Sequence[CocoPicture]):
    """Pictures of the wanted categories, file after file; each is put together when it is asked for.

    Parameters
    ----------
    files : list of CocoFile
        In their order.
    options, upscaler
        As in :class:`CocoPicture`.
    """

    files: list[CocoFile]
    options: ObjectOptions
    upscaler: Upscaler | None

    def __len__(self) -> int:
        return sum(len(file.groups) for file in self.files)

    @overload
    def __getitem__(self, position: int) -> CocoPicture: ...
    @overload
    def __getitem__(self, position: slice) -> list[CocoPicture]: ...
    def __getitem__(self, position: int | slice) -> CocoPicture | list[CocoPicture]:
        if isinstance(position, slice):
            return [self[number] for number in range(*position.indices(len(self)))]
        for file in self.files:
            if 0 <= position < len(file.groups):
                index = file.index
                rows = file.groups[position]
                entry, annotations = index.picture(rows)
                beside = index.all_of(rows) if self.options.rules.min_quality > 0 and entry is not None else ()
                return CocoPicture(
                    index.path, file.name, file.folder, index.painted, entry, annotations, beside, self.options, self.upscaler
                )
            position -= len(file.groups)
        raise IndexError("no such picture")


def _why_lost(value: Any, category: str) -> BadDataError:
    """Why an annotation belongs to no picture."""
    if not isinstance(value, dict):
        detail = f"expected an object, found {type(value).__name__}"
    elif id_of(value.get("id")) is None:
        detail = f"no id that is a number or a text, found {str(value.get('id'))[:40]!r}"
    else:
        key = "image_id" if category else "category_id"
        detail = f"{key} {str(value.get(key))[:40]!r} is not in the file"
    return BadDataError(Reason.BAD_ANNOTATION, detail)
