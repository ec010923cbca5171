"""Who makes the samples of a build: threads, or processes of which one may die or hang at the cost of its sample alone."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
from collections.abc import Generator, Iterable, Sequence
from typing import Protocol

import joblib

from natocc.dataset.layout import Layout
from natocc.dataset.write.seal import SealedShard
from natocc.executors.sample_worker import Job, make_piece, make_sample
from natocc.pipeline.fingerprint import inputs_of
from natocc.pipeline.sample import Pipeline
from natocc.pipeline.schedule import SampleSpec
from natocc.workers.crew import Crew

Piece = Sequence[SampleSpec]
Made = tuple[Piece, SealedShard | None]
"""Samples that are staged now; and their shard, if they were the last of it, and a worker has sealed it."""


class Makers(Protocol):
    """Workers that make samples."""

    def run(self, pieces: Iterable[Piece]) -> Generator[Made, None, None]:
        """Make pieces; each comes back when its samples are staged, in any order."""
        ...


@dataclasses.dataclass(frozen=True)
class Threads:
    """Threads of this process: without a time limit, and a crash ends all of them.

    Parameters
    ----------
    pipeline : Pipeline
        What makes the samples.
    layout : Layout
        Where they are staged.
    jobs : int
        How many.
    """

    pipeline: Pipeline
    layout: Layout
    jobs: int

    def run(self, pieces: Iterable[Piece]) -> Generator[Made, None, None]:
        """Make pieces; each comes back when its samples are staged, in any order."""
        work = (joblib.delayed(self._made)(piece) for piece in pieces)
        yield from joblib.Parallel(self.jobs, backend="threading", batch_size=1, return_as="generator_unordered")(work)

    def _made(self, piece: Piece) -> Made:
        for spec in piece:
            make_sample(self.pipeline, self.layout, spec)
        return piece, None


@dataclasses.dataclass(frozen=True)
class Processes:
    """A crew of processes: see :class:`natocc.workers.crew.Crew`. A sample that is lost is staged as a rejection.

    Parameters
    ----------
    pipeline : Pipeline
        What makes the samples; each process opens its recipe for itself.
    layout : Layout
        Where they are staged.
    jobs : int
        How many.
    limit : float
        Seconds that a sample may take.
    count : int, optional
        Samples of the dataset in all, if workers are to seal the shards of which they stage the last sample.
    """

    pipeline: Pipeline
    layout: Layout
    jobs: int
    limit: float
    count: int | None = None

    def run(self, pieces: Iterable[Piece]) -> Generator[Made, None, None]:
        """Make pieces; each comes back when its samples are staged, in any order.

        Raises
        ------
        RunError
            If writing fails, or workers die before they make anything.
        Exception
            What a worker raised: a bug.
        """
        pipeline, libraries = self.pipeline, tuple(self.pipeline.libraries.items())
        recipe, inputs = json.dumps(pipeline.recipe.resolved()), json.dumps(inputs_of(pipeline))
        job = Job(recipe, pipeline.workspace, self.layout, self.count, libraries, inputs)
        crew = Crew(
            functools.partial(make_piece, job), self.jobs, _shown, self.limit, self.layout.staging / "begun", isolated=True
        )
        with contextlib.closing(crew.run(filter(None, pieces))) as done:
            for each in done:
                yield each.items, each.result


def _shown(spec: SampleSpec) -> str:
    return f"sample {spec.index}"
