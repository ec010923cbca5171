"""F26: told to stop, a run stops soon, leaves no worker and no half file, and goes on later as if nothing had happened."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path

import pytest
from runs import Runs, files, staged, until

from natocc.dataset.write.staged_records import NAME

PROC = Path("/proc")


def _workers(session: int) -> list[int]:
    """Processes of a session, zombies not counted; the parent leads it."""
    found = []
    for status in PROC.glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(status.parent.name))
    return found


def _half_files(out: Path) -> list[Path]:
    known = {NAME, *(f"{index:09d}" for index in staged(out))}
    return [
        path
        for path in out.rglob("*")
        if path.is_file()
        and (path.name.endswith(".part") or (".staging" in path.parts and path.stem not in known and path.name not in known))
    ]


def _semaphores(runs: Runs) -> list[Path]:
    return [path for process in runs.started for path in Path("/dev/shm").glob(f"*loky-{process.pid}-*")]


@pytest.mark.slow
@pytest.mark.skipif(not PROC.is_dir(), reason="looks for workers in /proc")
def test_f26_stopped_again_and_again(runs: Runs, tmp_path: Path) -> None:
    recipe, out = runs.recipe(72), tmp_path / "out"
    common = ("build", recipe, "-o", out, "-j", 2)

    def kept() -> int:
        return len(staged(out)) + 8 * len(list(out.glob("shards/*.json")))

    for number, times in ((signal.SIGTERM, 1), (signal.SIGINT, 2), (signal.SIGHUP, 1), (signal.SIGKILL, 1)):
        there = kept()
        process = runs.start(*common, NATOCC_TEST_SLOW=0.15)
        until(lambda there=there: kept() >= there + 6)
        begin = time.monotonic()
        for _ in range(times):
            os.killpg(process.pid, number) if number is signal.SIGINT else os.kill(process.pid, number)  # as a terminal does
            time.sleep(0.05)
        _, told = process.communicate(timeout=30)
        until(lambda process=process: not _workers(process.pid), seconds=5)
        assert time.monotonic() - begin < 15  # of which most is waiting for the other tests beside it
        assert "Traceback" not in told
        if number is signal.SIGKILL:
            assert process.returncode == -signal.SIGKILL
            continue
        assert process.returncode == 128 + number
        found = re.search(r"natocc: stopped by (\w+): (\d+) of 72 samples are kept in .*; run the same command again", told)
        assert found, told
        assert found[1] == number.name
        assert int(found[2]) == kept() > there
        assert not _half_files(out)
    assert kept() < 72, "the test needs slower faces"
    assert "samples exist" in runs.run(*common)
    assert not (out / ".lock").exists()
    assert not (out / ".staging").exists()
    runs.run("build", recipe, "-o", tmp_path / "reference", "--backend", "threading", "-j", 1)
    assert files(out) == files(tmp_path / "reference")
    until(lambda: not _semaphores(runs), seconds=10)


@pytest.mark.skipif(not PROC.is_dir(), reason="looks for workers in /proc")
def test_f26_threads_stop_too(runs: Runs, tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = runs.start("build", runs.recipe(96), "-o", out, "-j", 2, "--backend", "threading", NATOCC_TEST_SLOW=0.2)
    until(lambda: len(staged(out)) >= 3)
    begin = time.monotonic()
    process.terminate()
    _, told = process.communicate(timeout=30)
    assert time.monotonic() - begin < 15  # of which most is waiting for the other tests beside it
    assert process.returncode == 143
    assert "run the same command again" in told
