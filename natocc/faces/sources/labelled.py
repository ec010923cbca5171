"""Pictures and masks, or label maps, of equal stems: most face datasets that are published with labels."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from pydantic import Field, ValidationError, field_validator, model_validator

from natocc.core.errors import BadDataError, Reason, UsageError
from natocc.core.samples import FaceSample, Mask, Origin
from natocc.core.text import nearest
from natocc.faces.alignment.align import AlignOptions
from natocc.faces.classes import CLASS_TABLES, FACE_PARTS, NOT_LABELLED, values_of
from natocc.faces.colours import LABELMAP, ClassColour, read_labelmap
from natocc.faces.sources.base import PICTURES_AND_LANDMARKS, FaceOptions, FaceSource
from natocc.faces.sources.covered import Unoccluded, leave_out_covered
from natocc.faces.sources.first_look import refuse_label_maps, some_masks
from natocc.faces.sources.picture_and_mask import Entry, Folders, split_of
from natocc.io import images
from natocc.io.images import Channel, Colour
from natocc.io.masks import fit_labels, mask_of
from natocc.io.notes import NO_MASK, Notes
from natocc.io.paths import locate, require_folder
from natocc.plugins.faults import faults
from natocc.plugins.options import Location

TWO_VALUED = {0: "background", 1: "face"}


class LabelledFaces(FaceOptions):
    """Faces with masks or label maps.

    ``ROOT/images/NAME.jpg`` has its labels in ``ROOT/masks/NAME.png``; both may lie in subfolders, the same ones. Where there is
    no ``ROOT/images``, its splits are looked for: ``ROOT/train/images`` and so on. The first folder of an id, ``train/NAME``, is
    the official split in either case. Names of masks may have something more or else than those of their pictures, where it is
    the same in all of them: ``NAME_mask.png``, ``mask_NAME.png``, ``NAME.jpg.png``.

    The EXIF orientation of each file is applied to that file; then sizes are compared. So a mask drawn on the upright picture
    needs none, and one drawn on the pixels as they were stored needs the picture's.
    """

    reads = (*PICTURES_AND_LANDMARKS, LABELMAP)
    source: Literal["labelled"]
    root: Location = "faces"
    """Location of the dataset."""
    images: str = "images"
    """Folder of the pictures, below the root."""
    masks: str | None = None
    """Folder of the masks, below the root; by default the first of ``masks``, ``labels`` and ``annotations`` that exists. It may
    be that of the pictures, where ``NAME.png`` or ``NAME_mask.png`` lies beside ``NAME.jpg``."""
    mask_suffix: str | None = Field(default=None, min_length=1)
    """What the name of a mask has after that of its picture, such as ``_mask``; found by itself where all agree."""
    classes: str | dict[int, str] | None = None
    """What the values of a label map mean: ``lapa``, ``helen``, ``celebamask19``, ``fasseg``, or a mapping of values to names;
    255 means "not labelled". Without it masks are two-valued: any value other than 0 is face, or what is not black, or the opaque
    part of a mask that has its shape in the alpha channel. Soft edges are cut at half."""
    colours: dict[str, ClassColour] | None = Field(default=None, min_length=1)
    """Colour of each class, where masks have colours: ``{face: [250, 50, 83], hair: "#32b7fa"}``; black is background, unless
    that has a colour, too: masks whose face is black are ``{background: "#ffffff", face: "#000000"}``. By default those of a
    ``labelmap.txt`` (CVAT's) at the root or beside the masks, if there is one."""
    mask_channel: Channel = "auto"
    """Which channel of a mask counts: ``alpha``, ``grey`` (its values or colours), or ``auto``: the one that varies."""
    face_classes: tuple[str, ...] | None = Field(default=None, min_length=1)
    """The classes whose union is the face; by default skin, nose, eyes, brows, ears, mouth and lips."""
    licence: str | None = None
    """Licence of all the pictures, recorded with every sample."""
    unoccluded: Unoccluded | None = None
    """Leaves out the faces that something covers although their masks go on behind it, as a network sees them. It narrows what
    ``include``, ``exclude`` and ``split`` leave."""

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
        if self.classes is not None and self.colours is not None:
            raise ValueError("classes name the values of masks, colours their colours; a mask has one or the other")
        if self.colours is not None and len(set(self.colours.values())) < len(self.colours):
            raise ValueError("colours: two classes have the same colour")
        if self.classes is None and self.colours is None:
            return self  # face_classes can be those of a labelmap.txt
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
        """Value to class; colours are numbered in the order in which they are given."""
        if self.colours is not None:
            return dict(enumerate(("background", *(name for name in self.colours if name != "background"))))
        return CLASS_TABLES[self.classes] if isinstance(self.classes, str) else self.classes or TWO_VALUED

    @property
    def values_by_colour(self) -> Mapping[Colour, int]:
        """Colour to value of the table."""
        colours = {"background": (0, 0, 0), **(self.colours or {})}
        return {colours[name]: value for value, name in self.table.items()}

    @property
    def face_values(self) -> list[int]:
        """Values that are face."""
        return values_of(self.table, self.face_classes or FACE_PARTS)

    def open(self, data: Path, cache: Path, jobs: int = 1) -> FaceSource:
        """Pair pictures and masks; see :meth:`natocc.faces.sources.base.FaceOptions.open`."""
        folders = Folders(self.images, self.masks, self.mask_suffix, self.links)
        root = require_folder(locate(self.root, data), folders.layout)
        entries, notes = folders.pairs(root)
        chosen = {face_id: entries[face_id] for face_id in self.select(entries, data, split_of)}
        notes.add_all(NO_MASK, (face_id for face_id, entry in chosen.items() if entry.mask is None))
        source = Labelled(chosen, _with_labelmap(self, root, list(chosen.values())), notes)
        if self.unoccluded is not None:
            source.check()
            read_as = self.model_dump(mode="json", include={"classes", "colours", "face_classes", "mask_channel"})
            left = leave_out_covered(source.whole, Labelled.only, source.read_from, self.unoccluded, read_as, data, cache, jobs)
            source = source.only(left.ids)
            notes.merge(left.notes)
        return self.with_landmarks(source, data)


@dataclasses.dataclass(frozen=True)
class Labelled(FaceSource):
    """Pictures and masks by id, in natural order."""

    entries: dict[str, Entry]
    options: LabelledFaces
    listed: Notes = dataclasses.field(default_factory=Notes)
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
        return split_of(face_id)

    def picture(self, face_id: str) -> Path:
        """The face's picture."""
        entry = self.entries[face_id]
        return entry.pictures / entry.picture

    def notes(self) -> Notes:
        """Those of the listings, with pictures that have no mask, and faces that are left out because something covers them."""
        return self.listed

    @property
    def whole(self) -> Labelled:
        """The same, its pictures in their full size whatever the alignment needs."""
        return dataclasses.replace(self, options=self.options.model_copy(update={"align": AlignOptions()}))

    def only(self, ids: Sequence[str]) -> Labelled:
        """Some of the faces."""
        return dataclasses.replace(self, entries={face_id: self.entries[face_id] for face_id in ids})

    def read_from(self, face_id: str) -> Iterator[Path]:
        """Files that :meth:`read` opens."""
        entry = self.entries[face_id]
        yield self.picture(face_id)
        if entry.mask is not None:
            yield entry.masks / entry.mask

    def check(self) -> None:
        """Refuse masks that need a key to be understood; see :meth:`natocc.faces.sources.base.FaceSource.check`."""
        if self.options.classes is None and self.options.colours is None:
            refuse_label_maps(_some_masks(self.entries.values()), self.options.max_pixels, self.options.mask_channel)

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
            raise BadDataError(Reason.NO_MASK, f"{entry.picture}: no mask of its name in {entry.masks}")
        image, digest, shape = images.read_reduced(self.picture(face_id), options.wanted_side, options.max_pixels)
        path, reduced = entry.masks / entry.mask, (image.shape[0], image.shape[1])
        if options.classes is None and options.colours is None:
            parts, face_mask = None, fit_labels(self._read_mask(path), shape, str(path), reduced)
        else:
            parts = fit_labels(self._read_labels(path), shape, str(path), reduced)
            face_mask = mask_of(parts, options.face_values)
        if not cv2.hasNonZero(face_mask):
            raise BadDataError(Reason.EMPTY_MASK, f"{path}: no pixel is face{self._instead(parts)}")
        return FaceSample(image, face_mask, parts, None, Origin(self.dataset, face_id, digest, options.licence))

    def _read_mask(self, path: Path) -> Mask:
        """A two-valued mask."""
        try:
            return images.read_mask(path, self.options.max_pixels, self.options.mask_channel)
        except BadDataError as error:
            if error.reason != Reason.BAD_MASK:
                raise
            detail = f"{error.detail}; say what values mean with classes, or colours with colours"
            raise BadDataError(error.reason, detail) from None

    def _read_labels(self, path: Path) -> Mask:
        """A label map whose values all have a name."""
        options, table = self.options, self.options.table
        if options.colours is not None:
            return images.read_colours(path, options.values_by_colour, options.max_pixels)
        labels = images.read_labels(path, options.max_pixels, options.mask_channel)
        if labels.max(initial=0) in range(len(table)) and len(table) == max(table) + 1:
            return labels
        named = mask_of(labels, [*table, NOT_LABELLED])
        if not named.all():
            known = ", ".join(f"{value} {name}" for value, name in table.items())
            values = images.list_values(np.unique(labels[named == 0]).tolist())
            detail = f"{path}: no class has the values {values}; known: {known}, {NOT_LABELLED} not labelled"
            raise BadDataError(Reason.BAD_MASK, detail)
        return labels

    def _instead(self, parts: Mask | None) -> str:
        """What a label map without a face has, for a message."""
        if parts is None:
            return ""
        table = self.options.table
        wanted = ", ".join(f"{value} {table[value]}" for value in self.options.face_values)
        return f"; expected one of {wanted}, found the values {images.list_values(np.unique(parts).tolist())}"


def _with_labelmap(options: LabelledFaces, root: Path, entries: Sequence[Entry]) -> LabelledFaces:
    """The options, with the colours of a labelmap.txt where the masks are in its colours.

    Raises
    ------
    UsageError
        If none of its classes is part of a face, or there are no classes of which some could be the face.
    """
    if options.classes is not None or options.colours is not None:
        return options
    folders = (root, *(folder for entry in entries[:1] for folder in (entry.masks, entry.masks.parent)))
    for path in dict.fromkeys(folder / LABELMAP for folder in folders):
        if colours := read_labelmap(path):
            try:
                named = LabelledFaces.model_validate({**options.model_dump(), "colours": colours})
            except ValidationError as error:
                raise UsageError(*(f"{path}: {line}" for line in faults(error))) from None
            if any(_readable(each, named) for each in _some_masks(entries)):
                return named
    if options.face_classes is not None:
        raise UsageError("face_classes: masks of two values have no classes; name them with classes, or with colours")
    return options


def _some_masks(entries: Iterable[Entry]) -> list[Path]:
    return some_masks([(entry.masks, entry.mask) for entry in entries if entry.mask is not None])


def _readable(path: Path, options: LabelledFaces) -> bool:
    try:
        return bool(images.read_colours(path, options.values_by_colour, options.max_pixels).any())
    except BadDataError:
        return False
