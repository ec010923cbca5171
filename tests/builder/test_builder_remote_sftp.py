"""Datasets on an SFTP server: a name appears by a rename, the server must be the known one, and a lost line is taken up again."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from needed import need
from runs import files

from natocc.builder.run import Run
from natocc.builder.upload import build_remote
from natocc.core.errors import RunError, UsageError
from natocc.io.workspace import Workspace
from natocc.recipe.load import load_recipe

TEXTURES = "textures: {source: textures, root: 'package:skimage/data', include: [brick.png]}"
SMALL = (
    "faces.align={method: none, size: 64}",
    "output.shard_size=4",
    "sets=[{name: randocc, method: randocc}]",
    f"sets.0.occluders={{source: shapes, side: 64, {TEXTURES}}}",
)


class Server:
    """An SFTP server in a thread, for one key, that knows one folder; it hangs up after `patience` files, as often as told."""

    def __init__(self, root: Path, keys: Path) -> None:
        import asyncssh

        self.root, self.renamed = root, list[str]()
        self.patience, self.times, self.again = 10**9, 0, 5
        own, client = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
        client.write_private_key(keys / "client")
        client.write_public_key(keys / "authorized")
        self.loop, self.lines = asyncio.new_event_loop(), list[Any]()
        server = self

        class Files(asyncssh.SFTPServer):
            def __init__(self, channel: Any) -> None:
                super().__init__(channel, chroot=os.fsencode(root))

            def open(self, path: bytes, pflags: int, attrs: Any) -> object:
                server.patience -= 1
                if server.patience < 0 and server.times:
                    server.times -= 1
                    server.patience = server.again
                    self.channel.get_connection().abort()
                return super().open(path, pflags, attrs)

            def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
                server.renamed.append(os.fsdecode(newpath))
                super().posix_rename(oldpath, newpath)

        class Lines(asyncssh.SSHServer):
            def connection_made(self, conn: Any) -> None:
                server.lines.append(conn)

        async def listen() -> Any:
            return await asyncssh.create_server(
                Lines,
                "127.0.0.1",
                0,
                server_host_keys=[own],
                authorized_client_keys=str(keys / "authorized"),
                sftp_factory=Files,
            )

        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.listener = asyncio.run_coroutine_threadsafe(listen(), self.loop).result(30)
        self.port = self.listener.get_port()
        (keys / "known").write_text(f"[127.0.0.1]:{self.port} {own.export_public_key().decode()}")
        self.told = {"client_keys": [str(keys / "client")], "known_hosts": str(keys / "known"), "username": "me"}

    def stop(self) -> None:
        async def close() -> None:
            self.listener.close()
            await self.listener.wait_closed()
            for line in self.lines:
                line.abort()
            await asyncio.gather(*(line.wait_closed() for line in self.lines))

        asyncio.run_coroutine_threadsafe(close(), self.loop).result(30)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(30)
        self.loop.close()


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    need("sshfs", "asyncssh")
    import fsspec.config

    for name in ("root", "keys"):
        (tmp_path / name).mkdir()
    server = Server(tmp_path / "root", tmp_path / "keys")
    monkeypatch.setitem(fsspec.config.conf, "sftp", server.told)
    yield server
    server.stop()


def _quiet(doing: str, done: int, total: int | None) -> None:
    pass


def _run(tmp_path: Path) -> Run:
    return Run(
        load_recipe("demo", SMALL), Workspace(Path("data"), tmp_path / "cache"), tmp_path / "local", count=10, backend="threading"
    )


def test_a_server_gets_what_a_folder_gets(server: Server, tmp_path: Path) -> None:
    run, url = _run(tmp_path), f"sftp://127.0.0.1:{server.port}/some/set"
    run.build(False, _quiet)
    build_remote(run, url, False, _quiet)
    assert files(server.root / "some" / "set") == files(run.out)
    for at, name in enumerate(server.renamed):  # each record after all files of its shard
        if "/shards/" in name:
            shard = Path(name).stem
            assert not [later for later in server.renamed[at:] if f"/{shard}/" in later]
    assert build_remote(run, url, False, _quiet).kept == 10
    build_remote(run, url, True, _quiet)
    assert files(server.root / "some" / "set") == files(run.out)


def test_a_lost_line_is_taken_up_again(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("natocc.io.storage._WAITS", (0.1, 0.1, 0.1))
    run, url = _run(tmp_path), f"sftp://127.0.0.1:{server.port}/set"
    run.build(False, _quiet)
    server.patience, server.times = 7, 2
    build_remote(run, url, False, _quiet)
    assert server.times == 0
    assert files(server.root / "set") == files(run.out)


def test_a_line_that_stays_lost_is_said_and_the_same_command_goes_on(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("natocc.io.storage._WAITS", (0.0,))
    run, url = _run(tmp_path), f"sftp://127.0.0.1:{server.port}/set"
    run.build(False, _quiet)
    server.patience, server.times, server.again = 14, 10**9, 0
    with pytest.raises(RunError) as told:
        build_remote(run, url, False, _quiet)
    assert len(told.value.lines) == 2
    assert told.value.lines[0].startswith("cannot write sftp://127.0.0.1")
    assert "run the same command again" in told.value.lines[1]
    server.times = 0
    build_remote(run, url, False, _quiet)
    assert files(server.root / "set") == files(run.out)


@pytest.mark.parametrize("wrong", ["known_hosts", "client_keys", "port"])
def test_a_wrong_server_or_key_is_said_before_anything_is_made(wrong: str, server: Server, tmp_path: Path) -> None:
    import asyncssh

    other = asyncssh.generate_private_key("ssh-ed25519")
    if wrong == "known_hosts":
        (tmp_path / "keys" / "known").write_text(f"[127.0.0.1]:{server.port} {other.export_public_key().decode()}")
    elif wrong == "client_keys":
        other.write_private_key(tmp_path / "keys" / "client")
    port = 1 if wrong == "port" else server.port
    with pytest.raises(UsageError, match=rf"cannot reach sftp://me@127.0.0.1:{port}/set: ") as told:
        build_remote(_run(tmp_path), f"sftp://me@127.0.0.1:{port}/set", False, _quiet)
    assert len(told.value.lines) == 1
    assert not (tmp_path / "cache").exists()
    assert not any(server.root.iterdir())
