"""Links in a dataset: natocc makes none, so whatever one of natocc's names leads to is somebody else's."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from natocc.core.errors import UsageError
from natocc.dataset.layout import FILES, FOLDERS, LOCK, RECORD_NAME, SHARD_NAME, Layout, dataset_file
from natocc.io.atomic import disk_errors


def refuse_linked_folders(root: Path) -> None:
    """Refuse to write to a dataset, or to delete in it, where that would be done in a folder elsewhere.

    Raises
    ------
    UsageError
        If one of natocc's folders, such as ``images`` or ``images/00000``, a record, or anything that is staged is a link.
    RunError
        If a folder cannot be listed.
    """
    for path in _linked_folders(root):
        raise UsageError(
            f"{path} is a link to {path.readlink()}: expected natocc's own; remove the link, or put in its place what it leads to"
        )


def refuse_links_above(root: Path, folder: Path) -> None:
    """Refuse to read files in a folder of a dataset that is a link, or lies in one.

    Raises
    ------
    UsageError
        If it is so.
    """
    if (path := link_on_the_way(root, folder)) is not None:
        raise UsageError(f"{path} is a link to {path.readlink()}, not followed: remove the link")


def link_on_the_way(root: Path, path: Path) -> Path | None:
    """What is a link of a path below a folder: itself, or one above it; the folder may be one."""
    below = (path, *path.parents[: len(path.relative_to(root).parts) - 1])
    return next((place for place in below if place.is_symlink()), None)


def links(root: Path) -> Iterator[Path]:
    """Everything of natocc's names in a dataset that is a link, but for files of samples, shard by shard."""
    yield from (path for name in (*FILES, LOCK, dataset_file(root).name) if (path := root / name).is_symlink())
    yield from _linked_folders(root)


def _linked_folders(root: Path) -> Iterator[Path]:
    """Those folders, records of shards, and all in the staging area that are links."""
    layout = Layout(root, 1)
    named = [(root / name, SHARD_NAME) for name in FOLDERS] + [(layout.records, RECORD_NAME)]
    with disk_errors(root):
        for folder, own in named:
            if folder.is_symlink():
                yield folder
            elif folder.is_dir():
                with os.scandir(folder) as entries:
                    yield from sorted(Path(entry.path) for entry in entries if entry.is_symlink() and own.fullmatch(entry.name))
        if layout.staging.is_symlink():
            yield layout.staging
            return
        for above, folders, files in os.walk(layout.staging):
            yield from (path for name in (*folders, *files) if (path := Path(above, name)).is_symlink())
