"""The folder that a build writes to: new, empty, or natocc's own and to be overwritten. Nobody else's file is ever deleted."""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from natocc.core.errors import RunError, UsageError
from natocc.dataset.description import read_dataset, write_dataset
from natocc.dataset.layout import FILES, FOLDERS, LOCK, RECORD_NAME, SAMPLE_NAME, SHARD_NAME, Layout, dataset_file
from natocc.dataset.links import refuse_linked_folders
from natocc.io.atomic import disk_errors, final_name, flush


def claim(root: Path) -> None:
    """Make the folder, unless it is there already: empty, or natocc's own.

    Raises
    ------
    UsageError
        If a file is in the way, the folder holds somebody's files and no dataset, or one of natocc's folders in it is a link.
    RunError
        If writing fails (disk full, read-only, no permission).
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        in_the_way = next(path for path in (root, *root.parents) if path.is_symlink() or path.exists())
        raise UsageError(f"cannot make the folder {root}: {in_the_way} is in the way and not a folder") from None
    except OSError as error:
        raise RunError(f"cannot make the folder {root}: {error.strerror}; name another with -o") from None
    if not os.access(root, os.W_OK | os.X_OK):
        raise RunError(f"cannot write {root}: read-only, or no permission; name another folder with -o")
    with disk_errors(root):
        names = sorted(path.name for path in root.iterdir())
    dataset = dataset_file(root)
    if dataset.name not in names:
        # The very first file may still lie there under its temporary name, from a kill.
        foreign = [name for name in names if name != LOCK and final_name(name) != dataset.name]
        if foreign:
            raise UsageError(f"{root} is not empty and no natocc dataset: it holds {foreign[0]!r}; name another folder with -o")
    refuse_linked_folders(root)


def prepare(root: Path, overwrite: bool) -> None:
    """Make `root` ready for a new build.

    A folder is natocc's from the moment ``dataset.json`` lies in it, whatever its status. That file is the first one that a
    build writes, and it stays through an overwrite, marked ``building`` before anything goes: no kill orphans a folder.

    Parameters
    ----------
    root : Path
        Created, parents too, where it does not exist.
    overwrite : bool
        Whether the dataset that lies there may go. Only what natocc writes is deleted, known by its name; files beside it stay.

    Raises
    ------
    UsageError
        If a file is in the way, the folder holds somebody's files and no dataset, a dataset and not `overwrite`, or something
        that is not natocc's among the samples. Nothing has been deleted then.
    RunError
        If writing fails (disk full, read-only, no permission).
    """
    claim(root)
    dataset = dataset_file(root)
    if not dataset.exists():
        remove_temporary(root)
        return
    description = read_dataset(root)
    if not overwrite:
        raise UsageError(f"{root} holds a dataset ({description.status}): --overwrite replaces it")
    for path in _foreign(root):
        raise UsageError(f"{path} is not natocc's and would have to go: move it out of {root} before --overwrite")
    write_dataset(root, dataclasses.replace(description, status="building"))
    with disk_errors(root):
        for folder in ("shards", *FOLDERS, ".staging"):  # the records first: nobody takes the rest for whole
            _remove_tree(root / folder)
        for name in FILES:
            (root / name).unlink(missing_ok=True)
        flush(root)
    remove_temporary(root)


def remove_temporary(root: Path) -> None:
    """Delete the temporary files that a kill left beside ``dataset.json``, the manifest and the like.

    Raises
    ------
    DiskError
        If that fails (read-only, no permission).
    """
    with disk_errors(root):
        for path in root.glob(".*.part"):
            if final_name(path.name) in (*FILES, dataset_file(root).name):
                path.unlink(missing_ok=True)


def remove_shard(layout: Layout, shard: int) -> None:
    """Take back shard `shard`: its record first, so that nobody takes the rest for whole, then its folders.

    Raises
    ------
    RunError
        If something that natocc did not write lies among the samples, or writing fails (disk full, read-only, no permission).
    """
    folders = [layout.shard_folder(folder, shard) for folder in FOLDERS]
    with disk_errors(layout.root):
        for folder in folders:
            for path in _others(folder, SAMPLE_NAME):
                raise RunError(f"{path} is not natocc's and would have to go: move it out of {folder}")
        if layout.record(shard).exists():
            layout.record(shard).unlink()
            flush(layout.records)
        for folder in folders:
            _remove_tree(folder)


def clean_staging(layout: Layout) -> None:
    """Delete the staging area; only natocc writes there.

    Raises
    ------
    RunError
        If writing fails (disk full, read-only, no permission).
    """
    with disk_errors(layout.staging):
        _remove_tree(layout.staging)


def _foreign(root: Path) -> Iterator[Path]:
    """What natocc did not write, in the places that an overwrite empties."""
    yield from (root / name for name in FILES if (root / name).is_dir())
    yield from _others(root / "shards", RECORD_NAME)
    for folder in FOLDERS:
        yield from _others(root / folder, SHARD_NAME, folders=True)
        if (root / folder).is_dir():
            for shard in sorted((root / folder).iterdir()):
                yield from _others(shard, SAMPLE_NAME)


def _others(folder: Path, own: re.Pattern[str], folders: bool = False) -> Iterator[Path]:
    """Entries of a folder of natocc's that natocc would not have made; the folder itself, where it is none."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        yield folder
    elif folder.exists():
        for path in sorted(folder.iterdir()):
            if not own.fullmatch(final_name(path.name)) or path.is_dir() != folders or (folders and path.is_symlink()):
                yield path


def _remove_tree(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
