"""Datasets on a server: byte for byte those of a folder, whole shards only at any moment, and gone on with after any stop."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from needed import need
from runs import Runs, files, until

from natocc.builder.run import Run, Totals
from natocc.builder.upload import build_remote
from natocc.core.errors import Interrupted, RunError, UsageError
from natocc.dataset.findings import Depth
from natocc.dataset.verify.remote import verify_remote
from natocc.dataset.write.lock import locked
from natocc.io.images import sha256
from natocc.io.storage import Storage
from natocc.io.workspace import Workspace
from natocc.recipe.load import load_recipe
from natocc.recipe.model import Recipe

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:botocore"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:moto"),
]

TEXTURES = "textures: {source: textures, root: 'package:skimage/data', include: [brick.png]}"
SMALL = (
    "faces.align={method: none, size: 64}",
    "output.shard_size=4",
    "sets=[{name: randocc, method: randocc}]",
    f"sets.0.occluders={{source: shapes, side: 64, {TEXTURES}}}",
)
COUNT = 10
Files = Callable[[], dict[str, bytes]]


def _recipe(*edits: str) -> Recipe:
    return load_recipe("demo", [*SMALL, *edits])


def _quiet(doing: str, done: int, total: int | None) -> None:
    pass


def _build(url: str, tmp_path: Path, count: int = COUNT, overwrite: bool = False, recipe: Recipe | None = None) -> Totals:
    run = Run(recipe or _recipe(), Workspace(Path("data"), tmp_path / "cache"), Path("out"), count=count, backend="threading")
    return build_remote(run, url, overwrite, _quiet)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The same dataset in a folder: name to sha256."""
    out = tmp_path_factory.mktemp("whole") / "out"
    Run(_recipe(), Workspace(Path("data"), out.parent / "cache"), out, count=COUNT, backend="threading").build(False, _quiet)
    return files(out)


def _hashes(found: dict[str, bytes]) -> dict[str, str]:
    return {name: sha256(data) for name, data in found.items()}


def _recorded_is_there(found: dict[str, bytes]) -> int:
    """Check that every shard with a record has its files, each with the sha256 that was recorded; return how many."""
    records = [json.loads(data) for name, data in found.items() if name.startswith("shards/") and name.endswith(".json")]
    for record in records:
        there = {path: found[path] for path in record["files"]}
        told = sorted(digest for sample in record["samples"] for digest in sample["files"].values())
        assert sorted(_hashes(there).values()) == told
        assert {path: len(data) for path, data in there.items()} == record["files"]
    return len(records)


@pytest.fixture
def memory() -> Iterator[Files]:
    """What fsspec holds in memory below ``memory://out``."""
    need("fsspec")
    from fsspec.implementations.memory import MemoryFileSystem

    def held() -> dict[str, bytes]:
        return {name.removeprefix("/out/"): file.getvalue() for name, file in dict(MemoryFileSystem.store).items()}

    MemoryFileSystem.store.clear()
    MemoryFileSystem.pseudo_dirs[:] = [""]
    yield held
    MemoryFileSystem.store.clear()


def test_a_server_gets_what_a_folder_gets(memory: Files, whole: dict[str, str], tmp_path: Path) -> None:
    totals = _build("memory://out", tmp_path)
    assert totals.made == COUNT
    assert _hashes(memory()) == whole
    assert not [path for path in (tmp_path / "cache" / "remote").rglob("*") if path.is_file()]
    again = _build("memory://out", tmp_path)
    assert (again.made, again.kept) == (COUNT, COUNT)
    assert _hashes(memory()) == whole


@pytest.mark.parametrize("puts", [0, 1, 13, 14, -3, -1])
def test_whoever_reads_by_records_sees_whole_shards(
    puts: int, memory: Files, whole: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fsspec.implementations.memory import MemoryFileSystem

    puts %= len(whole) + 1  # dataset.json comes twice
    real, lock, done = MemoryFileSystem.put_file, threading.Lock(), []

    def put_file(self: Any, lpath: str, rpath: str, **options: Any) -> None:
        with lock:
            if len(done) >= puts:
                raise OSError("the line is dead")
            real(self, lpath, rpath, **options)
            done.append(rpath)
            _recorded_is_there(memory())

    monkeypatch.setattr("natocc.io.storage._WAITS", (0.0,))
    with monkeypatch.context() as patch:
        patch.setattr(MemoryFileSystem, "put_file", put_file)
        with pytest.raises(RunError, match=r"cannot write memory://out/.*: the line is dead") as told:
            _build("memory://out", tmp_path)
    assert len(told.value.lines) == 2
    assert "run the same command again" in told.value.lines[1]
    _recorded_is_there(memory())
    _build("memory://out", tmp_path)
    assert _hashes(memory()) == whole


def test_a_line_that_fails_now_and_then_is_tried_again(
    memory: Files, whole: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fsspec.implementations.memory import MemoryFileSystem

    real, seen = MemoryFileSystem.put_file, set()

    def put_file(self: Any, lpath: str, rpath: str, **options: Any) -> None:
        if rpath not in seen:
            seen.add(rpath)
            raise TimeoutError
        real(self, lpath, rpath, **options)

    monkeypatch.setattr("natocc.io.storage._WAITS", (0.0, 0.0))
    monkeypatch.setattr(MemoryFileSystem, "put_file", put_file)
    _build("memory://out", tmp_path)
    assert _hashes(memory()) == whole


def test_more_samples_add_to_what_is_there_also_from_another_machine(
    memory: Files, whole: dict[str, str], tmp_path: Path
) -> None:
    _build("memory://out", tmp_path / "one", count=6)
    totals = _build("memory://out", tmp_path / "two")
    assert (totals.made, totals.kept) == (COUNT, 4)
    assert _hashes(memory()) == whole
    with pytest.raises(UsageError, match="memory://out holds 10 samples, more than the 6 asked for"):
        _build("memory://out", tmp_path, count=6)


def test_another_dataset_is_replaced_only_when_told_to_and_strangers_stay(
    memory: Files, whole: dict[str, str], tmp_path: Path
) -> None:
    from fsspec.implementations.memory import MemoryFileSystem

    _build("memory://out", tmp_path, recipe=_recipe("seed=5", "output.shard_size=2"))
    before = memory()
    with pytest.raises(UsageError, match="memory://out holds a dataset"):
        _build("memory://out", tmp_path)
    MemoryFileSystem().pipe_file("/out/images/notes.txt", b"mine")
    with pytest.raises(UsageError, match=r"memory://out/images/notes.txt is not natocc's"):
        _build("memory://out", tmp_path, overwrite=True)
    assert memory() == {**before, "images/notes.txt": b"mine"}
    MemoryFileSystem().rm_file("/out/images/notes.txt")
    MemoryFileSystem().pipe_file("/out/notes.txt", b"mine")
    _build("memory://out", tmp_path, overwrite=True)
    assert _hashes(memory()) == {**whole, "notes.txt": sha256(b"mine")}


def test_what_is_not_natoccs_is_left_alone(memory: Files, tmp_path: Path) -> None:
    from fsspec.implementations.memory import MemoryFileSystem

    MemoryFileSystem().pipe_file("/out/thesis.tex", b"mine")
    for overwrite in (False, True):
        with pytest.raises(UsageError, match=r"memory://out is not empty and no natocc dataset: it holds 'thesis.tex'"):
            _build("memory://out", tmp_path, overwrite=overwrite)
    assert memory() == {"thesis.tex": b"mine"}


def test_a_place_that_another_run_writes_to_is_said_to_be_busy(memory: Files, tmp_path: Path) -> None:
    place = tmp_path / "cache" / "remote" / sha256(b"memory://out")[:16]
    place.mkdir(parents=True)
    with locked(place), pytest.raises(UsageError, match="another run is writing to memory://out: "):
        _build("memory://out", tmp_path)
    assert memory() == {}


def test_messages_name_the_server_and_where_samples_wait(memory: Files, tmp_path: Path) -> None:
    def stop(doing: str, done: int, total: int | None) -> None:
        if doing == "making" and done >= 5:
            raise KeyboardInterrupt

    run = Run(_recipe(), Workspace(Path("data"), tmp_path / "cache"), Path("out"), count=COUNT, backend="threading")
    place = tmp_path / "cache" / "remote" / sha256(b"memory://out")[:16]
    with pytest.raises(Interrupted) as stopped:
        build_remote(run, "memory://out", False, stop)
    assert re.fullmatch(rf"\d+ of 10 samples are kept in memory://out and {place}/dataset; run .* resume", stopped.value.detail)


@pytest.mark.parametrize("damage", [b"{", b"[]", b"{}", b'{"natocc": "1", "format": 99}', b'{"natocc": "1", "format": 1}'])
def test_a_damaged_description_is_named_by_its_url(damage: bytes, memory: Files, tmp_path: Path) -> None:
    from fsspec.implementations.memory import MemoryFileSystem

    MemoryFileSystem().pipe_file("/out/dataset.json", damage)
    with pytest.raises(UsageError, match=r"^memory://out/dataset.json") as told:
        _build("memory://out", tmp_path)
    assert str(tmp_path) not in str(told.value)
    assert memory() == {"dataset.json": damage}


@pytest.mark.parametrize("url", ["ftp://host/folder", "s3://", "file:///folder/out"])
def test_a_url_that_natocc_cannot_write_to_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot write to|names no place"):
        _build(url, tmp_path)
    assert not (tmp_path / "cache").exists()


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need("fsspec")
    monkeypatch.setitem(__import__("sys").modules, "s3fs", None)
    with pytest.raises(UsageError, match=r"s3://bucket/out needs the package s3fs .*pip install 'natocc\[remote\]'"):
        _build("s3://bucket/out", tmp_path)


@pytest.mark.parametrize("url", [
    "sftp://me:secret@host/folder", "s3:/KEY:secret@bucket", "S3://secret@bucket", "gs://bucket/x?access_token=secret",
    "ftp://me:secret@host/folder",
])  # fmt: skip
def test_credentials_in_an_address_are_refused(url: str, tmp_path: Path) -> None:
    """Also by a path that lost a slash, which would be made as a folder of that name."""
    with pytest.raises(UsageError, match=r"\*\*\*.*AWS_ACCESS_KEY_ID") as told:
        _build(url, tmp_path)
    assert "secret" not in str(told.value)


@pytest.fixture(scope="module")
def s3() -> Iterator[dict[str, str]]:
    """A server that speaks S3, and the environment to reach it; it has one bucket."""
    need("s3fs", "moto")
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    told = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
    }
    before = dict(os.environ)
    os.environ.update(told)
    import s3fs

    s3fs.S3FileSystem(skip_instance_cache=True).mkdir("bucket")
    yield told
    os.environ.clear()
    os.environ.update(before)
    server.stop()


def _on_server(url: str) -> dict[str, bytes]:
    """Every file there, by name."""
    storage = Storage(url)
    return {path: storage.get(path) or b"" for path in storage.sizes("")}


@pytest.mark.slow
def test_s3_gets_what_a_folder_gets(s3: dict[str, str], whole: dict[str, str], tmp_path: Path) -> None:
    _build("s3://bucket/some/set", tmp_path)
    assert _hashes(_on_server("s3://bucket/some/set")) == whole
    again = _build("s3://bucket/some/set", tmp_path)
    assert again.kept == COUNT
    storage = Storage("s3://bucket/some/set")
    for depth in Depth:
        assert verify_remote(storage, depth, 2, _quiet).findings == ()
    gone = sorted(name for name in whole if name.startswith("masks/"))[-1]
    storage.delete([gone])
    assert [each.path for each in verify_remote(storage, Depth.FAST, 2, _quiet).findings] == [gone]


def test_a_missing_bucket_is_said_before_anything_is_made(s3: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="s3://nobucket/set: there is no bucket 'nobucket'; make it first"):
        _build("s3://nobucket/set", tmp_path)
    assert not (tmp_path / "cache").exists()


def test_missing_credentials_are_said_before_anything_is_made(
    s3: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(UsageError, match=r"cannot reach s3://bucket/set: .*credentials") as told:
        _build("s3://bucket/set", tmp_path)
    assert len(told.value.lines) == 1
    assert not (tmp_path / "cache").exists()


KILLED = """
from natocc.io.storage import Storage
import os, signal, threading
real, lock, done = Storage.put, threading.Lock(), []
def put(self, path, name):
    with lock:
        done.append(name)
        if len(done) > {puts}:
            os.kill(os.getpid(), signal.SIGKILL)
    real(self, path, name)
Storage.put = put
"""


@pytest.mark.slow
def test_a_kill_between_uploads_costs_no_shard(s3: dict[str, str], whole: dict[str, str], runs: Runs) -> None:
    url = "s3://bucket/killed"
    edits = [word for edit in SMALL for word in ("--set", edit)]
    command = ("build", "demo", *edits, "-n", COUNT, "-o", url, "--backend", "threading")
    said = runs.run(*command, code=KILLED.format(puts=12), expect=-9)
    assert "Traceback" not in said
    assert _recorded_is_there(_on_server(url)) == 1
    assert "resuming: " in runs.run(*command)
    assert _hashes(_on_server(url)) == whole


@pytest.mark.slow
def test_dask_workers_bring_their_shards_to_the_server(s3: dict[str, str], runs: Runs) -> None:
    need("distributed")
    told, url, recipe = runs.base / "scheduler.json", "s3://bucket/clustered", runs.recipe(COUNT, 4)
    dask = ("-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", 0, "--no-dashboard")
    runs.spawn(*dask, "--scheduler-file", told)
    until(lambda: told.exists() and told.read_text().strip().endswith("}"))
    address = json.loads(told.read_text())["address"]
    worker = ("-m", "distributed.cli.dask_worker", "--nthreads", 1, "--no-dashboard", "--local-directory", runs.base / "dask")
    for _ in range(2):
        runs.spawn(*worker, address)
    runs.run("build", recipe, "-o", runs.base / "out", "--backend", "threading", "-n", 6)
    runs.run("build", recipe, "-o", url, "--backend", "threading", "-n", 6)
    assert _hashes(_on_server(url)) == files(runs.base / "out")
    runs.run("build", recipe, "-o", runs.base / "out", "--backend", "threading")
    said = runs.run("build", recipe, "-o", url, "--backend", "dask", "--address", address)
    assert "4 existed" in said
    assert _hashes(_on_server(url)) == files(runs.base / "out")


def test_parts_are_made_in_folders(runs: Runs) -> None:
    said = runs.run("build", "demo", "--shards", "0", "-o", "s3://bucket/set", expect=2)
    assert "--shards makes parts in folders" in said


def test_commands_for_folders_say_to_copy_it_first(runs: Runs) -> None:
    assert "copy s3://bucket/set here first" in runs.run("merge", "out", "s3://bucket/set", expect=2)
