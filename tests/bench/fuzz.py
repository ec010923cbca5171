"""Fuzz every reader of what others wrote: 100 000 damaged inputs, none of which may crash, hang or raise what is not natocc's.

python tests/bench/fuzz.py [--cases 100000] [--jobs 2] [--seed 1] [--only NAME] [--keep FOLDER]

Prints a line a target; inputs that failed are written to the folder. The exit code is 1 if there are any.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from fuzz_loop import Failure, fuzz
from fuzz_targets import Target, targets

BATCH = 1000


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="")
    parser.add_argument("--keep", type=Path, default=Path("out/fuzz"))
    asked = parser.parse_args()
    failures: list[Failure] = []
    print(f"{'target':22}{'cases':>9}{'accepted':>10}{'failed':>8}{'seconds':>9}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for target in targets(Path(folder)):
            if asked.only in target.name:
                failures += _run(target, round(asked.cases * target.share), asked.seed, asked.jobs, Path(folder))
    for number, failure in enumerate(failures):
        asked.keep.mkdir(parents=True, exist_ok=True)
        path = asked.keep / f"{failure.target.replace(' ', '-')}-{number:03d}"
        path.write_bytes(failure.data)
        print(f"\n{path}: {failure.target}, seed {failure.seed}, case {failure.case}\n{failure.what[-1500:]}")
    return 1 if failures else 0


def _run(target: Target, cases: int, seed: int, jobs: int, folder: Path) -> list[Failure]:
    """Fuzz a target in batches, print its line, and give its failures."""
    begin = time.monotonic()
    starts = range(0, cases, BATCH)

    def batch(start: int) -> tuple[int, list[Failure]]:
        return fuzz(target, seed * 1_000_003 + start, min(BATCH, cases - start), folder / target.name / str(start))

    with ThreadPoolExecutor(jobs) as pool:
        results = list(pool.map(batch, starts))
    failures = [failure for _, failed in results for failure in failed]
    accepted = sum(count for count, _ in results)
    seconds = time.monotonic() - begin
    print(f"{target.name:22}{cases:9d}{accepted:10d}{len(failures):8d}{seconds:9.1f}", flush=True)
    return failures


if __name__ == "__main__":
    sys.exit(main())
