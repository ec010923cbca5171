"""Who makes the samples of a build: threads, or processes of which one may die or hang at the cost of its sample alone."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import functools
import itertools
import json
import threading
from collections.abc import Generator, Iterable, Iterator, Sequence
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

_SECONDS_TO_END = 10.0


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
        """Make pieces; each comes back when its samples are staged, in any order. Nothing is made any more when it is left."""
        turns = _Turns()
        work = (joblib.delayed(self._made)(piece, turns) for piece in itertools.takewhile(turns.go_on, pieces))
        done = joblib.Parallel(self.jobs, backend="threading", batch_size=1, return_as="generator_unordered")(work)
        try:
            for each in done:  # noqa: UP028  # `yield from` would close joblib's generator first
                yield each
        finally:
            if turns.end():
                collections.deque(done, maxlen=0)  # pieces of which nothing is made; joblib warns of those that nobody takes

    def _made(self, piece: Piece, turns: _Turns) -> Made:
        for spec in piece:
            with turns.one() as wanted:
                if wanted:
                    make_sample(self.pipeline, self.layout, spec)
        return piece, None


class _Turns:
    """What threads are at. joblib does not wait for those of a run that failed, and Python aborts where one still computes."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._taken, self._ended = 0, False

    @contextlib.contextmanager
    def one(self) -> Iterator[bool]:
        """A sample's turn; whether it is still wanted."""
        with self._changed:
            self._taken += 1
            wanted = not self._ended
        try:
            yield wanted
        finally:
            with self._changed:
                self._taken -= 1
                self._changed.notify_all()

    def go_on(self, _: object) -> bool:
        """Whether they have not been ended."""
        return not self._ended

    def end(self) -> bool:
        """Let no other sample begin, and wait for those that have begun, but not for ever: one may hang. Whether none does."""
        with self._changed:
            self._ended = True
            return self._changed.wait_for(lambda: not self._taken, _SECONDS_TO_END)


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
