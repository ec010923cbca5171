"""Runs on a real Dask cluster and a real Ray head, of which workers die: the dataset is that of one machine."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import signal
import socket
import subprocess
import tempfile
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

import pytest
from needed import need
from runs import Runs, files, staged, until

from natocc.core.errors import RunError, UsageError
from natocc.dataset.layout import Layout
from natocc.dataset.records import MadeShard
from natocc.dataset.write.destination import SharedFolder
from natocc.executors.cluster import connected
from natocc.executors.cluster_base import until_made
from natocc.executors.shard_worker import ShardJob
from natocc.io.workspace import Workspace

COUNT, SIZE = 16, 4
WORKER = ("-m", "distributed.cli.dask_worker", "--nthreads", 1, "--no-dashboard")


@pytest.fixture
def scheduler(runs: Runs) -> str:
    """Address of a Dask scheduler that is up, without workers."""
    need("distributed")
    told = runs.base / "scheduler.json"
    runs.spawn(
        "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", 0, "--scheduler-file", told, "--no-dashboard"
    )
    until(lambda: told.exists() and told.read_text().strip().endswith("}"))
    return str(json.loads(told.read_text())["address"])


def _worker(runs: Runs, scheduler: str, *options: object, code: str | None = None, **environment: object) -> int:
    """Start a Dask worker; returns its process id."""
    return runs.spawn(*WORKER, scheduler, "--local-directory", runs.base / "dask", *options, code=code, **environment).pid


@pytest.fixture
def head(runs: Runs) -> Iterator[str]:
    """Address of a Ray head with two CPUs; all its processes are gone afterwards."""
    need("ray")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as folder:  # sockets have short names only
        options = ("--num-cpus", 2, "--object-store-memory", 10**8, "--include-dashboard=false", "--disable-usage-stats")
        ray = ("-m", "ray.scripts.scripts", "start", "--head", "--block", "--port", port, "--temp-dir", folder, *options)
        process = runs.spawn(*ray, NATOCC_TEST_SLOW=0.2)
        try:
            until(lambda: process.poll() is not None or _listens(port))
            assert process.poll() is None, process.communicate()
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=20)
            for command in Path("/proc").glob("[0-9]*/cmdline"):
                with contextlib.suppress(OSError):
                    if folder.encode() in command.read_bytes():
                        os.kill(int(command.parent.name), signal.SIGKILL)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Files of a dataset made here."""
    runs = Runs(tmp_path_factory.mktemp("whole"))
    runs.run("build", runs.recipe(COUNT, SIZE), "-o", runs.base / "out", "-n", COUNT, "--backend", "threading")
    return files(runs.base / "out")


@pytest.mark.slow
def test_a_dask_worker_is_killed_and_the_bytes_are_those_of_one_machine(
    runs: Runs, scheduler: str, whole: dict[str, str]
) -> None:
    out = runs.base / "out"
    victim = _worker(runs, scheduler, "--no-nanny", NATOCC_TEST_SLOW=0.3)
    _worker(runs, scheduler)
    build = runs.start("build", runs.recipe(COUNT, SIZE), "-o", out, "-n", COUNT, "--backend", "dask", "--address", scheduler)
    until(lambda: staged(out, f".staging/worker-*-{victim}-*/.staging/*"))
    os.kill(victim, signal.SIGKILL)
    told, err = build.communicate(timeout=120)
    assert build.returncode == 0, err
    assert f"{COUNT} samples" in told
    assert files(out) == whole


@pytest.mark.slow
def test_a_build_that_is_stopped_goes_on_elsewhere(runs: Runs, scheduler: str, whole: dict[str, str]) -> None:
    out, recipe = runs.base / "out", runs.recipe(COUNT, SIZE)
    command = ("build", recipe, "-o", out, "-n", COUNT)
    worker = _worker(runs, scheduler, "--no-nanny", NATOCC_TEST_SLOW=1.2)  # long enough that the signal comes before the end
    build = runs.start(*command, "--backend", "dask", "--address", scheduler)
    until(lambda: list(out.glob(".staging/worker-*")))
    assert list(out.glob(f".staging/worker-*-{worker}-*")), "joblib makes what one worker alone is asked for by itself"
    until(lambda: len(list((out / "shards").glob("*.json"))) == 2)
    build.send_signal(signal.SIGINT)
    _, err = build.communicate(timeout=60)
    assert build.returncode == 130, err
    assert "samples are kept in" in err
    assert "Traceback" not in err
    assert "resuming" in runs.run(*command, "--backend", "threading")
    assert files(out) == whole


def test_workers_that_are_lost_again_and_again_end_the_run() -> None:
    asked: list[list[int]] = []

    def together(job: ShardJob, shards: Sequence[int]) -> Generator[MadeShard, None, None]:
        asked.append(list(shards))
        if len(asked) < 3:
            yield MadeShard(shards[0], SIZE, {})
        raise ChildProcessError("gone")

    job = ShardJob("", Workspace(Path(), Path()), COUNT, 1.0, "", SharedFolder(Layout(Path(), SIZE), ""))
    with pytest.raises(RunError, match="3 times workers were lost and no shard came back; 2 are missing, the first is 2: gone"):
        list(until_made(together, (ChildProcessError,), job, range(4)))
    assert asked == [[0, 1, 2, 3], [1, 2, 3], [2, 3], [2, 3]]


@pytest.mark.parametrize("backend", ["dask", "ray"])
def test_what_is_wrong_with_an_address_is_said_at_once(backend: str) -> None:
    need("distributed" if backend == "dask" else "ray")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(RunError, match=f"nobody answers at {address} .*is the scheduler running"), connected(backend, address):
        pass
    with pytest.raises(UsageError, match=f"--backend {backend} needs --address"), connected(backend, None):
        pass
    with pytest.raises(UsageError, match="--address somewhere names no host and port"), connected(backend, "somewhere"):
        pass


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'natocc\[ray\]'"), connected("ray", "127.0.0.1:6379"):
        pass


def test_workers_that_see_something_else(runs: Runs, scheduler: str) -> None:
    command = ("build", runs.recipe(COUNT, SIZE), "-o", runs.base / "out", "--backend", "dask", "--address", scheduler)
    other = "import natocc.core.versions; natocc.core.versions.__version__ = '0.0.1'"
    _worker(runs, scheduler, "--no-nanny", code=other)
    told = runs.run(*command, expect=1)
    assert "has other versions" in told
    assert '-> "0.0.1"' in told


@pytest.mark.slow
def test_a_ray_worker_is_killed_and_the_bytes_are_those_of_one_machine(runs: Runs, head: str, whole: dict[str, str]) -> None:
    out = runs.base / "out"
    build = runs.start("build", runs.recipe(COUNT, SIZE), "-o", out, "-n", COUNT, "--backend", "ray", "--address", head)
    until(lambda: build.poll() is not None or staged(out, ".staging/worker-*/.staging/*"))
    assert build.poll() is None, build.communicate()
    victim = next(out.glob(".staging/worker-*")).name.split("-")[-2]
    os.kill(int(victim), signal.SIGKILL)
    told, err = build.communicate(timeout=120)
    assert build.returncode == 0, err
    assert "their shards are made again" in err
    assert f"{COUNT} samples" in told
    assert files(out) == whole


@pytest.mark.slow
def test_a_part_made_by_a_cluster(runs: Runs, scheduler: str, whole: dict[str, str]) -> None:
    recipe, parts = runs.recipe(COUNT, SIZE), (runs.base / "first", runs.base / "second")
    command = ("build", recipe, "-n", COUNT, "--shards")
    _worker(runs, scheduler)
    told = runs.run(*command, "0-1", "-o", parts[0], "--backend", "dask", "--address", scheduler)
    assert "a part: shards 0-1 of 0-3" in told
    runs.run(*command, "2,3", "-o", parts[1], "-j", 1)
    runs.run("merge", runs.base / "out", *parts)
    assert files(runs.base / "out") == whole


@pytest.mark.slow
def test_a_sample_that_crashes_is_left_out_and_its_cluster_lives(runs: Runs, scheduler: str) -> None:
    recipe, out, alone = runs.recipe(COUNT, SIZE, wrong={5: "segfault"}), runs.base / "out", runs.base / "alone"
    _worker(runs, scheduler)
    told = runs.run("build", recipe, "-o", out, "--backend", "dask", "--address", scheduler)
    assert "rejected: 1 worker-died" in told
    runs.run("build", recipe, "-o", alone, "-j", 1)
    assert files(out) == files(alone)
