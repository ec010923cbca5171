"""Worker processes of joblib's loky: none outlives who started it, and none looks for modules in the working folder."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Iterator

from joblib.externals.loky import ProcessPoolExecutor
from joblib.externals.loky.backend import resource_tracker

from natocc.core.errors import RunError
from natocc.workers.safe_path import safe_path
from natocc.workers.signals import obey
from natocc.workers.stuck import stopped_workers

WORKER_ENVIRONMENT = {
    **{f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "BLIS", "VECLIB", "NUMEXPR")},
    # glibc: memory of a picture is used for the next one. Given back, it comes again page by page, a tenth of a worker's time.
    "MALLOC_MMAP_THRESHOLD_": str(2**28),
    "MALLOC_TRIM_THRESHOLD_": str(2**28),
    "MALLOC_TOP_PAD_": str(2**24),
}
"""Of the processes that work."""

_SECONDS_TO_DIE = 5.0  # a process that waits for a disk that does not answer is not waited for in turn


@contextlib.contextmanager
def worker_pool(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Worker processes; all are gone when the block is left, and at once if by an exception.

    Raises
    ------
    RunError
        If none can be started.
    """
    before, well = set(multiprocessing.active_children()), False
    with safe_path():  # also for the processes that loky starts to look after its semaphores
        try:
            executor = ProcessPoolExecutor(jobs, initializer=obey, initargs=(os.getpid(),), env=WORKER_ENVIRONMENT)
        except (OSError, ImportError) as error:
            raise cannot_start(jobs, error) from error
        try:
            yield executor
            well = not any(stopped_workers())  # one that is stopped does not hear that all is done
        finally:
            if not well:
                executor._processes.clear()  # else loky kills them itself, for which it needs pgrep
                children = set(multiprocessing.active_children()) - before
                for child in children:
                    child.terminate() if child.pid is None else os.kill(child.pid, signal.SIGKILL)
                for child in children:
                    child.join(_SECONDS_TO_DIE)
            executor.shutdown(wait=True, kill_workers=not well)


@contextlib.contextmanager
def tracked(folder: str) -> Iterator[None]:
    """Within the block a folder is deleted even if this process is killed: by the one that looks after semaphores."""
    with safe_path():
        try:
            resource_tracker.register(folder, "folder")
        except OSError as error:
            raise cannot_start(1, error) from error
    try:
        yield
    finally:
        resource_tracker.unregister(folder, "folder")


def cannot_start(jobs: int, error: OSError | ImportError) -> RunError:
    """Why no process can be started (no /dev/shm, no semaphores, too many processes), and what to do."""
    why = error.strerror if isinstance(error, OSError) else error
    return RunError(f"cannot start {jobs} workers: {why}; --backend threading, or -j 1 of other commands, needs no processes")
