"""A build in a process of its own, watched: its seconds, its processors' seconds, its memory as it goes on, what it wrote."""

from __future__ import annotations

import dataclasses
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_OFTEN, _SELDOM = 0.02, 0.2  # seconds between looks, until it begins and afterwards


@dataclasses.dataclass(frozen=True)
class Built:
    """What a build took.

    Parameters
    ----------
    samples : int
        How many it was asked for.
    seconds, cpu, parent_cpu : float
        From start to end; of all processors; of them the parent's.
    start : float
        Seconds until it began to make samples.
    parent_mb, worker_mb : tuple of float
        Resident memory of the parent, and of the largest worker, at each look.
    sizes : dict of str to int
        Bytes in the dataset by what they are: pictures and masks, records, manifest.
    """

    samples: int
    seconds: float
    cpu: float
    parent_cpu: float
    start: float
    parent_mb: tuple[float, ...]
    worker_mb: tuple[float, ...]
    sizes: dict[str, int]


def build(out: Path, samples: int, more: Sequence[str]) -> Built:
    """Build the demo from nothing."""
    command = [sys.executable, "-m", "natocc", "build", "demo", "-o", str(out), "--overwrite", "-n", str(samples), *more]
    begin, before = time.perf_counter(), _cpu_of_the_ended()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        watch = _Watch(process.pid, out, begin)
        _, errors = process.communicate()
        seconds = time.perf_counter() - begin
        watch.stop()
    if process.returncode:
        raise SystemExit(errors)
    cpu, memory = _cpu_of_the_ended() - before, (tuple(watch.parent), tuple(watch.worker))
    return Built(samples, seconds, cpu, watch.cpu, watch.started or seconds, *memory, _sizes(out))


def growth(megabytes: Sequence[float]) -> float:
    """MB by which the largest of the last quarter of looks exceeds that of the second one."""
    quarter = len(megabytes) // 4
    return max(megabytes[-quarter:], default=0.0) - max(megabytes[quarter : 2 * quarter], default=0.0)


def resident(process: int) -> float:
    """MB of a process, shared pages counted; 0 where it is gone."""
    try:
        return int(Path(f"/proc/{process}/status").read_text().split("VmRSS:")[1].split()[0]) / 1024
    except (OSError, IndexError):
        return 0.0


def children(parent: int) -> list[int]:
    """Ids of the processes that a process has started."""
    try:
        told = "".join(path.read_text() for path in Path(f"/proc/{parent}/task").glob("*/children"))
    except OSError:
        return []
    return [int(child) for child in told.split()]


def _sizes(out: Path) -> dict[str, int]:
    sizes = {"pictures and masks": 0, "records": 0, "manifest": 0}
    for folder, _, names in os.walk(out):
        kind = "records" if Path(folder).name == "shards" else "pictures and masks" if Path(folder) != out else None
        for name in names:
            size = (Path(folder) / name).stat().st_size
            if kind or name == "manifest.parquet":
                sizes[kind or "manifest"] += size
    return sizes


def _cpu_of_the_ended() -> float:
    """CPU seconds of all processes of this one that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _cpu(process: int) -> float:
    """CPU seconds of a process itself; 0 where it is gone."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICK


class _Watch(threading.Thread):
    """Looks at a build again and again."""

    def __init__(self, parent_id: int, out: Path, begin: float) -> None:
        super().__init__(daemon=True)
        self.started, self.cpu = 0.0, 0.0
        self.parent: list[float] = []
        self.worker: list[float] = []
        self._id, self._dataset, self._begin = parent_id, out / "dataset.json", begin
        self._wall = time.time()
        self._stopped = threading.Event()
        self.start()

    def stop(self) -> None:
        self._stopped.set()
        self.join()

    def run(self) -> None:
        while not self._stopped.wait(_SELDOM if self.started else _OFTEN):
            if not self.started and self._begun():
                self.started = time.perf_counter() - self._begin
            self.cpu = max(self.cpu, _cpu(self._id))
            if parent := resident(self._id):
                self.parent.append(parent)
                self.worker.append(max(map(resident, children(self._id)), default=0.0))

    def _begun(self) -> bool:
        return self._dataset.exists() and self._dataset.stat().st_mtime > self._wall
