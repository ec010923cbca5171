"""Listings of large folders are kept: one is never taken for that of other files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from natocc.io import listings as inputs
from natocc.io.listings import Place, known_files, list_files

COUNT = 40


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A few files that count as many, in a folder that counts as long unchanged."""
    monkeypatch.setattr(inputs, "_MANY", 10)
    monkeypatch.setattr(inputs, "_SETTLED", -(10**12))
    for number in range(COUNT):
        path = tmp_path / "photos" / str(number % 3) / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * number)
    return tmp_path / "photos"


def _add(photos: Path) -> None:
    (photos / "1" / "new.jpg").touch()


def _rename(photos: Path) -> None:
    (photos / "1" / "1.jpg").rename(photos / "1" / "other.jpg")


def _remove(photos: Path) -> None:
    (photos / "2" / "2.jpg").unlink()


def _replace(photos: Path) -> None:
    (photos / "0" / "aside").write_bytes(b"another")
    (photos / "0" / "aside").replace(photos / "0" / "3.jpg")


def _add_folder(photos: Path) -> None:
    (photos / "0" / "deep").mkdir()
    (photos / "0" / "deep" / "x.jpg").touch()


def _lose_all(photos: Path) -> None:
    photos.rename(photos.with_name("elsewhere"))


@pytest.mark.parametrize("change", [_add, _rename, _remove, _replace, _add_folder, _lose_all])
def test_a_listing_is_kept_until_a_folder_changes(photos: Path, tmp_path: Path, change: Callable[[Path], None]) -> None:
    first = known_files([Place(photos, "follow")], tmp_path / "cache")
    assert first == list_files([Place(photos, "follow")]) == known_files([Place(photos, "follow")], tmp_path / "cache")
    assert first.count == COUNT
    change(photos)
    assert known_files([Place(photos, "follow")], tmp_path / "cache") == list_files([Place(photos, "follow")]) != first


def test_a_folder_that_has_just_changed_is_not_kept(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "_SETTLED", 10**12)
    known_files([Place(photos, "follow")], tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("damage", ["", "[]", "{}", json.dumps({"count": "1", "sha256": 2, "folders": [3]})])
def test_a_damaged_listing_is_made_again_with_one_line(
    photos: Path, tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    known_files([Place(photos, "follow")], tmp_path / "cache")
    (kept,) = (tmp_path / "cache" / "listings").rglob("*.json")
    kept.write_text(damage)
    assert known_files([Place(photos, "follow")], tmp_path / "cache") == list_files([Place(photos, "follow")])
    assert len(caplog.messages) == 1
    assert json.loads(kept.read_text())["value"]["count"] == COUNT


def test_loops_and_folders_that_are_not_there_have_no_files(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "a" / "self").symlink_to("self")
    (tmp_path / "a" / ".hidden").touch()
    assert list_files([Place(tmp_path / "a", "follow"), Place(tmp_path / "none", "follow")]).count == 0
    (tmp_path / "one").write_bytes(b"123")
    assert list_files([Place(tmp_path / "one", "follow")]).count == 1
    assert list_files([Place(tmp_path / "a", "follow")]).count == 1  # by way of the folder above
    assert list_files([Place(tmp_path / "a", "inside")]).count == 0
