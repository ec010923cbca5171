"""The writer of shards: samples are staged by many, a shard is committed by one, and its record is the commit."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from natocc.dataset.layout import FOLDERS, RECORD_NAME, SHARD_NAME, Layout
from natocc.dataset.records import MadeShard, ShardRecord
from natocc.dataset.write.folder import remove_shard, remove_temporary
from natocc.dataset.write.lock import shard_lock
from natocc.dataset.write.seal import SealedShard, seal_shard
from natocc.dataset.write.staging import stage_record, staged_folder
from natocc.io.atomic import disk_errors, final_name, flush, flush_all, write_aside


def commit_shard(layout: Layout, indices: range, staged: Layout | None = None, sealed: SealedShard | None = None) -> MadeShard:
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
    sealed : SealedShard, optional
        What a worker has made of them by :func:`natocc.dataset.write.seal.seal_shard`; made here unless given.

    Returns
    -------
    made : MadeShard
        As recorded.

    Raises
    ------
    RunError
        If writing fails (disk full, read-only, no permission), or what is staged is not
        these samples with the files that were made. Then nothing has been moved.
    """
    staged = staged or layout
    # Before anything is moved: what cannot be recorded must not be there.
    sealed = sealed or seal_shard(staged, indices)
    shard = sealed.made.shard
    place = staged_folder(staged, shard)
    bring_shard(layout, shard, {folder: place / folder for folder in sealed.folders}, sealed.record)
    shutil.rmtree(place, ignore_errors=True)
    return sealed.made


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


def reopen_shard(layout: Layout, record: ShardRecord) -> None:
    """Undo the commit of a shard of which samples may be made now that could not be before; the others are kept.

    Parameters
    ----------
    layout : Layout
        Where.
    record : ShardRecord
        Of the shard. What its rejections say of what the data hold, and what was made, is staged again as soon as
        :func:`take_back` has moved the files.

    Raises
    ------
    RunError
        If writing fails (disk full, read-only, no permission).
    """
    for sample in record.samples:
        if sample.rejection is None or not sample.rejection.reason.by_circumstance:
            stage_record(layout, sample)
    with disk_errors(layout.records):
        layout.record(record.shard).unlink()


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
