"""What a worker process does: make the samples of a piece, stage each, and note which one it is making."""

from __future__ import annotations

import contextlib
import dataclasses
import faulthandler
import functools
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2

from natocc.core.errors import BadDataError, Reason, RunError, UsageError
from natocc.core.samples import Rejection, SampleRecord
from natocc.dataset.layout import Layout
from natocc.dataset.verify.shard import SampleFile
from natocc.dataset.write.seal import SealedShard, seal_if_staged
from natocc.dataset.write.staging import stage_sample
from natocc.io.atomic import disk_errors, write_aside
from natocc.io.images import sha256
from natocc.io.workspace import Workspace
from natocc.pipeline.fingerprint import changed_inputs
from natocc.pipeline.replay import replayed, spec_of
from natocc.pipeline.sample import Pipeline
from natocc.pipeline.schedule import SampleSpec
from natocc.recipe.model import Recipe


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

    @property
    def begun(self) -> Path:
        """Folder with a file for each sample that is being made; a worker that hangs leaves its traceback in it."""
        return self.layout.staging / "begun"


def make_piece(job: Job, limit: float, specs: Sequence[SampleSpec]) -> SealedShard | None:
    """Make and stage samples in a process that does nothing else.

    Parameters
    ----------
    job : Job
        What to make.
    limit : float
        Seconds that one sample may take before the process is ended.
    specs : sequence of SampleSpec
        All of one shard.

    Returns
    -------
    sealed : SealedShard or None
        Their shard, if it is to be sealed and all of it is staged now.
    """
    pipeline = _pipeline(job.recipe, job.workspace, job.libraries, job.inputs)
    for spec in specs:
        try:
            with _begun(job, spec.index, limit):
                make_sample(pipeline, job.layout, spec)
        except (MemoryError, cv2.error) as error:
            if isinstance(error, cv2.error) and error.code != cv2.Error.STS_NO_MEM:
                raise
            os._exit(1)  # no bug: as if the system had killed us for our memory, so that it is tried again alone
    if job.count is None:
        return None
    return seal_if_staged(job.layout, job.layout.indices(job.layout.shard_of(specs[0].index), job.count))


def make_sample(pipeline: Pipeline, layout: Layout, spec: SampleSpec) -> None:
    """Make and stage one sample, or its rejection."""
    cv2.setNumThreads(1)
    sample = pipeline.make_sample(spec)
    files = {}
    if sample.face is not None and sample.composite is not None and sample.record.plan is not None:
        files = pipeline.files(spec, sample.record.plan, sample.face, sample.composite)
    stage_sample(layout, sample.record, files)


def quarantine(pipeline: Pipeline, layout: Layout, spec: SampleSpec, reason: Reason, detail: str) -> None:
    """Stage a rejection in place of a sample that kills or hangs its worker."""
    stage_sample(layout, pipeline.row(spec)(rejection=Rejection(reason, "make", detail)), {})


@functools.lru_cache(maxsize=1)
def _pipeline(
    recipe: str, workspace: Workspace, libraries: tuple[tuple[str, Path], ...] = (), inputs: str | None = None
) -> Pipeline:
    """A worker's pipeline, opened once for all its pieces."""
    pipeline = Pipeline(Recipe.model_validate_json(recipe), workspace.with_jobs(1), look=False, libraries=dict(libraries))
    if inputs is not None and (lines := changed_inputs(json.loads(inputs), pipeline)):
        raise RunError("inputs have changed since the run began:", *lines, "see that nothing changes them meanwhile")
    return pipeline


@contextlib.contextmanager
def _begun(job: Job, index: int, limit: float) -> Iterator[None]:
    """Note that a sample is being made. A watchdog of the interpreter's own ends the process after `limit` seconds.

    It does so even while native code holds the interpreter, and writes the process's traceback into the sample's file.
    """
    path = job.begun / f"{index:09d}"
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("wb")
    with file:
        faulthandler.dump_traceback_later(limit, exit=True, file=file)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()
    with disk_errors(path):
        path.unlink(missing_ok=True)


def remake_files(
    recipe: str, workspace: Workspace, root: Path, damaged: Sequence[tuple[SampleRecord, Sequence[SampleFile]]]
) -> dict[str, str]:
    """Write damaged files again, under a temporary name and then renamed, if they come out as recorded; runs in a worker.

    Parameters
    ----------
    recipe : str
        Resolved, as JSON.
    workspace : Workspace
        Where inputs lie and where libraries are kept.
    root : Path
        Where the dataset is.
    damaged : sequence of (SampleRecord, sequence of SampleFile)
        Samples, each with those of its files that are to be made again.

    Returns
    -------
    failed : dict of str to str
        Path to why the file could not be made again.
    """
    cv2.setNumThreads(1)
    pipeline = _pipeline(recipe, workspace)
    failed: dict[str, str] = {}
    for record, files in damaged:
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
            write_aside(root / file.path, content)
    return failed
