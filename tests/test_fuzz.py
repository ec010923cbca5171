"""A small share of ``make bench-fuzz``: damaged input is read or refused by natocc's own errors, whatever the damage."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from fuzz_loop import fuzz
from fuzz_targets import Read, Target, targets

CASES = 4000  # of all targets; the bench runs 100 000


@pytest.fixture(scope="module")
def by_name(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Target]:
    return {target.name: target for target in targets(tmp_path_factory.mktemp("fuzz"))}


@pytest.mark.parametrize(
    "name",
    [
        "pictures", "segmentations", "coco files", "recipes", "edits", "shard records", "manifests", "dataset.json",
        "landmarks and lists",
        *(pytest.param(f"datasets by {of}", marks=pytest.mark.slow) for of in ("dataset.json", "00000.json", "manifest.parquet")),
    ],
)  # fmt: skip
def test_no_crash_no_hang_no_exception_but_our_own(by_name: dict[str, Target], tmp_path: Path, name: str) -> None:
    target = by_name[name]
    cases = max(200, round(CASES * target.share))
    accepted, failures = fuzz(target, 0, cases, tmp_path / "work")
    assert accepted >= len(target.seeds)  # valid input is taken for valid
    assert not failures, "\n\n".join(f"case {each.case}: {each.data[:200]!r}\n{each.what[-2000:]}" for each in failures[:3])


def _trouble(folder: Path) -> Read:
    """A target that does what its input says."""

    def read(data: bytes) -> None:
        if data == b"crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        elif data == b"hang":
            time.sleep(60)
        elif data == b"foreign":
            raise KeyError(data)
        elif data == b"greedy":
            bytearray(1 << 40)

    return read


@pytest.mark.slow
def test_what_is_wrong_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash, a hang, a foreign exception and a greedy allocation are failures, and the rest of the cases still runs."""
    monkeypatch.setattr("fuzz_loop.SECONDS_A_CASE", 3.0)

    seeds = (b"fine", b"crash", b"hang", b"foreign", b"greedy", b"fine")
    accepted, failures = fuzz(Target("x", seeds, (b"",), 1, _trouble), 0, len(seeds), tmp_path / "work")
    assert accepted == 2
    assert sorted((failure.data, failure.what[:4]) for failure in failures) == [
        (b"crash", "the "),
        (b"foreign", "Trac"),
        (b"greedy", "Trac"),
        (b"hang", "hang"),
    ]
