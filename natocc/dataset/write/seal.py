"""A shard whose samples are all staged, checked and put into words: all of a commit that takes a processor's time."""

from __future__ import annotations

import dataclasses

from natocc.core.errors import RunError
from natocc.dataset.layout import Layout
from natocc.dataset.manifest import rows_as_lines
from natocc.dataset.records import MadeShard, ShardRecord
from natocc.dataset.write.staging import check_staged, read_staged, staged_folder, unstaged
from natocc.io.atomic import disk_errors


@dataclasses.dataclass(frozen=True)
class SealedShard:
    """What a commit writes about a shard; made where its last sample was, so that the parent of many workers need not.

    Parameters
    ----------
    made : MadeShard
        What is told of it, rows of the manifest included.
    record : bytes
        Its record.
    folders : tuple of str
        Those in which it has files.
    """

    made: MadeShard
    record: bytes
    folders: tuple[str, ...]


def seal_if_staged(layout: Layout, indices: range) -> SealedShard | None:
    """:func:`seal_shard`, or None while samples of the shard are missing."""
    return None if unstaged(layout, indices) else seal_shard(layout, indices)


def seal_shard(layout: Layout, indices: range) -> SealedShard:
    """Check and describe a staged shard; of its files, only those that a try left which was cut short are deleted.

    Parameters
    ----------
    layout : Layout
        Where it is staged.
    indices : range
        Of its samples: from its first one on, without gaps. All are staged, rejected ones too.

    Raises
    ------
    RunError
        If what is staged is not these samples with the files that were made, or reading fails.
    """
    shard = layout.shard_of(indices[0])
    if indices.step != 1 or indices[0] != shard * layout.shard_size or layout.shard_of(indices[-1]) != shard:
        raise ValueError(f"{indices} is no shard of {layout.shard_size} samples")
    place = staged_folder(layout, shard)
    records, files = read_staged(layout, shard)
    if records.keys() != set(indices):
        first = min(records.keys() ^ set(indices))
        wanted = f"expected samples {indices[0]} to {indices[-1]}"
        raise RunError(f"{place}: {wanted}, found {len(records)}; first missing or unexpected: {first}")
    named = {(folder, index) for index, record in records.items() for folder in record.files}
    sizes: dict[str, int] = {}
    with disk_errors(place):
        for key in files.keys() - named:
            files.pop(key).unlink(missing_ok=True)  # of a try that was cut short before its record
        for index in indices:
            check_staged(layout, records[index], files)
        for (folder, _), path in files.items():
            sizes[f"{folder}/{shard:05d}/{path.name}"] = path.stat().st_size
    record = ShardRecord(shard, tuple(records[index] for index in indices), dict(sorted(sizes.items())))
    made = dataclasses.replace(MadeShard.of(record), rows=rows_as_lines(record))
    return SealedShard(made, record.to_bytes(), tuple(sorted({folder for folder, _ in named})))
