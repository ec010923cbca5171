"""Cutouts that somebody has already made: a folder of pictures with an alpha channel."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np

from natocc.core.errors import BadDataError, Reason, UsageError
from natocc.core.samples import MATTE_THRESHOLD, Cutout, Origin
from natocc.core.text import plain
from natocc.io.images import read_rgba
from natocc.io.paths import SUFFIXES, files_below, inside, locate, require_folder
from natocc.occluders.cutting.cutouts import CutoutRules, check_mask, cut_by_alpha
from natocc.occluders.library.extraction import library_key, open_library
from natocc.occluders.library.library import Library
from natocc.occluders.source import OccluderOptions
from natocc.plugins.options import Location

_LAYOUT = "pictures with an alpha channel (PNG, WebP, TIFF), in folders by category if you like"


class CutoutsOccluders(OccluderOptions):
    """RGBA pictures, nested as you like; the folder that one lies in is its category."""

    source: Literal["cutouts"] = "cutouts"
    root: Location = "cutouts"
    """Location of the folder of pictures."""
    licence: str | None = None
    """Licence of all the pictures, recorded with every sample."""
    # Cut tight, and in the pieces that were wanted.
    rules: CutoutRules = CutoutRules(largest_piece=0.5, border_share=1)
    """What a cutout must be like."""

    def check(self, data: Path) -> int:
        """See :meth:`OccluderOptions.check`."""
        return len(self._names(require_folder(locate(self.root, data), _LAYOUT)))

    def _names(self, root: Path) -> list[str]:
        names = files_below(root, SUFFIXES)
        if not names:
            raise UsageError(f"no picture below {root}; expected {_LAYOUT}")
        return names

    def open(self, data: Path, cache: Path, jobs: int = 1) -> Library:
        """See :meth:`OccluderOptions.open`."""
        root = require_folder(locate(self.root, data), _LAYOUT)
        names = self._names(root)
        files = [CutoutFile(root, name, self.licence, self.rules) for name in names]
        return open_library(cache, library_key(self.model_dump_json(), [], [root]), str(root), lambda: files, jobs)


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
    """

    root: Path
    name: str
    licence: str | None
    rules: CutoutRules

    def objects(self) -> Iterator[Cutout | BadDataError]:
        """The cutout, or why there is none."""
        try:
            yield self._cut()
        except BadDataError as error:
            yield BadDataError(error.reason, f"{self.name}: {error.detail}")

    def _cut(self) -> Cutout:
        colours, alpha, digest = read_rgba(inside(self.root, self.name))
        if alpha.min() >= MATTE_THRESHOLD:
            raise BadDataError(Reason.NO_MASK, "nothing of it is transparent")
        check_mask((alpha >= MATTE_THRESHOLD).astype(np.uint8), self.rules)
        category = plain(Path(self.name).parent.name or Path(self.name).stem)
        return cut_by_alpha(colours, alpha, category, Origin("cutouts", self.name, digest, self.licence))
