"""Hair over the face: loose strands, fringes, a curtain on one side."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import cv2
import numpy as np
from pydantic import Field, model_validator

from natocc.core.plans import Json, Reference
from natocc.core.samples import Image, Matte
from natocc.occluders.drawn import Colour, DrawnNumbers, Pair, Seed, Shape, check_near
from natocc.occluders.drawn_on_faces import DrawnKinds, DrawnOnFaces, Sitter
from natocc.occluders.hair.flow import COLUMNS, ROWS, draw_sheets, on_picture
from natocc.occluders.hair.strands import draw_hair
from natocc.occluders.hair.tone import draw_palette
from natocc.occluders.source import OccluderSource
from natocc.plugins.weights import Weight, some_weight

_FARTHEST = 10  # sides of the picture; every strand is followed to its end

HairKind = Literal["strand", "fringe", "side"]


class HairOccluders(DrawnKinds):
    """Hair that falls over the face, drawn by natocc in the tone of the picture's own hair; it needs no data.

    Bundles of fine strands begin at the hairline (the upper end of the face mask) and follow gravity, on the head as its 68
    landmarks say that it is turned. Their colours, from shadow to highlight, are those of the picture's hair where the face
    source labels hair; else of what lies around the upper face, if hair could have that colour; else a natural tone.

    The matte is the share of each pixel that hair covers. A face pixel is occluded where hair covers half of it or more; thinner
    hair, through which the face is seen, is visible face.

    Of ``placement`` only ``occlusion``, ``attempts``, ``count`` and ``overlap`` apply. Defaults are others than elsewhere:
    ``placement.occlusion: [0.002, 0.8]``, since a strand hides little; ``colour.shift: [0, 0]``, ``optics.edge: false`` and
    ``optics.sharpness: [0, 0]``, since tone and blur are the picture's already; ``light.shading: [0.2, 0.5]``; and a soft shadow:
    ``light.shadow: 0.8``, ``light.shadow_strength: [0.2, 0.45]``, ``light.shadow_reach: [0.01, 0.03]``.
    """

    source: Literal["hair"] = "hair"
    kinds: Annotated[dict[HairKind, Weight], some_weight("kinds need")] = Field(
        {"strand": 2, "fringe": 2, "side": 1}, validate_default=True
    )
    """Weight of each kind. ``strand``: one to three loose locks across forehead and cheek. ``fringe``: bangs down to about the
    brows. ``side``: a curtain of hair on one side of the face."""

    @property
    def usual(self) -> Mapping[str, Mapping[str, Any]]:
        """See :attr:`OccluderOptions.usual`: its colours, its edges and its sharpness are the picture's already."""
        return Hair.usual

    def kinds_of(self, source: OccluderSource) -> tuple[str, ...]:
        """One, however it falls."""
        return (self.source,)

    def kind_of(self, category: str) -> str:
        """See :meth:`kinds_of`."""
        return self.source

    def open(self, data: Path, cache: Path, jobs: int = 1) -> Hair:
        """See :meth:`OccluderOptions.open`; nothing is extracted."""
        del data, cache, jobs
        return Hair(self.used_kinds)


_Row = Annotated[list[Pair], Field(min_length=COLUMNS, max_length=COLUMNS)]
_Sheet = Annotated[list[_Row], Field(min_length=ROWS, max_length=ROWS)]
_Density = Annotated[list[Annotated[float, Field(ge=0, le=10)]], Field(min_length=2, max_length=2)]


class DrawnHair(DrawnNumbers):
    """What :meth:`Hair.draw_for` drew, and its seed."""

    kind: HairKind
    sheets: Annotated[list[_Sheet], Field(min_length=1, max_length=8)]
    density: list[_Density]
    palette: Annotated[list[Colour], Field(min_length=1, max_length=32)]
    px_per_mm: float = Field(ge=0.01, le=1000)
    blur: float = Field(ge=0, le=10)
    shape: Shape
    seed: Seed

    @model_validator(mode="after")
    def _can_be_drawn(self) -> DrawnHair:
        if len(self.density) != len(self.sheets):
            raise ValueError(f"{len(self.sheets)} sheets of {len(self.density)} densities")
        check_near(self.sheets, self.shape, _FARTHEST)
        return self


class Hair(DrawnOnFaces):
    """Hair drawn on demand; an :class:`OccluderSource` of any face that :meth:`on` names."""

    name = "hair"
    usual: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "placement": {"occlusion": (0.002, 0.8)},
        "colour": {"shift": (0.0, 0.0)},
        "light": {"shading": (0.2, 0.5), "shadow": 0.8, "shadow_strength": (0.2, 0.45), "shadow_reach": (0.01, 0.03)},
        "optics": {"edge": False, "sharpness": (0.0, 0.0)},
    }

    def draw_for(self, rng: np.random.Generator, kind: str, sitter: Sitter) -> dict[str, Json]:
        """Control points of its sheets, px; how densely each is covered; colours; scale and blur of the picture."""
        sheets = draw_sheets(rng, kind, sitter)
        return {
            "sheets": [np.round(on_picture(sheet.points, sitter), 1).tolist() for sheet in sheets],
            "density": [[round(value, 3) for value in sheet.density] for sheet in sheets],
            "palette": draw_palette(rng, sitter),
            "px_per_mm": round(sitter.px_per_mm, 4),
            "blur": picture_blur(sitter.face.image),
            "shape": [int(side) for side in sitter.face.face_mask.shape],
        }

    def make(self, reference: Reference) -> tuple[Image, Matte, tuple[int, int]]:
        """See :meth:`DrawnOnFaces.make`."""
        drawn = DrawnHair.of(reference)
        return draw_hair(
            [np.array(sheet, dtype=np.float64) for sheet in drawn.sheets],
            [(cover, stray) for cover, stray in drawn.density],
            np.array(drawn.palette, dtype=np.float64),
            drawn.px_per_mm,
            drawn.blur,
            (drawn.shape[0], drawn.shape[1]),
            drawn.seed,
        )


def picture_blur(image: Image) -> float:
    """Standard deviation of a picture's blur at its sharper edges, px, in [0.4, 3].

    A picture is blurred once more; the sharper an edge was, the more its gradient falls [1]_.

    References
    ----------
    .. [1] S. Zhuo, T. Sim, "Defocus map estimation from a single image", Pattern Recognition 2011.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    slopes = []
    for plane in (cv2.GaussianBlur(grey, (0, 0), 0.3), cv2.GaussianBlur(grey, (0, 0), 1.0)):
        slopes.append(cv2.magnitude(cv2.Scharr(plane, cv2.CV_32F, 1, 0), cv2.Scharr(plane, cv2.CV_32F, 0, 1)))
    strong = slopes[0] >= max(float(np.quantile(slopes[0], 0.98)), 1.0)
    if not strong.any():
        return 1.0
    ratio = float(np.median(slopes[0][strong] / np.maximum(slopes[1][strong], 1e-3)))
    return round(float(np.clip(1 / np.sqrt(max(ratio**2 - 1, 0.05)), 0.4, 3.0)), 2)
