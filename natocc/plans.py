"""Every random decision of a sample, written down: JSON, and enough to make the sample again."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Affine: TypeAlias = npt.NDArray[np.float64]
Json: TypeAlias = Any


@dataclasses.dataclass(frozen=True)
class Placement:
    """Where one occluder lies.

    Parameters
    ----------
    matrix : 6 floats
        Affine (2, 3), row by row: cutout pixels to face pixels, flip included.
    flip : bool
        Whether the cutout was mirrored.
    """

    matrix: tuple[float, float, float, float, float, float]
    flip: bool

    @property
    def affine(self) -> Affine:
        """The matrix as a (2, 3) float64 array."""
        return np.array(self.matrix, dtype=np.float64).reshape(2, 3)


@dataclasses.dataclass(frozen=True)
class OccluderPlan:
    """Every decision about one occluder.

    Parameters
    ----------
    cutout : mapping
        What its source needs to make the same cutout again; JSON.
    placement : Placement
        Where it lies.
    transfer, blend : str
        Names of the colour transfer and of the blend.
    opacity : float
        In (0, 1]; below 1 the face shows through. The label follows the matte alone.
    """

    cutout: Mapping[str, Json]
    placement: Placement
    transfer: str
    blend: str
    opacity: float


@dataclasses.dataclass(frozen=True)
class Plan:
    """Every random decision of one sample; with the inputs it makes the sample again.

    Parameters
    ----------
    occluders : tuple of OccluderPlan
        Deepest first.
    attempts : int
        How many draws it took to find an acceptable placement.
    """

    occluders: tuple[OccluderPlan, ...]
    attempts: int

    def to_json(self) -> dict[str, Json]:
        """Plan as plain dictionaries, lists and numbers."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Json]) -> Plan:
        """Inverse of :meth:`to_json`, also after a round trip through JSON text."""
        occluders = tuple(
            OccluderPlan(
                cutout=item["cutout"],
                placement=Placement(tuple(item["placement"]["matrix"]), item["placement"]["flip"]),
                transfer=item["transfer"],
                blend=item["blend"],
                opacity=item["opacity"],
            )
            for item in value["occluders"]
        )
        return cls(occluders, value["attempts"])
