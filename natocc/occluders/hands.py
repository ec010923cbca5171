"""Hands: pictures and masks of equal stems."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field

from natocc.errors import BadDataError, Reason, UsageError
from natocc.images import SUFFIXES, read_mask, read_rgb
from natocc.locations import inside, locate, require_folder
from natocc.occluders.cutouts import CutoutRules, check_mask, cut_out
from natocc.occluders.extraction import library_key, open_library
from natocc.occluders.library import Library
from natocc.occluders.pointing import finger_direction
from natocc.occluders.source import OccluderOptions
from natocc.samples import Cutout, Origin

_LAYOUT = "images/ and masks/ with files of equal stems"


class HandsOptions(OccluderOptions):
    """``source: hands``: photographs of hands with their masks, such as 11k Hands with the paper's masks."""

    source: Literal["hands"] = "hands"
    root: str = Field("hands", description="folder with images/ and masks/")
    licence: str | None = Field(None, description="of all pictures, recorded with every sample")
    rules: CutoutRules = CutoutRules(border_share=0.5, choke=2)  # the frame cuts the wrist; thresholds leave a fringe

    def open(self, data: Path, cache: Path, jobs: int = 1) -> Library:
        """See :meth:`OccluderOptions.open`."""
        root = require_folder(locate(self.root, data), _LAYOUT)
        folders = [require_folder(root / name, f"{_LAYOUT}, below {root}") for name in ("images", "masks")]
        key = library_key(self.model_dump_json(), [], folders)
        return open_library(cache, key, str(root), lambda: self._pictures(*folders), jobs)

    def _pictures(self, images: Path, masks: Path) -> list[HandPicture]:
        by_stem: dict[str, str] = {}
        for path in sorted(masks.iterdir()):
            if path.suffix.lower() in SUFFIXES:
                by_stem.setdefault(path.stem, path.name)
        names = sorted(path.name for path in images.iterdir() if path.suffix.lower() in SUFFIXES)
        if not names:
            raise UsageError(f"no picture in {images}; expected {_LAYOUT}")
        return [HandPicture(images, name, masks, by_stem.get(Path(name).stem), self.licence, self.rules) for name in names]


@dataclasses.dataclass(frozen=True)
class HandPicture:
    """A picture of one hand, and its mask.

    Parameters
    ----------
    images, masks : Path
        Folders.
    name, mask_name : str
        Files in them; a picture may have no mask.
    licence : str, optional
        Of the picture.
    rules : CutoutRules
        What the hand must be like.
    """

    images: Path
    name: str
    masks: Path
    mask_name: str | None
    licence: str | None
    rules: CutoutRules

    def objects(self) -> Iterator[Cutout | BadDataError]:
        """The hand, or why there is none."""
        try:
            yield self._cut()
        except BadDataError as error:
            yield BadDataError(error.reason, f"{self.name}: {error.detail}")

    def _cut(self) -> Cutout:
        if self.mask_name is None:
            raise BadDataError(Reason.NO_MASK, f"no file of its stem in {self.masks}")
        image, digest = read_rgb(inside(self.images, self.name))
        mask = check_mask(read_mask(inside(self.masks, self.mask_name)), self.rules)
        return cut_out(
            image, mask, "hand", Origin("hands", self.name, digest, self.licence), finger_direction(mask), self.rules.choke
        )
