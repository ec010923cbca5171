"""The occluders of a recipe: each source is opened once for all sets that share it, and divided into splits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from natocc.dataset.splits import Splits
from natocc.io.workspace import Workspace
from natocc.occluders.library.library import Library
from natocc.occluders.source import OccluderSource
from natocc.recipe.model import Recipe


def open_occluders(recipe: Recipe, workspace: Workspace, libraries: Mapping[str, Path]) -> dict[str, OccluderSource]:
    """Sources by their options as JSON, as :meth:`natocc.recipe.model.Recipe.occluders` has them.

    Parameters
    ----------
    recipe : Recipe
        Whose occluders.
    workspace : Workspace
        Where inputs lie, and where libraries are kept.
    libraries : mapping of str to Path
        By the same key, libraries that were extracted before; what is not among them is opened from the data.

    Raises
    ------
    UsageError
        If data is missing, or none of it can serve.
    """
    data, cache, jobs = workspace.data, workspace.cache, workspace.jobs
    return {
        key: Library(libraries[key]) if key in libraries else options.open(data, cache, jobs)
        for key, options in recipe.occluders().items()
    }


def libraries_of(opened: Mapping[str, OccluderSource]) -> dict[str, Path]:
    """Those of the sources that are libraries on disk, for :func:`open_occluders` of a worker."""
    return {key: source.path for key, source in opened.items() if isinstance(source, Library)}


def divided(source: OccluderSource, splits: Splits | None) -> dict[str, OccluderSource]:
    """An occluder source for each split."""
    if splits is None:
        return {}
    return {name: source.subset(lambda picture, name=name: splits.of("occluder", picture) == name) for name in splits.names}  # type: ignore[misc]
