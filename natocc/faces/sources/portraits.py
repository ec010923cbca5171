"""A few portraits that Python packages ship, with parts drawn by hand as polygons: faces without any download."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, ValidationError, field_validator

from natocc.core.errors import BadDataError, Reason, UsageError
from natocc.core.samples import FaceSample, Mask, Origin
from natocc.core.text import nearest
from natocc.faces.alignment.landmark_outline import fill_polygon
from natocc.faces.classes import FACE_PARTS, PARTS, values_of
from natocc.faces.sources.base import FaceOptions, FaceSource
from natocc.io import images
from natocc.io.files import read_text
from natocc.io.masks import mask_of
from natocc.io.paths import locate
from natocc.plugins.faults import faults
from natocc.plugins.options import Location, Options

Coordinate = Annotated[float, Field(ge=-100_000, le=100_000)]


class Part(Options):
    """A polygon drawn around one part of a face."""

    name: str
    """Name of the part."""
    polygon: tuple[tuple[Coordinate, Coordinate], ...] = Field(min_length=3)
    """Corners (x, y) in pixels, pixel centres at integers."""

    @field_validator("name")
    @classmethod
    def _know_the_part(cls, name: str) -> str:
        if name not in PARTS:
            raise ValueError(f"unknown part {name!r}{nearest(name, list(PARTS))}")
        return name


class Annotation(Options):
    """Parts drawn on one picture, painted in order: a later one lies over an earlier one."""

    image: str
    """File name of the picture, for people."""
    width: int = Field(ge=1)
    """Width of the picture, px."""
    height: int = Field(ge=1)
    """Height of the picture, px."""
    sha256: str
    """Hexadecimal SHA-256 of the picture's file."""
    licence: str | None = None
    """Licence of the picture."""
    parts: tuple[Part, ...]
    """The parts, deepest first."""


class Portrait(Options):
    """A picture and the parts that were drawn on it."""

    image: Location
    """Location of the picture."""
    annotation: Location
    """Location of its annotation, a JSON file whose stem is the id."""


SHIPPED = (
    Portrait(image="package:skimage/data/astronaut.png", annotation="asset:demo/astronaut.json"),
    Portrait(image="package:matplotlib/mpl-data/sample_data/grace_hopper.jpg", annotation="asset:demo/grace_hopper.json"),
)


class PortraitsFaces(FaceOptions):
    """Portraits annotated with polygons."""

    source: Literal["portraits"]
    portraits: tuple[Portrait, ...] = Field(default=SHIPPED, min_length=1)
    """The portraits; by default the two that natocc's dependencies ship."""

    def open(self, data: Path, cache: Path, jobs: int = 1) -> FaceSource:
        """Read the annotations; see :meth:`natocc.faces.sources.base.FaceOptions.open`."""
        entries: dict[str, tuple[Path, Annotation]] = {}
        for portrait in self.portraits:
            path = locate(portrait.annotation, data)
            if path.stem in entries:
                raise UsageError(f"two portraits have an annotation named {path.stem!r}, which is their id; rename one")
            entries[path.stem] = (locate(portrait.image, data), _read_annotation(path))
        chosen = self.select(entries, data)
        return self.with_landmarks(Portraits({face_id: entries[face_id] for face_id in chosen}, self.max_pixels), data)


@dataclasses.dataclass(frozen=True)
class Portraits(FaceSource):
    """Pictures and annotations by id, in natural order."""

    entries: dict[str, tuple[Path, Annotation]]
    max_pixels: int = images.MAX_PIXELS
    dataset: str = "portraits"

    @property
    def classes(self) -> Mapping[int, str]:
        """Those of :data:`natocc.faces.classes.PARTS`."""
        return dict(enumerate(PARTS))

    def ids(self) -> tuple[str, ...]:
        """Stems of the annotations."""
        return tuple(self.entries)

    def read(self, face_id: str) -> FaceSample:
        """Picture, part map and face mask of one portrait.

        Raises
        ------
        BadDataError
            ``bad-mask`` if the picture is not the one that was annotated, ``empty-mask`` if no part is face, or what
            :func:`natocc.io.images.read_rgb` raises.
        """
        path, annotation = self.entries[face_id]
        image, digest = images.read_rgb(path, self.max_pixels)
        if digest != annotation.sha256 or image.shape[:2] != (annotation.height, annotation.width):
            raise BadDataError(Reason.BAD_MASK, f"{path}: the annotation {face_id!r} was drawn on another picture")
        parts = _painted(annotation)
        face_mask = mask_of(parts, values_of(self.classes, FACE_PARTS))
        if not face_mask.any():
            raise BadDataError(Reason.EMPTY_MASK, f"portrait {face_id!r} has no part of a face")
        return FaceSample(image, face_mask, parts, None, Origin(self.dataset, face_id, digest, annotation.licence))


def _read_annotation(path: Path) -> Annotation:
    try:
        return Annotation.model_validate_json(read_text(path, "the annotation of a portrait (JSON)"))
    except ValidationError as error:
        raise UsageError(*(f"{path}: {line}" for line in faults(error))) from None


def _painted(annotation: Annotation) -> Mask:
    parts = np.zeros((annotation.height, annotation.width), np.uint8)
    for part in annotation.parts:
        fill_polygon(parts, np.array(part.polygon), PARTS.index(part.name))
    return parts
