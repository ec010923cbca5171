"""What every occluder source offers, whether its cutouts lie on disk or are made on demand."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from natocc.core.plans import Json, Reference
from natocc.core.samples import AlignedFace, Cutout, Mask
from natocc.io.notes import Notes
from natocc.occluders import SOURCES
from natocc.plugins.options import Options
from natocc.plugins.table import Table


class OccluderSource(Protocol):
    """Cutouts to draw from; cheap to pickle and to open.

    One whose sets have other defaults has an attribute ``usual``, the same as that of its options
    (:attr:`OccluderOptions.usual`): :func:`natocc.occlude` knows no options.
    """

    def draw(self, rng: np.random.Generator) -> dict[str, Json]:
        """Reference to one cutout: JSON, rounded, and all that :meth:`cutout` needs to make it again."""
        ...

    def subset(self, keep: Callable[[str], bool]) -> OccluderSource:
        """The same source, of those pictures only whose name or sha256 `keep` accepts; cutouts are known by the same references.

        Raises
        ------
        UsageError
            If none is left.
        """
        ...

    def size(self, reference: Reference) -> tuple[int, int] | None:
        """Width and height of the cutout that `reference` means, px, where that is known without reading or making it."""
        return None

    def cutout(self, reference: Reference) -> Cutout:
        """The cutout that `reference` means, the same each time.

        Raises
        ------
        BadDataError
            If its picture cannot be read any more.
        """
        ...


@runtime_checkable
class PutOnFaces(Protocol):
    """A source of what has its place on a face: it is asked once for each face, then draws for that one."""

    def on(self, face: AlignedFace, regions: Mapping[str, Mask]) -> OccluderSource:
        """The source for one face; its cutouts know where they lie (:attr:`natocc.core.samples.Cutout.at_xy`).

        Parameters
        ----------
        face : AlignedFace
        regions : mapping of str to (H, W) uint8
            1 on ``eyes``, ``nose``, ``mouth`` and ``hair``, as far as they are labelled.

        Raises
        ------
        BadDataError
            ``no-placement``, and why, if the face cannot be told well enough.
        """
        ...


class OccluderOptions(Options):
    """A recipe's ``occluders``: which source, and that source's own keys."""

    source: str
    """Name of the source."""

    def named(self) -> Iterable[tuple[Table[Any], str]]:
        """The source."""
        return ((SOURCES, self.source),)

    @property
    def on_landmarks(self) -> bool:
        """Whether its cutouts have their place on a face, which its 68 landmarks tell."""
        return False

    @property
    def usual(self) -> Mapping[str, Mapping[str, Any]]:
        """What parts of a set have by default with this source, where that is not what they have with others."""
        return {}

    @property
    def counted(self) -> str:
        """What :meth:`check` counts."""
        return "pictures to cut out of"

    @abstractmethod
    def check(self, data: Path) -> int:
        """Number of pictures to cut out of, by their names; nothing is opened.

        Raises
        ------
        UsageError
            If the data do not lie in the layout that the source expects.
        """

    def notes(self, data: Path) -> Notes:
        """What is left out when the files are listed, counted; nothing is opened. Raises as :meth:`check`."""
        del data
        return Notes()

    def kinds_of(self, source: OccluderSource) -> tuple[str, ...]:
        """Every kind of occluder that an opened source of these options has, whatever was drawn of it: values of label maps.

        Those of an extracted library are its categories. Empty where they are not known; ``output.masks: [kinds]`` is refused
        then.
        """
        return tuple(getattr(source, "categories", ()))

    def kind_of(self, category: str) -> str:
        """The kind, one of :meth:`kinds_of`, of a cutout of this category; the same unless a source knows better."""
        return category

    @abstractmethod
    def open(self, data: Path, cache: Path, jobs: int = 1) -> OccluderSource:
        """The source, ready to draw from.

        Parameters
        ----------
        data : Path
            The data root.
        cache : Path
            Where an extracted library is kept; once it is made, opening reads only its index.
        jobs : int
            Processes to extract with.

        Raises
        ------
        UsageError
            If the data do not lie in the layout that the source expects, or nothing in them can serve.
        """
