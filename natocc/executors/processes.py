"""Workers: threads, or processes of which one may die or hang at the cost of its sample alone."""

from __future__ import annotations

import collections
import concurrent.futures
import contextlib
import dataclasses
import functools
import json
import logging
import multiprocessing
import os
import shutil
import signal
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import joblib
from joblib.externals.loky import ProcessPoolExecutor
from joblib.externals.loky.process_executor import TerminatedWorkerError

from natocc.core.errors import Reason, RunError
from natocc.dataset.layout import Layout
from natocc.dataset.write.seal import SealedShard
from natocc.dataset.write.staging import is_staged
from natocc.executors.sample_worker import Job, make_piece, make_sample, quarantine
from natocc.executors.signals import obey
from natocc.io.atomic import disk_errors
from natocc.pipeline.fingerprint import inputs_of
from natocc.pipeline.sample import Pipeline
from natocc.pipeline.schedule import SampleSpec

Piece = Sequence[SampleSpec]
Made = tuple[Piece, SealedShard | None]
"""Samples that are staged now; and their shard, if they were the last of it, and a worker has sealed it."""

_TRIES = {Reason.WORKER_DIED: 3, Reason.TIMED_OUT: 2}
_MOST_IDLE_DEATHS = 5

TIME_LIMIT = 120.0
"""Seconds that a sample may take unless a command says otherwise."""

WORKER_ENVIRONMENT = {
    **{f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "BLIS", "VECLIB", "NUMEXPR")},
    # glibc: memory of a picture is used for the next one. Given back, it comes again page by page, a tenth of a worker's time.
    "MALLOC_MMAP_THRESHOLD_": str(2**28),
    "MALLOC_TRIM_THRESHOLD_": str(2**28),
    "MALLOC_TOP_PAD_": str(2**24),
}
"""Of the processes that make samples."""
_log = logging.getLogger("natocc")


class Crew(Protocol):
    """Workers that make samples."""

    def run(self, pieces: Iterable[Piece]) -> Generator[Made, None, None]:
        """Make pieces; each comes back, perhaps in parts, when its samples are staged, in any order."""
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
    """Processes of joblib's loky.

    When one dies, all are replaced, what was staged stays, and each sample that was being made is made again alone: the culprit
    is found, and after a few tries quarantined.

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

    @functools.cached_property
    def job(self) -> Job:
        """The same for a process."""
        pipeline, libraries = self.pipeline, tuple(self.pipeline.libraries.items())
        recipe, inputs = json.dumps(pipeline.recipe.resolved()), json.dumps(inputs_of(pipeline))
        return Job(recipe, pipeline.workspace, self.layout, self.count, libraries, inputs)

    def run(self, pieces: Iterable[Piece]) -> Generator[Made, None, None]:
        """Make pieces; each comes back, perhaps in parts, when its samples are staged, in any order.

        Raises
        ------
        RunError
            If writing fails, or workers die before they make anything.
        Exception
            What a worker raised: a bug.
        """
        source, again = iter(pieces), collections.deque[Piece]()
        cost, idle = Counter[tuple[int, Reason]](), _Idle()
        while True:
            unfinished = yield from self._together(source, again)
            if not unfinished:
                return
            suspects = self._suspects(unfinished)
            staged = [[spec for spec in piece if is_staged(self.layout, spec.index)] for piece in unfinished]
            idle.died(bool(suspects) or any(staged))
            late = [index for index, reason in suspects.items() if reason is Reason.TIMED_OUT]
            cost.update((index, Reason.TIMED_OUT) for index in late)
            self._alone([spec for piece in unfinished for spec in piece if spec.index in (late or suspects)], cost)
            for piece in unfinished:
                yield [spec for spec in piece if is_staged(self.layout, spec.index)], None
                again.append([spec for spec in piece if not is_staged(self.layout, spec.index)])

    def _together(self, source: Iterator[Piece], again: collections.deque[Piece]) -> Generator[Made, None, list[Piece]]:
        """Make pieces until all are made, or a worker dies; return those that were given out and not finished."""
        running: dict[concurrent.futures.Future[SealedShard | None], Piece] = {}
        taken: dict[int, Piece] = {}
        try:
            with _pool(self.jobs) as pool:
                while True:
                    while (
                        len(running) < 2 * self.jobs and (piece := again.popleft() if again else next(source, None)) is not None
                    ):
                        if piece:
                            taken[piece[0].index] = piece
                            running[self._submit(pool, piece)] = piece
                    if not running:
                        return []
                    done, _ = concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED)
                    for future in done:
                        sealed = future.result()
                        piece = running.pop(future)
                        del taken[piece[0].index]
                        yield piece, sealed
        except TerminatedWorkerError:
            return list(taken.values())

    def _alone(self, specs: Sequence[SampleSpec], cost: Counter[tuple[int, Reason]]) -> None:
        """Make samples, each while no other is made; quarantine one when it has cost too many workers."""
        left, idle = collections.deque(specs), _Idle()
        while left:
            try:
                with _pool(1) as pool:
                    while left:
                        if not self._settled(left[0], cost):
                            self._submit(pool, [left[0]]).result()
                        left.popleft()
            except TerminatedWorkerError:
                suspects = self._suspects([[left[0]]])
                cost.update(suspects.items())
                idle.died(bool(suspects))

    def _settled(self, spec: SampleSpec, cost: Mapping[tuple[int, Reason], int]) -> bool:
        """Whether a sample is made, or has had all its tries and is now quarantined."""
        if is_staged(self.layout, spec.index):
            return True
        for reason, most in _TRIES.items():
            if cost.get((spec.index, reason), 0) >= most:
                died = f"its worker ended, {most} times when nothing else was made"
                detail = died if reason is Reason.WORKER_DIED else f"took more than {self.limit:g} s, {most} times"
                _log.warning("sample %d is left out: %s", spec.index, detail)
                quarantine(self.pipeline, self.layout, spec, reason, detail)
                return True
        return False

    def _submit(self, pool: ProcessPoolExecutor, piece: Piece) -> concurrent.futures.Future[SealedShard | None]:
        try:
            future: concurrent.futures.Future[SealedShard | None] = pool.submit(make_piece, self.job, self.limit, piece)
        except OSError as error:
            raise RunError(f"cannot start {self.jobs} workers: {_words(error)}") from error
        return future

    def _suspects(self, unfinished: Sequence[Piece]) -> dict[int, Reason]:
        """The samples that dead workers were making, and whether they died or hung; forgets them."""
        with disk_errors(self.job.begun):
            notes = {int(path.name): path.read_text(errors="replace") for path in self.job.begun.glob("*")}
            shutil.rmtree(self.job.begun, ignore_errors=True)
        missing = {spec.index for piece in unfinished for spec in piece if not is_staged(self.layout, spec.index)}
        begun = [index for index in sorted(notes) if index in missing]
        suspects = {index: Reason.TIMED_OUT if notes[index] else Reason.WORKER_DIED for index in begun}
        for index, reason in suspects.items():
            if reason is Reason.TIMED_OUT:
                _log.warning("sample %d took more than %g s; its worker was at\n%s", index, self.limit, notes[index].rstrip())
        if suspects:
            _log.warning("a worker process died while making one of the samples %s", ", ".join(map(str, suspects)))
        else:
            _log.warning("a worker process died before starting a sample")
        return suspects


class _Idle:
    """Counts workers that die one after another before any sample is begun: it is not the samples then."""

    def __init__(self) -> None:
        self._deaths = 0

    def died(self, usefully: bool) -> None:
        self._deaths = 0 if usefully else self._deaths + 1
        if self._deaths == _MOST_IDLE_DEATHS:
            raise RunError(
                f"worker processes died {self._deaths} times before starting a sample: is there too little memory, or a limit?"
            )


def _words(error: OSError | ImportError) -> str:
    """Why no process can be started (no /dev/shm, no semaphores, too many processes), and what to do."""
    return f"{error.strerror if isinstance(error, OSError) else error}; --backend threading needs no processes"


@contextlib.contextmanager
def _pool(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Worker processes; all are gone when the block is left, and at once if by an exception."""
    before, well = set(multiprocessing.active_children()), False
    try:
        executor = ProcessPoolExecutor(jobs, initializer=obey, initargs=(os.getpid(),), env=WORKER_ENVIRONMENT)
    except (OSError, ImportError) as error:
        raise RunError(f"cannot start {jobs} workers: {_words(error)}") from error
    try:
        yield executor
        well = True
    finally:
        if not well:
            executor._processes.clear()  # else loky kills them itself, for which it needs pgrep
            for child in set(multiprocessing.active_children()) - before:
                child.terminate() if child.pid is None else os.kill(child.pid, signal.SIGKILL)
        executor.shutdown(wait=True, kill_workers=not well)
