"""A Dask cluster on this machine: a scheduler and workers, each a process of its own; and how large they become."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from measure_scaling.watch import children, resident

_QUIET = ["--no-dashboard"]
_SECONDS = 60


class Cluster(threading.Thread):
    """Watches the processes of a cluster.

    Parameters
    ----------
    address : str
        Of the scheduler.
    workers : list of int
        Their process ids; each of them has one that Dask looks after, and that has one which makes samples.
    """

    def __init__(self, address: str, workers: list[int]) -> None:
        super().__init__(daemon=True)
        self.address = address
        self.largest: list[float] = []
        self._workers = workers
        self.stopped = threading.Event()
        self.start()

    def run(self) -> None:
        while not self.stopped.wait(1):
            self.largest.append(max(_below(worker) for worker in self._workers))


def _below(process: int) -> float:
    return max([resident(process), *map(_below, children(process))])


@contextlib.contextmanager
def local_cluster(base: Path, workers: int) -> Iterator[Cluster]:
    """A cluster of workers of one thread each, until the block is left."""
    told = base / "scheduler.json"
    scheduler = [*_dask("scheduler"), "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(told)]
    worker = [*_dask("worker"), "--nthreads", "1", "--scheduler-file", str(told), "--local-directory", str(base / "dask")]
    with contextlib.ExitStack() as processes:

        def start(command: list[str]) -> int:
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            process = processes.enter_context(subprocess.Popen([*command, *_QUIET], **quiet))  # type: ignore[call-overload]
            processes.callback(process.terminate)
            return int(process.pid)

        start(scheduler)
        end = time.monotonic() + _SECONDS
        while not (told.exists() and told.read_text().strip().endswith("}")):
            if time.monotonic() > end:
                raise SystemExit("Dask's scheduler did not start; is the package 'distributed' installed?")
            time.sleep(0.1)
        cluster = Cluster(json.loads(told.read_text())["address"], [start(worker) for _ in range(workers)])
        try:
            yield cluster
        finally:
            cluster.stopped.set()
            cluster.join()


def _dask(part: str) -> list[str]:
    return [sys.executable, "-m", f"distributed.cli.dask_{part}"]
