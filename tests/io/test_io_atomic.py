"""A file that is written aside is there whole or not at all, and nothing that lies beside it is touched."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

import pytest

from natocc.core.errors import DiskError
from natocc.io.atomic import disk_errors, final_name, open_aside, write_aside


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
