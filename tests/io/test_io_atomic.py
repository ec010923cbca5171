"""A file that is written aside is there whole or not at all, and nothing that lies beside it is touched."""

from __future__ import annotations

import os
import secrets
import stat
import tarfile
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from runs import little_room

from natocc.core.errors import DiskError, RunError
from natocc.io.atomic import copy_aside, disk_errors, final_name, open_aside, open_new, write_aside, write_named
from natocc.io.lock_file import open_lock


def test_the_file_takes_its_name_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file.json"
    write_aside(path, b"old")
    with open_aside(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
        (beside,) = set(path.parent.iterdir()) - {path}
        assert final_name(beside.name) == path.name
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_after_an_error_all_is_as_it_was(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "file.json"
    path.write_bytes(b"old")
    with pytest.raises(error), open_aside(path) as file:
        file.write(b"half")
        raise error
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_whoever_may_read_is_up_to_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_aside(tmp_path / "file", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640


def test_no_link_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither one that has the file's name, nor one that guesses the name aside."""
    monkeypatch.setattr(secrets, "token_hex", lambda _: "01234567")
    victim, path = tmp_path / "victim", tmp_path / "file"
    victim.write_bytes(b"somebody's")
    path.symlink_to(victim)
    write_aside(path, b"new")
    assert not path.is_symlink()
    (tmp_path / ".file.01234567.part").symlink_to(victim)
    with pytest.raises(DiskError):
        write_aside(path, b"newer")
    assert (victim.read_bytes(), path.read_bytes()) == (b"somebody's", b"new")
    assert (tmp_path / ".file.01234567.part").is_symlink()


def test_an_error_names_the_file_and_not_its_temporary_name(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    (path / "inside").mkdir(parents=True)
    with pytest.raises(DiskError, match=f"^cannot write {path}: ") as raised:
        write_aside(path, b"x")
    assert len(raised.value.lines) == 1
    with pytest.raises(DiskError, match=f"^cannot write {tmp_path}/file: No space left"), disk_errors(tmp_path):
        raise OSError(28, "No space left on device", str(tmp_path / ".file.01234567.part"))


def test_whoever_writes_the_file_is_named(tmp_path: Path) -> None:
    """Errors come as the file is written, flushed or closed, by pyarrow among others, and while other files are open."""
    table = pyarrow.table({"x": list(range(10_000))})
    for size in (0, 5_000):
        told = pytest.raises(DiskError, match=f"^cannot write {tmp_path}/file: File too large$")
        with little_room(size), told, open_aside(tmp_path / "file") as file:
            pyarrow.parquet.write_table(table, file)
        told = pytest.raises(DiskError, match=f"^cannot write {tmp_path}/file: File too large$")
        with little_room(size), told, open_new(tmp_path / "file") as file, tarfile.open(fileobj=file, mode="w") as tar:
            tar.addfile(tarfile.TarInfo("x"))
        (tmp_path / "file").unlink()
    assert list(tmp_path.iterdir()) == []


def test_a_copy_names_the_file_that_is_to_blame(tmp_path: Path) -> None:
    source, path = tmp_path / "source", tmp_path / "path"
    source.write_bytes(bytes(3_000_000))
    copy_aside(source, path)
    assert path.read_bytes() == source.read_bytes()
    with little_room(5_000), pytest.raises(DiskError, match=f"^cannot write {path}: File too large$"):
        copy_aside(source, path)
    assert path.stat().st_size == 3_000_000
    (tmp_path / "link").symlink_to(source)
    for wrong in (tmp_path, tmp_path / "link"):
        with pytest.raises(RunError, match=f"^cannot read {wrong}: "):
            copy_aside(wrong, path)
    with pytest.raises(FileNotFoundError):
        copy_aside(tmp_path / "none", path)
    assert len(list(tmp_path.iterdir())) == 3


def _made(path: Path, what: str) -> None:
    {
        "a link": lambda: path.symlink_to("victim"),
        "a folder": path.mkdir,
        "no regular file": lambda: os.mkfifo(path),
    }[what]()


@pytest.mark.parametrize("what", ["a link", "a folder", "no regular file"])
def test_a_file_that_the_user_names_takes_the_place_of_files_alone(tmp_path: Path, what: str) -> None:
    (tmp_path / "victim").write_text("mine")
    _made(tmp_path / "out", what)
    with pytest.raises(DiskError, match=f"^cannot write {tmp_path}/out: {what} lies there; name another file with -o$"):
        write_named(tmp_path / "out", b"new")
    assert (tmp_path / "victim").read_text() == "mine"
    write_named(tmp_path / "victim", b"new")
    assert (tmp_path / "victim").read_bytes() == b"new"
    with pytest.raises(DiskError, match="/dev/null: no regular file lies there"):
        write_named(Path("/dev/null"), b"")


@pytest.mark.parametrize("what", ["a link", "a folder", "no regular file"])
def test_a_lock_is_a_file_that_keeps_its_bytes(tmp_path: Path, what: str) -> None:
    (tmp_path / "victim").write_text("mine")
    _made(tmp_path / "lock", what)
    with pytest.raises(DiskError, match=f"^cannot write {tmp_path}/lock: {what} lies there; it is not natocc's: remove it$"):
        open_lock(tmp_path / "lock")
    os.link(tmp_path / "victim", tmp_path / "hard")
    for name in ("hard", "new"):
        os.close(open_lock(tmp_path / name))
    assert (tmp_path / "victim").read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "final"),
    [
        (".dataset.json.0123abcd.part", "dataset.json"),
        (".dataset.json.part", "dataset.json"),  # of an upload by SFTP
        (".part", ".part"),
        ("dataset.json.part", "dataset.json.part"),
        (".hidden", ".hidden"),
    ],
)
def test_the_name_that_was_wanted(name: str, final: str) -> None:
    assert final_name(name) == final
