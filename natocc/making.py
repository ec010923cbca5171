"""What a worker does: make the samples of a piece, lay each aside, and leave word of the one that it is at."""

from __future__ import annotations

import contextlib
import dataclasses
import faulthandler
import functools
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2

from natocc.errors import Reason
from natocc.outputs import encode
from natocc.pipeline import Pipeline, SampleSpec
from natocc.recipe import Recipe
from natocc.samples import Rejection
from natocc.shards.disk import disk_errors
from natocc.shards.layout import Layout
from natocc.shards.staging import stage_sample


@dataclasses.dataclass(frozen=True)
class Job:
    """What a worker needs to know; small, since it travels with every piece.

    Parameters
    ----------
    recipe : str
        Resolved, as JSON.
    data, cache : Path
        Where inputs lie and where libraries are kept.
    layout : Layout
        Where to stage.
    """

    recipe: str
    data: Path
    cache: Path
    layout: Layout

    @property
    def begun(self) -> Path:
        """Folder with a file for each sample that a worker is at; what hangs leaves its traceback in it."""
        return self.layout.staging / "begun"


def make_piece(job: Job, limit: float, specs: Sequence[SampleSpec]) -> None:
    """Make and stage samples in a process that is there for nothing else.

    Parameters
    ----------
    job : Job
        What to make.
    limit : float
        Seconds that one sample may take before the process is ended.
    specs : sequence of SampleSpec
        All of one shard.
    """
    pipeline = _pipeline(job.recipe, job.data, job.cache)
    for spec in specs:
        try:
            with _begun(job, spec.index, limit):
                make_sample(pipeline, job.layout, spec)
        except (MemoryError, cv2.error) as error:
            if isinstance(error, cv2.error) and error.code != cv2.Error.STS_NO_MEM:
                raise
            os._exit(1)  # no bug: as if the system had killed us for our memory, so that it is tried again alone


def make_sample(pipeline: Pipeline, layout: Layout, spec: SampleSpec) -> None:
    """Make and stage one sample, or its rejection."""
    cv2.setNumThreads(1)
    sample = pipeline.make_sample(spec)
    files = {}
    if sample.face is not None and sample.composite is not None:
        files = encode(sample.face, sample.composite, pipeline.faces.classes, pipeline.recipe.output)
    stage_sample(layout, sample.record, files)


def quarantine(pipeline: Pipeline, layout: Layout, spec: SampleSpec, reason: Reason, detail: str) -> None:
    """Stage a rejection in place of a sample that cannot be made without harm."""
    stage_sample(layout, pipeline.row(spec)(rejection=Rejection(reason, "make", detail)), {})


@functools.lru_cache(maxsize=1)
def _pipeline(recipe: str, data: Path, cache: Path) -> Pipeline:
    """A worker's pipeline, opened once for all its pieces."""
    return Pipeline(Recipe.model_validate_json(recipe), data, cache)


@contextlib.contextmanager
def _begun(job: Job, index: int, limit: float) -> Iterator[None]:
    """Leave word that a sample is being made. A watchdog of the interpreter's own ends the process after `limit` seconds.

    It does so even while native code holds the interpreter, and writes where the process was into the sample's file.
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
