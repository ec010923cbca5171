"""How far the shards of a run are, and what is said of them when it stops early."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import signal
from collections import Counter
from collections.abc import Iterator, Sequence

from natocc.core.errors import DiskError, Interrupted, NatoccError, RunError, UsageError
from natocc.core.rejections import may_be_made, merged_examples
from natocc.dataset.inputs_read import InputsRead
from natocc.dataset.layout import Layout, shard_count
from natocc.dataset.records import MadeShard, read_shard, whole_shards
from natocc.dataset.shard_ranges import show_ranges
from natocc.dataset.write.commit import reopen_shard, take_back
from natocc.dataset.write.destination import end_runs, salvage
from natocc.dataset.write.own_folder import committed
from natocc.dataset.write.staging import sweep_staging, unstaged


@dataclasses.dataclass
class State:
    """The shards that a run makes, and how far they are: the one thing that changes during a run.

    Parameters
    ----------
    layout : Layout
        Of the dataset.
    count : int
        Samples of the whole dataset.
    shards : sequence of int, optional
        Those that the run makes; all by default.
    kept_in : str, optional
        Where messages say that samples are kept; ``layout.shown`` by default.
    whole : dict of int to MadeShard
        Those that are known to be committed, see :meth:`add`.
    inputs : InputsRead
        What they were made of.
    """

    layout: Layout
    count: int
    shards: Sequence[int] = ()
    kept_in: str = ""
    whole: dict[int, MadeShard] = dataclasses.field(default_factory=dict)
    inputs: InputsRead = dataclasses.field(default_factory=InputsRead)

    def __post_init__(self) -> None:
        shard_count(self.count, self.layout.shard_size)
        self.shards = self.shards or self.all_shards

    @property
    def all_shards(self) -> range:
        """Numbers of all shards of the dataset."""
        return range(shard_count(self.count, self.layout.shard_size))

    @property
    def missing(self) -> list[int]:
        """Shards that are still to be made."""
        return [shard for shard in self.shards if shard not in self.whole]

    @property
    def made(self) -> int:
        """Samples made, in whole shards."""
        return sum(shard.made for shard in self.whole.values())

    @property
    def rejected(self) -> dict[str, int]:
        """Samples rejected in whole shards, by reason."""
        total = sum((Counter(shard.rejected) for shard in self.whole.values()), Counter[str]())
        return dict(sorted(total.items()))

    @property
    def examples(self) -> dict[str, str]:
        """An example of each reason for which samples were rejected: a face and what was wrong."""
        return merged_examples(self.whole[shard].examples for shard in sorted(self.whole))

    def indices(self, shard: int) -> range:
        """Samples of a shard."""
        return self.layout.indices(shard, self.count)

    def samples(self, shards: Sequence[int]) -> int:
        """How many samples shards have."""
        return sum(len(self.indices(shard)) for shard in shards)

    def check_not_larger(self) -> None:
        """Refuse a folder that holds samples beyond the last one of this dataset.

        Raises
        ------
        UsageError
            If it does, or a record is damaged.
        """
        shards = whole_shards(self.layout)
        held = read_shard(self.layout, shards[-1]).samples[-1].index + 1 if shards else 0
        if held > self.count:
            raise UsageError(larger(self.layout, held, self.count))

    def look(self, again: bool = False) -> None:
        """Take note of shards that are committed, whoever committed them.

        Parameters
        ----------
        again : bool
            Whether to leave out those of which samples may be made now that could not be before, for :meth:`reopen`.

        Raises
        ------
        UsageError
            If a record is damaged.
        RunError
            If a folder cannot be read.
        """
        for shard in sorted(set(whole_shards(self.layout)).intersection(self.shards) - self.whole.keys()):
            record = committed(self.layout, self.indices(shard))
            if record is not None and not (again and may_be_made(record.rejected)):
                self.add(MadeShard.of(record))

    def add(self, made: MadeShard) -> None:
        """Take note of a shard that is committed, and compare what it was made of with what others were."""
        self.inputs.add(made.shard, made.inputs)
        self.whole[made.shard] = dataclasses.replace(made, inputs=(), rows=b"")  # which are many

    def check_inputs(self, listed: Sequence[str]) -> None:
        """Refuse shards of which one was made of another picture, mask or list of landmarks than the others, under one name.

        Parameters
        ----------
        listed : sequence of str
            What has changed in the lists of files meanwhile, a line each.

        Raises
        ------
        RunError
            Naming a few, or if something has changed in the lists.
        """
        lines = self.inputs.lines(lambda shard: read_shard(self.layout, shard).samples)
        head = f"{self.kept_in or self.layout.shown} is not complete: inputs have changed while it was being made"
        if lines:
            last = "no sample can tell which of both is right: see that nothing changes them, and make it anew with --overwrite"
            raise RunError(head, *lines, *listed, last)
        if listed:
            last = "bring them back and run the same command again, or make it anew with --overwrite"
            raise RunError(head, *listed, last)

    @property
    def incomplete(self) -> list[int]:
        """Shards that are committed and were left out by :meth:`look`."""
        return sorted(set(whole_shards(self.layout)).intersection(self.missing))

    def reopen(self) -> None:
        """Take shards apart that :meth:`look` left out: what is in them is staged, and what could not be made is tried again.

        Raises
        ------
        RunError
            If writing fails (disk full, read-only, no permission).
        """
        shards = self.incomplete
        for shard in shards:
            if (record := committed(self.layout, self.indices(shard))) is not None:
                reopen_shard(self.layout, record)
        if shards:
            take_back(self.layout)
            sweep_staging(self.layout, self.count)

    def recover(self) -> None:
        """Take up what runs that were killed left behind; nobody else is at the dataset.

        Their workers are told to stop, what they moved and did not record goes back, and whole samples that they staged stay.

        Raises
        ------
        RunError
            If writing fails (disk full, read-only, no permission).
        """
        end_runs(self.layout)
        take_back(self.layout)
        salvage(self.layout)
        sweep_staging(self.layout, self.count)

    def kept(self) -> int:
        """Samples that need not be made: in whole shards, or staged for others."""
        staged = sum(len(self.indices(shard)) - len(unstaged(self.layout, self.indices(shard))) for shard in self.missing)
        return staged + self.samples(list(self.whole))

    @contextlib.contextmanager
    def kept_whatever_comes(self) -> Iterator[None]:
        """When the block is left by an error, say what is kept and how to resume.

        Raises
        ------
        Interrupted, RunError
            As they came, with that added. A bug keeps its traceback; what is kept is logged.
        """
        try:
            yield
        except KeyboardInterrupt as stop:
            raise Interrupted(stop.number if isinstance(stop, Interrupted) else signal.SIGINT, self._kept()) from None
        except RunError as error:
            kind = DiskError if isinstance(error, DiskError) else RunError
            raise kind(*error.lines, self._kept()) from error
        except Exception:
            logging.getLogger("natocc").warning("%s", self._kept())
            raise

    def _kept(self) -> str:
        with contextlib.suppress(NatoccError):
            self.look()
        asked = f"{self.count} samples"
        if self.shards != self.all_shards:
            asked = f"the {self.samples(self.shards)} samples of shards {show_ranges(self.shards)}"
        place = self.kept_in or self.layout.shown
        return f"{self.kept()} of {asked} are kept in {place}; run the same command again to resume"


def larger(layout: Layout, held: int, count: int) -> str:
    """Message for a dataset that would have to shrink."""
    return (
        f"{layout.shown} holds {held} samples, more than the {count} asked for: "
        f"ask for {held} or more, or replace it with --overwrite"
    )
