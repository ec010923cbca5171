"""The writer of shards: samples are staged by many, a shard is committed by one, and its record is the commit."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from natocc.core.errors import RunError
from natocc.dataset.layout import FOLDERS, RECORD_NAME, SHARD_NAME, Layout
from natocc.dataset.records import ShardRecord
from natocc.dataset.write.folder import remove_shard, remove_temporary
from natocc.dataset.write.lock import shard_lock
from natocc.dataset.write.staging import check_staged, read_staged, staged_folder
from natocc.io.atomic import disk_errors, final_name, flush, flush_all, write_aside


def commit_shard(layout: Layout, indices: range, staged: Layout | None = None) -> ShardRecord:
    """Bring a staged shard into its place and record it.

    Each folder appears by one rename, and the record after all of them: whoever reads by records sees whole shards only. What
    an interrupted commit of the same shard left in its place, or a shorter shard before it, is taken back first.

    Parameters
    ----------
    layout : Layout
        Where.
    indices : range
        Of the shard's samples: from its first one on, without gaps. All are staged, rejected ones too.
    staged : Layout, optional
        Where they are staged, if not there; on the same file system.

    Returns
    -------
    record : ShardRecord
        As written.

    Raises
    ------
    RunError
        If writing fails (disk full, read-only, no permission), or what is staged is not
        these samples with the files that were made. Then nothing has been moved.
    """
    shard = layout.shard_of(indices[0])
    if indices.step != 1 or indices[0] != shard * layout.shard_size or layout.shard_of(indices[-1]) != shard:
        raise ValueError(f"{indices} is no shard of {layout.shard_size} samples")
    staged = staged or layout
    place = staged_folder(staged, shard)
    records, files = read_staged(staged, shard)
    if records.keys() != set(indices):
        first = min(records.keys() ^ set(indices))
        wanted = f"expected samples {indices[0]} to {indices[-1]}"
        raise RunError(f"{place}: {wanted}, found {len(records)}; first missing or unexpected: {first}")
    named = {(folder, index) for index, record in records.items() for folder in record.files}
    sizes: dict[str, int] = {}
    with disk_errors(place):
        for key in files.keys() - named:
            files.pop(key).unlink()  # of a try that was cut short before its record
        for index in indices:
            check_staged(staged, records[index], files)
        for (folder, index), path in sorted(files.items()):
            sizes[layout.file(folder, index, path.suffix).relative_to(layout.root).as_posix()] = path.stat().st_size
    # Encoded before anything is moved: what cannot be recorded must not be there.
    record = ShardRecord(shard, tuple(records[index] for index in indices), dict(sorted(sizes.items())))
    text = record.to_bytes()
    bring_shard(layout, shard, {folder: place / folder for folder in sorted({folder for folder, _ in named})}, text)
    shutil.rmtree(place, ignore_errors=True)
    return record


def bring_shard(layout: Layout, shard: int, folders: Mapping[str, Path], record: bytes) -> None:
    """Put a shard into its place, whatever lay there before: each folder by one rename, and the record after all of them.

    Parameters
    ----------
    layout : Layout
        Where.
    shard : int
        Its number.
    folders : mapping of str to Path
        Name, such as ``images``, to a folder on the same file system that holds the shard's files.
    record : bytes
        The shard's record.

    Raises
    ------
    RunError
        If writing fails (disk full, read-only, no permission).
    """
    remove_shard(layout, shard)
    with disk_errors(layout.root):
        flush_all([place for path in folders.values() for place in (*sorted(path.iterdir()), path)])
        for folder, path in folders.items():
            target = layout.shard_folder(folder, shard)
            target.parent.mkdir(exist_ok=True)
            path.rename(target)
            flush(target.parent)
        layout.records.mkdir(exist_ok=True)
        flush(layout.root)
    write_aside(layout.record(shard), record)


def take_back(layout: Layout) -> None:
    """Undo what a run left half done: shards that were moved and not recorded, and files that were still written aside.

    What was moved goes back to the staging area, if its samples are still known there; else it is deleted.

    Raises
    ------
    RunError
        If writing fails (disk full, read-only, no permission), or something that natocc did not
        write lies among the samples.
    """
    remove_temporary(layout.root)
    with disk_errors(layout.root):
        for path in layout.records.glob(".*.part"):
            if RECORD_NAME.fullmatch(final_name(path.name)):
                path.unlink()
        moved = {
            int(path.name) for folder in FOLDERS for path in (layout.root / folder).glob("*") if SHARD_NAME.fullmatch(path.name)
        }
    for shard in sorted(moved):
        if not layout.record(shard).exists():
            with shard_lock(layout, shard):  # a worker elsewhere, of a run that has ended, may be at it
                if not layout.record(shard).exists():
                    _take_back(layout, shard)


def _take_back(layout: Layout, shard: int) -> None:
    place = staged_folder(layout, shard)
    with disk_errors(place):
        for folder in FOLDERS:
            if layout.shard_folder(folder, shard).is_dir() and place.is_dir() and not (place / folder).exists():
                layout.shard_folder(folder, shard).rename(place / folder)
    remove_shard(layout, shard)
