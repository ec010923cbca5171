"""Paths that somebody gave: whatever lies there, nothing hangs, fills the memory or is a traceback."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from natocc.cli import main
from natocc.core.errors import BadDataError, DiskError, Reason, RunError, UsageError
from natocc.io.atomic import write_aside
from natocc.io.files import (
    NotAFileError,
    exists,
    is_dir,
    is_file,
    open_file,
    open_text,
    read_text,
    read_whole,
    real,
    refuse_device,
)
from natocc.io.images import read_bytes


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(path))  # a socket's name has at most 107 bytes


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


KINDS: dict[str, Callable[[Path], None]] = {"pipe": _pipe, "socket": _socket, "device": _device, "folder": Path.mkdir}


@pytest.fixture(params=KINDS)
def no_file(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / str(request.param)
    KINDS[request.param](path)
    return path


def test_what_is_no_regular_file_is_named_and_not_opened(no_file: Path) -> None:
    with pytest.raises(NotAFileError, match=f"a {no_file.name}, no regular file"):
        open_file(no_file)
    with pytest.raises(UsageError, match=f"expected a list, found a {no_file.name}"):
        read_text(no_file, "a list")
    with pytest.raises(BadDataError) as caught:
        read_bytes(no_file)
    assert caught.value.reason == Reason.NOT_A_FILE
    assert exists(no_file)
    assert not is_file(no_file)
    assert is_dir(no_file) == (no_file.name == "folder")


def test_a_file_that_is_exchanged_for_a_pipe_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").touch()
    status = (tmp_path / "a").stat()
    (tmp_path / "a").unlink()
    os.mkfifo(tmp_path / "a")
    monkeypatch.setattr("natocc.io.files.os.stat", lambda _: status)
    with pytest.raises(NotAFileError):
        open_file(tmp_path / "a")


def test_texts(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes(b"\xef\xbb\xbfa\r\nb")
    assert read_text(path, "a list") == "a\r\nb"
    with open_text(path) as file:
        assert file.read() == "a\r\nb"
    with pytest.raises(UsageError, match="more than 5 bytes"):
        read_text(path, "a list", most=5)
    path.write_bytes(b"\xff")
    with pytest.raises(UsageError, match="no UTF-8"):
        read_text(path, "a list")
    assert read_text(path, "a list", errors="replace") == "\ufffd"
    with pytest.raises(UsageError, match=r"no file .*; expected a list"):
        read_text(tmp_path / "none", "a list")


@pytest.mark.parametrize("name", ["e" * 300, "a\0b", "half \ud83d", "loop", "file/below", "none"])
def test_where_nothing_can_be_nothing_is(name: str, tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").touch()
    path = tmp_path / name
    assert not exists(path)
    assert not is_dir(path)
    assert not is_file(path)
    with pytest.raises(UsageError):
        read_text(path, "a list")
    with pytest.raises(BadDataError):
        read_bytes(path)


def test_what_may_not_be_looked_at_is_not_taken_for_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, **_: object) -> os.stat_result:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "stat", refuse)
    for look in (exists, is_dir, is_file):
        with pytest.raises(RunError, match=r"cannot look at .*secret: Permission denied"):
            look(tmp_path / "secret")


def test_a_loop_of_links_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    assert real(tmp_path / "loop") == tmp_path / "loop"
    assert real(tmp_path / "link" / "a") == tmp_path / "file" / "a"


def test_no_device_is_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root it would become a file, and nothing on the machine works that needs /dev/null."""
    with pytest.raises(NotAFileError, match="a device"):
        refuse_device(Path("/dev/null"))
    status = os.stat("/dev/null")  # noqa: PTH116
    (tmp_path / "null").touch()
    monkeypatch.setattr(Path, "lstat", lambda _: status)
    with pytest.raises(DiskError, match=r"cannot write .*null: a device, no regular file"):
        write_aside(tmp_path / "null", b"report")


def test_a_file_of_the_system_that_has_nothing_yet(tmp_path: Path) -> None:
    """As /proc/kmsg."""
    (tmp_path / "a").touch()
    with open_file(tmp_path / "a") as file, pytest.raises(BlockingIOError):
        file.read = lambda most: None  # type: ignore[method-assign,assignment,misc]
        read_whole(file, 9)


def test_files_that_seem_empty_and_are_not(tmp_path: Path) -> None:
    (tmp_path / "status").symlink_to("/proc/self/status")
    with pytest.raises(BadDataError, match="more than the 0 bytes"):
        read_bytes(tmp_path / "status")


@pytest.mark.parametrize("error", [
    OSError(errno.ENAMETOOLONG, "File name too long", "x" * 300), FileNotFoundError(errno.ENOENT, "No such file", b"a\xff"),
    OSError(errno.ENOSPC, "No space left on device"), UnicodeEncodeError("utf-8", "half \ud83d", 5, 6, "surrogates not allowed"),
])  # fmt: skip
def test_what_nobody_expected_of_a_place_or_a_name_is_one_line(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("natocc.recipe.text.own_recipes", fail)
    done = CliRunner().invoke(main, ["recipes", "show", "demo"])
    assert done.exit_code == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("natocc: ")
    assert getattr(error, "strerror", "half a character") in line
