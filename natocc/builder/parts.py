"""Parts of a dataset as they lie on disk, and whether they can be joined; nothing is written."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

from natocc.core.errors import UsageError
from natocc.core.versions import __version__
from natocc.dataset.description import DatasetDescription, read_dataset
from natocc.dataset.findings import Finding
from natocc.dataset.inputs_read import InputsRead, inputs_of
from natocc.dataset.layout import Layout, shard_count
from natocc.dataset.open import open_dataset
from natocc.dataset.records import ShardRecord, whole_shards
from natocc.dataset.shard_ranges import show_ranges
from natocc.dataset.verify.shard import sound_record
from natocc.io.images import read_bytes
from natocc.pipeline.fingerprint import differences


@dataclasses.dataclass(frozen=True)
class PartSource:
    """A folder that holds shards.

    Parameters
    ----------
    description : DatasetDescription
        Its ``dataset.json``.
    layout : Layout
        Where they lie.
    shards : tuple of int
        Those that are whole.
    """

    description: DatasetDescription
    layout: Layout
    shards: tuple[int, ...]

    @property
    def root(self) -> Path:
        """The folder."""
        return self.layout.root


@dataclasses.dataclass(frozen=True)
class Joinable:
    """Parts that agree, and together hold every shard.

    Parameters
    ----------
    description : DatasetDescription
        What decides the bytes; see :func:`natocc.pipeline.fingerprint.describe`.
    samples : int
        Of the whole dataset.
    holders : mapping of int to tuple of PartSource
        Of each shard, those that hold it: the same bytes.
    """

    description: DatasetDescription
    samples: int
    holders: Mapping[int, tuple[PartSource, ...]]


def open_source(root: Path) -> PartSource:
    """Look at a part.

    Raises
    ------
    UsageError
        If the folder is no dataset of natocc's, or its ``dataset.json`` is damaged.
    """
    read_dataset(root)
    opened = open_dataset(root)
    if opened.finding is not None:
        raise UsageError(f"{root}: {opened.finding}; make that part again with --overwrite")
    return PartSource(opened.description, opened.layout, tuple(whole_shards(opened.layout)))


def check_joinable(sources: Sequence[PartSource]) -> Joinable:
    """Compare parts.

    Parameters
    ----------
    sources : sequence of PartSource
        One or more; the others are compared with the first.

    Raises
    ------
    UsageError
        If they are not of the same dataset, differ in a shard, or a shard is missing or its record damaged.
    """
    first = sources[0]
    for source in sources:
        if source.description.natocc != __version__:
            raise UsageError(
                f"{source.root} was made by natocc {source.description.natocc}, this is {__version__}: merge with that one"
            )
        lines = differences(first.description.fingerprint(), source.description.fingerprint())
        if lines:
            raise UsageError(f"{source.root} is no part of the same dataset as {first.root}:", *lines)
    samples = _samples(sources)
    count = shard_count(samples, first.layout.shard_size)
    holders: dict[int, tuple[PartSource, ...]] = {}
    for source in sources:
        for shard in source.shards:
            if shard >= count:
                raise UsageError(f"{source.root} holds shard {shard} of a dataset of {samples} samples, which has {count}")
            holders[shard] = (*holders.get(shard, ()), source)
    missing = sorted(set(range(count)) - holders.keys())
    if missing:
        ranges, name = show_ranges(missing), first.description.name
        command = f"natocc build {name} -n {samples} --shards {ranges} -o FOLDER, with the recipe and the flags of the others"
        raise UsageError(f"shards {ranges} of 0-{count - 1} are in no part: make them with {command}")
    inputs = InputsRead()
    for shard, those in holders.items():
        inputs.add(shard, inputs_of(_checked_shard(shard, those, samples).samples))
    if lines := inputs.lines(lambda shard: shard_record(holders[shard][0], shard, samples).samples):
        raise UsageError("the parts were not made of the same inputs:", *lines, "make those parts anew whose inputs were others")
    processors = tuple(sorted({name for source in sources for name in source.description.processors}))
    lasting = dataclasses.replace(
        first.description, status="building", samples=None, counts=None, shards=None, processors=processors
    )
    return Joinable(lasting, samples, holders)


def shard_record(source: PartSource, shard: int, samples: int) -> ShardRecord:
    """Record of a shard of a dataset of so many samples.

    Raises
    ------
    UsageError
        If it is damaged, or the shard has too few samples.
    """
    size = source.layout.shard_size
    record = sound_record(source.layout, shard, min((shard + 1) * size, samples) - 1)
    if isinstance(record, Finding):
        raise UsageError(f"{source.root}: {record}; natocc verify {source.root} --repair may repair it")
    return record


def _checked_shard(shard: int, holders: Sequence[PartSource], samples: int) -> ShardRecord:
    """Record of a shard; refuses one whose record is damaged, or that is not the same everywhere."""
    found = shard_record(holders[0], shard, samples)
    record = read_bytes(holders[0].layout.record(shard))
    for other in holders[1:]:
        if read_bytes(other.layout.record(shard)) != record:
            raise UsageError(f"shard {shard} of {other.root} is not that of {holders[0].root}: name only one of the two folders")
    return found


def _samples(sources: Sequence[PartSource]) -> int:
    """How many samples the whole dataset has."""
    counts = {source.root: count for source in sources if (count := source.description.sample_count) is not None}
    if not counts:
        raise UsageError(f"{sources[0].root} is no part: expected folders that natocc build --shards made")
    root, samples = next(iter(counts.items()))
    for other, count in counts.items():
        if count != samples:
            raise UsageError(f"{other} is of a dataset of {count} samples, {root} of one of {samples}")
    return int(samples)
