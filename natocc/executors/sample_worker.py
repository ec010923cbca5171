"""What a worker process does: make the samples of a piece and stage each; or make damaged files again."""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Sequence
from pathlib import Path

import cv2

from natocc.core.errors import BadDataError, RunError, UsageError
from natocc.core.samples import Rejection, SampleRecord
from natocc.dataset.layout import Layout
from natocc.dataset.verify.shard import SampleFile
from natocc.dataset.write.seal import SealedShard, seal_if_staged
from natocc.dataset.write.staged_records import recorded
from natocc.dataset.write.staging import stage_sample, staged_folder
from natocc.io.atomic import write_aside
from natocc.io.images import sha256
from natocc.io.workspace import Workspace
from natocc.pipeline.fingerprint import changed_inputs
from natocc.pipeline.replay import replayed, spec_of
from natocc.pipeline.sample import Pipeline
from natocc.pipeline.schedule import SampleSpec
from natocc.recipe.model import Recipe
from natocc.workers.piece import Piece


@dataclasses.dataclass(frozen=True)
class Job:
    """What a worker needs to know; small, since it travels with every piece.

    Parameters
    ----------
    recipe : str
        Resolved, as JSON.
    workspace : Workspace
        Where inputs lie and where libraries are kept.
    layout : Layout
        Where to stage.
    count : int, optional
        Samples of the dataset in all, if shards are to be sealed.
    libraries : tuple of (str, Path)
        See :class:`natocc.pipeline.sample.Pipeline`.
    inputs : str, optional
        What there was when the run began, as JSON, see :func:`natocc.pipeline.fingerprint.inputs_of`.
    """

    recipe: str
    workspace: Workspace
    layout: Layout
    count: int | None = None
    libraries: tuple[tuple[str, Path], ...] = ()
    inputs: str | None = None


def make_piece(job: Job, piece: Piece[SampleSpec]) -> SealedShard | None:
    """Make and stage samples in a process that does nothing else.

    Parameters
    ----------
    job : Job
        What to make.
    piece : Piece of SampleSpec
        All of one shard.

    Returns
    -------
    sealed : SealedShard or None
        Their shard, if it is to be sealed and all of it is staged now.
    """
    pipeline = _pipeline(job.recipe, job.workspace, job.libraries, job.inputs)
    shard = job.layout.shard_of(piece.items[0].index)
    staged = recorded(staged_folder(job.layout, shard)) if piece.again else ()
    for spec, lost in piece:
        if spec.index in staged:
            continue
        if lost is None:
            make_sample(pipeline, job.layout, spec)
        else:
            rejection = Rejection(lost.reason, "make", lost.detail)
            stage_sample(job.layout, pipeline.row(spec)(rejection=rejection), {})
    if job.count is None or piece.trial or piece.again:  # a worker may have died of the sealing
        return None
    return seal_if_staged(job.layout, job.layout.indices(shard, job.count))


def make_sample(pipeline: Pipeline, layout: Layout, spec: SampleSpec) -> None:
    """Make and stage one sample, or its rejection."""
    cv2.setNumThreads(1)
    sample = pipeline.make_sample(spec)
    files = {}
    if sample.face is not None and sample.composite is not None and sample.record.plan is not None:
        files = pipeline.files(spec, sample.record.plan, sample.face, sample.composite)
    stage_sample(layout, sample.record, files)


@functools.lru_cache(maxsize=1)
def _pipeline(
    recipe: str, workspace: Workspace, libraries: tuple[tuple[str, Path], ...] = (), inputs: str | None = None
) -> Pipeline:
    """A worker's pipeline, opened once for all its pieces."""
    pipeline = Pipeline(Recipe.model_validate_json(recipe), workspace.with_jobs(1), look=False, libraries=dict(libraries))
    if inputs is not None and (lines := changed_inputs(json.loads(inputs), pipeline)):
        raise RunError("inputs have changed since the run began:", *lines, "see that nothing changes them meanwhile")
    return pipeline


@dataclasses.dataclass(frozen=True)
class Remaking:
    """What a worker needs to know to make damaged files again.

    Parameters
    ----------
    recipe : str
        Resolved, as JSON.
    workspace : Workspace
        Where inputs lie and where libraries are kept.
    root : Path
        Where the dataset is.
    """

    recipe: str
    workspace: Workspace
    root: Path


Damaged = tuple[SampleRecord, Sequence[SampleFile]]
"""A sample, and those of its files that are to be made again."""


def remake_files(job: Remaking, piece: Piece[Damaged]) -> dict[str, str]:
    """Write damaged files again, under a temporary name and then renamed, if they come out as recorded; runs in a worker.

    Parameters
    ----------
    job : Remaking
        Of which dataset.
    piece : Piece of Damaged
        What to make again.

    Returns
    -------
    failed : dict of str to str
        Path to why the file could not be made again.
    """
    cv2.setNumThreads(1)
    pipeline = _pipeline(job.recipe, job.workspace)
    failed: dict[str, str] = {}
    for (record, files), lost in piece:
        if lost is not None:
            failed |= {file.path: f"{lost.reason}: {lost.detail}" for file in files}
            continue
        try:
            assert record.plan is not None
            spec = spec_of(pipeline.recipe, record.index, record.set_name, record.face, record.variant)
            remade = replayed(pipeline, spec, record.plan)
        except (BadDataError, UsageError, KeyError) as error:
            failed |= {file.path: f"its inputs were rejected: {error}" for file in files}
            continue
        for file in files:
            content = remade[file.folder][1] if file.folder in remade else b""
            if sha256(content) != file.sha256:
                failed[file.path] = f"made again it has sha256 {sha256(content)}: inputs or versions have changed"
                continue
            write_aside(job.root / file.path, content)
    return failed
