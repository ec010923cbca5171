"""See-through things before the face: veils, nets, smoke, glass."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from natocc.core import seeds
from natocc.core.plans import Json, Reference
from natocc.core.samples import Image, Matte
from natocc.occluders.drawn import DrawnNumbers, Pair, Seed, Shape
from natocc.occluders.drawn_on_faces import DrawnKinds, DrawnOnFaces, Sitter, trimmed
from natocc.occluders.source import OccluderSource
from natocc.occluders.veils.things import THINGS, VeilKind
from natocc.plugins.weights import Weight, some_weight

_AXES = np.array([[0.0, 0.0, 10.0], [100.0, 0.0, 10.0], [0.0, 100.0, 10.0]])  # mm: the origin, and 1 dm along x and y
_LEAST_AREA = 1e-2  # px, of a square of 1 dm; less is on one line


class VeilOccluders(DrawnKinds):
    """Things that the face is seen through, drawn by natocc: veils, nets, smoke, glass. They need no data.

    They are laid before the face as its 68 landmarks say: a veil from the nose downwards, the net of a hat over the eyes, a glass
    at the mouth. The matte is their opacity at each pixel. A face pixel is occluded where it reaches one half, as for all
    occluders; thinner parts are visible face: threads of a net occlude and its holes do not, a dense veil occludes, thin smoke
    does not.

    ``transparency`` counts on top of that, since it multiplies the opacity. To count them as occluding from another opacity on,
    such as a quarter: ``transparency: {probability: 1, opacity: [1, 1], label: threshold, threshold: 0.25}``. With ``label:
    ignore``, pixels with an opacity of one half or more are 255, thinner ones visible face.

    Of ``placement`` only ``occlusion``, ``attempts``, ``count`` and ``overlap`` apply. Defaults are others than elsewhere:
    ``placement.occlusion: [0, 0.8]``, since thin things hide nothing; ``light.shadow: 0``; ``optics.edge: false``, since
    opacities are no edges.
    """

    source: Literal["veils"] = "veils"
    kinds: Annotated[dict[VeilKind, Weight], some_weight("kinds need")] = Field(
        {"veil": 1, "net": 1, "smoke": 1, "glass": 1}, validate_default=True
    )
    """Weight of each kind. ``veil``: fine cloth with folds, over the lower face, the upper or all of it. ``net``: threads and
    knots. ``smoke``: smoke or steam. ``glass``: a tumbler at the mouth, empty or with a drink, or a pane with reflections; what
    is behind is tinted, not bent."""

    @property
    def usual(self) -> Mapping[str, Mapping[str, Any]]:
        """See :attr:`OccluderOptions.usual`."""
        return Veils.usual

    def kinds_of(self, source: OccluderSource) -> tuple[str, ...]:
        """Those that have a weight."""
        return tuple(self.used_kinds)

    def open(self, data: Path, cache: Path, jobs: int = 1) -> Veils:
        """See :meth:`OccluderOptions.open`; nothing is extracted."""
        del data, cache, jobs
        return Veils(self.used_kinds)


class DrawnVeil(DrawnNumbers):
    """What :meth:`Veils.draw_for` drew, its kind and its seed."""

    kind: VeilKind
    seed: Seed
    axes: Annotated[list[Pair], Field(min_length=3, max_length=3)]
    shape: Shape

    @model_validator(mode="after")
    def _spans_a_plane(self) -> DrawnVeil:
        origin, right, down = np.array(self.axes, dtype=np.float64)
        if abs(float(np.linalg.det(np.column_stack([right - origin, down - origin])))) < _LEAST_AREA:
            raise ValueError(f"axes {self.axes} lie on one line")
        return self


class Veils(DrawnOnFaces):
    """See-through things drawn on demand; an :class:`OccluderSource` of any face that :meth:`on` names."""

    name = "veils"
    usual: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "placement": {"occlusion": (0.0, 0.8)},
        "light": {"shadow": 0.0},
        "optics": {"edge": False},
    }

    def draw_for(self, rng: np.random.Generator, kind: str, sitter: Sitter) -> dict[str, Json]:
        """Where the face's origin and two points, 100 mm to its right and below, lie in its picture; and the picture's size."""
        del rng, kind
        return {
            "axes": np.round(sitter.pose.project(_AXES)[:, :2], 2).tolist(),
            "shape": [int(side) for side in sitter.face.face_mask.shape],
        }

    def make(self, reference: Reference) -> tuple[Image, Matte, tuple[int, int]]:
        """See :meth:`DrawnOnFaces.make`."""
        drawn = DrawnVeil.of(reference)
        rng = seeds.generator(drawn.seed, "veils")
        origin, right, down = np.array(drawn.axes, dtype=np.float64)
        to_px = np.column_stack([right - origin, down - origin]) / 100
        height, width = drawn.shape
        columns, rows = np.meshgrid(np.arange(width) - origin[0], np.arange(height) - origin[1])
        to_mm = np.linalg.inv(to_px)
        x, y = ((a * columns + b * rows).astype(np.float32) for a, b in to_mm)
        scale = float(np.sqrt(abs(np.linalg.det(to_px))))
        opacity, colours = THINGS[drawn.kind](rng, x, y, scale)
        matte = np.rint(255 * opacity.clip(0, 1)).astype(np.uint8)
        return trimmed(np.rint(colours.clip(0, 255)).astype(np.uint8), matte, 0, 0)
