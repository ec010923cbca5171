"""Going on: which shards and samples are there, and what is said of them when a run stops early."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import math
import shutil
import signal
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from natocc.core.errors import DiskError, Interrupted, NatoccError, RunError, UsageError
from natocc.dataset.description import DatasetDescription
from natocc.dataset.layout import Layout
from natocc.dataset.records import ShardRecord, read_shard, read_shards, whole_shards
from natocc.dataset.write.commit import commit_shard, take_back
from natocc.dataset.write.destination import end_runs, salvage
from natocc.dataset.write.folder import clean_staging
from natocc.dataset.write.staging import staged_folder, sweep_staging


def check_count(root: Path, there: DatasetDescription, count: int) -> None:
    """Refuse to make a dataset smaller.

    Raises
    ------
    UsageError
        If it is complete and has more than `count` samples.
    """
    if there.is_complete and there.samples is not None and there.samples > count:
        raise UsageError(_smaller(root, there.samples, count))


def is_complete(layout: Layout, there: DatasetDescription, wanted: DatasetDescription, count: int) -> bool:
    """Whether nothing is left to do; a look at names only."""
    same = there == dataclasses.replace(wanted, status="complete", samples=count, counts=there.counts)
    return same and layout.manifest.exists() and whole_shards(layout) == list(range(math.ceil(count / layout.shard_size)))


@dataclasses.dataclass
class State:
    """How far a dataset is: the one thing that changes during a run.

    Parameters
    ----------
    layout : Layout
        Where it lies.
    count : int
        Samples in all, when it is complete.
    whole : dict of int to (int, dict)
        Shards that are committed: how many samples were made, and how many rejected, by reason.
    staged : set of int
        Samples that were staged when the run began, for shards that are not whole.
    """

    layout: Layout
    count: int
    whole: dict[int, tuple[int, Mapping[str, int]]] = dataclasses.field(default_factory=dict)
    staged: set[int] = dataclasses.field(default_factory=set)

    @classmethod
    def found(cls, layout: Layout, count: int) -> State:
        """What an earlier run of the same kind left; what is half done is taken back.

        Raises
        ------
        UsageError
            If a record is damaged, or there are more samples than `count`.
        RunError
            If the disk refuses.
        """
        state = cls(layout, count)
        for record in read_shards(layout):
            if record.samples[-1].index >= count:
                raise UsageError(_smaller(layout.root, record.samples[-1].index + 1, count))
            if len(record.samples) == len(state.indices(record.shard)):  # else it was the last one of fewer samples
                state._add(record)
        end_runs(layout)
        take_back(layout)
        salvage(layout)
        for shard in state.whole:
            shutil.rmtree(staged_folder(layout, shard), ignore_errors=True)
        state.staged = sweep_staging(layout, count)
        return state

    @property
    def shards(self) -> range:
        """Numbers of all shards."""
        return range(math.ceil(self.count / self.layout.shard_size))

    @property
    def made(self) -> int:
        """Samples made, in whole shards."""
        return sum(made for made, _ in self.whole.values())

    @property
    def rejected(self) -> dict[str, int]:
        """Samples rejected in whole shards, by reason."""
        total = sum((Counter(rejected) for _, rejected in self.whole.values()), Counter[str]())
        return dict(sorted(total.items()))

    def indices(self, shard: int) -> range:
        """Samples of a shard."""
        return range(shard * self.layout.shard_size, min((shard + 1) * self.layout.shard_size, self.count))

    def missing(self, shard: int) -> list[int]:
        """Samples of a shard that were not staged when the run began."""
        return [index for index in self.indices(shard) if index not in self.staged]

    def commit(self, shard: int) -> None:
        """See :func:`natocc.dataset.write.commit.commit_shard`."""
        self._add(commit_shard(self.layout, self.indices(shard)))

    def take(self, shard: int, made: int, rejected: Mapping[str, int]) -> None:
        """A worker committed a shard by itself."""
        self.whole[shard] = (made, rejected)

    @contextlib.contextmanager
    def kept_whatever_comes(self) -> Iterator[None]:
        """When the block is left by an error, half files go, and it is said what is kept and how to go on.

        After a :class:`~natocc.core.errors.DiskError` the staged samples go, too: the disk may be full.

        Raises
        ------
        Interrupted, RunError
            As they came, with that added. A bug keeps its traceback; what is kept is logged.
        """
        try:
            yield
        except KeyboardInterrupt as stop:
            number = stop.number if isinstance(stop, Interrupted) else signal.SIGINT
            raise Interrupted(number, self._kept(staged=True)) from None
        except DiskError as error:
            for tidy in (clean_staging, take_back):
                with contextlib.suppress(NatoccError):
                    tidy(self.layout)
            raise DiskError(*error.lines, self._kept(staged=False)) from error
        except RunError as error:
            raise RunError(*error.lines, self._kept(staged=True)) from error
        except Exception:
            logging.getLogger("natocc").warning("%s", self._kept(staged=True))
            raise

    def _kept(self, staged: bool) -> str:
        with contextlib.suppress(NatoccError):
            for shard in set(whole_shards(self.layout)) - self.whole.keys():  # by workers elsewhere, who could not tell
                if len((record := read_shard(self.layout, shard)).samples) == len(self.indices(shard)):
                    self._add(record)
        kept = sum(len(self.indices(shard)) for shard in self.whole)
        if staged:
            with contextlib.suppress(NatoccError, OSError):
                take_back(self.layout)
                staged_now = sweep_staging(self.layout, self.count, read=False)
                kept += sum(self.layout.shard_of(index) not in self.whole for index in staged_now)
        return f"{kept} of {self.count} samples are kept in {self.layout.root}; the same command goes on with them"

    def _add(self, record: ShardRecord) -> None:
        self.whole[record.shard] = (record.made, record.rejected)


def _smaller(root: Path, there: int, count: int) -> str:
    return (
        f"{root} holds {there} samples, more than the {count} asked for: ask for {there} or more, or replace it with --overwrite"
    )
