"""How a build scales on this machine: workers, samples, faces; what a million pictures would take.

    python tests/bench/scaling.py [--quick] [--json FILE]

Efficiency is the rate of two workers over twice that of one, at 512 px, start and end of the run included, and without them (the
samples that follow the first ones). Where other programs run, these say little: then look at the CPU seconds of one worker's run
over those of two workers', parents included, which say what dividing the work adds. The recipe and the faces are natocc's own.
Memory is the largest resident set of the parent and of any worker, shared pages counted in each.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

FACES = 30_000
MILLION = 1_000_000


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of the samples")
    parser.add_argument("--json", type=Path, help="write the figures to this file, too")
    told = parser.parse_args()
    part = 10 if told.quick else 1
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(temporary)
        _build(base, ["-n", "2"])  # fills the cache
        figures["efficiency"] = _efficiency(base, 400 // part)
        figures["scaling"] = _scaling(base, [count // part for count in (100, 1000, 10_000)])
        figures["start"] = _start(base)
    rate = figures["scaling"][-1]["samples"] / figures["scaling"][-1]["seconds"]
    rate_512 = figures["efficiency"]["steady_rate"][1]
    figures["million_hours"] = {"64 px": MILLION / rate / 3600, "512 px": MILLION / rate_512 / 3600}
    print("a million: " + ", ".join(f"{hours:.1f} h at {side}" for side, hours in figures["million_hours"].items()))
    if told.json:
        told.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def _efficiency(base: Path, count: int) -> dict[str, Any]:
    """Rates of one worker and of two; a quarter of the samples is made first, to take start and end out of the steady rate."""
    few = max(2, count // 4)
    runs = {(jobs, n): _build(base, ["-n", str(n), "-j", str(jobs)]) for jobs in (1, 2) for n in (few, count)}
    whole = [count / runs[jobs, count]["seconds"] for jobs in (1, 2)]
    steady = [(count - few) / (runs[jobs, count]["seconds"] - runs[jobs, few]["seconds"]) for jobs in (1, 2)]
    print(f"{'512 px':16} {'1 worker':>10} {'2 workers':>10} {'efficiency':>11}")
    for name, rates in (("whole run", whole), ("steady", steady)):
        print(f"{name:16} {rates[0]:8.2f}/s {rates[1]:8.2f}/s {rates[1] / rates[0] / 2:11.2f}")
    cpu = [runs[jobs, count]["cpu"] for jobs in (1, 2)]
    print(f"{'CPU':16} {cpu[0]:8.1f} s {cpu[1]:8.1f} s  {cpu[0] / cpu[1]:10.2f}")
    found = {"samples": count, "whole_rate": whole, "steady_rate": steady, "cpu_seconds": cpu}
    return {**found, "whole": whole[1] / whole[0] / 2, "steady": steady[1] / steady[0] / 2, "cpu": cpu[0] / cpu[1]}


def _scaling(base: Path, counts: Sequence[int]) -> list[dict[str, Any]]:
    rows = []
    for count in counts:
        row = _build(base, ["-n", str(count), "-j", "2", "--set", "faces.align={method: ffhq, size: 64}"])
        rows.append({"samples": count, **row})
    print("64 px, 2 workers: " + "; ".join(f"{row['samples']} in {row['seconds']:.1f} s" for row in rows))
    print(f"memory: parent {rows[-1]['parent_mb']:.0f} MB, worker {rows[-1]['worker_mb']:.0f} MB")
    return rows


def _start(base: Path) -> dict[str, Any]:
    """Seconds until a build over 30 000 faces begins to make its first sample: the first time, and later."""
    folder = base / "data" / "photos"
    folder.mkdir(parents=True)
    from skimage import data

    from natocc.io.images import encode_jpeg

    picture = encode_jpeg(data.astronaut()[:256, 96:352], 90)
    for number in range(FACES):
        (folder / f"{number}.jpg").write_bytes(picture)
    time.sleep(2.5)  # a folder that has just changed is not kept
    more = ["-n", "1", "-j", "1", "--data", str(base / "data"), "--set", "faces={source: folder, align: {size: 64}}"]
    seconds = [_build(base, more)["start"] for _ in range(2)]
    print(f"start over {FACES} faces: {seconds[0]:.2f} s, later {seconds[1]:.2f} s")
    return {"faces": FACES, "first": seconds[0], "later": seconds[1]}


def _build(base: Path, more: Sequence[str]) -> dict[str, float]:
    """Seconds of a build of the demo at 512 px; seconds until its staging area appears; MB of parent and largest worker."""
    command = [sys.executable, "-m", "natocc", "build", "demo", "--set", "faces.align={method: ffhq, size: 512}"]
    command += ["--set", "output.shard_size=1000", "-o", str(base / "out"), "--overwrite", "--cache", str(base / "cache"), *more]
    begin, before = time.perf_counter(), _cpu()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        watch = _Watch(process.pid, base / "out", begin)
        _, errors = process.communicate()
        seconds = time.perf_counter() - begin
        watch.stop()
    if process.returncode:
        raise SystemExit(errors)
    return {
        "seconds": seconds,
        "cpu": _cpu() - before,
        "start": watch.started or seconds,
        "parent_mb": watch.parent,
        "worker_mb": watch.worker,
    }


def _cpu() -> float:
    """CPU seconds of all processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class _Watch(threading.Thread):
    """Watches a build: when it begins to make samples, and how large its processes become."""

    def __init__(self, parent_id: int, out: Path, begin: float) -> None:
        super().__init__(daemon=True)
        self.started, self.parent, self.worker = 0.0, 0.0, 0.0
        self._id, self._dataset, self._begin = parent_id, out / "dataset.json", begin
        self._wall = time.time()
        self._stopped = threading.Event()
        self.start()

    def stop(self) -> None:
        self._stopped.set()
        self.join()

    def run(self) -> None:
        while not self._stopped.wait(0.02 if not self.started else 0.2):
            if not self.started and self._begun():
                self.started = time.perf_counter() - self._begin
            self.parent = max(self.parent, _resident(self._id))
            self.worker = max([self.worker, *map(_resident, _children(self._id))])

    def _begun(self) -> bool:
        return self._dataset.exists() and self._dataset.stat().st_mtime > self._wall


def _children(parent: int) -> list[int]:
    try:
        told = "".join(path.read_text() for path in Path(f"/proc/{parent}/task").glob("*/children"))
    except OSError:
        return []
    return [int(child) for child in told.split()]


def _resident(process: int) -> float:
    try:
        return int(Path(f"/proc/{process}/status").read_text().split("VmRSS:")[1].split()[0]) / 1024
    except (OSError, IndexError):
        return 0.0


if __name__ == "__main__":
    main()
