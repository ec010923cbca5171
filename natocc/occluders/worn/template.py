"""What a thing that is worn looks like before it is put on a face: a picture, and where its points belong."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TypeAlias

from natocc.core.samples import MATTE_THRESHOLD, Image, Matte

Anchors: TypeAlias = Mapping[str, tuple[float, float]]
"""Points by the names of :data:`natocc.occluders.worn.face_model.ANCHORS`."""


@dataclasses.dataclass(frozen=True, eq=False)
class WornTemplate:
    """A thing that is worn, laid out flat.

    A pixel of the face under it is labelled occluded where its matte reaches 128 (or the level that ``transparency`` asks for):
    clear lenses leave the eyes visible face and their frame occludes; dark lenses occlude.

    Parameters
    ----------
    foreground : (h, w, 3) uint8
        sRGB, straight (not premultiplied), valid beyond the matte's edge.
    matte : (h, w) uint8
        Opacity, 0-255: lenses may be see-through.
    points : mapping of str to (float, float)
        Where on the picture anchors of the face lie, px; pixel centres are at integers. At least four, not on a line.
    kind : str
        Such as ``surgical``.
    """

    foreground: Image
    matte: Matte
    points: Anchors
    kind: str

    def __post_init__(self) -> None:
        if self.foreground.shape != (*self.matte.shape, 3):
            raise ValueError(f"foreground {self.foreground.shape} and matte {self.matte.shape} differ in size")
        if self.matte.max(initial=0) < MATTE_THRESHOLD:
            raise ValueError("matte must cover at least one pixel")
