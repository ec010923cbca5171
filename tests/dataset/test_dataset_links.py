"""Links under the names that natocc gives: told of, and neither written through nor read through."""

from __future__ import annotations

from pathlib import Path

import pytest

from natocc.core.errors import BadDataError, UsageError
from natocc.dataset.layout import FILES, FOLDERS
from natocc.dataset.links import links, refuse_linked_folders, refuse_links_above
from natocc.io.paths import unlinked


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Folders of a dataset without samples, reached by a link, as a user may do."""
    for folder in (*(f"{name}/00000" for name in FOLDERS), "shards", ".staging/00001/images"):
        (tmp_path / "real" / folder).mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_text("mine")
    (tmp_path / "link").symlink_to("real")
    return tmp_path / "link"


def _link(root: Path, name: str) -> Path:
    """A link of that name, in place of the empty folders there."""
    path = root / name
    for folder in sorted([*path.rglob("*"), *([path] if path.exists() else [])], reverse=True):
        folder.rmdir()
    path.symlink_to(root.parent / "elsewhere")
    return path


FOLDERS_OF_ANY_KIND = [*FOLDERS, *(f"{name}/00000" for name in FOLDERS), "shards", "shards/00000.json", ".staging"]


@pytest.mark.parametrize("name", [*FOLDERS_OF_ANY_KIND, ".staging/00001", ".staging/00001/images", ".staging/locks"])
def test_a_folder_that_is_a_link_is_refused(root: Path, name: str) -> None:
    refuse_linked_folders(root)
    assert list(links(root)) == []
    path = _link(root, name)
    assert list(links(root)) == [path]
    with pytest.raises(UsageError, match=rf"{name} is a link to .*elsewhere: expected natocc's own; remove the link"):
        refuse_linked_folders(root)


@pytest.mark.parametrize("name", [*FILES, "dataset.json", ".lock"])
def test_a_file_that_is_a_link_is_told_of_and_refuses_nothing(root: Path, name: str) -> None:
    """It is replaced when it is written."""
    assert list(links(root)) == [] != [_link(root, name)]
    assert [path.name for path in links(root)] == [name]
    refuse_linked_folders(root)


def test_links_of_other_names_are_the_users(root: Path) -> None:
    for name in ("notes", "images/notes", "shards/notes"):
        _link(root, name)
    assert list(links(root)) == []
    refuse_linked_folders(root)


def test_nothing_is_read_through_a_link(root: Path) -> None:
    sound = root / "images" / "00000" / "000000000.jpg"
    sound.write_text("x")
    assert unlinked(root, "images/00000/000000000.jpg") == sound
    refuse_links_above(root, sound.parent)
    (root / "images" / "00000" / "000000001.jpg").symlink_to(root.parent / "elsewhere" / "file")
    (root / "images" / "00000" / "000000002.jpg").symlink_to("000000000.jpg")  # natocc makes none
    _link(root, "masks")
    _link(root, "clean/00000")
    for name in ("images/00000/000000001.jpg", "images/00000/000000002.jpg", "masks/file", "clean/00000/file", "../real", "/etc"):
        with pytest.raises(BadDataError, match=r"leaves|not followed|no plain|not a plain"):
            unlinked(root, name)
    for folder in ("masks", "masks/00000", "clean/00000"):
        with pytest.raises(UsageError, match="not followed: remove the link"):
            refuse_links_above(root, root / folder)
