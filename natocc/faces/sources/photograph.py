"""One photograph as a face source: only the named file is looked at, whatever its suffix and whatever lies beside it."""

from __future__ import annotations

import dataclasses

from natocc.core.errors import UsageError
from natocc.core.samples import FaceSample, Image, Origin
from natocc.faces.sources.base import FaceSource


@dataclasses.dataclass(frozen=True, eq=False)
class PhotographFaces(FaceSource):
    """The largest face of one photograph; its mask is made later, from landmarks or by a network.

    Parameters
    ----------
    name : str
        The only id: the photograph's file name.
    image : (H, W, 3) uint8
        The photograph.
    sha256 : str
        Of its file.
    """

    name: str
    image: Image
    sha256: str

    @property
    def has_masks(self) -> bool:
        """It has none."""
        return False

    def ids(self) -> tuple[str, ...]:
        """The photograph's name alone."""
        return (self.name,)

    def read(self, face_id: str) -> FaceSample:
        """The photograph, without a face mask.

        Raises
        ------
        UsageError
            If another face is asked for.
        """
        if face_id != self.name:
            raise UsageError(f"no face {face_id!r}: there is only the photograph {self.name!r}")
        return FaceSample(self.image, None, None, None, Origin("photograph", self.name, self.sha256, None), None)
