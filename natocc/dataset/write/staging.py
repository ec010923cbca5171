"""Samples that are made and not yet in a whole shard: files, and a record that is written last.

A sample is staged when its record is there. Any number of workers may stage at once, each other samples; a sample that is staged
again replaces itself. Nothing is flushed here: :func:`natocc.dataset.write.commit.commit_shard` does that once for all.
"""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from natocc.core.errors import BadDataError, RunError
from natocc.core.samples import SampleRecord
from natocc.dataset.layout import FOLDERS, LOCKS, SHARD_NAME, WORKER, Layout
from natocc.dataset.write.staged_records import append_record, keep_records, read_records, record_line, recorded, write_plainly
from natocc.io.atomic import disk_errors
from natocc.io.images import read_bytes, sha256


def stage_sample(layout: Layout, record: SampleRecord, files: Mapping[str, tuple[str, bytes]]) -> None:
    """Write one sample into the staging area.

    Parameters
    ----------
    layout : Layout
        Where.
    record : SampleRecord
        Without the sha256 of files: they are put in here.
    files : mapping of str to (str, bytes)
        Folder (one of :data:`~natocc.dataset.layout.FOLDERS`) to suffix (``.jpg`` or ``.png``) and content; none for a rejected
        sample.

    Raises
    ------
    RunError
        If writing fails (disk full, read-only, no permission); the message names the path.
    ValueError
        If a folder is unknown, or the record is not one that :func:`~natocc.dataset.records.record_to_json` takes.
    """
    digests = {folder: sha256(data) for folder, (_, data) in files.items()}
    line = record_line(dataclasses.replace(record, files=digests))
    place = staged_folder(layout, layout.shard_of(record.index))
    for folder, (suffix, data) in files.items():
        if folder not in FOLDERS:
            raise ValueError(f"unknown folder {folder!r} (known: {', '.join(FOLDERS)})")
        write_plainly(place / folder / f"{record.index:09d}{suffix}", data)
    append_record(place, line)


def stage_record(layout: Layout, record: SampleRecord) -> None:
    """Write the record of a sample whose files are there, or about to be moved there. Raises as :func:`stage_sample`."""
    append_record(staged_folder(layout, layout.shard_of(record.index)), record_line(record))


def unstaged(layout: Layout, indices: range) -> Sequence[int]:
    """Those samples of a shard that are not staged; files are not looked at.

    Raises
    ------
    RunError
        If the staging area cannot be read.
    """
    staged = recorded(staged_folder(layout, layout.shard_of(indices[0])))
    return [index for index in indices if index not in staged] if staged else indices


def read_staged(layout: Layout, shard: int) -> tuple[dict[int, SampleRecord], dict[tuple[str, int], Path]]:
    """The samples of a shard that are staged.

    Returns
    -------
    records : dict of int to SampleRecord
        By index.
    files : dict of (str, int) to Path
        By folder and index, also those of samples that have no record yet.

    Raises
    ------
    RunError
        If the staging area cannot be read.
    """
    place = staged_folder(layout, shard)
    with disk_errors(place):
        files = {(folder, int(path.stem)): path for folder in FOLDERS for path in sorted(place.glob(f"{folder}/*"))}
    return read_records(place), files


def check_staged(layout: Layout, record: SampleRecord, files: Mapping[tuple[str, int], Path]) -> None:
    """Refuse a staged sample whose files are not those that were made.

    Raises
    ------
    RunError
        If one is missing or its sha256 differs, as after a power cut.
    """
    for folder, digest in record.files.items():
        path = files.get((folder, record.index))
        if path is None:
            raise RunError(f"sample {record.index} is staged without its file in {folder}")
        try:
            actual = sha256(read_bytes(path))
        except BadDataError as error:
            raise RunError(error.detail) from None
        if actual != digest:
            raise RunError(f"{path} is not the file that was made: expected sha256 {digest}, found {actual}")


def sweep_staging(layout: Layout, count: int, read: bool = True) -> set[int]:
    """Delete everything in the staging area but samples that are whole, of the first `count`.

    Parameters
    ----------
    layout : Layout
        Where.
    count : int
        Samples of the dataset in all.
    read : bool
        Whether to read every file, too: after a power cut it may not be what was written. Otherwise workers that commit by
        themselves may still be about: what is theirs is left.

    Returns
    -------
    kept : set of int
        Indices of the samples that are whole.

    Raises
    ------
    RunError
        If writing fails (disk full, read-only, no permission).
    """
    kept: set[int] = set()
    for place in sorted(layout.staging.glob("*")):
        if not SHARD_NAME.fullmatch(place.name):
            if place.name != LOCKS and (read or not place.name.startswith(WORKER)):
                shutil.rmtree(place, ignore_errors=True)
            continue
        shard = int(place.name)
        records, files = read_staged(layout, shard)
        whole = {
            index: record
            for index, record in records.items()
            if index < count and layout.shard_of(index) == shard and _agrees(layout, record, files, read)
        }
        if whole.keys() != records.keys():
            keep_records(place, whole.values())
        with disk_errors(place):
            for (folder, index), path in files.items():
                if index not in whole or folder not in whole[index].files:
                    path.unlink()
        kept |= whole.keys()
    return kept


def staged_folder(layout: Layout, shard: int) -> Path:
    """Where the samples of a shard are staged."""
    return layout.staging / f"{shard:05d}"


def _agrees(layout: Layout, record: SampleRecord, files: Mapping[tuple[str, int], Path], read: bool) -> bool:
    if not read:
        return all((folder, record.index) in files for folder in record.files)
    try:
        check_staged(layout, record, files)
    except RunError:
        return False
    return True
