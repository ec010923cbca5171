"""How a build scales on this machine: workers, samples, faces; what many samples would take.

    python tests/bench/scaling.py [--quick] [--dask SAMPLES] [--json FILE]

Efficiency is the rate of two workers over twice that of one, at 512 px, start and end of the run included, and without them (the
samples that follow the first ones). Where other programs run, these say little: then look at the CPU seconds of one worker's run
over those of two workers', parents included, which say what dividing the work adds, and at the parent's own, which nobody shares.
The recipe and the faces are natocc's own. Memory is the largest resident set of the parent and of any worker, shared pages
counted in each. With --dask nothing else is measured: that many samples at 64 px by four local workers of a Dask cluster.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from measure_scaling.cluster import local_cluster
from measure_scaling.watch import Built, build, growth

FACES = 30_000
ON_PAPER = (10**6, 10**8)
DASK_WORKERS = 4
SMALL = ("--set", "faces.align={method: ffhq, size: 64}")
LARGE = ("--set", "faces.align={method: ffhq, size: 512}")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of the samples")
    parser.add_argument("--dask", type=int, metavar="SAMPLES", help="this alone: so many samples through a local Dask cluster")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file, too")
    told = parser.parse_args()
    part = 10 if told.quick else 1
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(temporary)
        _build(base, 2, LARGE)  # fills the cache
        if told.dask:
            figures["dask"] = _dask(base, told.dask)
        else:
            figures["efficiency"], few, many = _efficiency(base, 2500 // part, 250 // part)
            figures["one_shard"], _, _ = _efficiency(base, 400 // part, 400 // part)
            figures["scaling"], *small = _scaling(base, [count // part for count in (100, 1000, 10_000)])
            figures["start"] = _start(base)
            figures["on_paper"] = [*_on_paper("64 px", *small), *_on_paper("512 px", few, many)]
    if told.json:
        told.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def _efficiency(base: Path, count: int, shard_size: int) -> tuple[dict[str, Any], Built, Built]:
    """Rates of one worker and of two; a quarter of the samples is made first, to take start and end out of the steady rate."""
    few = max(2, count // 4)
    more = [*LARGE, "--set", f"output.shard_size={shard_size}"]
    runs = {(jobs, n): _build(base, n, [*more, "-j", str(jobs)]) for jobs in (1, 2) for n in (few, count)}
    whole = [count / runs[jobs, count].seconds for jobs in (1, 2)]
    steady = [(count - few) / (runs[jobs, count].seconds - runs[jobs, few].seconds) for jobs in (1, 2)]
    name = f"512 px, {count} in shards of {shard_size}"
    print(f"{name:30} {'1 worker':>10} {'2 workers':>10} {'efficiency':>11}")
    for name, rates in (("whole run", whole), ("steady", steady)):
        print(f"{name:30} {rates[0]:8.2f}/s {rates[1]:8.2f}/s {rates[1] / rates[0] / 2:11.2f}")
    cpu, parent = ([getattr(runs[jobs, count], name) for jobs in (1, 2)] for name in ("cpu", "parent_cpu"))
    print(f"{'CPU':30} {cpu[0]:8.1f} s {cpu[1]:8.1f} s  {cpu[0] / cpu[1]:10.2f}")
    print(f"{'of it the parent':30} {parent[0]:8.1f} s {parent[1]:8.1f} s", flush=True)
    found = {"samples": count, "whole_rate": whole, "steady_rate": steady, "cpu_seconds": cpu, "parent_cpu_seconds": parent}
    ratios = {"whole": whole[1] / whole[0] / 2, "steady": steady[1] / steady[0] / 2, "cpu": cpu[0] / cpu[1]}
    return found | ratios, runs[2, few], runs[2, count]


def _scaling(base: Path, counts: Sequence[int]) -> tuple[list[dict[str, Any]], Built, Built]:
    """More and more samples, two workers; the last two runs besides."""
    runs = [_build(base, count, [*SMALL, "-j", "2"]) for count in counts]
    print("64 px, 2 workers: " + "; ".join(f"{run.samples} in {run.seconds:.1f} s" for run in runs))
    print(f"memory: parent {max(runs[-1].parent_mb):.0f} MB, worker {max(runs[-1].worker_mb):.0f} MB", flush=True)
    rows = [{**dataclasses.asdict(run), "parent_mb": max(run.parent_mb), "worker_mb": max(run.worker_mb)} for run in runs]
    return rows, runs[-2], runs[-1]


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
    more = ["-j", "1", "--data", str(base / "data"), "--set", "faces={source: folder, align: {size: 64}}"]
    seconds = [_build(base, 1, more).start for _ in range(2)]
    print(f"start over {FACES} faces: {seconds[0]:.2f} s, later {seconds[1]:.2f} s")
    return {"faces": FACES, "first": seconds[0], "later": seconds[1]}


def _on_paper(side: str, few: Built, many: Built) -> list[dict[str, Any]]:
    """What many samples would take, by what each further one took; the parent's hours are of one core, however many workers."""
    more = many.samples - few.samples
    cpu, parent = (many.cpu - few.cpu) / more / 3600, (many.parent_cpu - few.parent_cpu) / more / 3600
    size = {kind: (many.sizes[kind] - few.sizes[kind]) / more for kind in many.sizes}
    rows = []
    for samples in ON_PAPER:
        told = ", ".join(f"{kind} {samples * each / 1e9:,.1f} GB" for kind, each in size.items())
        print(f"{samples:13,} at {side}: {samples * cpu:,.1f} core-hours, the parent's {samples * parent:,.2f} of them; {told}")
        bytes_of = {kind: samples * each for kind, each in size.items()}
        rows.append(
            {"side": side, "samples": samples, "core_hours": samples * cpu, "parent": samples * parent, "bytes": bytes_of}
        )
    return rows


def _dask(base: Path, count: int) -> dict[str, Any]:
    """Seconds and memory of a run whose shards are made by the workers of a cluster; by how much it grows."""
    with local_cluster(base, DASK_WORKERS) as cluster:
        shard = f"output.shard_size={max(1, min(1000, count // (8 * DASK_WORKERS)))}"
        run = _build(base, count, [*SMALL, "--set", shard, "--backend", "dask", "--address", cluster.address])
        largest = list(cluster.largest)
    rates = f"{run.seconds:.1f} s, {count / run.seconds:.1f}/s; the parent's CPU {run.parent_cpu:.1f} s"
    print(f"{count} samples at 64 px, {DASK_WORKERS} workers of Dask: {rates}")
    memory = {"parent": run.parent_mb, "worker": largest}
    for name, megabytes in memory.items():
        grown = f"{growth(megabytes):+.1f} MB from the second quarter to the last"
        print(f"memory of the {name}: {max(megabytes):.0f} MB at most, {grown}")
    of_each = {f"{name}_mb": [max(each), growth(each)] for name, each in memory.items()}
    return {"samples": count, "seconds": run.seconds, "parent_cpu": run.parent_cpu, **of_each}


def _build(base: Path, samples: int, more: Sequence[str]) -> Built:
    return build(base / "out", samples, ["--set", "output.shard_size=1000", "--cache", str(base / "cache"), *more])


if __name__ == "__main__":
    main()
