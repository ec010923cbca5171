"""A run's recipe and inputs, opened: what every build needs before it looks at the folder that it writes to."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from natocc.faces.landmarks import check_models
from natocc.identity import describe, look_again
from natocc.inputs import LookAgain
from natocc.pipeline import Pipeline, Schedule
from natocc.plans import Json
from natocc.recipe import Recipe


@dataclasses.dataclass(frozen=True)
class Opened:
    """A recipe on this machine.

    Parameters
    ----------
    pipeline : Pipeline
        Makes samples.
    schedule : Schedule
        Which sample is what.
    described : mapping
        What decides the bytes; see :func:`natocc.identity.describe`.
    again : LookAgain
        Asks the inputs a second time while samples are made.
    """

    pipeline: Pipeline
    schedule: Schedule
    described: Mapping[str, Json]
    again: LookAgain


def open_recipe(recipe: Recipe, data: Path, cache: Path, count: int | None, jobs: int) -> Opened:
    """Find models, sources and libraries.

    Parameters
    ----------
    recipe : Recipe
        What to build.
    data, cache : Path
        Where inputs lie, where libraries are kept.
    count : int, optional
        Samples in all; None means what the recipe's sets say.
    jobs : int
        Processes for what has to be extracted.

    Raises
    ------
    UsageError, RunError
        If data or models are missing.
    """
    check_models(recipe.faces.align.points)
    pipeline = Pipeline(recipe, data, cache, jobs)
    described = describe(pipeline, data, cache)
    return Opened(pipeline, pipeline.schedule(count), described, look_again(pipeline, data, cache, described))
