"""Workers of a Dask cluster, through joblib's backend."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import pickle
import threading
from collections.abc import Generator, Iterator, Sequence
from typing import Any

import joblib

from natocc.core.errors import RunError
from natocc.dataset.records import MadeShard
from natocc.executors.cluster_base import (
    ANSWER_SECONDS,
    Cluster,
    check_answers,
    first_line,
    log,
    look_around,
    make_pickled,
    told_processors,
    until_made,
)
from natocc.executors.shard_worker import ShardJob
from natocc.io.processor import processor


@contextlib.contextmanager
def dask_cluster(address: str) -> Iterator[Cluster]:
    import distributed

    loggers = [logging.getLogger(name) for name in ("distributed", "distributed.client")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:  # they log a screenful for a worker that comes or goes
        logger.setLevel(logging.CRITICAL)
    try:
        client = distributed.Client(address, timeout=ANSWER_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise RunError(f"no Dask scheduler at {address}: {first_line(error)}") from error
    try:
        yield DaskCluster(client, address)
    finally:
        with contextlib.suppress(Exception):
            client.close(timeout=ANSWER_SECONDS)
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@dataclasses.dataclass(frozen=True)
class DaskCluster:
    client: Any
    address: str

    def processors(self) -> tuple[str, ...]:
        return told_processors(self.client.run(processor, on_error="return"))

    def check(self, job: ShardJob) -> None:
        try:
            self.client.wait_for_workers(1, timeout=ANSWER_SECONDS)
        except TimeoutError as error:
            raise RunError(f"the scheduler at {self.address} has no worker: start some with 'dask worker'") from error
        try:
            answers = self.client.run(look_around, pickle.dumps(job), on_error="return")
        except Exception as error:  # a worker that cannot even read the question
            raise RunError(f"the workers of {self.address} cannot run natocc: {first_line(error)}") from error
        check_answers(answers)
        several = [worker for worker, threads in self.client.nthreads().items() if threads > 1]
        if several:
            log.warning("worker %s has several threads, but makes one shard at a time: start it with --nthreads 1", several[0])

    def run(self, job: ShardJob, shards: Sequence[int]) -> Generator[MadeShard, None, None]:
        import distributed

        died = (distributed.KilledWorker, distributed.CancelledError)
        with self._watched():
            yield from until_made(self._together, died, job, shards)

    def _together(self, job: ShardJob, shards: Sequence[int]) -> Generator[MadeShard, None, None]:
        # All are submitted at once, so that workers that join later get some; as bytes, which joblib does not pin to one worker.
        payload = pickle.dumps(job)
        with joblib.parallel_config(backend=self._backend()):
            parallel = joblib.Parallel(batch_size=1, pre_dispatch="all", return_as="generator_unordered")
            try:
                made = parallel(joblib.delayed(make_pickled)(payload, shard) for shard in shards)
            except OSError as error:  # TimeoutError is one; what goes wrong in a task comes later
                raise RunError(f"the scheduler at {self.address} is gone, or has no worker: {first_line(error)}") from error
        with contextlib.closing(made):
            yield from made

    def _backend(self) -> Any:
        """joblib's own, but never for one worker only: joblib would make everything here then."""
        from joblib._dask import DaskDistributedBackend

        class Several(DaskDistributedBackend):  # type: ignore[misc]  # joblib has no types
            def effective_n_jobs(self, n_jobs: int) -> int:
                return max(2, int(super().effective_n_jobs(n_jobs)))

        return Several(client=self.client, wait_for_workers_timeout=ANSWER_SECONDS)

    @contextlib.contextmanager
    def _watched(self) -> Iterator[None]:
        """Say so when all workers have gone: Dask waits for others, however long."""
        over = threading.Event()

        def watch() -> None:
            while not over.wait(ANSWER_SECONDS):
                with contextlib.suppress(OSError, TimeoutError):
                    if not self.client.nthreads():
                        log.warning("the scheduler at %s has no worker any more: waiting for one", self.address)
                        return

        threading.Thread(target=watch, daemon=True).start()
        try:
            yield
        finally:
            over.set()
