"""Pictures that a training or a benchmark names, opened; recipes are built first."""

from __future__ import annotations

from pathlib import Path

from natocc.core.errors import UsageError
from natocc.core.plans import Json
from natocc.core.progress import Progress
from natocc.evaluation.datasets import open_dataset_pictures
from natocc.evaluation.pictures import Pictures
from natocc.io.atomic import read_json
from natocc.io.workspace import Workspace
from natocc.pipeline.fingerprint import files_of, hashes_of
from natocc.training.options import SourceOptions
from natocc.training.run import OpenedSource, identity_of


def open_source(options: SourceOptions, workspace: Workspace, builds: Path, progress: Progress) -> OpenedSource:
    """Open pictures, and say what identifies them.

    Parameters
    ----------
    options : SourceOptions
        Which.
    workspace : Workspace
        As for a build.
    builds : Path
        Folder below which recipes are built.
    progress : Progress
        Hears of a build.

    Raises
    ------
    UsageError
        If there is nothing, or it lies in no known layout.
    """
    described: dict[str, Json] = options.model_dump(mode="json", exclude_defaults=True, exclude={"weight"})
    if options.recipe is not None:
        root = _built(options, workspace, builds, progress)
        pictures: Pictures = open_dataset_pictures(root, options.split)
        content = read_json(root / "dataset.json")
        identity = identity_of(pictures, **described, recipe_sha256=content["recipe_sha256"])
    else:
        pictures = options.open(workspace)
        files = {"files": files_of(options, workspace.data, workspace.cache), **hashes_of(options, workspace.data)}
        identity = identity_of(pictures, **described, **files)
    return OpenedSource(pictures, options.weight, identity)


def _built(options: SourceOptions, workspace: Workspace, builds: Path, progress: Progress) -> Path:
    """A recipe's dataset, built or found as it was."""
    from natocc.builder.run import Run
    from natocc.recipe.load import load_recipe

    recipe = load_recipe(str(options.recipe), options.edits)
    count = f"-{options.count}" if options.count is not None else ""
    root = builds / f"{recipe.name}-{recipe.sha256()[:8]}{count}"
    totals = Run(recipe, workspace, root, count=options.count).build(overwrite=False, progress=progress)
    if totals.rejected_share > recipe.output.max_rejected:
        raise UsageError(
            f"{root}: {totals.rejected_share:.1%} of the samples were rejected, more than output.max_rejected allows"
        )
    return root
