"""An SFTP server that goes wrong in the middle of a file, and verifying what lies there."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from needed import need
from runs import Runs, files
from sftp_server import SftpServer

from natocc.builder.run import Run, Totals
from natocc.builder.upload import build_remote
from natocc.core.errors import RunError
from natocc.dataset.findings import Depth
from natocc.dataset.verify.remote import verify_remote
from natocc.io.storage import Storage
from natocc.io.workspace import Workspace
from natocc.recipe.load import load_recipe
from natocc.recipe.model import Recipe

COUNT = 10


def _recipe() -> Recipe:
    textures = "textures: {source: textures, root: 'package:skimage/data', include: [brick.png]}"
    sets = "sets=[{name: randocc, method: randocc}]"
    shapes = f"sets.0.occluders={{source: shapes, side: 64, {textures}}}"
    return load_recipe("demo", ["faces.align={method: none, size: 64}", "output.shard_size=4", sets, shapes])


def _quiet(doing: str, done: int, total: int | None) -> None:
    pass


def _run(base: Path) -> Run:
    return Run(_recipe(), Workspace(base / "data", base / "cache"), base / "out", count=COUNT, backend="threading")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The same dataset in a folder: name to sha256."""
    base = tmp_path_factory.mktemp("whole")
    _run(base).build(False, _quiet)
    return files(base / "out")


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SftpServer]:
    """See :class:`SftpServer`."""
    need("sshfs", "asyncssh")
    import fsspec.config

    (tmp_path / "server").mkdir()
    with SftpServer(tmp_path / "server").running() as server:
        monkeypatch.setitem(fsspec.config.conf, "sftp", server.settings)
        monkeypatch.setattr("natocc.io.storage._WAITS", (0.0, 0.0, 0.0))
        yield server


def _build(server: SftpServer, base: Path) -> Totals:
    return build_remote(_run(base), f"{server.url}/out", False, _quiet)


def _whole_shards(root: Path) -> int:
    """Check that whatever has a record is there; return how many have."""
    records = [json.loads(path.read_bytes()) for path in root.glob("shards/*.json")]
    there = files(root)
    for record in records:
        told = sorted(digest for sample in record["samples"] for digest in sample["files"].values())
        assert sorted(there[path] for path in record["files"]) == told
    return len(records)


def test_files_come_and_go(server: SftpServer, tmp_path: Path) -> None:
    storage = Storage(f"{server.url}/some/folder")
    assert storage.check() == []
    (tmp_path / "big").write_bytes(bytes(range(256)) * 4096)
    storage.put_all({f"images/00000/{index:09d}.jpg": tmp_path / "big" for index in range(20)})
    storage.put(tmp_path / "big", "dataset.json")
    assert storage.check() == ["dataset.json", "images"]
    assert storage.names("images") == ["00000"]
    assert storage.sizes("images") == {f"images/00000/{index:09d}.jpg": 1 << 20 for index in range(20)}
    assert storage.get("dataset.json") == (tmp_path / "big").read_bytes()
    (tmp_path / "big").write_bytes(b"less")
    storage.put(tmp_path / "big", "dataset.json")
    assert (server.served / "some/folder/dataset.json").read_bytes() == b"less"
    storage.delete([*storage.sizes("images"), "images/00000/missing.jpg"])
    assert storage.sizes("images") == {}
    assert storage.get("images/00000/000000000.jpg") is None


def test_what_lies_there_is_verified_there(server: SftpServer, tmp_path: Path) -> None:
    _build(server, tmp_path)
    (server.served / "out/.staging").mkdir()  # as a cluster leaves it: files can be deleted, folders stay
    for depth in Depth:
        found = verify_remote(Storage(f"{server.url}/out"), depth, 2, _quiet)
        assert (found.samples, found.findings) == (COUNT, ())
    path = sorted((server.served / "out").glob("masks/*/*"))[-1]
    path.unlink()
    found = verify_remote(Storage(f"{server.url}/out"), Depth.HASH, 2, _quiet)
    assert [each.path for each in found.findings] == [path.relative_to(server.served / "out").as_posix()]


def test_a_connection_that_breaks_in_the_middle_of_a_file(server: SftpServer, whole: Mapping[str, str], tmp_path: Path) -> None:
    server.disturb = lambda write: "break" if write in (1, 6, 20) else ""
    _build(server, tmp_path)
    assert server.writes >= len(whole) + 3
    assert files(server.served / "out") == whole


@pytest.mark.parametrize("writes", [1, 17])
def test_a_full_disk_there_costs_no_shard(writes: int, server: SftpServer, whole: Mapping[str, str], tmp_path: Path) -> None:
    server.disturb = lambda write: "full" if write > writes else ""
    with pytest.raises(RunError, match=rf"cannot write {server.url}/out/.*: No space left on device"):
        _build(server, tmp_path)
    _whole_shards(server.served / "out")
    server.disturb = lambda write: ""
    _build(server, tmp_path)
    assert files(server.served / "out") == whole


@pytest.mark.slow
def test_a_kill_while_a_file_is_on_its_way_costs_no_shard(
    server: SftpServer, runs: Runs, whole: Mapping[str, str], tmp_path: Path
) -> None:
    recipe = tmp_path / "recipe.yaml"  # JSON is YAML
    recipe.write_text(json.dumps(_recipe().resolved()))
    process = runs.start(
        *("build", recipe, "-n", COUNT, "-o", f"{server.url}/out", "--backend", "threading", "--data", tmp_path / "data"),
        FSSPEC_SFTP=json.dumps(server.settings),
    )

    def kill(write: int) -> str:
        if write == 15:
            os.kill(process.pid, signal.SIGKILL)
        return "break" if write >= 15 else ""

    server.disturb = kill
    process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL
    assert list((server.served / "out").rglob(".*.part"))
    assert _whole_shards(server.served / "out") == 1
    server.disturb = lambda write: ""
    _build(server, tmp_path)
    assert files(server.served / "out") == whole
