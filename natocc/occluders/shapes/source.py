"""Random shapes with random textures: RandOcc's occluders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import cv2
import numpy as np
from pydantic import Field, SerializeAsAny

from natocc.core.errors import BadDataError, Reason
from natocc.core.plans import Json, Reference
from natocc.core.samples import MATTE_THRESHOLD, Cutout
from natocc.io.notes import Notes
from natocc.occluders import TEXTURES
from natocc.occluders.drawn import DrawnNumbers
from natocc.occluders.shapes.outlines import DRAWS, OUTLINES, OutlineKind, draw_bezier
from natocc.occluders.shapes.textures import TextureOptions, TextureSource
from natocc.occluders.source import OccluderOptions, OccluderSource
from natocc.plugins.options import ChosenFrom
from natocc.plugins.weights import Weight, draw_by_weight, some_weight

_MARGIN = 4  # px around the outline, so that every edge is soft
_FRACTION_BITS = 4
_OVERSAMPLING = 4
_KIND = "shape"


_TEXTURES = ChosenFrom(TEXTURES, TextureOptions)


Kinds = Annotated[dict[OutlineKind, Weight], some_weight("kinds need")]


class ShapesOccluders(OccluderOptions):
    """Random outlines filled with a texture.

    References
    ----------
    .. [1] K. T. R. Voo, L. Jiang, C. C. Loy, "Delving into High-Quality Synthetic Face Occlusion Segmentation Datasets",
       CVPR Workshops 2022, section 3 (RandOcc).
    """

    source: Literal["shapes"] = "shapes"
    textures: Annotated[SerializeAsAny[TextureOptions], _TEXTURES] = Field(
        default_factory=lambda: _TEXTURES.choose({"source": "textures"})
    )
    """What shapes are filled with."""
    kinds: Kinds = Field(
        {"bezier": 3, "ellipse": 1, "rectangle": 1, "stroke": 1, "polygon": 1, "grid": 0.5}, validate_default=True
    )
    """Weight of each kind of outline; ``{bezier: 1}`` is the paper's: closed curves through random points."""
    least_points: int = Field(3, ge=3, le=100)
    """Least number of points that a closed curve goes through."""
    most_points: int = Field(15, ge=3, le=100)
    """Largest number of points that a closed curve goes through."""
    smooth: float = Field(0.5, ge=0, le=1)
    """Probability of a smooth outline rather than a jagged one."""
    side: int = Field(384, ge=32, le=2048)
    """Longer side at which a shape is drawn, px."""

    @property
    def counted(self) -> str:
        """See :attr:`OccluderOptions.counted`."""
        return "textures"

    def check(self, data: Path) -> int:
        """Number of textures; see :meth:`OccluderOptions.check`."""
        return len(self.textures.open(data))

    def notes(self, data: Path) -> Notes:
        """Those of the textures."""
        return self.textures.notes(data)

    def kinds_of(self, source: OccluderSource) -> tuple[str, ...]:
        """One, whatever they are filled with."""
        return (_KIND,)

    def kind_of(self, category: str) -> str:
        """See :meth:`kinds_of`."""
        return _KIND

    def open(self, data: Path, cache: Path, jobs: int = 1) -> Shapes:
        """See :meth:`OccluderOptions.open`; nothing is extracted."""
        return Shapes(self, self.textures.open(data))


class DrawnShape(DrawnNumbers):
    """What :class:`Shapes` drew; the outline and the texture know their own numbers."""

    kind: OutlineKind


class Shapes:
    """Shapes made on demand; an :class:`OccluderSource`.

    Parameters
    ----------
    options : ShapesOccluders
        Number of points, smoothness, size.
    textures : TextureSource
        What they are filled with.
    """

    def __init__(self, options: ShapesOccluders, textures: TextureSource) -> None:
        self._options, self._textures = options, textures

    def draw(self, rng: np.random.Generator) -> dict[str, Json]:
        """A kind of shape, the numbers that make it, and a texture."""
        kind = draw_by_weight(rng, self._options.kinds)
        low, high = sorted((self._options.least_points, self._options.most_points))
        drawn = draw_bezier(rng, (low, high), self._options.smooth) if kind == "bezier" else DRAWS[kind](rng)
        return {"kind": kind, **drawn, **self._textures.draw(rng)}

    def subset(self, keep: Callable[[str], bool]) -> Shapes:
        """See :meth:`OccluderSource.subset`; the pictures are those of the textures."""
        return Shapes(self._options, self._textures.subset(keep))

    def size(self, reference: Reference) -> None:
        """Not known before it is made."""

    def cutout(self, reference: Reference) -> Cutout:
        """The shape that `reference` describes."""
        pieces = OUTLINES[DrawnShape.of(reference).kind](reference)
        every = np.concatenate([ring for piece in pieces for ring in piece])
        low, extent = every.min(axis=0), np.ptp(every, axis=0)
        scale = self._options.side / max(float(extent.max()), 1e-6)
        width, height = (int(np.ceil(length)) + _MARGIN for length in extent * scale + _MARGIN)
        fine = np.zeros((height * _OVERSAMPLING, width * _OVERSAMPLING), np.uint8)
        for piece in pieces:
            rings = [((ring - low) * scale + _MARGIN) * (_OVERSAMPLING * 2**_FRACTION_BITS) for ring in piece]
            cv2.fillPoly(fine, [np.rint(ring).astype(np.int32) for ring in rings], 255, cv2.LINE_8, _FRACTION_BITS)
        matte = np.asarray(cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)
        if matte.max() < MATTE_THRESHOLD:
            raise BadDataError(Reason.NO_PLACEMENT, f"a {reference['kind']} that covers no pixel")
        texture, category, origin = self._textures.texture(reference, height, width)
        return Cutout(texture, matte, category, origin)
