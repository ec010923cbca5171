"""One picture under several names is recognised by its bytes, with as little reading as that takes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from natocc.io import equal_files as module
from natocc.io.equal_files import equal_files, one_for_all


def _files(root: Path, **contents: bytes) -> dict[str, Path]:
    for name, content in contents.items():
        (root / name).write_bytes(content)
    return {name: root / name for name in contents}


def test_equal_bytes_are_grouped(tmp_path: Path) -> None:
    big = os.urandom(20_000)
    other = bytearray(big)
    other[10_000] ^= 1  # between the ends that are compared first
    files = _files(tmp_path, b=big, a=big, c=bytes(other), d=b"1", e=b"2", f=b"1", empty=b"", void=b"")
    os.mkfifo(tmp_path / "fifo")
    files |= {"fifo": tmp_path / "fifo", "gone": tmp_path / "gone", "again": tmp_path / "b"}
    assert equal_files(files) == [["b", "a", "again"], ["d", "f"]]


def test_the_answer_is_kept_until_a_file_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = _files(tmp_path, a=b"1", b=b"1")
    assert equal_files(files, tmp_path / "cache") == [["a", "b"]]
    with monkeypatch.context() as patch:
        patch.setattr(module, "_digest_of_ends", lambda path: pytest.fail("was read again"))
        assert equal_files(files, tmp_path / "cache") == [["a", "b"]]
    files["b"].write_bytes(b"2")
    os.utime(files["b"], ns=(1, 1))
    assert equal_files(files, tmp_path / "cache") == []
    [*kept] = (tmp_path / "cache").rglob("*.json")
    for path in kept:
        path.write_text('[["c"]]')
    assert equal_files(files, tmp_path / "cache") == []


def test_files_of_different_sizes_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_digest_of_ends", lambda path: pytest.fail("was read"))
    assert equal_files(_files(tmp_path, a=b"1", b=b"22", c=b"333")) == []


def test_one_stands_for_all_that_hang_together() -> None:
    assert one_for_all([["c", "d"], ["e", "f"], ["d", "a"], ["f", "f"]]) == {"c": "a", "d": "a", "f": "e"}
