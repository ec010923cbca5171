"""Caches: an entry is made once, kept whole or not at all, and made again with one line where it is damaged."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from natocc.core.errors import DiskError, RunError
from natocc.io.cache import Cache, FolderCache, entry_key

KEY = entry_key(["a test", 1])


def _number(value: Any) -> int:
    if type(value["number"]) is not int:
        raise ValueError("no number")
    return int(value["number"])


def _number_in(folder: Path) -> int:
    return _number(json.loads((folder / "number.json").read_text()))


def _fill(folder: Path, number: int) -> None:
    (folder / "number.json").write_text(json.dumps({"number": number}))


def _fail(*_: object) -> Any:
    pytest.fail("made again")


def test_an_entry_is_made_once(tmp_path: Path) -> None:
    assert Cache(tmp_path, _number).get(KEY, lambda: {"number": 3}) == 3
    assert Cache(tmp_path, _number).get(KEY, _fail) == 3
    assert Cache(tmp_path, _number).find(entry_key([2])) is None
    assert FolderCache(tmp_path, _number_in).get(KEY, lambda folder: _fill(folder, 4)) == 4
    assert FolderCache(tmp_path, _number_in).get(KEY, _fail) == 4


@given(st.binary(max_size=40))
def test_any_damage_of_a_file_is_one_line_and_made_again(tmp_path_factory: pytest.TempPathFactory, damage: bytes) -> None:
    cache = Cache(tmp_path_factory.mktemp("c"), _number)
    cache.put(KEY, {"number": 3})
    (path,) = cache.folder.rglob("*.json")
    path.write_bytes(damage)
    assert cache.get(KEY, lambda: {"number": 3}) == 3
    assert cache.get(KEY, _fail) == 3


def test_an_entry_that_was_cut_short_is_made_again_even_where_it_is_still_json(tmp_path: Path) -> None:
    cache = Cache(tmp_path, lambda value: {name: float(value[name]) for name in value})
    cache.put(KEY, {"a": 1.0, "b": 2.0})
    (path,) = tmp_path.rglob("*.json")
    path.write_bytes(path.read_bytes().replace(b', "b": 2.0', b""))
    json.loads(path.read_bytes())
    assert cache.get(KEY, lambda: {"a": 1.0, "b": 2.0}) == {"a": 1.0, "b": 2.0}


def test_a_folder_is_whole_for_those_who_read_while_it_is_made_again(tmp_path: Path) -> None:
    cache = FolderCache(tmp_path, _number_in)
    cache.get(KEY, lambda folder: _fill(folder, 4))
    (tmp_path / KEY / "number.json").write_text("damaged")
    with (tmp_path / KEY / "number.json").open() as before:
        assert cache.get(KEY, lambda folder: _fill(folder, 4)) == 4
        assert before.read() == "damaged"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([KEY, f".{KEY}.lock", "CACHEDIR.TAG"])


@pytest.mark.parametrize("damage", [b"", b"[]", b"{", b"\xff\xfe", b"[" * 10_000, b'{"number": "3"}', b"null"])
def test_damage_is_one_line_on_stderr(tmp_path: Path, damage: bytes, caplog: pytest.LogCaptureFixture) -> None:
    cache, folders = Cache(tmp_path / "files", _number), FolderCache(tmp_path / "folders", _number_in)
    cache.put(KEY, {"number": 3})
    folders.get(KEY, lambda folder: _fill(folder, 3))
    for path in [*tmp_path.rglob("*.json")]:
        path.write_bytes(damage)
    assert cache.get(KEY, lambda: {"number": 4}) == 4
    assert folders.get(KEY, lambda folder: _fill(folder, 5)) == 5
    assert len(caplog.messages) == 2
    assert all(line.endswith("it is made again") and "\n" not in line for line in caplog.messages)


def test_a_folder_that_lost_a_file_is_made_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    cache = FolderCache(tmp_path, _number_in)
    cache.get(KEY, lambda folder: _fill(folder, 3))
    (tmp_path / KEY / "number.json").unlink()
    (tmp_path / KEY / "more").touch()
    assert cache.get(KEY, lambda folder: _fill(folder, 3)) == 3
    assert [path.name for path in (tmp_path / KEY).iterdir()] == ["number.json"]
    assert len(caplog.messages) == 1


def test_what_was_begun_is_there_for_the_next_attempt(tmp_path: Path) -> None:
    cache = FolderCache(tmp_path, _number_in)

    def begin(folder: Path) -> None:
        _fill(folder, 3)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.get(KEY, begin)
    assert cache.get(KEY, lambda folder: None) == 3


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read all")
def test_what_cannot_be_read_is_left_alone(tmp_path: Path) -> None:
    cache = FolderCache(tmp_path, _number_in)
    cache.get(KEY, lambda folder: _fill(folder, 3))
    (tmp_path / KEY / "number.json").chmod(0)
    with pytest.raises(RunError, match="cannot read"):
        cache.get(KEY, _fail)


def test_an_error_of_the_machine_is_no_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def too_many(*_: object) -> Any:
        raise OSError(24, "Too many open files")

    FolderCache(tmp_path, _number_in).get(KEY, lambda folder: _fill(folder, 3))
    with pytest.raises(RunError, match=r"cannot read .*Too many open files"):
        FolderCache(tmp_path, too_many).get(KEY, _fail)
    assert FolderCache(tmp_path, _number_in).get(KEY, _fail) == 3


def test_a_cache_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DiskError, match="cannot write"):
        Cache(tmp_path / "file", _number).get(KEY, lambda: {"number": 3})
    with pytest.raises(DiskError, match="cannot write"):
        FolderCache(tmp_path / "file", _number_in).get(KEY, lambda folder: _fill(folder, 3))


def test_of_many_at_once_one_fills_a_folder(tmp_path: Path) -> None:
    filled: list[Path] = []
    entries: list[int] = []
    cache = FolderCache(tmp_path, _number_in)

    def fill(folder: Path) -> None:
        filled.append(folder)
        _fill(folder, 3)

    threads = [threading.Thread(target=lambda: entries.append(cache.get(KEY, fill))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert entries == [3] * 8
    assert len(filled) == 1


@given(st.lists(st.lists(st.integers() | st.text()) | st.binary()), st.lists(st.lists(st.integers() | st.text())))
def test_equal_parts_have_equal_keys_and_others_other_ones(one: list[Any], other: list[Any]) -> None:
    assert entry_key(other) == entry_key([*other])
    assert (entry_key(other) == entry_key([*other, 1])) is False
    assert len(entry_key(one)) == 32


def test_nothing_is_written_where_a_link_leads(tmp_path: Path) -> None:
    """Links under the names that a cache gives to its locks, to what it fills, and to its entries."""
    cache, elsewhere = FolderCache(tmp_path / "cache", _number_in), tmp_path / "elsewhere"
    cache.folder.mkdir()
    elsewhere.mkdir()
    (elsewhere / "number.json").write_text("precious")
    lock = cache.folder / f".{KEY}.lock"
    lock.symlink_to(elsewhere / "number.json")
    with pytest.raises(DiskError, match=f"cannot write {lock}: a link lies there; it is not natocc's: remove it"):
        cache.get(KEY, lambda folder: _fill(folder, 4))
    lock.unlink()
    (cache.folder / f".{KEY}.part").symlink_to(elsewhere)
    (cache.folder / KEY).symlink_to(elsewhere)
    assert cache.get(KEY, lambda folder: _fill(folder, 4)) == 4
    assert (elsewhere / "number.json").read_text() == "precious"


def test_nobody_else_may_write_to_a_new_cache(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        Cache(tmp_path / "new" / "cache", _number).put(KEY, {"number": 3})
        FolderCache(tmp_path / "new" / "folders", _number_in).get(KEY, lambda folder: _fill(folder, 4))
    finally:
        os.umask(before)
    folders = [path for path in (tmp_path / "new", *(tmp_path / "new").rglob("*")) if path.is_dir()]
    assert len(folders) == 5
    assert {path.stat().st_mode & 0o777 for path in folders} == {0o755}
