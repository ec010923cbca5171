"""A shard as the unit of work: a worker on any machine makes all its samples and commits it by itself.

Where a shard goes is a :class:`Destination`, of which a task knows three things: whether the shard is there already, where to put it
together, and how to bring it to its place. Tasks may run twice, at once, or again after their worker was killed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from natocc.errors import RunError
from natocc.making import Job, make_piece
from natocc.pipeline import SampleSpec
from natocc.shards.disk import disk_errors
from natocc.shards.layout import Layout
from natocc.shards.lock import committing
from natocc.shards.records import ShardRecord, read_shard
from natocc.shards.writer import commit_shard, move_shard

_ONE_AT_A_TIME = threading.Lock()
"""A process has one watchdog and one pipeline; schedulers may give it several tasks at once."""


@dataclasses.dataclass(frozen=True)
class ShardMade:
    """What a task tells of its shard.

    Parameters
    ----------
    shard : int
        Its number.
    made : int
        Samples on disk.
    rejected : mapping of str to int
        Samples rejected, by reason.
    """

    shard: int
    made: int
    rejected: Mapping[str, int]


class Destination(Protocol):
    """Where shards go. Small, since it travels with every task."""

    def committed(self, shard: int, samples: int) -> ShardRecord | None:
        """Record of a shard that is there with so many samples, else None."""

    def scratch(self, shard: int) -> AbstractContextManager[Path]:
        """A new folder, this task's alone, in which the shard is put together; gone when the block is left."""

    def check_wanted(self) -> None:
        """Raise RunError if the run that asked for the shard is over. Asked before each sample."""

    def publish(self, made: Layout, record: ShardRecord) -> ShardRecord:
        """Bring a shard that is whole in `made` to its place, its record last; returns the record that lies there now.

        Another task may have been first: then its record, and the files stay as they are.
        """


def make_shard(job: Job, destination: Destination, limit: float, specs: Sequence[SampleSpec]) -> ShardMade:
    """Make a shard and bring it to its destination, unless it is there.

    Parameters
    ----------
    job : Job
        What to make. Nothing is written to its layout, which gives the size of a shard.
    destination : Destination
        Where the shard goes.
    limit : float
        Seconds that one sample may take before the process is ended.
    specs : sequence of SampleSpec
        All samples of the shard, by index.

    Returns
    -------
    made : ShardMade
        Counts of the shard that lies at its destination now.

    Raises
    ------
    RunError
        If the disk refuses, or the run is over.
    """
    indices = range(specs[0].index, specs[-1].index + 1)
    shard = job.layout.shard_of(indices[0])
    with _ONE_AT_A_TIME:
        record = destination.committed(shard, len(indices))
        if record is None:
            with destination.scratch(shard) as scratch:
                here = Layout(scratch, job.layout.shard_size)
                for spec in specs:
                    destination.check_wanted()
                    make_piece(dataclasses.replace(job, layout=here), limit, [spec])
                record = destination.publish(here, commit_shard(here, indices))
    return ShardMade(shard, record.made, record.rejected)


@dataclasses.dataclass(frozen=True)
class SharedFolder:
    """A dataset in a folder that all workers see under the same path.

    Shards are put together in its staging area, so that they reach their place by renaming.

    Parameters
    ----------
    layout : Layout
        The dataset.
    run : str
        Names the run. A task of a run that is over changes nothing any more.
    """

    layout: Layout
    run: str

    @classmethod
    def opened(cls, layout: Layout) -> SharedFolder:
        """For a new run; its end is that the staging area goes.

        Raises
        ------
        RunError
            If the disk refuses.
        """
        folder = cls(layout, f"run-{uuid.uuid4().hex}")
        with disk_errors(folder.mark):
            folder.mark.parent.mkdir(parents=True)
            folder.mark.write_text(folder.run)
        return folder

    @property
    def mark(self) -> Path:
        """Lies there as long as the run goes on, and holds its name."""
        return self.layout.staging / self.run / "goes-on"

    def committed(self, shard: int, samples: int) -> ShardRecord | None:
        """See :class:`Destination`."""
        if not self.layout.record(shard).exists():
            return None
        record = read_shard(self.layout, shard)
        return record if len(record.samples) == samples else None  # else it was the last one of fewer samples

    @contextlib.contextmanager
    def scratch(self, shard: int) -> Iterator[Path]:
        """See :class:`Destination`."""
        folder = self.mark.parent / f"{shard:05d}-{uuid.uuid4().hex}"
        self.check_wanted()
        with disk_errors(folder):
            folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            if not self.mark.exists():  # the run ended, and our last sample may have made the folders anew
                for place in (self.mark.parent, self.layout.staging):
                    with contextlib.suppress(OSError):
                        place.rmdir()

    def check_wanted(self) -> None:
        """See :class:`Destination`."""
        if not self.mark.exists():
            raise RunError(f"{self.layout.root}: the run that asked for this shard is over")

    def publish(self, made: Layout, record: ShardRecord) -> ShardRecord:
        """See :class:`Destination`."""
        with committing(self.layout):
            self.check_wanted()
            there = self.committed(record.shard, len(record.samples))
            if there is None:
                move_shard(made, self.layout, record)
            return there or record
