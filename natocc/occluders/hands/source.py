"""Hands: pictures with masks of equal stems, one hand or several in each, or pictures in front of a plain background."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from natocc.core.errors import BadDataError, Reason, UsageError
from natocc.core.samples import Cutout, Image, Mask, Origin
from natocc.io.images import read_mask, read_rgb
from natocc.io.masks import fit_labels
from natocc.io.paths import SUFFIXES, files_below, inside, locate, require_folder
from natocc.occluders.cutting.cutouts import CutoutRules, check_mask, cut_out
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
    """Photographs of hands, with masks such as the paper's for 11k Hands, or without."""

    source: Literal["hands"] = "hands"
    root: Location = "hands"
    """Location of the folder with ``images/`` and ``masks/``; with ``masks: background`` the pictures may lie in it directly,
    nested as you like."""
    masks: Literal["files", "background"] = "files"
    """``files``: masks with the same stems as the pictures. ``background``: masks are computed from pictures with a plain
    background."""
    pieces: Literal["largest", "each"] = "largest"
    """``largest``: one hand per picture. ``each``: every connected piece of the mask is a hand of its own, with ids ``NAME#1``,
    ``NAME#2``, ... from left to right."""
    licence: str | None = None
    """Licence of all the pictures, recorded with every sample."""
    rules: CutoutRules = CutoutRules(border_share=0.5, choke=2)  # the frame cuts the wrist; thresholds leave a fringe
    """What a hand must be like."""

    def check(self, data: Path) -> int:
        """See :meth:`OccluderOptions.check`."""
        return len(self._pictures(*self._folders(data)))

    def open(self, data: Path, cache: Path, jobs: int = 1) -> Library:
        """See :meth:`OccluderOptions.open`."""
        images, masks = self._folders(data)
        key = library_key(self.model_dump_json(), [], [images] if self.masks == "background" else [images, masks])
        return open_library(cache, key, str(images.parent), lambda: self._pictures(images, masks), jobs)

    def _folders(self, data: Path) -> tuple[Path, Path]:
        """Where pictures and masks lie."""
        root = require_folder(locate(self.root, data), _LAYOUT)
        images, masks = root / "images", root / "masks"
        if self.masks == "background":
            return (images if images.is_dir() else root), masks
        for folder in (images, masks):
            require_folder(folder, f"{_LAYOUT}, below {root}")
        return images, masks

    def _pictures(self, images: Path, masks: Path) -> list[HandPicture]:
        names = files_below(images, SUFFIXES)
        if not names:
            raise UsageError(f"no picture in {images}; expected {_LAYOUT}")
        if self.masks == "background":
            return [HandPicture(images, name, masks, None, self) for name in names]
        by_stem: dict[str, str] = {}
        for name in files_below(masks, SUFFIXES):
            other = by_stem.setdefault(_stem(name), name)
            if other != name:
                raise UsageError(f"{masks} has {other} and {name}, of which only the suffix differs; rename or remove one")
        return [HandPicture(images, name, masks, by_stem.get(_stem(name)), self) for name in names]


def _stem(name: str) -> str:
    return Path(name).with_suffix("").as_posix()


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

    def objects(self) -> Iterator[Cutout | BadDataError]:
        """The hands, or why there is none."""
        try:
            image, digest = read_rgb(inside(self.images, self.name))
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
                hand = check_mask(piece, self.options.rules)
                yield cut_out(image, hand, "hand", origin, finger_direction(hand), self.options.rules.choke)
            except BadDataError as error:
                yield BadDataError(error.reason, f"{item}: {error.detail}")

    def _mask(self, image: Image) -> Mask:
        if self.options.masks == "background":
            return plain_background_mask(image)
        if self.mask_name is None:
            raise BadDataError(Reason.NO_MASK, f"no file of its stem in {self.masks}")
        mask = read_mask(inside(self.masks, self.mask_name))
        return fit_labels(mask, (image.shape[0], image.shape[1]), self.mask_name)


def _pieces(mask: Mask) -> list[Mask]:
    """The connected pieces of a mask (8-connected), from left to right; specks of a few pixels are none."""
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    order = sorted(range(1, count), key=lambda piece: (int(statistics[piece, cv2.CC_STAT_LEFT]), piece))
    large = [piece for piece in order if statistics[piece, cv2.CC_STAT_AREA] > _SPECK]
    return [(labels == piece).astype(np.uint8) for piece in large]
