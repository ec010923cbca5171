"""The index of a COCO file: what it holds is the file's, kept, made again when damaged, and never another file's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from natocc.core.errors import UsageError
from natocc.occluders.coco.index import CocoIndex, open_index, read_annotation, read_index
from natocc.occluders.coco.json_walk import JsonWalk

TEXT = "é中😀 \\u00e9 plain"


def _write(path: Path, annotations: list[Any], head: str = "", compact: bool = False) -> Path:
    content = {
        "annotations": annotations,
        "categories": [{"id": 3, "name": "cup"}, {"id": 4, "name": "cat"}, {"id": 9, "name": "cup"}],
        "images": [{"id": number, "file_name": f"é{number}.jpg", "height": 5, "width": 6, "license": 1} for number in (20, 7)],
        "licenses": [{"id": 1, "url": "http://x"}],
    }
    separators = (",", ":") if compact else (" ,\n ", " : ")
    path.write_text(head + json.dumps(content, ensure_ascii=False, separators=separators), encoding="utf-8")
    return path


ANNOTATIONS = [
    {"id": 1, "image_id": 20, "category_id": 3, "note": TEXT},
    {"id": 10**30, "image_id": 7, "category_id": 4},
    {"id": 2, "image_id": 20, "category_id": 9, "note": TEXT, "segmentation": [[1.5, 2, 3e-5, 4, 5, 6]]},
    TEXT,
    {"image_id": 7, "category_id": 3},
    {"id": 5, "image_id": 8, "category_id": 4},
    {"id": 6, "image_id": 8, "category_id": 3},
    {"id": 7, "image_id": 20, "category_id": 4},
]


def _told(index: CocoIndex, wanted: set[str]) -> list[tuple[str | None, list[tuple[str, str, Any]]]]:
    found = []
    for rows in index.groups(wanted):
        entry, annotations = index.picture(rows)
        values = [(each.number, category, read_annotation(index.path, each)) for each, category in annotations]
        found.append((entry and entry.file_name, values))
    return found


@pytest.mark.parametrize("head", ["", "\ufeff"])
@pytest.mark.parametrize("compact", [False, True])
def test_every_annotation_is_found_by_its_picture_and_read_back(tmp_path: Path, head: str, compact: bool) -> None:
    path = _write(tmp_path / "i.json", ANNOTATIONS, head, compact)
    cups = _told(read_index(path), {"cup"})
    assert [(name, [number for number, *_ in values]) for name, values in cups] == [
        ("é20.jpg", ["1", "2"]),
        (None, ["at-3", "at-4", "6"]),
    ]
    everything = _told(read_index(path), {"cup", "cat"})
    assert [name for name, _ in everything] == ["é7.jpg", "é20.jpg", None]
    read = {number: value for _, values in everything for number, _, value in values}
    assert list(read.values()) == [ANNOTATIONS[at] for at in (1, 0, 2, 7, 3, 4, 5, 6)]
    assert _told(open_index(path, tmp_path / "cache"), {"cup"}) == _told(open_index(path, tmp_path / "cache"), {"cup"}) == cups


def test_an_index_is_read_once_and_again_where_it_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = _write(tmp_path / "i.json", ANNOTATIONS)
    whole = _told(open_index(path, tmp_path / "cache"), {"cup"})
    (kept,) = (folder for folder in (tmp_path / "cache" / "coco").iterdir() if folder.is_dir())
    for file in sorted(kept.iterdir()):
        sound = file.read_bytes()
        flipped = (
            sound.replace(b'"cup"', b'"cap"') if file.suffix == ".json" else bytes([*sound[:-40], sound[-40] ^ 1, *sound[-39:]])
        )
        for damaged in (b"", sound[:-20], b"{}", flipped):
            file.write_bytes(damaged)
            caplog.clear()
            assert _told(open_index(path, tmp_path / "cache"), {"cup"}) == whole
            assert len(caplog.messages) == 1
    monkeypatch.setattr("natocc.occluders.coco.index.read_index", lambda path: pytest.fail("read again"))
    assert _told(open_index(path, tmp_path / "cache"), {"cup"}) == whole


def test_a_file_that_changed_after_it_was_indexed_is_noticed(tmp_path: Path) -> None:
    path = _write(tmp_path / "i.json", ANNOTATIONS)
    index = open_index(path, tmp_path / "cache")
    _write(path, [{"id": 77, "image_id": 20, "category_id": 3, "note": TEXT}, *ANNOTATIONS[1:]])
    with pytest.raises(UsageError, match="start again"):
        _told(index, {"cup"})
    assert _told(open_index(path, tmp_path / "cache"), {"cup"})[0][1][0][0] == "77"


@pytest.mark.parametrize("window", [1, 2, 3, 7, 64, 10_000])
def test_places_are_bytes_whatever_the_window(tmp_path: Path, window: int) -> None:
    path = _write(tmp_path / "i.json", ANNOTATIONS)
    data = path.read_bytes()
    with path.open(encoding="utf-8", newline="") as file:
        walk = JsonWalk(file, window)
        for key in walk.members():
            for value, (offset, length) in walk.elements():
                assert json.loads(data[offset : offset + length]) == value, key
