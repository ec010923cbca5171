"""Pictures and masks, or label maps, of equal stems: most face datasets that are published with labels."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field, field_validator, model_validator

from natocc.core.errors import BadDataError, Reason, UsageError
from natocc.core.samples import FaceSample, Mask, Origin
from natocc.core.text import nearest
from natocc.faces.classes import CLASS_TABLES, FACE_PARTS, NOT_LABELLED, values_of
from natocc.faces.sources.base import FaceOptions, FaceSource
from natocc.io import images
from natocc.io.masks import fit_labels, mask_of
from natocc.io.paths import SUFFIXES, files_below, inside, locate, require_folder, without_suffix
from natocc.plugins.options import Location

MASK_FOLDERS = ("masks", "labels", "annotations")
SPLITS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
"""Names of folders that are official splits, and what natocc calls them."""
TWO_VALUED = {0: "background", 1: "face"}


class LabelledFaces(FaceOptions):
    """Faces with masks or label maps.

    ``ROOT/images/NAME.jpg`` has its labels in ``ROOT/masks/NAME.png``; both may lie in subfolders, the same ones. Where there is
    no ``ROOT/images``, its splits are looked for: ``ROOT/train/images`` and so on. The first folder of an id, ``train/NAME``, is
    the official split in either case.

    The EXIF orientation of each file is applied to that file; then sizes are compared. So a mask drawn on the upright picture
    needs none, and one drawn on the pixels as they were stored needs the picture's.
    """

    source: Literal["labelled"]
    root: Location = "faces"
    """Location of the dataset."""
    images: str = "images"
    """Folder of the pictures, below the root."""
    masks: str | None = None
    """Folder of the masks, below the root; by default the first of ``masks``, ``labels`` and ``annotations`` that exists."""
    classes: str | dict[int, str] | None = None
    """What the values of a label map mean: ``lapa``, ``helen``, ``celebamask19``, ``fasseg``, or a mapping of values to names;
    255 means "not labelled". Without it masks are two-valued, and any value other than 0 is face."""
    face_classes: tuple[str, ...] | None = Field(default=None, min_length=1)
    """The classes whose union is the face; by default skin, nose, eyes, brows, ears, mouth and lips."""
    licence: str | None = None
    """Licence of all the pictures, recorded with every sample."""

    @field_validator("classes", mode="before")
    @classmethod
    def _know_the_classes(cls, classes: Any) -> Any:
        """Checked before the type is chosen, so that one fault is one message."""
        if isinstance(classes, str) and classes not in CLASS_TABLES:
            raise ValueError(f"unknown class table {classes!r}{nearest(classes, list(CLASS_TABLES))}")
        if classes is None or isinstance(classes, str):
            return classes
        if not isinstance(classes, Mapping):
            raise ValueError(f"expected a mapping of values to names, or one of {', '.join(CLASS_TABLES)}; found {classes!r}")
        # A resolved recipe is JSON, whose keys are strings.
        table = {int(value) if str(value).isdecimal() else value: name for value, name in classes.items()}
        for value, name in table.items():
            if type(value) is not int or not 0 <= value < NOT_LABELLED:
                raise ValueError(
                    f"{value!r} is no value of a class: expected 0 to {NOT_LABELLED - 1} ({NOT_LABELLED}: not labelled)"
                )
            if not isinstance(name, str) or not name.strip():
                raise ValueError(f"the name of value {value} must be a word, found {name!r}")
        return dict(sorted({0: "background", **table}.items()))

    @model_validator(mode="after")
    def _know_the_face(self) -> LabelledFaces:
        if self.classes is None:
            if self.face_classes is not None:
                raise ValueError("face_classes: masks of two values have no classes; name them with classes")
            return self
        names = list(dict.fromkeys(self.table.values()))
        for name in self.face_classes or ():
            if name not in names:
                raise ValueError(f"face_classes: unknown class {name!r}{nearest(name, names)}")
        if not self.face_values:
            raise ValueError(f"none of the classes ({', '.join(names)}) is known as part of a face; say which are: face_classes")
        if 0 in self.face_values:
            raise ValueError("value 0 is background, and cannot be one of face_classes")
        return self

    @property
    def table(self) -> Mapping[int, str]:
        """Value to class."""
        return CLASS_TABLES[self.classes] if isinstance(self.classes, str) else self.classes or TWO_VALUED

    @property
    def face_values(self) -> list[int]:
        """Values that are face."""
        return values_of(self.table, self.face_classes or FACE_PARTS)

    def open(self, data: Path, cache: Path, jobs: int = 1) -> FaceSource:
        """Pair pictures and masks; see :meth:`natocc.faces.sources.base.FaceOptions.open`."""
        root = require_folder(locate(self.root, data), self._layout())
        entries: dict[str, Entry] = {}
        for prefix, folder in self._places(root):
            entries |= {prefix + stem: entry for stem, entry in self._pairs(folder).items()}
        if not any(entry.mask for entry in entries.values()):
            raise UsageError(f"{root}: none of the {len(entries)} pictures has a mask of its name; expected {self._layout()}")
        chosen = self.select(entries, data, _split_of)
        source = Labelled({face_id: entries[face_id] for face_id in chosen}, self)
        return self.with_landmarks(source, data)

    def _layout(self) -> str:
        masks = self.masks or " or ".join(MASK_FOLDERS)
        return f"{self.images}/ and {masks}/ with files of equal stems, or these below train/, val/ and test/"

    def _places(self, root: Path) -> list[tuple[str, Path]]:
        """Where `images` lies: the root itself, or its splits; with what comes before an id there."""
        if (root / self.images).is_dir():
            return [("", root)]
        splits = [(f"{name}/", root / name) for name in SPLITS if (root / name / self.images).is_dir()]
        if not splits:
            raise UsageError(f"no folder {root / self.images}; expected {self._layout()}, below {root}")
        return splits

    def _pairs(self, folder: Path) -> dict[str, Entry]:
        """Stem to picture and mask."""
        layout = f"{self._layout()}, below {folder}"
        pictures = folder / self.images
        candidates = [folder / name for name in ([self.masks] if self.masks else MASK_FOLDERS)]
        masks = next((path for path in candidates if path.is_dir()), candidates[0])
        mask_names = _by_stem(require_folder(masks, layout))
        names = _by_stem(pictures)
        if not names:
            raise UsageError(f"no picture in {pictures}; expected {layout}")
        return {stem: Entry(pictures, name, masks, mask_names.get(stem)) for stem, name in names.items()}


@dataclasses.dataclass(frozen=True)
class Entry:
    """A picture and its mask, each a folder and a name below it; the mask may be missing."""

    pictures: Path
    picture: str
    masks: Path
    mask: str | None


@dataclasses.dataclass(frozen=True)
class Labelled(FaceSource):
    """Pictures and masks by id, in natural order."""

    entries: dict[str, Entry]
    options: LabelledFaces
    dataset: str = "labelled"

    @property
    def classes(self) -> Mapping[int, str]:
        """As the recipe names them; background and face where masks are two-valued."""
        return dict(self.options.table)

    def ids(self) -> tuple[str, ...]:
        """Relative paths of the pictures, without suffix."""
        return tuple(self.entries)

    def split(self, face_id: str) -> str | None:
        """``train``, ``val`` or ``test``, where the first folder of the id is one of these."""
        return _split_of(face_id)

    def read(self, face_id: str) -> FaceSample:
        """Picture, label map and face mask; no label map where masks are two-valued.

        Raises
        ------
        BadDataError
            ``no-mask``; ``bad-mask`` naming the values found and those known; ``empty-mask`` without a face pixel;
            ``size-mismatch`` as :func:`natocc.io.masks.fit_labels`; or what :func:`natocc.io.images.read_rgb`,
            :func:`~natocc.io.images.read_mask` and :func:`~natocc.io.images.read_labels` raise.
        """
        entry, options = self.entries[face_id], self.options
        if entry.mask is None:
            raise BadDataError(Reason.NO_MASK, f"{entry.picture}: no file of its stem in {entry.masks}")
        image, digest, shape = images.read_reduced(inside(entry.pictures, entry.picture), options.wanted_side)
        path, reduced = inside(entry.masks, entry.mask), (image.shape[0], image.shape[1])
        if options.classes is None:
            parts, face_mask = None, fit_labels(self._read_mask(path), shape, str(path), reduced)
        else:
            parts = fit_labels(self._read_labels(path), shape, str(path), reduced)
            face_mask = mask_of(parts, options.face_values)
        if not face_mask.any():
            raise BadDataError(Reason.EMPTY_MASK, f"{path}: no pixel is face")
        return FaceSample(image, face_mask, parts, None, Origin(self.dataset, face_id, digest, options.licence))

    def _read_mask(self, path: Path) -> Mask:
        """A two-valued mask."""
        try:
            return images.read_mask(path)
        except BadDataError as error:
            if error.reason != Reason.BAD_MASK:
                raise
            raise BadDataError(error.reason, f"{error.detail}; a label map needs the option classes") from None

    def _read_labels(self, path: Path) -> Mask:
        """A label map whose values all have a name."""
        labels, table = images.read_labels(path), self.options.table
        named = mask_of(labels, [*table, NOT_LABELLED])
        if not named.all():
            known = ", ".join(f"{value} {name}" for value, name in table.items())
            values = images.list_values(np.unique(labels[named == 0]).tolist())
            detail = f"{path}: no class has the values {values}; known: {known}, {NOT_LABELLED} not labelled"
            raise BadDataError(Reason.BAD_MASK, detail)
        return labels


def _split_of(face_id: str) -> str | None:
    first, slash, _ = face_id.partition("/")
    return SPLITS.get(first) if slash else None


def _by_stem(folder: Path) -> dict[str, str]:
    """Stem to file name of every picture below a folder, paths relative to it."""
    names: dict[str, str] = {}
    for name in files_below(folder, SUFFIXES):
        other = names.setdefault(without_suffix(name), name)
        if other != name:
            raise UsageError(f"{folder} has {other} and {name}, of which only the suffix differs; rename or remove one")
    return names
