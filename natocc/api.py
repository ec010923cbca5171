"""What the commands do, as functions; ``import natocc`` has them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from natocc.io.workspace import Workspace
from natocc.plugins.faults import faults
from natocc.plugins.options import choose_by_name
from natocc.recipe.edit import edit_recipe
from natocc.recipe.load import load_recipe
from natocc.recipe.model import Recipe, validate_recipe

if TYPE_CHECKING:
    from natocc.builder.run import Totals
    from natocc.core.progress import Progress
    from natocc.core.samples import Image, SampleRecord
    from natocc.occluders.source import OccluderSource
    from natocc.pipeline.dry_run import Expected


def build(
    recipe: Recipe | str | Path | Mapping[str, Any],
    out: str | Path | None = None,
    *,
    data: str | Path | None = None,
    cache: str | Path | None = None,
    edits: Iterable[str] = (),
    count: int | None = None,
    shards: str | int | Iterable[int] | None = None,
    jobs: int = 1,
    backend: str = "loky",
    address: str | None = None,
    time_limit: float = 120.0,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Totals:
    """Make a dataset, or what is missing of it, as ``natocc build`` does.

    Parameters
    ----------
    recipe : Recipe, str, Path or mapping
        A recipe, its file, the name of one of natocc's own, or what such a file would hold.
    out : str or Path, optional
        Folder of the dataset, or a URL (``s3://``, ``gs://``, ``sftp://``); ``out/NAME`` by default.
    data, cache : str or Path, optional
        Where inputs lie and where occluders are extracted to; as for the command unless given.
    edits : iterable of str
        Such as ``output.shard_size=100``.
    count : int, optional
        Samples in all; by default as many as the recipe's sets ask for.
    shards : str, int or iterable of int, optional
        Make only these shards, such as ``"0-9,20"``: a part, to be joined with the others by ``natocc merge``.
    jobs : int
        Worker processes. The bytes do not depend on it.
    backend : str
        ``loky`` (processes), ``threading``, ``dask`` or ``ray``.
    address : str, optional
        Where the scheduler of a Dask or Ray cluster listens.
    time_limit : float
        Seconds that one sample may take; without effect on ``threading``.
    overwrite : bool
        Whether a dataset that lies there may be replaced.
    progress : callable, optional
        Called with what is being done, how many samples are done, and how many there are (None: unknown).

    Returns
    -------
    totals : Totals
        What was made and what was rejected.

    Raises
    ------
    UsageError
        Before anything is written: the recipe, the data, or what lies at `out` is not as expected.
    RunError
        If writing fails, or models are missing; shards that were committed stay whole.
    """
    from natocc.builder.build import build_dataset

    return build_dataset(
        _recipe(recipe, edits),
        Workspace.at(data, cache, jobs),
        out,
        count=count,
        shards=shards,
        backend=backend,
        address=address,
        time_limit=time_limit,
        overwrite=overwrite,
        progress=progress or _silent,
    )


def dry_run(
    recipe: Recipe | str | Path | Mapping[str, Any],
    out: str | Path | None = None,
    *,
    data: str | Path | None = None,
    cache: str | Path | None = None,
    edits: Iterable[str] = (),
    count: int | None = None,
) -> Expected:
    """What :func:`build` would make, as ``natocc build --dry-run`` prints it; nothing is written.

    Parameters
    ----------
    recipe, out, data, cache, edits, count
        As for :func:`build`.

    Returns
    -------
    expected : Expected
        Faces, samples of each set, shards, and about how many bytes.

    Raises
    ------
    UsageError
        If faces or occluders are missing, or `out` lies inside a folder that is read.
    """
    from natocc.builder import build as builds

    return builds.dry_run(_recipe(recipe, edits), Workspace.at(data, cache), out, count)


def preview(
    image: Image | str | Path | None = None,
    *,
    recipe: Recipe | str | Path | Mapping[str, Any] | None = None,
    occluders: str | None = None,
    method: str | None = None,
    count: int = 8,
    seed: int | None = None,
    edits: Iterable[str] = (),
    vary: str | None = None,
    record: Callable[[str, SampleRecord], None] | None = None,
    data: str | Path | None = None,
    cache: str | Path | None = None,
) -> Image:
    """What would come of one photograph, as ``natocc preview`` shows it.

    Parameters
    ----------
    image : (H, W, 3) uint8, str or Path, optional
        A photograph with a face, or its file; the first face of the recipe serves without one.
    recipe : Recipe, str, Path or mapping, optional
        As for :func:`build`: its sets and its alignment; the demo's serve without it.
    occluders, method : str, optional
        In place of a recipe: such as ``coco``, and ``natocc``, ``randocc`` or ``none``.
    count : int
        Samples to show.
    seed : int, optional
        Of every random decision.
    edits, data, cache
        As for :func:`build`.
    vary : str, optional
        Settings to compare, a row each, such as ``colour.transfer=none,reinhard,sot``.
    record : callable, optional
        Called for each sample with the setting of its row and its record: its plan, its measures.

    Returns
    -------
    sheet : (H, W, 3) uint8
        The photograph, the aligned face and its mask, then samples, each above its masks: visible face green, occluded face red.

    Raises
    ------
    BadDataError
        If there is no face in it.
    UsageError, RunError
        If data or models are missing.
    """
    from natocc.core.errors import UsageError
    from natocc.io.images import encode_png
    from natocc.pipeline.preview import Photograph, open_photograph, show
    from natocc.recipe.flags import recipe_of_flags

    if image is None or isinstance(image, str | Path):
        photograph = None if image is None else open_photograph(Path(image))
    else:
        photograph = Photograph("photograph.png", encode_png(image), "the photograph")
    if recipe is not None and (occluders or method):
        raise UsageError("occluders and method stand in place of a recipe: edit its sets with edits")
    edits = (*([] if seed is None else [f"seed={seed}"]), *edits)

    def recipe_of(further: tuple[str, ...]) -> Recipe:
        if recipe is None and (occluders or method):
            return recipe_of_flags(None, "portraits", occluders, method, None, None, None, (*edits, *further))
        return _recipe("demo" if recipe is None else recipe, (*edits, *further))

    shown = show(photograph, recipe_of, Workspace.at(data, cache), count, vary)
    if record is not None:
        for setting, sample in shown.records():
            record(setting, sample)
    return shown.sheet


def open_occluders(
    source: str, *, data: str | Path | None = None, cache: str | Path | None = None, jobs: int = 1, **keys: Any
) -> OccluderSource:
    """Occluders to draw from, by the name and the keys that a recipe would give.

    Parameters
    ----------
    source : str
        ``coco``, ``hands``, ``cutouts``, ``shapes``, ``worn``, or a plug-in's name.
    data, cache : str or Path, optional
        As for :func:`build`; what is extracted is kept and found again.
    jobs : int
        Processes to extract with.
    **keys
        The source's own, such as ``categories=["cup"]``.

    Raises
    ------
    UsageError
        If the data do not lie in the layout that the source expects.
    RecipeError
        If the source or a key is unknown.

    Examples
    --------
    >>> from natocc.core.seeds import generator
    >>> shapes = open_occluders("shapes", kinds={"bezier": 1}, textures={"source": "flat"})
    >>> shapes.draw(generator(1))["kind"]
    'bezier'
    """
    from natocc.core.errors import RecipeError
    from natocc.occluders import SOURCES
    from natocc.occluders.source import OccluderOptions

    try:
        options = choose_by_name({"source": source, **keys}, OccluderOptions, SOURCES, "source")
    except ValidationError as error:
        raise RecipeError(*(f"occluders: {line}" for line in faults(error))) from None
    except ValueError as error:
        raise RecipeError(f"occluders: {error}") from None
    workspace = Workspace.at(data, cache, jobs)
    return options.open(workspace.data, workspace.cache, workspace.jobs)


def _recipe(recipe: Recipe | str | Path | Mapping[str, Any], edits: Iterable[str]) -> Recipe:
    if isinstance(recipe, Recipe):
        edits = tuple(edits)
        return validate_recipe(_edited(recipe.resolved(), edits), recipe.name) if edits else recipe
    if isinstance(recipe, Mapping):
        return validate_recipe(_edited(recipe, edits), str(recipe.get("name", "given")))
    return load_recipe(str(recipe), edits)


def _edited(recipe: Mapping[str, Any], edits: Iterable[str]) -> dict[str, Any]:
    """A copy of a recipe, edited."""
    raw = copy.deepcopy(dict(recipe))
    edit_recipe(raw, edits)
    return raw


def _silent(doing: str, done: int, total: int | None) -> None:
    """No progress reporting."""
