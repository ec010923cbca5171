"""What a build would make of one photograph, on one sheet."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path

from natocc.core.errors import BadDataError, Reason, UsageError
from natocc.core.samples import Image, MadeSample, SampleRecord
from natocc.faces.sources.photograph import PhotographFaces
from natocc.io.files import is_dir
from natocc.io.images import decode_rgb, read_bytes, sha256
from natocc.io.workspace import Workspace
from natocc.pipeline.sample import Pipeline
from natocc.pipeline.schedule import SampleSpec
from natocc.recipe.model import Recipe
from natocc.recipe.text import parse_recipe
from natocc.report.preview_sheet import comparison_sheet, preview_sheet

_MOST_VALUES = 16


@dataclasses.dataclass(frozen=True)
class Photograph:
    """A photograph in memory.

    Parameters
    ----------
    name : str
        Its file name; random decisions depend on it, as on the id of any face.
    data : bytes
        Of its file.
    shown : str
        How messages name it.
    """

    name: str
    data: bytes
    shown: str

    def faces(self, recipe: Recipe) -> PhotographFaces:
        """The photograph as the only face of a recipe.

        Raises
        ------
        UsageError
            If it cannot be decoded.
        """
        try:
            image = decode_rgb(self.data, self.shown, recipe.faces.max_pixels)
        except BadDataError as error:
            raise UsageError(error.detail) from None
        return PhotographFaces(self.name, image, sha256(self.data))


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


def show(
    photograph: Photograph | None,
    recipe_of: Callable[[tuple[str, ...]], Recipe],
    workspace: Workspace,
    count: int,
    vary: str | None = None,
) -> Shown:
    """Make samples of a photograph by all sets of a recipe, and lay them out.

    Parameters
    ----------
    photograph : Photograph, optional
        From :func:`open_photograph`; without one the first face of the recipe serves.
    recipe_of : callable
        The recipe, from edits to add to it. Its sets take turns; splits are left out.
    workspace : Workspace
        As for a build.
    count : int
        Samples to make by each recipe.
    vary : str, optional
        Values to compare: ``colour.transfer=none,reinhard,sot``.

    Returns
    -------
    shown : Shown
        The photograph, the aligned face and its mask, then samples, each above its masks; or values compared, a row a value.

    Raises
    ------
    BadDataError
        If the face itself is rejected.
    UsageError, RunError
        If the photograph cannot be read, `vary` is no such list, a recipe does not validate, or data or models are missing.
    """
    recipes = [(setting, recipe_of((setting,) if setting else ())) for setting in ([""] if vary is None else _values(vary))]
    pipeline: Pipeline | None = None
    rows = []
    for setting, recipe in recipes:
        recipe.faces.align.check_models(workspace.data)
        faces = None if photograph is None else photograph.faces(recipe)
        pipeline = Pipeline(recipe.model_copy(update={"splits": None}), workspace, pipeline, faces)
        face = pipeline.faces.ids()[0]
        rows.append((setting, tuple(_samples(pipeline, face, count))))
    if vary is not None or pipeline is None:
        return Shown(comparison_sheet(rows), tuple(rows))
    return Shown(preview_sheet(pipeline.faces.read(face).image, pipeline.aligned(face), rows[0][1]), tuple(rows))


def open_photograph(path: Path) -> Photograph:
    """Read the file of a photograph; nothing beside it is looked at.

    Raises
    ------
    UsageError
        If there is no such file, it is empty, or it is no regular file.
    """
    try:
        data = read_bytes(path)
    except BadDataError as error:
        if error.reason is Reason.MISSING_FILE:
            raise UsageError(f"no photograph {path}") from None
        if error.reason is Reason.NOT_A_FILE and is_dir(path):
            raise UsageError(f"{path} is a folder: name one photograph in it") from None
        raise UsageError(error.detail) from None
    return Photograph(path.name.encode("utf-8", "backslashreplace").decode(), data, str(path))


def check_free(out: Path, *inputs: Path | None) -> None:
    """Refuse to write over a file that is read, whatever the spelling or the links that lead to it.

    Raises
    ------
    UsageError
        If `out` is one of the inputs.
    """
    for path in inputs:
        with contextlib.suppress(OSError, ValueError):  # one of them does not exist
            if path is not None and path.samefile(out):
                raise UsageError(f"{out} is {path}, which is read and not written over; name another file with -o")


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
