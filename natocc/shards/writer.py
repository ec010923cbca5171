"""The writer of shards: pieces are staged by many, a shard is committed by one, and its record is the commit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
