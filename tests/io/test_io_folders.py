"""One rule for every listing of the user's folders: what is left out is counted (faults F8, F9)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from natocc.core.errors import UsageError
from natocc.io.cache import Cache, FolderCache
from natocc.io.folders import is_system, list_folder
from natocc.io.notes import (
    BROKEN_LINKS,
    FOLLOWED_LINKS,
    LOOPS,
    OF_NATOCC,
    OF_THE_SYSTEM,
    OUTER_LINKS,
    TEXT_LINKS,
    Notes,
)
from natocc.io.paths import SUFFIXES

SYSTEM = [
    ".ipynb_checkpoints/a-checkpoint.jpg", "__MACOSX/._a.jpg", "._a.jpg", "@eaDir/a.jpg/SYNOPHOTO_THUMB_M.jpg", ".a.jpg",
    "$RECYCLE.BIN/a.jpg", "lost+found/a.jpg", ".Trash-1000/files/a.jpg", ".thumbnails/a.png", ".git/a.jpg", "#recycle/a.jpg",
    ".AppleDouble/a.jpg", "deep/.ipynb_checkpoints/a-checkpoint.jpg", "System Volume Information/a.jpg",
    ".cache/huggingface/download/a.jpg",
]  # fmt: skip


def _put(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


@pytest.mark.parametrize("name", SYSTEM)
def test_what_the_system_put_there_is_not_the_users(tmp_path: Path, name: str) -> None:
    _put(tmp_path, "a.jpg", "deep/b.jpg", name)
    listing = list_folder(tmp_path, SUFFIXES)
    assert listing.names == ("a.jpg", "deep/b.jpg")
    assert listing.notes.counts == {OF_THE_SYSTEM: 1}


@pytest.mark.parametrize("name", ["Thumbs.db", "desktop.ini", ".DS_Store", ".gitignore", "Icon\r", ".directory"])
def test_files_that_no_listing_would_show_are_no_news(tmp_path: Path, name: str) -> None:
    _put(tmp_path, "a.jpg", name)
    assert not list_folder(tmp_path, SUFFIXES).notes
    assert is_system(name)


def test_other_suffixes_are_counted_by_suffix(tmp_path: Path) -> None:
    _put(tmp_path, "a.jpg", "b.JPG", "c.HEIC", "d/e.heic", "f.gif", "README")
    listing = list_folder(tmp_path, (".jpg",))
    assert listing.names == ("a.jpg", "b.JPG")
    assert listing.notes.counts == {"files not read: .heic": 2, "files not read: .gif": 1, "files not read: (none)": 1}
    [line] = listing.notes.lines()
    assert line == "files not read: 2 .heic, 1 .gif, 1 (none), such as c.HEIC"


def test_links_are_followed_wherever_they_lead(tmp_path: Path) -> None:
    """As caches of hubs, DVC and git-annex keep files; and as people join data sets."""
    root = tmp_path / "snapshots" / "main"
    _put(tmp_path, "blobs/1f", "elsewhere/x/c.jpg")
    root.mkdir(parents=True)
    (root / "a.jpg").symlink_to("../../blobs/1f")
    (root / "more").symlink_to(tmp_path / "elsewhere")
    listing = list_folder(root, SUFFIXES)
    assert listing.names == ("a.jpg", "more/x/c.jpg")
    assert listing.notes.counts == {FOLLOWED_LINKS: 2}
    inside = list_folder(root, SUFFIXES, "inside")
    assert inside.names == ()
    assert inside.notes.counts == {OUTER_LINKS: 2}


def test_the_root_may_be_a_link_hidden_or_natoccs(tmp_path: Path) -> None:
    _put(tmp_path, ".hidden/__MACOSX/a.jpg")
    (tmp_path / "link").symlink_to(tmp_path / ".hidden" / "__MACOSX")
    (tmp_path / "link" / "natocc-export.json").touch()
    for links in ("follow", "inside"):
        assert list_folder(tmp_path / "link", SUFFIXES, links).names == ("a.jpg",)  # type: ignore[arg-type]


def test_loops_end(tmp_path: Path) -> None:
    """Onto itself, to the folder above, of two folders, and by way of the folder that holds the root."""
    root = tmp_path / "root"
    _put(root, "a/x.jpg", "b/y.jpg")
    (root / "self.jpg").symlink_to("self.jpg")
    (root / "a" / "up").symlink_to("..")
    (root / "a" / "other").symlink_to("../b")
    (root / "b" / "other").symlink_to("../a")
    (root / "all").symlink_to(tmp_path)
    listing = list_folder(root, SUFFIXES)
    assert {"a/x.jpg", "b/y.jpg", "a/other/y.jpg", "b/other/x.jpg"} <= set(listing.names)
    assert listing.notes.counts[LOOPS] >= 4
    assert listing.notes.counts[BROKEN_LINKS] == 1


def test_folders_that_link_to_each_other_have_an_end(tmp_path: Path) -> None:
    for number in range(12):
        _put(tmp_path, f"{number}/x.jpg")
        for other in range(12):
            if other != number:
                (tmp_path / str(number) / f"to{other}").symlink_to(f"../{other}")
    assert len(list_folder(tmp_path, SUFFIXES).names) < 12 * 20


def test_natoccs_own_folders_are_no_input(tmp_path: Path) -> None:
    """A cache, a dataset and an export that lie below the pictures."""
    _put(tmp_path, "a.jpg", "out/images/00000/000000000.jpg", "coco/images/0.jpg", "mine/b.jpg")
    Cache(tmp_path / "cache" / "kept", int).get("1" * 32, lambda: 1)
    FolderCache(tmp_path / "cache", lambda path: path).get("2" * 32, lambda folder: _put(folder, "0.png"))
    (tmp_path / "out" / "dataset.json").write_text(json.dumps({"natocc": "0.1.0", "format": 1}))
    (tmp_path / "coco" / "natocc-export.json").write_text("{}")
    (tmp_path / "mine" / "dataset.json").write_text("{}")
    (tmp_path / "mine" / "CACHEDIR.TAG").write_text("Signature: 8a477f597d28d172789f06886806bc55")
    listing = list_folder(tmp_path, SUFFIXES)
    assert listing.names == ("a.jpg", "mine/b.jpg")
    assert listing.notes.counts[OF_NATOCC] == 3


def test_links_that_became_text_are_called_so(tmp_path: Path) -> None:
    """As git leaves them on a system without links, and as some archives do."""
    _put(tmp_path, "elsewhere/b.jpg", "root/a.jpg", "root/LICENCE")
    (tmp_path / "root" / "more").write_text("../elsewhere")
    (tmp_path / "root" / "gone").write_text("../nowhere")
    assert list_folder(tmp_path / "root", SUFFIXES).notes.counts == {TEXT_LINKS: 1, "files not read: (none)": 2}


def test_a_folder_that_cannot_be_listed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot list .*gone"):
        list_folder(tmp_path / "gone", SUFFIXES)


def test_notes_are_merged_and_written(tmp_path: Path) -> None:
    first, second = Notes(), Notes()
    first.add("kind", "b")
    second.add("kind", "a")
    second.add("other", "half \ud800")
    first.merge(second, "below/")
    assert first.to_json()["kind"] == {"count": 2, "example": "b"}
    assert json.dumps(first.to_json()).isascii()
    assert not first.without("kind", "other")
