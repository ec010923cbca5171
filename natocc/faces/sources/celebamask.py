"""CelebAMask-HQ as its owners publish it: one picture a face, one mask a part."""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Discriminator, Field, Tag, field_validator

from natocc.core.errors import BadDataError, Reason, UsageError
from natocc.core.samples import FaceSample, Mask, Origin
from natocc.core.text import nearest
from natocc.faces.classes import FACE_PARTS, PARTS, values_of
from natocc.faces.sources.base import PICTURES_AND_LANDMARKS, FaceOptions, FaceSource
from natocc.faces.sources.celeba import IDENTITIES, MAPPING, CelebA, read_celeba
from natocc.faces.sources.covered import Unoccluded, leave_out_covered
from natocc.faces.sources.unoccluded import occluded_faces
from natocc.io import images
from natocc.io.folders import Links, Listing, list_folder, path_below
from natocc.io.masks import fit_labels, mask_of
from natocc.io.notes import NOT_OF_THE_LAYOUT, Notes
from natocc.io.paths import locate, require_folder
from natocc.plugins.options import Location

_LAYOUT = "CelebA-HQ-img/N.jpg and CelebAMask-HQ-mask-anno/K/NNNNN_part.png with K = N // 2000, as CelebAMask-HQ is published"
LICENCE = "non-commercial research purposes only (CelebAMask-HQ)"
FACES_A_FOLDER = 2000


class CelebAMaskFaces(FaceOptions):
    """Faces of CelebAMask-HQ, or of anything in its layout.

    ``CelebA-HQ-to-CelebA-mapping.txt`` in the root, as it is published, gives the official split; with CelebA's
    ``identity_CelebA.txt`` beside it also the identities.

    References
    ----------
    .. [1] C.-H. Lee et al., "MaskGAN: Towards Diverse and Interactive Facial Image Manipulation", CVPR 2020.
    """

    reads = (*PICTURES_AND_LANDMARKS, MAPPING.lower(), IDENTITIES.lower())
    source: Literal["celebamask"]
    root: Location = "CelebAMask-HQ"
    """Location of the folder that holds ``CelebA-HQ-img`` and ``CelebAMask-HQ-mask-anno``."""
    face_parts: tuple[str, ...] = Field(default=tuple(part for part in PARTS if part in FACE_PARTS), min_length=1)
    """The parts, such as ``skin`` and ``l_eye``, whose union is the face."""
    unoccluded: Annotated[
        Annotated[Literal["none", "by-parts"], Tag("(name)")] | Annotated[Unoccluded, Tag("(network)")],
        Discriminator(lambda value: "(name)" if isinstance(value, str) else "(network)"),
    ] = "none"
    """``by-parts`` leaves out the faces that wear glasses, or a hat over the face; a network, ``{model: net.onnx, at_most:
    0.01}``, those and all that anything else covers. It narrows what ``include``, ``exclude`` and ``split`` leave."""

    @field_validator("face_parts")
    @classmethod
    def _know_every_part(cls, parts: tuple[str, ...]) -> tuple[str, ...]:
        for part in parts:
            if part not in PARTS[1:]:
                raise ValueError(f"unknown part {part!r}{nearest(part, list(PARTS[1:]))}")
        return parts

    def open(self, data: Path, cache: Path, jobs: int = 1) -> FaceSource:
        """List the pictures; see :meth:`natocc.faces.sources.base.FaceOptions.open`."""
        root = require_folder(locate(self.root, data), _LAYOUT)
        pictures = require_folder(root / "CelebA-HQ-img", f"{_LAYOUT}, below {root}")
        require_folder(root / "CelebAMask-HQ-mask-anno", f"{_LAYOUT}, below {root}")
        listing = list_folder(pictures, (".jpg", ".png"), self.links)
        names = _names_by_id(pictures, listing)
        if not names:
            raise UsageError(f"no picture such as 0.jpg in {pictures}; expected {_LAYOUT}", *listing.notes.lines())
        celeba = read_celeba(root)
        if self.split is not None and celeba is None:
            raise UsageError(f"no file {root / MAPPING}, which split: {self.split} needs")
        known = CelebAMask(root, names, self.face_parts, celeba, self.wanted_side, self.max_pixels, self.links, listing.notes)
        chosen = self.select(names, data, known.split)
        if self.unoccluded != "none":
            stems = {face_id: mask_stem(root, int(face_id)) for face_id in names}
            worn = occluded_faces(stems, self.face_parts, cache, jobs, self.links)
            chosen = tuple(face_id for face_id in chosen if face_id not in worn)
            if not chosen:
                raise UsageError(f"source {self.source!r}: unoccluded leaves none of its faces; all wear glasses or a hat")
        source = known.only(chosen)
        if isinstance(self.unoccluded, Unoccluded):
            whole, read_as = dataclasses.replace(source, wanted_side=None), self.model_dump(mode="json", include={"face_parts"})
            left = leave_out_covered(whole, CelebAMask.only, whole.read_from, self.unoccluded, read_as, data, cache, jobs)
            source = source.only(left.ids)
            source.listed.merge(left.notes)
        return self.with_landmarks(source, data)


@dataclasses.dataclass(frozen=True)
class CelebAMask(FaceSource):
    """CelebAMask-HQ on disk.

    Parameters
    ----------
    root : Path
        Folder of the layout.
    files : dict of str to str
        Id to file name of the picture, in natural order.
    face_parts : tuple of str
        What counts as face.
    celeba : CelebA, optional
        Splits and identities, where they are known.
    wanted_side : int, optional
        How far pictures may be reduced while they are decoded; see :func:`natocc.io.images.read_reduced`.
    max_pixels : int
        Pictures and masks of more are refused.
    links : str
        As in the recipe.
    listed : Notes
        What was left out.
    """

    root: Path
    files: dict[str, str]
    face_parts: tuple[str, ...]
    celeba: CelebA | None = None
    wanted_side: int | None = None
    max_pixels: int = images.MAX_PIXELS
    links: Links = "follow"
    listed: Notes = dataclasses.field(default_factory=Notes)
    dataset: str = "celebamask"

    @property
    def classes(self) -> Mapping[int, str]:
        """Those of :data:`natocc.faces.classes.PARTS`."""
        return dict(enumerate(PARTS))

    def ids(self) -> tuple[str, ...]:
        """Stems of the pictures: the numbers of CelebAMask-HQ."""
        return tuple(self.files)

    def identity(self, face_id: str) -> str:
        """The person, where there is CelebA's list; else the face itself."""
        person = self.celeba.identity(int(face_id)) if self.celeba else None
        return person or face_id

    def split(self, face_id: str) -> str | None:
        """That of CelebA's published partition, where there is the mapping to CelebA."""
        return self.celeba.split(int(face_id)) if self.celeba else None

    def picture(self, face_id: str) -> Path:
        """The face's picture."""
        return self.root / "CelebA-HQ-img" / self.files[face_id]

    def notes(self) -> Notes:
        """Those of the listing, and faces that are left out because something covers them."""
        return self.listed

    def only(self, ids: Sequence[str]) -> CelebAMask:
        """Some of the faces."""
        return dataclasses.replace(self, files={face_id: self.files[face_id] for face_id in ids})

    def read_from(self, face_id: str) -> Iterator[Path]:
        """Files that :meth:`read` opens where they exist."""
        yield self.picture(face_id)
        stem = mask_stem(self.root, int(face_id))
        yield from (stem.parent / f"{stem.name}_{part}.png" for part in PARTS[1:])

    def read(self, face_id: str) -> FaceSample:
        """Picture, part map and face mask of one face.

        Raises
        ------
        BadDataError
            ``no-mask`` without any part mask, ``empty-mask`` without a face pixel, ``size-mismatch`` if the aspect of picture
            and mask differ by more than 1 %, or what :func:`natocc.io.images.read_rgb` and
            :func:`~natocc.io.images.read_mask` raise.
        """
        image, digest, shape = images.read_reduced(self.picture(face_id), self.wanted_side, self.max_pixels)
        parts = self._read_parts(int(face_id), shape, (image.shape[0], image.shape[1]))
        face_mask = mask_of(parts, values_of(self.classes, self.face_parts))
        if not face_mask.any():
            raise BadDataError(Reason.EMPTY_MASK, f"face {face_id}: none of {', '.join(self.face_parts)} has a pixel")
        return FaceSample(image, face_mask, parts, None, Origin(self.dataset, face_id, digest, LICENCE))

    def _read_parts(self, number: int, shape: tuple[int, int], reduced: tuple[int, int]) -> Mask:
        """Part map in which a later part of :data:`natocc.faces.classes.PARTS` lies over an earlier one.

        Its value is the larger one, so maps are joined by their maximum: those of one size first, which is all of them in the
        dataset as it is published, then what comes of them, in the size that the picture was decoded to.
        """
        stem = mask_stem(self.root, number)
        maps: dict[tuple[int, ...], tuple[str, Mask]] = {}
        for label, part in enumerate(PARTS[1:], start=1):
            name = f"{stem.name}_{part}.png"
            if os.path.lexists(stem.parent / name):  # trying 18 names is cheaper than listing a folder of 30 000
                mask = images.read_mask(path_below(stem.parent, name, self.links), self.max_pixels)
                mask *= np.uint8(label)
                first, joined = maps.setdefault(mask.shape, (name, mask))
                maps[mask.shape] = first, np.maximum(joined, mask, out=joined)
        if not maps:
            raise BadDataError(Reason.NO_MASK, f"no file {stem}_*.png")
        fitted = [fit_labels(joined, shape, name, reduced) for name, joined in maps.values()]
        return functools.reduce(np.maximum, fitted)


def mask_stem(root: Path, number: int) -> Path:
    """What the mask files of a face start with: ``CelebAMask-HQ-mask-anno/K/NNNNN``."""
    return root / "CelebAMask-HQ-mask-anno" / str(number // FACES_A_FOLDER) / f"{number:05d}"


def _names_by_id(folder: Path, listing: Listing) -> dict[str, str]:
    """File name of every picture whose stem is a number; anything else is not part of the layout, and noted."""
    names: dict[str, str] = {}
    numbers: dict[int, str] = {}
    for name in listing.names:
        stem = name.rpartition(".")[0]
        if not (stem.isascii() and stem.isdecimal()):
            listing.notes.add(NOT_OF_THE_LAYOUT, name)
            continue
        other = numbers.setdefault(int(stem), name)
        if other != name:
            raise UsageError(f"{folder} has {other} and {name}, two pictures of one face; remove one")
        names[stem] = name
    return names
