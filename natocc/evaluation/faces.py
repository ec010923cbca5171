"""Faces of any of natocc's sources as labelled pictures: CelebAMask-HQ as it is published among them."""

from __future__ import annotations

import dataclasses
import functools

from natocc.core.errors import UsageError
from natocc.core.samples import Image, Mask
from natocc.evaluation.pictures import Pictures
from natocc.faces.sources.base import FaceOptions, FaceSource
from natocc.io.workspace import Workspace


@dataclasses.dataclass(frozen=True)
class SourceFaces(Pictures):
    """Pictures of a source as they lie there, without alignment; background and face."""

    source: FaceSource

    @functools.cached_property
    def names(self) -> tuple[str, ...]:
        """The source's ids."""
        return self.source.ids()

    @property
    def has_occluders(self) -> bool:
        """Sources know faces alone."""
        return False

    def labels(self, name: str) -> Mask:
        """See :meth:`natocc.evaluation.pictures.Pictures.labels`."""
        mask = self.source.read(name).face_mask
        if mask is None:
            raise ValueError(f"{name} has no face mask")  # open_faces refuses such sources
        return mask

    def image(self, name: str) -> Image:
        """See :meth:`natocc.evaluation.pictures.Pictures.image`."""
        return self.source.read(name).image


def open_faces(options: FaceOptions, workspace: Workspace) -> SourceFaces:
    """Open a source.

    Raises
    ------
    UsageError
        If its data do not lie as expected, or it has no masks.
    """
    source = options.open(workspace.data, workspace.cache, workspace.jobs)
    names = source.ids()
    if not names:
        raise UsageError(f"faces {options.source}: there are none")
    if source.read(names[0]).face_mask is None:
        raise UsageError(f"faces {options.source} have no masks: expected a source with labels, such as celebamask or labelled")
    return SourceFaces(source)
