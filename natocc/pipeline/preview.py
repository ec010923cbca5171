"""What a build would make of one photograph, on one sheet."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from natocc.core.errors import BadDataError, UsageError
from natocc.core.samples import Image, MadeSample, SampleRecord
from natocc.faces.landmarks.detector import check_models
from natocc.io.workspace import Workspace
from natocc.pipeline.sample import Pipeline
from natocc.pipeline.schedule import SampleSpec
from natocc.recipe.flags import recipe_of_flags
from natocc.recipe.model import Recipe
from natocc.recipe.text import parse_recipe
from natocc.report.preview_sheet import comparison_sheet, preview_sheet

_MOST_VALUES = 16


@dataclasses.dataclass(frozen=True, eq=False)
class Photograph:
    """A photograph, and the recipe or recipes by which it is shown.

    Parameters
    ----------
    face : str
        Its id in the source of the recipes' faces.
    recipes : tuple of (str, Recipe)
        What is set, such as ``colour.transfer=sot``, and the recipe that comes of it; they differ in nothing else.
    compared : bool
        Whether the sheet compares what is set, a row a recipe.
    """

    face: str
    recipes: tuple[tuple[str, Recipe], ...]
    compared: bool


@dataclasses.dataclass(frozen=True, eq=False)
class Shown:
    """A sheet, and what it shows.

    Parameters
    ----------
    sheet : (H, W, 3) uint8
        Visible face tinted green, occluded face red.
    rows : tuple of (str, tuple of MadeSample)
        What is set, and the samples that are made with it.
    """

    sheet: Image
    rows: tuple[tuple[str, tuple[MadeSample, ...]], ...]

    def records(self) -> Iterator[tuple[str, SampleRecord]]:
        """What is set for each sample, and its record."""
        for setting, samples in self.rows:
            yield from ((setting, made.record) for made in samples)

    def rejected(self) -> Iterator[str]:
        """A line for each sample that was rejected."""
        for _, record in self.records():
            if record.rejection is not None:
                yield f"sample {record.index} rejected: {record.rejection.detail}"


def show(photograph: Photograph, workspace: Workspace, count: int) -> Shown:
    """Make samples of a photograph by all sets of its recipes, and lay them out.

    Parameters
    ----------
    photograph : Photograph
        From :func:`photograph_of`. The sets of its recipes take turns.
    workspace : Workspace
        As for a build.
    count : int
        Samples to make by each recipe.

    Returns
    -------
    shown : Shown
        The photograph, the aligned face and its mask, then samples, each above its masks; or recipes compared, a row a recipe.

    Raises
    ------
    BadDataError
        If the face itself is rejected.
    UsageError, RunError
        If data or models are missing.
    """
    pipeline: Pipeline | None = None
    rows = []
    for setting, recipe in photograph.recipes:
        check_models(recipe.faces.align.points)
        pipeline = Pipeline(recipe, workspace, like=pipeline)
        rows.append((setting, tuple(_samples(pipeline, photograph.face, count))))
    if photograph.compared or pipeline is None:
        return Shown(comparison_sheet(rows), tuple(rows))
    original = pipeline.faces.read(photograph.face).image
    return Shown(preview_sheet(original, pipeline.aligned(photograph.face), rows[0][1]), tuple(rows))


def photograph_of(
    image: Path | None,
    occluders: str | None,
    method: str | None,
    edits: Iterable[str],
    vary: str | None = None,
    source_root: str | None = None,
    **flags: Any,
) -> Photograph:
    """What a preview is of.

    Parameters
    ----------
    image : Path, optional
        A photograph; a portrait of the demo serves without one.
    occluders, method : str, optional
        As for :func:`natocc.recipe.flags.recipe_of_flags`; the demo's sets serve without both.
    edits : iterable of str
        Of every recipe.
    vary : str, optional
        Values to compare: ``colour.transfer=none,reinhard,sot``.
    source_root : str, optional
        Where the demo's portraits lie.
    **flags
        The others of :func:`natocc.recipe.flags.recipe_of_flags`.

    Raises
    ------
    UsageError
        If there is no such photograph, `vary` is no such list, or a recipe does not validate.
    """
    source, face, root = ("portraits", "astronaut", source_root) if image is None else _folder_of(image, source_root)
    common = tuple(edits)
    settings = [""] if vary is None else _values(vary)
    recipes = []
    for setting in settings:
        chosen = (*common, *([setting] if setting else []))
        recipes.append((setting, _recipe(source, root, occluders, method, chosen, **flags)))
    return Photograph(face, tuple(recipes), vary is not None)


def _recipe(
    source: str, root: str | None, occluders: str | None, method: str | None, edits: Sequence[str], **flags: Any
) -> Recipe:
    """The recipe of one photograph: one set where occluders or a method are named, else the demo's."""
    if occluders or method:
        return recipe_of_flags(None, source, occluders, method, source_root=root, edits=edits, **flags)
    faces = {"source": source} | ({"root": root} if root is not None else {})
    edits = (f"faces={json.dumps(faces)}", *edits)
    return recipe_of_flags("demo", None, None, None, source_root=None, edits=edits, **flags)


def _samples(pipeline: Pipeline, face: str, count: int) -> Iterator[MadeSample]:
    """Samples of each set in turn. A face that is rejected is an error here."""
    for index in range(count):
        variant, set_index = divmod(index, len(pipeline.recipe.sets))
        sample = pipeline.make_sample(SampleSpec(index, set_index, face, variant))
        rejection = sample.record.rejection
        if sample.face is None and rejection is not None:
            raise BadDataError(rejection.reason, rejection.detail)
        yield sample


def _values(vary: str) -> list[str]:
    """The edits that ``--vary`` means, one a value."""
    path, _, text = vary.partition("=")
    values = parse_recipe(f"values: [{text}]", f"--vary {vary!r}")["values"] if path and text else []
    if not isinstance(values, list) or not values or len(values) > _MOST_VALUES:
        raise UsageError(
            f"--vary {vary!r}: expected PATH=A,B,... with at most {_MOST_VALUES} values, such as colour.transfer=none,sot"
        )
    return [f"{path}={value if isinstance(value, str) else json.dumps(value)}" for value in values]


def _folder_of(image: Path, source_root: str | None) -> tuple[str, str, str]:
    """A photograph as the one face that is read of its folder: source, face id and root."""
    if source_root is not None:
        raise UsageError("--source-root is for datasets; the photograph is named by IMAGE")
    if not image.is_file():
        raise UsageError(f"no photograph {image}")
    return "folder", image.name, str(image.absolute().parent)
