"""Cutouts that somebody has already made: a folder of pictures with an alpha channel."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from natocc.core.errors import BadDataError, Reason, UsageError
from natocc.core.samples import MATTE_THRESHOLD, Cutout, Origin
from natocc.core.text import plain
from natocc.io.folders import Links, Listing, list_folder
from natocc.io.images import MAX_PIXELS, MOST_PIXELS, read_rgba
from natocc.io.notes import Notes
from natocc.io.paths import SUFFIXES, locate, require_folder
from natocc.occluders.cutting.cutouts import CutoutRules, check_mask, cut_by_alpha
from natocc.occluders.library.extraction import library_key, open_library
from natocc.occluders.library.library import Library
from natocc.occluders.source import OccluderOptions
from natocc.plugins.options import Location

_LAYOUT = "pictures with an alpha channel (PNG, WebP, TIFF), in folders by category if you like"


class CutoutsOccluders(OccluderOptions):
    """RGBA pictures, nested as you like; the folder that one lies in is its category.

    Colours may be straight or premultiplied by their alpha: that is noticed, and said.
    """

    reads = SUFFIXES
    source: Literal["cutouts"] = "cutouts"
    root: Location = "cutouts"
    """Location of the folder of pictures."""
    licence: str | None = None
    """Licence of all the pictures, recorded with every sample."""
    max_pixels: int = Field(MAX_PIXELS, ge=1, le=MOST_PIXELS)
    """Pictures of more pixels are refused by their header, before anything is decoded."""
    links: Links = "follow"
    """``follow``: symbolic links in the folder are followed wherever they lead. ``inside``: those that lead out of it are left
    out."""
    # Cut tight, and in the pieces that were wanted.
    rules: CutoutRules = CutoutRules(largest_piece=0.5, border_share=1)
    """What a cutout must be like."""

    def check(self, data: Path) -> int:
        """See :meth:`OccluderOptions.check`."""
        return len(self._listing(data)[1].names)

    def notes(self, data: Path) -> Notes:
        """See :meth:`OccluderOptions.notes`."""
        return self._listing(data)[1].notes

    def _listing(self, data: Path) -> tuple[Path, Listing]:
        root = require_folder(locate(self.root, data), _LAYOUT)
        listing = list_folder(root, SUFFIXES, self.links)
        if not listing.names:
            raise UsageError(f"no picture below {root}; expected {_LAYOUT}", *listing.notes.lines())
        return root, listing

    def open(self, data: Path, cache: Path, jobs: int = 1) -> Library:
        """See :meth:`OccluderOptions.open`."""
        root, listing = self._listing(data)
        files = [CutoutFile(root, name, self.licence, self.rules, self.max_pixels) for name in listing.names]
        key = library_key(self.model_dump_json(), [], [root], self.links)
        return open_library(cache, key, str(root), lambda: files, jobs)


@dataclasses.dataclass(frozen=True)
class CutoutFile:
    """One picture with an alpha channel.

    Parameters
    ----------
    root : Path
        Folder of all.
    name : str
        Relative to it.
    licence : str, optional
        Of the picture.
    rules : CutoutRules
        What the object must be like.
    max_pixels : int
        Pictures of more are refused.
    """

    root: Path
    name: str
    licence: str | None
    rules: CutoutRules
    max_pixels: int = MAX_PIXELS

    def __str__(self) -> str:
        """The picture's name."""
        return self.name

    def objects(self) -> Iterator[Cutout | BadDataError]:
        """The cutout, or why there is none."""
        try:
            yield self._cut()
        except BadDataError as error:
            yield BadDataError(error.reason, f"{self.name}: {error.detail}")

    def _cut(self) -> Cutout:
        colours, alpha, digest = read_rgba(self.root / self.name, self.max_pixels)
        if alpha.min() >= MATTE_THRESHOLD:
            raise BadDataError(Reason.NO_MASK, "nothing of it is transparent")
        check_mask((alpha >= MATTE_THRESHOLD).astype(np.uint8), self.rules)
        category = plain(Path(self.name).parent.name or Path(self.name).stem)
        return cut_by_alpha(colours, alpha, category, Origin("cutouts", self.name, digest, self.licence))
