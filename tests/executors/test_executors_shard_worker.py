"""A shard is made and committed by whoever comes, twice at once or again after a kill, and is always the same."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import json
import multiprocessing
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from runs import files, staged, until

from natocc.builder.run import Run
from natocc.core.errors import RunError
from natocc.dataset.description import write_dataset
from natocc.dataset.layout import Layout
from natocc.dataset.records import MadeShard
from natocc.dataset.write.destination import SharedFolder, end_runs, running
from natocc.executors.shard_worker import ShardJob, make_shard
from natocc.io.workspace import Workspace
from natocc.pipeline.fingerprint import describe
from natocc.pipeline.sample import Pipeline
from natocc.recipe.load import load_recipe
from natocc.recipe.model import Recipe

COUNT, SIZE = 20, 8


def _recipe() -> Recipe:
    textures = "textures: {source: textures, root: 'package:skimage/data', include: [brick.png]}"
    sets = "sets=[{name: randocc, method: randocc}]"
    shapes = f"sets.0.occluders={{source: shapes, side: 64, {textures}}}"
    return load_recipe("demo", ["faces.align={method: none, size: 64}", f"output.shard_size={SIZE}", sets, shapes])


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("whole")
    run = Run(_recipe(), Workspace(base / "data", base / "cache"), base / "out", count=COUNT, backend="threading")
    run.build(False, lambda doing, done, total: None)
    return base / "out"


@pytest.fixture
def job(tmp_path: Path) -> Iterator[ShardJob]:
    """A dataset that wants shards."""
    recipe, layout = _recipe(), Layout(tmp_path / "out", SIZE)
    workspace = Workspace(tmp_path / "data", tmp_path / "cache")
    layout.root.mkdir()
    pipeline = Pipeline(recipe, workspace)
    description = describe(pipeline)
    write_dataset(layout.root, description)
    with running(layout) as destination:
        told = json.dumps(description.fingerprint())
        yield ShardJob(json.dumps(recipe.resolved()), workspace, COUNT, 60.0, told, destination)


def _shards(root: Path) -> dict[str, str]:
    """Every file of the shards; what else lies in a dataset is written by who finishes it."""
    return {name: digest for name, digest in files(root).items() if "/" in name and not name.startswith(".staging/run-")}


def _layout(job: ShardJob) -> Layout:
    assert isinstance(job.destination, SharedFolder)
    return job.destination.layout


def test_shards_made_one_by_one_are_those_of_a_build(whole: Path, job: ShardJob) -> None:
    assert make_shard(job, 1) == MadeShard(1, 8, {})
    assert [make_shard(job, shard).shard for shard in (2, 1, 0)] == [2, 1, 0]
    assert _shards(_layout(job).root) == _shards(whole)
    before = {path: path.stat().st_mtime_ns for path in _layout(job).root.rglob("*.*")}
    assert make_shard(job, 1) == MadeShard(1, 8, {})
    assert {path: path.stat().st_mtime_ns for path in _layout(job).root.rglob("*.*")} == before


@pytest.mark.slow
def test_two_workers_at_the_same_shard(whole: Path, job: ShardJob) -> None:
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
        made = [future.result(timeout=120) for future in [pool.submit(make_shard, job, 0) for _ in range(2)]]
    assert made == [MadeShard(0, 8, {})] * 2
    found = _shards(_layout(job).root)
    assert found == {name: digest for name, digest in _shards(whole).items() if "00000/" in name or name == "shards/00000.json"}


@pytest.mark.slow
def test_a_shard_whose_worker_was_killed_is_made_by_another(whole: Path, job: ShardJob) -> None:
    worker = multiprocessing.get_context("spawn").Process(target=make_shard, args=(job, 0))
    worker.start()
    until(lambda: staged(_layout(job).staging, "worker-*/.staging/00000"))
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGKILL)
    worker.join(timeout=30)
    assert make_shard(job, 0) == MadeShard(0, 8, {})
    end_runs(_layout(job))
    kept = {name: digest for name, digest in _shards(_layout(job).root).items() if not name.startswith(".staging")}
    assert kept == {name: digest for name, digest in _shards(whole).items() if "00000/" in name or name == "shards/00000.json"}


def test_what_is_staged_when_a_worker_is_stopped_is_taken_along_by_the_next(whole: Path, job: ShardJob) -> None:
    destination, indices = job.destination, range(8)
    make_shard(job, 0)
    layout = _layout(job)
    with pytest.raises(KeyboardInterrupt), destination.scratch([indices]) as scratch:
        (scratch.staging / "00000" / "images").mkdir(parents=True)
        (scratch.staging / "00000" / "images" / "000000003.jpg").write_bytes(b"without a record")
        raise KeyboardInterrupt
    assert [path.name for path in layout.staging.glob("0*/*/*")] == ["000000003.jpg"]
    with destination.scratch([indices]) as scratch:
        assert not list(scratch.staging.glob("*/*/*"))  # what was cut short is not taken for a sample
        assert not list(layout.staging.glob("0*"))
    assert not list(layout.staging.glob("worker-*"))


def test_a_worker_stops_when_its_run_has_ended(job: ShardJob) -> None:
    end_runs(_layout(job))
    with pytest.raises(RunError, match="the run that asked for shards has ended"):
        make_shard(job, 0)
    assert not list(_layout(job).root.glob("*/00000*"))


def test_a_worker_that_sees_other_things_says_which(job: ShardJob) -> None:
    told = json.loads(job.fingerprint)
    told["versions"]["numpy"], told["natocc"] = "1.0", "0.0.1"
    with pytest.raises(RunError, match=r'(?s)natocc: "0.0.1" -> .*versions.numpy: "1.0" -> .*on every machine'):
        make_shard(dataclasses.replace(job, fingerprint=json.dumps(told)), 0)
