"""A dataset in a folder that one run alone writes to: samples are staged beside the shards, and no word or lock is needed."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Sequence

from natocc.core.errors import DiskError, NatoccError
from natocc.dataset.layout import Layout
from natocc.dataset.records import MadeShard, ShardRecord, read_shard
from natocc.dataset.write.commit import commit_shard, take_back
from natocc.dataset.write.folder import clean_staging
from natocc.dataset.write.seal import SealedShard
from natocc.dataset.write.staging import sweep_staging


@dataclasses.dataclass(frozen=True)
class OwnFolder:
    """Such a folder; see :class:`natocc.dataset.write.destination.Destination`.

    Parameters
    ----------
    layout : Layout
        Of the dataset, whose lock this run holds.
    """

    layout: Layout

    def committed(self, indices: range) -> ShardRecord | None:
        """See :func:`committed`."""
        return committed(self.layout, indices)

    @contextlib.contextmanager
    def scratch(self, shards: Sequence[range]) -> Iterator[Layout]:
        """The folder itself."""
        yield self.layout

    def check_wanted(self) -> None:
        """Shards are wanted for as long as this process lives."""

    def commit(self, scratch: Layout, indices: range, sealed: SealedShard | None) -> MadeShard:
        """See :func:`natocc.dataset.write.commit.commit_shard`."""
        return commit_shard(self.layout, indices, sealed=sealed)


def committed(layout: Layout, indices: range) -> ShardRecord | None:
    """Record of the shard of these samples, if it is whole; a shorter one was the last of a smaller dataset and does not count.

    Raises
    ------
    UsageError
        If the record is damaged.
    """
    shard = layout.shard_of(indices[0])
    if not layout.record(shard).exists():
        return None
    record = read_shard(layout, shard)
    return record if len(record.samples) == len(indices) else None


@contextlib.contextmanager
def tidied(layout: Layout, count: int) -> Iterator[None]:
    """When the block is left by an error, delete half-written files and keep whole samples of a dataset of `count`.

    After a :class:`~natocc.core.errors.DiskError` staged samples are deleted, too: the disk may be full.
    """
    try:
        yield
    except BaseException as error:
        if isinstance(error, DiskError):
            with contextlib.suppress(NatoccError):
                clean_staging(layout)
        with contextlib.suppress(NatoccError, OSError):
            take_back(layout)
            sweep_staging(layout, count, read=False)
        raise
