"""Hands: pictures with masks of equal stems, one hand or several in each, or pictures in front of a plain background."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from pydantic import Field

from natocc.core.errors import BadDataError, Reason, UsageError
from natocc.core.samples import Cutout, Image, Mask, Origin
from natocc.io.files import is_dir
from natocc.io.folders import Links, list_folder
from natocc.io.images import MAX_PIXELS, MOST_PIXELS, read_mask, read_rgb
from natocc.io.masks import fit_labels
from natocc.io.notes import NO_MASK, NO_PICTURE, Notes
from natocc.io.pairs import check_stems, pair_masks
from natocc.io.paths import SUFFIXES, locate, require_folder, without_suffix
from natocc.occluders.cutting.cutouts import CutoutRules, check_mask, cut_out
from natocc.occluders.cutting.huge import Frame
from natocc.occluders.cutting.judging import judged
from natocc.occluders.cutting.trim import trim
from natocc.occluders.hands.plain_background import plain_background_mask
from natocc.occluders.hands.pointing import finger_direction
from natocc.occluders.library.extraction import library_key, open_library
from natocc.occluders.library.library import Library
from natocc.occluders.source import OccluderOptions
from natocc.plugins.options import Location

_LAYOUT = (
    "images/ and masks/ with files of equal stems, or pictures of hands in front of a plain background with masks: background"
)
_SPECK = 16  # px


class HandsOccluders(OccluderOptions):
    """Photographs of hands, with masks such as the paper's for 11k Hands, or without.

    Defaults are others than elsewhere: ``placement.reach: true``, ``colour.transfer: skin``, ``light.shadow: 1``,
    ``light.contact: [0.3, 0.75]`` and ``light.shadow_reach: [0.01, 0.06]``.
    """

    source: Literal["hands"] = "hands"
    root: Location = "hands"
    """Location of the folder with ``images/`` and ``masks/``; with ``masks: background`` the pictures may lie in it directly,
    nested as you like."""
    masks: Literal["files", "background"] = "files"
    """``files``: masks with the same stems as the pictures. ``background``: masks are computed from pictures with a plain
    background."""
    mask_suffix: str | None = Field(default=None, min_length=1)
    """What the name of a mask has after that of its picture, such as ``_mask``; found by itself where all agree."""
    pieces: Literal["largest", "each"] = "largest"
    """``largest``: one hand per picture. ``each``: every connected piece of the mask is a hand of its own, with ids ``NAME#1``,
    ``NAME#2``, ... from left to right."""
    licence: str | None = None
    """Licence of all the pictures, recorded with every sample."""
    max_pixels: int = Field(MAX_PIXELS, ge=1, le=MOST_PIXELS)
    """Pictures of more pixels are refused by their header, before anything is decoded."""
    links: Links = "follow"
    """``follow``: symbolic links in the folder are followed wherever they lead. ``inside``: those that lead out of it are left
    out."""
    rules: CutoutRules = CutoutRules(border_share=0.5, choke=2)  # the frame cuts the wrist; thresholds leave a fringe
    """What a hand must be like."""

    @property
    def usual(self) -> Mapping[str, Mapping[str, Any]]:
        """See :attr:`OccluderOptions.usual`: hands come from outside, have the face's skin, and touch the face or nearly do."""
        return {
            "placement": {"reach": True},
            "colour": {"transfer": "skin"},
            "light": {"shadow": 1.0, "contact": (0.3, 0.75), "shadow_reach": (0.01, 0.06)},
        }

    def check(self, data: Path) -> int:
        """See :meth:`OccluderOptions.check`."""
        return len(self._pictures(*self._folders(data))[0])

    def notes(self, data: Path) -> Notes:
        """See :meth:`OccluderOptions.notes`."""
        return self._pictures(*self._folders(data))[1]

    def open(self, data: Path, cache: Path, jobs: int = 1) -> Library:
        """See :meth:`OccluderOptions.open`."""
        images, masks = self._folders(data)
        key = library_key(self.model_dump_json(), [], [images] if self.masks == "background" else [images, masks], self.links)
        return open_library(cache, key, str(images.parent), lambda: self._pictures(images, masks)[0], jobs)

    def _folders(self, data: Path) -> tuple[Path, Path]:
        """Where pictures and masks lie."""
        root = require_folder(locate(self.root, data), _LAYOUT)
        images, masks = root / "images", root / "masks"
        if self.masks == "background":
            return (images if is_dir(images) else root), masks
        for folder in (images, masks):
            require_folder(folder, f"{_LAYOUT}, below {root}")
        return images, masks

    def _pictures(self, images: Path, masks: Path) -> tuple[list[HandPicture], Notes]:
        """The pictures with their masks, and what was left out."""
        listing = list_folder(images, SUFFIXES, self.links)
        notes = Notes()
        notes.merge(listing.notes, f"{images.name}/")
        if not listing.names:
            raise UsageError(f"no picture in {images}; expected {_LAYOUT}", *notes.lines())
        if self.masks == "background":
            return [HandPicture(images, name, masks, None, self) for name in listing.names], notes
        mask_listing = list_folder(masks, SUFFIXES, self.links)
        notes.merge(mask_listing.notes, f"{masks.name}/")
        check_stems(masks, mask_listing.names)
        pairs = pair_masks(listing.names, mask_listing.names, self.mask_suffix)
        by_stem = {without_suffix(name): mask for name, mask in pairs.items()}
        pictures = [HandPicture(images, name, masks, by_stem.get(without_suffix(name)), self) for name in listing.names]
        notes.add_all(NO_MASK, (f"{images.name}/{picture.name}" for picture in pictures if picture.mask_name is None))
        used = set(pairs.values())
        notes.add_all(NO_PICTURE, (f"{masks.name}/{name}" for name in mask_listing.names if name not in used))
        return pictures, notes


@dataclasses.dataclass(frozen=True)
class HandPicture:
    """A picture of hands, and its mask.

    Parameters
    ----------
    images, masks : Path
        Folders.
    name, mask_name : str
        Files in them; a picture may have no mask.
    options : HandsOccluders
        What to take.
    """

    images: Path
    name: str
    masks: Path
    mask_name: str | None
    options: HandsOccluders

    def __str__(self) -> str:
        """The picture's name."""
        return self.name

    def objects(self) -> Iterator[Cutout | BadDataError]:
        """The hands, or why there is none."""
        try:
            image, digest = read_rgb(self.images / self.name, self.options.max_pixels)
            mask = self._mask(image)
        except BadDataError as error:
            yield BadDataError(error.reason, f"{self.name}: {error.detail}")
            return
        pieces = [(self.name, mask)]
        if self.options.pieces == "each":
            pieces = [(f"{self.name}#{number}", piece) for number, piece in enumerate(_pieces(mask), start=1)]
        for item, piece in pieces:
            origin = Origin("hands", item, digest, self.options.licence)
            try:
                rules = self.options.rules
                hand = check_mask(piece, rules)
                frame = Frame.around(hand)
                near = frame.picture(image)
                hand = trim(near, frame.mask(hand))
                cutout = cut_out(near, hand, "hand", origin, finger_direction(hand), rules.choke)
                yield judged(cutout, near, hand, rules.min_quality)
            except BadDataError as error:
                yield BadDataError(error.reason, f"{item}: {error.detail}")

    def _mask(self, image: Image) -> Mask:
        if self.options.masks == "background":
            return plain_background_mask(image)
        if self.mask_name is None:
            raise BadDataError(Reason.NO_MASK, f"no mask of its name in {self.masks}")
        mask = read_mask(self.masks / self.mask_name, self.options.max_pixels)
        return fit_labels(mask, (image.shape[0], image.shape[1]), self.mask_name)


def _pieces(mask: Mask) -> list[Mask]:
    """The connected pieces of a mask (8-connected), from left to right; specks of a few pixels are none."""
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    order = sorted(range(1, count), key=lambda piece: (int(statistics[piece, cv2.CC_STAT_LEFT]), piece))
    large = [piece for piece in order if statistics[piece, cv2.CC_STAT_AREA] > _SPECK]
    return [(labels == piece).astype(np.uint8) for piece in large]
