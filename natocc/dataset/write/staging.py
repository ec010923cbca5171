"""Samples that are made and not yet in a whole shard: files, and a record that is written last, each sample by itself.

A sample is staged when its record is there. Any number of workers may stage at once, each other samples; a sample that is staged
again replaces itself. Nothing is flushed here: :func:`natocc.dataset.write.commit.commit_shard` does that once for all.
"""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from natocc.core.errors import BadDataError, RunError, UsageError
from natocc.core.samples import SampleRecord
from natocc.dataset.layout import FOLDERS, LOCKS, SHARD_NAME, WORKER, Layout
from natocc.dataset.records import record_from_json, record_to_json
from natocc.io.atomic import disk_errors, encode_json, fresh_name, read_json
from natocc.io.images import read_bytes, sha256

_RECORDS = "records"


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
    record = dataclasses.replace(record, files={folder: sha256(data) for folder, (_, data) in files.items()})
    text = encode_json(record_to_json(record))
    place = staged_folder(layout, layout.shard_of(record.index))
    for folder, (suffix, data) in files.items():
        if folder not in FOLDERS:
            raise ValueError(f"unknown folder {folder!r} (known: {', '.join(FOLDERS)})")
        _write(place / folder / f"{record.index:09d}{suffix}", data)
    _write_record(layout, record.index, text)


def stage_record(layout: Layout, record: SampleRecord) -> None:
    """Write the record of a sample whose files are there, or about to be moved there. Raises as :func:`stage_sample`."""
    _write_record(layout, record.index, encode_json(record_to_json(record)))


def is_staged(layout: Layout, index: int) -> bool:
    """Whether sample `index` is staged; its files are not looked at."""
    return _record(layout, index).exists()


def unstaged(layout: Layout, indices: range) -> Sequence[int]:
    """Those samples of a shard that are not staged."""
    place = staged_folder(layout, layout.shard_of(indices[0])) / _RECORDS
    with disk_errors(place):
        names = {path.name for path in place.iterdir()} if place.exists() else set()
    return [index for index in indices if f"{index:09d}.json" not in names] if names else indices


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
    UsageError
        If a record is damaged.
    RunError
        If writing fails (disk full, read-only, no permission).
    """
    place = staged_folder(layout, shard)
    with disk_errors(place):
        records = [record_from_json(read_json(path)) for path in sorted(place.glob(f"{_RECORDS}/*.json"))]
        files = {(folder, int(path.stem)): path for folder in FOLDERS for path in sorted(place.glob(f"{folder}/*"))}
    return {record.index: record for record in records}, files


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
        with disk_errors(place):
            for path in place.glob(f"{_RECORDS}/*"):
                if not _is_record(layout, place, path):
                    path.unlink()
        records, files = read_staged(layout, int(place.name))
        whole = {index for index, record in records.items() if index < count and _agrees(layout, record, files, read)}
        with disk_errors(place):
            for index in records.keys() - whole:
                _record(layout, index).unlink()
            for (folder, index), path in files.items():
                if index not in whole or folder not in records[index].files:
                    path.unlink()
        kept |= whole
    return kept


def staged_folder(layout: Layout, shard: int) -> Path:
    """Where the samples of a shard are staged."""
    return layout.staging / f"{shard:05d}"


def _is_record(layout: Layout, place: Path, path: Path) -> bool:
    """Whether a file is the record of a sample that is staged there."""
    try:
        index = record_from_json(read_json(path)).index
    except (UsageError, KeyError, TypeError, ValueError, AttributeError):
        return False
    return path == _record(layout, index) and staged_folder(layout, layout.shard_of(index)) == place


def _agrees(layout: Layout, record: SampleRecord, files: Mapping[tuple[str, int], Path], read: bool) -> bool:
    if not read:
        return all((folder, record.index) in files for folder in record.files)
    try:
        check_staged(layout, record, files)
    except RunError:
        return False
    return True


def _write(path: Path, data: bytes) -> None:
    """Write a file; its folder is made when it turns out to be missing."""
    with disk_errors(path):
        try:
            path.write_bytes(data)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)


def _write_record(layout: Layout, index: int, text: bytes) -> None:
    """Put a record in its place, whole: half of the time of :func:`natocc.io.atomic.write_aside`.

    What a kill or a full disk leaves beside it is swept with the rest that is no sample.
    """
    path = _record(layout, index)
    part = fresh_name(path)
    _write(part, text)
    with disk_errors(path):
        part.replace(path)


def _record(layout: Layout, index: int) -> Path:
    return staged_folder(layout, layout.shard_of(index)) / _RECORDS / f"{index:09d}.json"
