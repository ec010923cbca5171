"""F25: what kills or hangs its worker costs itself alone."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet
import pytest
from runs import Runs, files

WRONG = {2: "segfault", 9: "exit", 12: "native"}


def _rows(out: Path) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = pyarrow.parquet.read_table(out / "manifest.parquet").to_pylist()
    return rows


@pytest.mark.slow
def test_f25_a_sample_that_ends_its_worker_is_left_out(runs: Runs, tmp_path: Path) -> None:
    recipe, out = runs.recipe(20, wrong=WRONG), tmp_path / "out"
    told = runs.run("build", recipe, "-o", out, "-j", 2, "--time-limit", 1.5)
    assert "Traceback (most recent call last)" not in told
    rows = _rows(out)
    assert {row["index"]: row["reason"] for row in rows if row["reason"]} == {
        2: "worker-died",
        9: "worker-died",
        12: "timed-out",
    }
    assert rows[12]["detail"] == "took more than 1.5 s, 2 times"
    assert "faces_that_misbehave.py" in told, "where it hung is logged"
    assert json.loads((out / "dataset.json").read_text())["counts"]["made"] == 17
    # The samples beside them are as if nothing had happened.
    runs.run("build", runs.recipe(20), "-o", tmp_path / "sound", "--backend", "threading")
    for row, sound in zip(rows, _rows(tmp_path / "sound"), strict=True):
        if row["reason"] is None:
            assert row["images_sha256"] == sound["images_sha256"]


@pytest.mark.slow
def test_f25_one_worker_is_isolated_too(runs: Runs, tmp_path: Path) -> None:
    runs.run("build", runs.recipe(4, wrong={1: "memory"}), "-o", tmp_path / "out", "-j", 1)
    assert [row["reason"] for row in _rows(tmp_path / "out")] == [None, "worker-died", None, None]


SEALING_KILLS = """
import os
from natocc.executors import sample_worker
seal = sample_worker.seal_if_staged
def seal_and_die(layout, indices):
    if seal(layout, indices) is not None:
        os._exit(9)
sample_worker.seal_if_staged = seal_and_die
"""


@pytest.mark.slow
def test_f25_a_worker_that_dies_while_it_seals_a_shard_costs_nothing(runs: Runs, tmp_path: Path) -> None:
    runs.run("build", runs.recipe(4), "-o", tmp_path / "out", "-j", 1, code=SEALING_KILLS)
    runs.run("build", runs.recipe(4), "-o", tmp_path / "sound", "--backend", "threading")
    assert files(tmp_path / "out") == files(tmp_path / "sound")


def test_f25_a_bug_keeps_its_traceback_and_what_was_made(runs: Runs, tmp_path: Path) -> None:
    recipe, out = runs.recipe(20, wrong={17: "bug"}), tmp_path / "out"
    told = runs.run("build", recipe, "-o", out, "-j", 1, expect=1)
    assert "ZeroDivisionError" in told
    assert "of 20 samples are kept in" in told
    assert sorted(path.name for path in (out / "shards").iterdir()) == ["00000.json", "00001.json"]


def test_f25_workers_that_cannot_start_are_one_error(runs: Runs, tmp_path: Path) -> None:
    """It is not the samples' fault then: none is quarantined."""
    code = "import os, sys\nif any('loky' in each for each in sys.orig_argv) and '--process-name' in sys.orig_argv: os._exit(7)"
    told = runs.run("build", runs.recipe(4), "-o", tmp_path / "out", "-j", 2, code=code, expect=1)
    assert "times before they began anything" in told
    assert not list((tmp_path / "out").glob("shards/*"))
