"""One sample made again from the plan in the manifest alone, and held against its files."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from natocc.core.errors import BadDataError, UsageError
from natocc.core.plans import Plan
from natocc.core.samples import SampleRecord
from natocc.dataset.layout import FOLDERS
from natocc.dataset.manifest import Row, own_file, read_manifest
from natocc.dataset.open import open_dataset
from natocc.io.files import exists
from natocc.io.images import read_bytes, sha256
from natocc.io.paths import unlinked
from natocc.io.workspace import Workspace
from natocc.pipeline.fingerprint import changed_versions, other_processor
from natocc.pipeline.sample import Pipeline
from natocc.pipeline.schedule import SampleSpec
from natocc.recipe.model import Recipe, validate_recipe
from natocc.report.thumbnails import Original


@dataclasses.dataclass(frozen=True, eq=False)
class Replayed:
    """A file made again.

    Parameters
    ----------
    folder, path : str
        Such as ``images`` and ``images/00000/000000007.jpg``.
    content : bytes
        As made again.
    stated : str, optional
        The sha256 that the manifest has.
    on_disk : str, optional
        That of the file; None where there is none that can be read.
    """

    folder: str
    path: str
    content: bytes
    stated: str | None
    on_disk: str | None

    @property
    def same(self) -> bool:
        """Whether it is what lies on disk and what the manifest says."""
        return sha256(self.content) == self.on_disk == self.stated

    @property
    def verdict(self) -> str:
        """``same``, or what is different."""
        made = sha256(self.content)
        if self.same:
            return "same"
        if self.on_disk is None:
            return "different: no file on disk" + ("" if made == self.stated else ", and not what the manifest says")
        if made == self.stated:
            return f"different: the file was changed (sha256 {self.on_disk}, the manifest says {self.stated})"
        return f"different: made again it has sha256 {made}, the file {self.on_disk}, the manifest says {self.stated}"


def row_of(root: Path, index: int) -> Row:
    """The manifest's row of a sample.

    Raises
    ------
    UsageError
        If there is none, `root` is no dataset of natocc's or an unfinished one, or the manifest cannot be read.
    """
    opened = open_dataset(root)
    if not exists(opened.layout.manifest) and not opened.description.is_complete:
        raise UsageError(f"{root} is unfinished and has no manifest yet: run the command that began it again to resume")
    rows = read_manifest(root, index, index)
    if len(rows) != 1:
        raise UsageError(f"{root} has no sample {index} in its manifest")
    return rows[0]


def replay_sample(root: Path, row: Row, workspace: Workspace) -> list[Replayed]:
    """Make a sample again from its row's plan; nothing is drawn.

    Parameters
    ----------
    root : Path
        A dataset's folder, whose ``dataset.json`` has the recipe.
    row : Row
        Of the manifest; not one of a rejected sample.
    workspace : Workspace
        As for a build.

    Raises
    ------
    UsageError
        If the recipe was changed, inputs are missing, the plan cannot be read, or the row names a file that is none of the
        dataset's.
    BadDataError
        If an input that was used then cannot be used now.
    """
    opened = open_dataset(root)
    if not opened.trusted:
        raise UsageError(f"the recipe in {root / 'dataset.json'} was changed; nothing can be made again from it")
    recipe = validate_recipe(opened.description.recipe, "in dataset.json")
    spec = spec_of(recipe, row["index"], row["set"], row["face"], row["variant"])
    try:
        plan = Plan.from_json(json.loads(row["plan"]))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UsageError(
            f"the plan of sample {spec.index} in the manifest is damaged ({type(error).__name__}: {error})"
        ) from None
    recipe.faces.align.check_models(workspace.data)
    remade = replayed(Pipeline(recipe, workspace), spec, plan)
    layout = opened.layout
    files = []
    for folder in FOLDERS:
        if folder in remade or row[f"{folder}_path"] is not None:
            suffix, content = remade.get(folder, ("", b""))
            named = row[f"{folder}_path"] is not None
            path = own_file(root, row, folder) if named else layout.file(folder, spec.index, suffix).relative_to(root).as_posix()
            files.append(Replayed(folder, path, content, row[f"{folder}_sha256"], _digest(layout.root, path)))
    return files


def changed_since(root: Path) -> list[str]:
    """A line for each version that is another one than when the dataset was made, plug-ins' packages too."""
    description = open_dataset(root).description
    return changed_versions(description, validate_recipe(description.recipe, "in dataset.json"))


def other_processor_than(root: Path) -> list[str]:
    """A line if no processor like this one made the dataset, for a sample that is not the same again."""
    return other_processor(open_dataset(root).description)


def _digest(root: Path, path: str) -> str | None:
    try:
        return sha256(read_bytes(unlinked(root, path)))
    except BadDataError:
        return None


def originals_of(root: Path, workspace: Workspace) -> Callable[[SampleRecord], Original | None]:
    """A function that makes a sample's source, amodal mask and occluders again from its plan.

    Parameters
    ----------
    root : Path
        A dataset's folder, whose ``dataset.json`` has the recipe.
    workspace : Workspace
        As for a build.

    Returns
    -------
    original_of : callable
        From a sample that was made to what it was made from; None where an input that was used then cannot be used now, or is
        another: its sha256, or the mask that comes of it, is not what the record says.

    Raises
    ------
    UsageError
        If the recipe was changed, or inputs are missing: the message says which.
    """
    opened = open_dataset(root)
    if not opened.trusted:
        raise UsageError(f"the recipe in {root / 'dataset.json'} was changed; nothing can be made again from it")
    recipe = validate_recipe(opened.description.recipe, "in dataset.json")
    recipe.faces.align.check_models(workspace.data)
    pipeline = Pipeline(recipe, workspace)

    def original_of(sample: SampleRecord) -> Original | None:
        try:
            assert sample.plan is not None
            spec = spec_of(recipe, sample.index, sample.set_name, sample.face, sample.variant)
            face, composite = pipeline.replay(spec, sample.plan)
        except (BadDataError, UsageError, KeyError):
            return None
        visible = np.count_nonzero(composite.modal == 1)
        if face.origin != sample.face_origin or visible != sample.measures.get("visible_pixels"):
            return None
        return Original(face.image, composite.amodal, composite.occluded | composite.ignored)

    return original_of


def spec_of(recipe: Recipe, index: int, set_name: str, face: str, variant: int) -> SampleSpec:
    """What a sample is made of, as its row says.

    Raises
    ------
    UsageError
        If the recipe has no set of that name.
    """
    names = [a_set.name for a_set in recipe.sets]
    if set_name not in names:
        raise UsageError(f"sample {index} is of the set {set_name!r}, which the recipe does not have ({', '.join(names)})")
    return SampleSpec(index, names.index(set_name), face, variant)


def replayed(pipeline: Pipeline, spec: SampleSpec, plan: Plan) -> dict[str, tuple[str, bytes]]:
    """The files of a sample, made again from its plan alone: folder to suffix and content.

    Raises
    ------
    BadDataError
        If an input that was used then cannot be used now.
    """
    face, composite = pipeline.replay(spec, plan)
    return pipeline.files(spec, plan, face, composite)
