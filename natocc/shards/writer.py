"""The writer of shards: pieces are staged by many, a shard is committed by one, and its record is the commit."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from natocc.errors import RunError
from natocc.images import sha256
from natocc.samples import SampleRecord
from natocc.shards.disk import disk_errors, encode_json, flush, write_aside
from natocc.shards.layout import FOLDERS, Layout
from natocc.shards.prepare import remove_shard
from natocc.shards.records import ShardRecord


def stage_files(layout: Layout, piece: str, index: int, files: Mapping[str, tuple[str, bytes]]) -> dict[str, str]:
    """Write the files of one sample to the staging area.

    Any number of workers may do so at once, each with pieces of its own. Staging a sample again replaces it. Nothing is flushed
    here: :func:`commit_shard` does that once for all.

    Parameters
    ----------
    layout : Layout
        Where.
    piece : str
        Name of the part of a shard that a worker makes; one path component, such as ``000000-000049``.
    index : int
        Of the sample.
    files : mapping of str to (str, bytes)
        Folder (one of :data:`~natocc.shards.layout.FOLDERS`) to suffix (``.jpg`` or ``.png``) and content.

    Returns
    -------
    digests : dict of str to str
        Folder to sha256, for :attr:`~natocc.samples.SampleRecord.files`.

    Raises
    ------
    RunError
        If the disk refuses; the message names the path.
    """
    digests = {}
    for folder, (suffix, data) in files.items():
        if folder not in FOLDERS:
            raise ValueError(f"unknown folder {folder!r} (known: {', '.join(FOLDERS)})")
        path = _pieces(layout, layout.shard_of(index)) / piece / folder / f"{index:09d}{suffix}"
        with disk_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        digests[folder] = sha256(data)
    return digests


def commit_shard(layout: Layout, shard: int, records: Iterable[SampleRecord], seconds: float) -> ShardRecord:
    """Bring a staged shard into its place and record it.

    Each folder appears by one rename, and the record after all of them: whoever reads by records sees whole shards only. What
    an interrupted commit of the same shard left in its place is taken back first.

    Parameters
    ----------
    layout : Layout
        Where.
    shard : int
        All its samples are staged, in whatever pieces.
    records : iterable of SampleRecord
        One for every index of the shard, rejected ones too; in any order.
    seconds : float
        How long the shard took to make.

    Returns
    -------
    record : ShardRecord
        As written.

    Raises
    ------
    RunError
        If the disk refuses, or the files staged are not those that the records name.
    """
    samples = tuple(sorted(records, key=lambda sample: sample.index))
    pieces, whole = _pieces(layout, shard), layout.staging / f"{shard:05d}" / "whole"
    named = sorted((folder, sample.index) for sample in samples for folder in sample.files)
    with disk_errors(layout.staging):
        staged = sorted(path for path in pieces.glob("*/*/*")) if pieces.is_dir() else []
        found = sorted((path.parent.name, int(path.stem)) for path in staged)
        if found != named:
            raise RunError(f"{pieces}: expected {len(named)} staged files as the records name them, found {len(found)}")
        remove_shard(layout, shard)
        sizes: dict[str, int] = {}
        for path in staged:
            folder = path.parent.name
            (whole / folder).mkdir(parents=True, exist_ok=True)
            sizes[layout.file(folder, int(path.stem), path.suffix).relative_to(layout.root).as_posix()] = path.stat().st_size
            flush(path)
            path.rename(whole / folder / path.name)
        for folder in sorted({path.parent.name for path in staged}):
            place = layout.shard_folder(folder, shard)
            place.parent.mkdir(exist_ok=True)
            flush(whole / folder)
            (whole / folder).rename(place)
            flush(place.parent)
        layout.records.mkdir(exist_ok=True)
    record = ShardRecord(shard, samples, dict(sorted(sizes.items())), round(seconds, 3))
    write_aside(layout.record(shard), encode_json(record.to_json()))
    with disk_errors(layout.staging):
        shutil.rmtree(layout.staging / f"{shard:05d}", ignore_errors=True)
    return record


def _pieces(layout: Layout, shard: int) -> Path:
    return layout.staging / f"{shard:05d}" / "pieces"
