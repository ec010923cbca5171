"""What would come of one photograph, on one sheet."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from natocc.errors import BadDataError, UsageError
from natocc.faces.landmarks import check_models
from natocc.pipeline import Pipeline, SampleSpec
from natocc.recipe import Recipe
from natocc.recipe_flags import recipe_of_flags
from natocc.report.contact_sheet import Tile, contact_sheet
from natocc.report.overlay import overlay
from natocc.samples import Image


@dataclasses.dataclass(frozen=True, eq=False)
class Shown:
    """A sheet, (H, W, 3) uint8, and a line for each sample that was rejected."""

    sheet: Image
    rejected: tuple[str, ...]


def show(recipe: Recipe, face: str, data: Path, cache: Path, count: int) -> Shown:
    """Make samples of a face by all sets of a recipe, and lay them out.

    Parameters
    ----------
    recipe : Recipe
        Its sets take turns.
    face : str
        Id in its source.
    data, cache : Path
        As for a build.
    count : int
        Samples to make.

    Returns
    -------
    shown : Shown
        The aligned face and its mask, then samples, each beside its mask.

    Raises
    ------
    BadDataError
        If the face itself cannot serve.
    UsageError, RunError
        If data or models are missing.
    """
    check_models(recipe.faces.align.points)
    pipeline = Pipeline(recipe, data, cache)
    tiles: list[Tile] = []
    rejected = []
    for index in range(count):
        set_index = index % len(recipe.sets)
        sample = pipeline.make_sample(SampleSpec(index, set_index, face, index // len(recipe.sets)))
        rejection = sample.record.rejection
        if sample.face is None and rejection is not None:
            raise BadDataError(rejection.reason, rejection.detail)
        if index == 0 and sample.face is not None:
            tiles += [Tile(sample.face.image, "aligned"), Tile(overlay(sample.face.image, sample.face.face_mask), "face mask")]
        if sample.composite is not None:
            caption = f"{', '.join(sample.record.categories)}  {sample.composite.occlusion_ratio:.0%}"
            tiles += [
                Tile(sample.composite.image, caption),
                Tile(overlay(sample.composite.image, sample.composite.modal, sample.composite.amodal), sample.record.set_name),
            ]
        elif rejection is not None:
            rejected.append(f"sample {index} rejected: {rejection.detail}")
    return Shown(contact_sheet(tiles, columns=6), tuple(rejected))


def photograph_recipe(
    image: Path | None,
    occluders: str | None = None,
    method: str | None = None,
    **flags: Any,
) -> tuple[Recipe, str]:
    """The recipe of a preview, and the face that it is of.

    Parameters
    ----------
    image : Path, optional
        A photograph; a portrait of the demo serves without one.
    occluders, method : str, optional
        As for :func:`natocc.recipe_flags.recipe_of_flags`; the demo's sets serve without both.
    **flags
        The others of that function, but for `recipe` and `source`.

    Raises
    ------
    UsageError
        If there is no such photograph, or a recipe does not validate.
    """
    source, face, root = ("portraits", "astronaut", flags.pop("source_root", None)) if image is None else _folder_of(image, flags)
    if occluders or method:
        return recipe_of_flags(None, source, occluders, method, source_root=root, **flags), face
    faces = {"source": source} | ({"root": root} if root is not None else {})
    edits = (f"faces={json.dumps(faces)}", *flags.pop("edits"))
    return recipe_of_flags("demo", None, None, None, source_root=None, edits=edits, **flags), face


def _folder_of(image: Path, flags: dict[str, Any]) -> tuple[str, str, str]:
    """A photograph as the one face that is read of its folder: source, face id and root."""
    if flags.pop("source_root", None) is not None:
        raise UsageError("--source-root is for datasets; the photograph is named by IMAGE")
    if not image.is_file():
        raise UsageError(f"no photograph {image}")
    return "folder", image.name, str(image.absolute().parent)
