"""Where predictions come from: a folder of label maps, or a network."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from natocc.core.errors import UsageError
from natocc.core.plans import Json
from natocc.core.samples import Mask
from natocc.evaluation.classes import predicted_face
from natocc.evaluation.folders import files_by_stem, list_names
from natocc.evaluation.pictures import Pictures
from natocc.io.files import is_dir
from natocc.io.images import read_labels
from natocc.io.segmenter import Segmenter


class Predictions(Protocol):
    """What somebody says where the face is."""

    def face(self, pictures: Pictures, name: str) -> Mask:
        """(H, W): 1 on the face of that picture, 0 elsewhere."""
        ...

    def described(self) -> dict[str, Json]:
        """Where they come from, for a report."""
        ...


@dataclasses.dataclass(frozen=True)
class PredictionFolder:
    """Label maps by the names of the truth's pictures.

    Parameters
    ----------
    root : Path
        The folder.
    files : mapping of str to Path
        Name to file.
    unused : int
        Files of which the truth has no picture.
    """

    root: Path
    files: Mapping[str, Path]
    unused: int

    @classmethod
    def open(cls, root: Path, names: tuple[str, ...]) -> PredictionFolder:
        """Find the predictions of `names`, by path without suffix, or by file name where that is unique.

        Raises
        ------
        UsageError
            If there is no such folder, or predictions are missing.
        """
        if not is_dir(root):
            raise UsageError(f"no folder {root}; expected predictions: a label map for each picture of the truth, of equal stems")
        by_path = files_by_stem(root)
        by_name: dict[str, Path | None] = {}
        for stem, path in by_path.items():
            last = stem.rpartition("/")[2]
            by_name[last] = None if last in by_name else path
        files = {name: by_path.get(name) or by_name.get(name.rpartition("/")[2]) for name in names}
        missing = [name for name, path in files.items() if path is None]
        if missing:
            raise UsageError(f"{root}: {len(missing)} of {len(names)} pictures have no prediction: {list_names(missing)}")
        present = {name: path for name, path in files.items() if path is not None}
        return cls(root, present, len(by_path) - len(set(present.values())))

    def face(self, pictures: Pictures, name: str) -> Mask:
        """See :class:`Predictions`."""
        del pictures
        return predicted_face(read_labels(self.files[name]), str(self.files[name]))

    def described(self) -> dict[str, Json]:
        """See :class:`Predictions`."""
        return {"predictions": str(self.root), "unused": self.unused}


@dataclasses.dataclass(frozen=True)
class NetworkPredictions:
    """What a network says of the truth's pictures."""

    segmenter: Segmenter

    def face(self, pictures: Pictures, name: str) -> Mask:
        """See :class:`Predictions`."""
        return self.segmenter.face(pictures.image(name))

    def described(self) -> dict[str, Json]:
        """See :class:`Predictions`."""
        return {"model": str(self.segmenter.path), "sha256": self.segmenter.sha256, "about": self.segmenter.about}
