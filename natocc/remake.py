"""Samples made again: from the plan in their record, or from the recipe where the record is lost."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from pathlib import Path

import cv2

from natocc.errors import BadDataError, UsageError
from natocc.images import sha256
from natocc.outputs import encode
from natocc.pipeline import Pipeline, SampleSpec
from natocc.plans import Plan
from natocc.recipe import Recipe
from natocc.samples import SampleRecord
from natocc.shards.disk import disk_errors, write_aside
from natocc.shards.layout import Layout
from natocc.shards.staging import stage_sample
from natocc.shards.verify_shard import File


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
        If an input that served then cannot serve now.
    """
    face, composite = pipeline.replay(spec, plan)
    return encode(face, composite, pipeline.faces.classes, pipeline.recipe.output)


def mend_samples(
    recipe: str, data: Path, cache: Path, root: Path, damaged: Sequence[tuple[SampleRecord, Sequence[File]]]
) -> dict[str, str]:
    """Write damaged files again, each aside and then renamed, if they come out as their record says; runs in a worker.

    Parameters
    ----------
    recipe : str
        Resolved, as JSON.
    data, cache, root : Path
        Where inputs lie, where libraries are kept, where the dataset is.
    damaged : sequence of (SampleRecord, sequence of File)
        Samples, each with those of its files that are to be made again.

    Returns
    -------
    failed : dict of str to str
        Path to why the file could not be made again.
    """
    cv2.setNumThreads(1)
    pipeline = _pipeline(recipe, data, cache)
    failed: dict[str, str] = {}
    for record, files in damaged:
        try:
            assert record.plan is not None
            spec = spec_of(pipeline.recipe, record.index, record.set_name, record.face, record.variant)
            remade = replayed(pipeline, spec, record.plan)
        except (BadDataError, UsageError, KeyError) as error:
            failed |= {file.path: f"its inputs cannot serve any more: {error}" for file in files}
            continue
        for file in files:
            content = remade[file.folder][1] if file.folder in remade else b""
            if sha256(content) != file.sha256:
                failed[file.path] = f"made again it has sha256 {sha256(content)}: inputs or versions are others than they were"
                continue
            path = root / file.path
            with disk_errors(path):
                path.parent.mkdir(parents=True, exist_ok=True)
            write_aside(path, content)
    return failed


def stage_samples(recipe: str, data: Path, cache: Path, layout: Layout, specs: Sequence[SampleSpec]) -> None:
    """Make samples from the recipe and lay them aside; runs in a worker."""
    cv2.setNumThreads(1)
    pipeline = _pipeline(recipe, data, cache)
    for spec in specs:
        sample = pipeline.make_sample(spec)
        files = {}
        if sample.face is not None and sample.composite is not None:
            files = encode(sample.face, sample.composite, pipeline.faces.classes, pipeline.recipe.output)
        stage_sample(layout, sample.record, files)


@functools.lru_cache(maxsize=1)
def _pipeline(recipe: str, data: Path, cache: Path) -> Pipeline:
    """A worker's pipeline, opened once."""
    return Pipeline(Recipe.model_validate(json.loads(recipe)), data, cache)
