"""What sources share whose cutouts natocc draws for a face, of no picture: hair, veils."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from natocc.core.errors import BadDataError, Reason
from natocc.core.plans import Json, Reference
from natocc.core.samples import MATTE_THRESHOLD, AlignedFace, Cutout, Image, Mask, Matte, Origin
from natocc.occluders.source import OccluderOptions
from natocc.occluders.worn.head_pose import HeadPose
from natocc.occluders.worn.wearer import pose_of
from natocc.plugins.weights import draw_by_weight

Box = tuple[int, int, int, int]
"""Left, top, width and height, px."""

_SEEDS = 2**32
_MARGIN = 2  # px without any coverage around what is drawn


@dataclasses.dataclass(frozen=True, eq=False)
class Sitter:
    """A face that something is drawn for.

    Parameters
    ----------
    face : AlignedFace
        With 68 landmarks.
    regions : mapping of str to (H, W) uint8
        As for :meth:`natocc.occluders.source.PutOnFaces.on`.
    pose : HeadPose
        How the head is turned.
    """

    face: AlignedFace
    regions: Mapping[str, Mask]
    pose: HeadPose

    @property
    def px_per_mm(self) -> float:
        """Scale of the face."""
        return self.pose.px_per_mm


class DrawnKinds(OccluderOptions):
    """Options of such a source: kinds with weights, and no data."""

    kinds: Mapping[Any, float]
    """Weight of each kind."""

    @property
    def on_landmarks(self) -> bool:
        """See :attr:`OccluderOptions.on_landmarks`."""
        return True

    @property
    def counted(self) -> str:
        """See :attr:`OccluderOptions.counted`."""
        return "kinds that natocc draws"

    @property
    def used_kinds(self) -> dict[str, float]:
        """Those that have a weight, and it."""
        return {kind: weight for kind, weight in self.kinds.items() if weight > 0}

    def check(self, data: Path) -> int:
        """Number of kinds: there are no pictures."""
        del data
        return len(self.used_kinds)


class DrawnOnFaces(ABC):
    """Things that natocc draws, not yet for a face; an :class:`OccluderSource` of any face that :meth:`on` names.

    Parameters
    ----------
    weights : mapping of str to float
        How often each kind is drawn, against others.
    """

    name: str
    """Of the source."""

    def __init__(self, weights: Mapping[str, float]) -> None:
        self._weights = dict(weights)

    @abstractmethod
    def draw_for(self, rng: np.random.Generator, kind: str, sitter: Sitter) -> dict[str, Json]:
        """All that :meth:`make` needs, but for kind and seed, as JSON in px of the face."""

    @abstractmethod
    def make(self, reference: Reference) -> tuple[Image, Matte, tuple[int, int]]:
        """Straight colours, valid beyond the matte's edge; the matte; and where on the face their first pixel lies."""

    def on(self, face: AlignedFace, regions: Mapping[str, Mask]) -> DrawnOnFace:
        """See :class:`natocc.occluders.source.PutOnFaces`."""
        return DrawnOnFace(self, self._weights, Sitter(face, regions, pose_of(face, regions)))

    def draw(self, rng: np.random.Generator) -> dict[str, Json]:
        """Nothing is drawn without a face: ``no-placement``."""
        raise BadDataError(Reason.NO_PLACEMENT, f"{self.name} is drawn for a face: call on(face) first")

    def subset(self, keep: Callable[[str], bool]) -> DrawnOnFaces:
        """The same: there is no picture to leave out."""
        return self

    def size(self, reference: Reference) -> None:
        """Not known before it is made."""
        del reference

    def cutout(self, reference: Reference) -> Cutout:
        """What `reference` means, in pixels of the face that it was drawn for."""
        foreground, matte, at_xy = self.make(reference)
        if matte.max(initial=0) < MATTE_THRESHOLD:
            raise BadDataError(Reason.NO_PLACEMENT, f"a {reference['kind']} that covers no pixel by half")
        return Cutout(foreground, matte, str(reference["kind"]), Origin(self.name, str(reference["seed"]), ""), at_xy=at_xy)


@dataclasses.dataclass(frozen=True, eq=False)
class DrawnOnFace:
    """Things drawn for one face; an :class:`OccluderSource`.

    Parameters
    ----------
    source : DrawnOnFaces
        Draws them.
    weights : mapping of str to float
        Of the kinds.
    sitter : Sitter
        The face.
    """

    source: DrawnOnFaces
    weights: Mapping[str, float]
    sitter: Sitter

    def draw(self, rng: np.random.Generator) -> dict[str, Json]:
        """A kind by its weight, a seed for its detail, and what the face has to say."""
        kind = draw_by_weight(rng, self.weights)
        seed = int(rng.integers(_SEEDS))
        return {"kind": kind, "seed": seed, **self.source.draw_for(rng, kind, self.sitter)}

    def subset(self, keep: Callable[[str], bool]) -> DrawnOnFace:
        """The same."""
        return self

    def size(self, reference: Reference) -> None:
        """Not known before it is made."""

    def cutout(self, reference: Reference) -> Cutout:
        """See :meth:`DrawnOnFaces.cutout`."""
        return self.source.cutout(reference)


def box_around(points_xy: npt.NDArray[np.float64], shape: tuple[int, int], room: float) -> Box:
    """The box around points and some room, as far as it lies in or just beyond the picture; never empty."""
    low = np.floor(points_xy.min(axis=0) - room).clip(-_MARGIN, (shape[1], shape[0]))
    high = np.ceil(points_xy.max(axis=0) + room).clip(0, (shape[1] + _MARGIN, shape[0] + _MARGIN))
    width, height = np.maximum(high - low, 2 * _MARGIN + 1)
    return int(low[0]), int(low[1]), int(width), int(height)


def trimmed(foreground: Image, matte: Matte, left: int, top: int) -> tuple[Image, Matte, tuple[int, int]]:
    """What is drawn, cut to what is covered, and where that lies; all within a margin that nothing covers."""
    x, y, width, height = cv2.boundingRect(matte)
    box = slice(y, y + height), slice(x, x + width)
    room = ((_MARGIN, _MARGIN), (_MARGIN, _MARGIN))
    colours = np.pad(foreground[box], (*room, (0, 0)), mode="edge") if width else foreground
    return colours, np.pad(matte[box], room) if width else matte, (left + x - _MARGIN, top + y - _MARGIN)
