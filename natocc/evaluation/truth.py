"""Open labelled pictures, whatever layout they lie in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, SerializeAsAny, ValidationError, model_validator

from natocc.core.errors import UsageError
from natocc.evaluation.classes import named_classes
from natocc.evaluation.datasets import open_dataset_pictures
from natocc.evaluation.faces import open_faces
from natocc.evaluation.folders import open_folders
from natocc.evaluation.pictures import Pictures
from natocc.faces import SOURCES
from natocc.faces.sources.base import FaceOptions
from natocc.io.files import exists, is_dir
from natocc.io.paths import locate
from natocc.io.workspace import Workspace
from natocc.plugins.faults import faults
from natocc.plugins.options import ChosenFrom, Location, Options, choose_by_name


class PicturesOptions(Options):
    """Labelled pictures: a folder, or faces of a source."""

    folder: Location | None = None
    """Where they lie, relative to the data root: pictures and label maps of equal stems (RealOcc, RealOcc-Wild, COFW's masks,
    MMSegmentation's ``img_dir`` and ``ann_dir``), CelebAMask-HQ as it is published, or a dataset of natocc's."""

    faces: Annotated[SerializeAsAny[FaceOptions], ChosenFrom(SOURCES, FaceOptions)] | None = None
    """Instead of a folder: faces as a recipe names them, such as ``{source: celebamask, include: clean.txt}``; pictures are taken
    as they lie there, without alignment."""

    images: str | None = None
    """Folder of the pictures, below `folder`; the usual names are looked for."""

    labels: str | None = None
    """Folder of the label maps, below `folder`; the usual names are looked for."""

    split: str | None = None
    """Split of a dataset of natocc's, or a folder below both `images` and `labels`."""

    classes: str | dict[int, str] | None = None
    """What the values of label maps mean: ``lapa``, ``helen``, ``celebamask19`` or ``fasseg``, or value to name. Without it maps
    hold 0 background, 1 face, 2 occluder, 255 not known, or 0 and one other value, which is face."""

    face_classes: tuple[str, ...] | None = Field(default=None, min_length=1)
    """Classes that are face; the usual names are known."""

    occluder_classes: tuple[str, ...] | None = Field(default=None, min_length=1)
    """Classes that are occluders; ``occluder``, ``hand`` and ``object`` are known."""

    @property
    def places(self) -> int:
        """How many places are named."""
        return (self.folder is not None) + (self.faces is not None)

    @model_validator(mode="after")
    def _one_place(self) -> PicturesOptions:
        if self.places != 1:
            raise ValueError(f"expected one place where pictures lie, found {self.places}")
        if self.classes is None and (self.face_classes or self.occluder_classes):
            raise ValueError("face_classes and occluder_classes choose among classes, which are not named")
        return self

    def open(self, workspace: Workspace) -> Pictures:
        """See what lies there.

        Parameters
        ----------
        workspace : Workspace
            As for a build.

        Raises
        ------
        UsageError
            If nothing is there, or it lies in no known layout.
        """
        if self.faces is not None:
            return open_faces(self.faces, workspace)
        root = locate(str(self.folder), workspace.data)
        if not is_dir(root):
            raise UsageError(f"no folder {root}; expected pictures and their label maps")
        classes = None
        if self.classes is not None:
            classes = named_classes(self.classes, self.face_classes, self.occluder_classes)
        if exists(root / "dataset.json"):
            return open_dataset_pictures(root, self.split)
        if is_dir(root / "CelebA-HQ-img"):
            faces = choose_by_name({"source": "celebamask", "root": str(root.absolute())}, FaceOptions, SOURCES, "source")
            return open_faces(faces, workspace)
        return open_folders(root, self.images, self.labels, classes, self.split)


def pictures_options(raw: Mapping[str, Any], name: str) -> PicturesOptions:
    """Options from plain values.

    Raises
    ------
    UsageError
        One line a fault.
    """
    try:
        return PicturesOptions.model_validate(raw)
    except ValidationError as error:
        raise UsageError(*(f"{name}: {line}" for line in faults(error))) from None
