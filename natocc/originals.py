"""What samples were made from, made again for people to look at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from natocc.errors import BadDataError, UsageError
from natocc.faces.landmarks import check_models
from natocc.measures import occluded
from natocc.pipeline import Pipeline
from natocc.recipe import validate_recipe
from natocc.remake import spec_of
from natocc.report.thumbnails import Original
from natocc.samples import SampleRecord
from natocc.shards.sound import describe


def originals_of(root: Path, data: Path, cache: Path, jobs: int = 1) -> Callable[[SampleRecord], Original | None]:
    """A function that makes a sample's source, amodal mask and occluders again from its plan.

    Parameters
    ----------
    root : Path
        A dataset's folder, whose ``dataset.json`` has the recipe.
    data, cache, jobs
        As for a build.

    Returns
    -------
    original_of : callable
        From a sample that was made to what it was made from; None where an input that served then cannot serve now, or is
        another: its sha256, or the mask that comes of it, is not what the record says.

    Raises
    ------
    UsageError
        If the recipe was changed, or inputs are missing: the message says which.
    """
    description = describe(root)
    if not description.trusted:
        raise UsageError(f"the recipe in {root / 'dataset.json'} was changed; nothing can be made again from it")
    recipe = validate_recipe(description.content["recipe"], "in dataset.json")
    check_models(recipe.faces.align.points)
    pipeline = Pipeline(recipe, data, cache, jobs)

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
        return Original(face.image, composite.amodal, occluded(composite) | composite.ignored)

    return original_of
