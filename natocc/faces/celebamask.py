"""CelebAMask-HQ as its owners publish it: one picture a face, one mask a part."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from pydantic import Field, field_validator

from natocc import images
from natocc.errors import BadDataError, Reason, UsageError
from natocc.faces.source import FaceOptions, FaceSource
from natocc.locations import inside, locate, require_folder
from natocc.options import nearest
from natocc.parts import FACE_PARTS, PARTS, values_of
from natocc.samples import FaceSample, Mask, Origin

LAYOUT = "CelebA-HQ-img/N.jpg and CelebAMask-HQ-mask-anno/K/NNNNN_part.png with K = N // 2000, as CelebAMask-HQ is published"
LICENCE = "non-commercial research purposes only (CelebAMask-HQ)"
FACES_A_FOLDER = 2000
ASPECT_TOLERANCE = 0.01


class CelebAMaskOptions(FaceOptions):
    """Faces of CelebAMask-HQ [1]_, or of anything in its layout.

    Parameters
    ----------
    root : str
        Location of the folder that holds ``CelebA-HQ-img`` and ``CelebAMask-HQ-mask-anno``.
    face_parts : tuple of str
        The parts, of :data:`natocc.parts.PARTS`, whose union is the face.

    References
    ----------
    .. [1] C.-H. Lee et al., "MaskGAN: Towards Diverse and Interactive Facial Image Manipulation", CVPR 2020.
    """

    source: Literal["celebamask"]
    root: str = "CelebAMask-HQ"
    face_parts: tuple[str, ...] = Field(default=tuple(part for part in PARTS if part in FACE_PARTS), min_length=1)

    @field_validator("face_parts")
    @classmethod
    def _know_every_part(cls, parts: tuple[str, ...]) -> tuple[str, ...]:
        for part in parts:
            if part not in PARTS[1:]:
                raise ValueError(f"unknown part {part!r}{nearest(part, list(PARTS[1:]))}")
        return parts

    def open(self, data: Path, cache: Path, jobs: int = 1) -> CelebAMask:
        """List the pictures; see :meth:`natocc.faces.source.FaceOptions.open`."""
        root = require_folder(locate(self.root, data), LAYOUT)
        pictures = require_folder(root / "CelebA-HQ-img", f"{LAYOUT}, below {root}")
        require_folder(root / "CelebAMask-HQ-mask-anno", f"{LAYOUT}, below {root}")
        names = _names_by_id(pictures)
        if not names:
            raise UsageError(f"no picture such as 0.jpg in {pictures}; expected {LAYOUT}")
        return CelebAMask(root, {face_id: names[face_id] for face_id in self.select(names, data)}, self.face_parts)


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
    """

    root: Path
    files: dict[str, str]
    face_parts: tuple[str, ...]
    dataset: str = "celebamask"

    @property
    def classes(self) -> Mapping[int, str]:
        """Those of :data:`natocc.parts.PARTS`."""
        return dict(enumerate(PARTS))

    def ids(self) -> tuple[str, ...]:
        """Stems of the pictures: the numbers of CelebAMask-HQ."""
        return tuple(self.files)

    def read(self, face_id: str) -> FaceSample:
        """Picture, part map and face mask of one face.

        Raises
        ------
        BadDataError
            ``no-mask`` without any part mask, ``empty-mask`` without a face pixel, ``size-mismatch`` if the aspect of picture
            and mask differ by more than 1 %, or what :func:`natocc.images.read_rgb` and :func:`~natocc.images.read_mask` raise.
        """
        image, digest = images.read_rgb(inside(self.root / "CelebA-HQ-img", self.files[face_id]))
        parts = self._read_parts(int(face_id), (image.shape[0], image.shape[1]))
        face_mask = np.isin(parts, values_of(self.classes, self.face_parts)).astype(np.uint8)
        if not face_mask.any():
            raise BadDataError(Reason.EMPTY_MASK, f"face {face_id}: none of {', '.join(self.face_parts)} has a pixel")
        return FaceSample(image, face_mask, parts, None, Origin(self.dataset, face_id, digest, LICENCE))

    def _read_parts(self, number: int, shape: tuple[int, int]) -> Mask:
        """Part map in which a later part of :data:`natocc.parts.PARTS` lies over an earlier one."""
        folder = self.root / "CelebAMask-HQ-mask-anno" / str(number // FACES_A_FOLDER)
        parts = np.zeros(shape, np.uint8)
        found = False
        for label, part in enumerate(PARTS[1:], start=1):
            name = f"{number:05d}_{part}.png"
            if os.path.lexists(folder / name):  # trying 18 names is cheaper than listing a folder of 30 000
                found = True
                mask = images.read_mask(inside(folder, name))
                parts[_resized(mask, shape, name) > 0] = label
        if not found:
            raise BadDataError(Reason.NO_MASK, f"no file {folder / f'{number:05d}_*.png'}")
        return parts


def _names_by_id(folder: Path) -> dict[str, str]:
    """File name of every picture whose stem is a number; anything else is not part of the layout and ignored."""
    names: dict[str, str] = {}
    numbers: dict[int, str] = {}
    with os.scandir(folder) as entries:
        listed = sorted(entry.name for entry in entries)
    for name in listed:
        stem, _, suffix = name.rpartition(".")
        if not (stem.isascii() and stem.isdecimal() and suffix.lower() in ("jpg", "png")):
            continue
        other = numbers.setdefault(int(stem), name)
        if other != name:
            raise UsageError(f"{folder} has {other} and {name}, two pictures of one face; remove one")
        names[stem] = name
    return names


def _resized(mask: Mask, shape: tuple[int, int], name: str) -> Mask:
    if mask.shape == shape:
        return mask
    height, width = shape
    aspect = mask.shape[1] * height / (mask.shape[0] * width)
    if abs(aspect - 1) > ASPECT_TOLERANCE:
        found = f"{mask.shape[1]} x {mask.shape[0]}"
        raise BadDataError(Reason.SIZE_MISMATCH, f"{name} is {found} beside a picture of {width} x {height}")
    # EXACT: pixel centres at halves, so that a mask of half the size is doubled without a shift.
    return np.asarray(cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST_EXACT), dtype=np.uint8)
