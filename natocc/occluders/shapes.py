"""Random shapes with random textures: RandOcc's occluders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import BeforeValidator, Field, SerializeAsAny

from natocc.occluders.source import OccluderOptions
from natocc.occluders.textures import TextureOptions, TextureSource
from natocc.options import choose_by_name
from natocc.plans import Json
from natocc.samples import Cutout

_MARGIN = 4  # px around the outline, so that every edge is soft
_FRACTION_BITS = 4
_OVERSAMPLING = 4
_LEAST_AREA = 0.12  # of the unit square: less is a sliver
_TRIES = 20
_STEPS = 24  # points of the outline between two corners


def _choose_textures(value: Any) -> TextureOptions:
    from natocc.occluders import TEXTURES

    return choose_by_name(value, TextureOptions, TEXTURES, "source")


class ShapesOptions(OccluderOptions):
    """``source: shapes``: closed Bézier outlines through random points, filled with a texture [1]_.

    References
    ----------
    .. [1] K. T. R. Voo, L. Jiang, C. C. Loy, "Delving into High-Quality Synthetic Face Occlusion Segmentation Datasets",
       CVPR Workshops 2022, section 3 (RandOcc).
    """

    source: Literal["shapes"] = "shapes"
    textures: Annotated[SerializeAsAny[TextureOptions], BeforeValidator(_choose_textures)] = Field(
        default_factory=lambda: _choose_textures({"source": "textures"})
    )
    least_points: int = Field(3, ge=3, le=100)
    most_points: int = Field(15, ge=3, le=100)
    smooth: float = Field(0.5, ge=0, le=1, description="probability of a smooth outline rather than an edgy one")
    side: int = Field(384, ge=32, le=2048, description="longer side at which a shape is drawn, px")

    def check(self, data: Path) -> int:
        """How many textures there are; see :meth:`OccluderOptions.check`."""
        return len(self.textures.open(data))

    def open(self, data: Path, cache: Path, jobs: int = 1) -> Shapes:
        """See :meth:`OccluderOptions.open`; nothing is extracted."""
        return Shapes(self, self.textures.open(data))


class Shapes:
    """Shapes made on demand; an :class:`OccluderSource`.

    Parameters
    ----------
    options : ShapesOptions
        How many points, how smooth, how large.
    textures : TextureSource
        What they are filled with.
    """

    def __init__(self, options: ShapesOptions, textures: TextureSource) -> None:
        self._options, self._textures = options, textures

    def draw(self, rng: np.random.Generator) -> dict[str, Json]:
        """Points of an outline in the unit square, whether it is smooth, its roundness, and a texture."""
        low, high = sorted((self._options.least_points, self._options.most_points))
        for _ in range(_TRIES):
            points = rng.random((int(rng.integers(low, high + 1)), 2))
            if _area(outline(points, 0.0)) >= _LEAST_AREA:
                break
        smooth = bool(rng.random() < self._options.smooth)
        roundness = rng.uniform(0.2, 0.5) if smooth else rng.uniform(0.0, 0.1)
        return {
            "points": [[round(float(x), 4), round(float(y), 4)] for x, y in points],
            "roundness": round(float(roundness), 4),
            **self._textures.draw(rng),
        }

    def subset(self, keep: Callable[[str], bool]) -> Shapes:
        """See :meth:`OccluderSource.subset`; the pictures are those of the textures."""
        return Shapes(self._options, self._textures.subset(keep))

    def cutout(self, reference: Mapping[str, Json]) -> Cutout:
        """The shape that `reference` describes."""
        curve = outline(np.array(reference["points"], dtype=np.float64), float(reference["roundness"]))
        low, extent = curve.min(axis=0), np.ptp(curve, axis=0)
        curve = (curve - low) * (self._options.side / max(float(extent.max()), 1e-6)) + _MARGIN
        width, height = (int(np.ceil(length)) + _MARGIN for length in curve.max(axis=0))
        fine = np.zeros((height * _OVERSAMPLING, width * _OVERSAMPLING), np.uint8)
        corners = np.rint(curve * _OVERSAMPLING * 2**_FRACTION_BITS).astype(np.int32)
        cv2.fillPoly(fine, [corners], 255, cv2.LINE_8, _FRACTION_BITS)
        matte = np.asarray(cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)
        texture, category, origin = self._textures.texture(reference, height, width)
        return Cutout(texture, matte, category, origin)


def outline(points_xy: npt.NDArray[np.float64], roundness: float) -> npt.NDArray[np.float64]:
    """Closed outline through points, of cubic Bézier curves that meet with one tangent.

    Parameters
    ----------
    points_xy : (n, 2) float64
        Three or more, any unit; visited by their angle around their mean, so that the outline hardly crosses itself.
    roundness : float
        Length of the tangents over the distance between neighbours: 0 gives straight edges, 0.3-0.5 a smooth outline.

    Returns
    -------
    curve : (m, 2) float64
        In the same unit.
    """
    around = points_xy - points_xy.mean(axis=0)
    corners = points_xy[np.argsort(np.arctan2(around[:, 1], around[:, 0]), kind="stable")]
    before, after = np.roll(corners, 1, axis=0), np.roll(corners, -1, axis=0)
    chord = after - before
    tangent = chord / np.maximum(np.hypot(*chord.T), 1e-9)[:, None]
    reach = (roundness * np.hypot(*(after - corners).T))[:, None]
    first, second = corners + reach * tangent, after - reach * np.roll(tangent, -1, axis=0)
    t = np.linspace(0, 1, _STEPS, endpoint=False)[None, :, None]
    curve: npt.NDArray[np.float64] = (
        (1 - t) ** 3 * corners[:, None]
        + 3 * (1 - t) ** 2 * t * first[:, None]
        + 3 * (1 - t) * t**2 * second[:, None]
        + t**3 * after[:, None]
    ).reshape(-1, 2)
    return curve


def _area(polygon_xy: npt.NDArray[np.float64]) -> float:
    """Area of a polygon (shoelace)."""
    x, y = polygon_xy.T
    return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)
