"""Some shards of a dataset, made by themselves: a part, which ``natocc merge`` joins with the others.

Several machines may each make a part in a folder of its own, or all in one folder: they hold its lock together, and each shard is
committed under a lock of that shard.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Sequence

from natocc.builder.run import Run, Totals
from natocc.builder.state import State
from natocc.core.errors import UsageError
from natocc.core.progress import Progress
from natocc.dataset.description import DatasetDescription, read_dataset, write_dataset
from natocc.dataset.layout import LOCKS, Layout
from natocc.dataset.records import whole_shards
from natocc.dataset.shard_ranges import show_ranges
from natocc.dataset.write.destination import running
from natocc.dataset.write.folder import claim, prepare
from natocc.dataset.write.lock import BusyError, locked, shared, step_lock
from natocc.pipeline.fingerprint import changed_inputs, check_agrees, with_processors


def build_part(run: Run, shards: Sequence[int], overwrite: bool, progress: Progress) -> Totals:
    """Make shards, or what is missing of them, into a part.

    Parameters
    ----------
    run : Run
        What the whole dataset is, and the part's folder.
    shards : sequence of int
        Which of its shards to make here.
    overwrite : bool
        Whether the dataset or part that lies in the folder may be replaced.
    progress : Progress
        Is called with the state of the build.

    Returns
    -------
    totals : Totals
        Of these shards.

    Raises
    ------
    UsageError
        Before anything is written: as in a build, and if there are no such shards.
    RunError, Interrupted
        As in a build.
    """
    if run.backend == "threading":
        raise UsageError("--shards makes samples in processes: expected another --backend than threading")
    begin = time.monotonic()
    with run.workers() as cluster:
        opened = run.open(progress, cluster)
        layout = Layout(run.out.absolute(), run.recipe.output.shard_size, str(run.out))
        state = State(layout, len(opened.schedule), shards)
        part = _Part(state, opened.description)
        part.check_known()
        claim(run.out)
        try:
            with locked(run.out):
                part.begin_alone(overwrite)
        except BusyError:
            if overwrite:
                raise
        with shared(run.out), state.kept_whatever_comes():
            part.begin()
            making = time.monotonic()
            with running(layout) as destination:
                kept = run.make(opened, state, destination, cluster, progress)
            part.end()
        part.tidy()
        state.check_inputs(changed_inputs(opened.description.inputs, opened.pipeline))
    return Totals.of(state, begin, making, kept)


@dataclasses.dataclass(frozen=True)
class _Part:
    """A part on disk.

    Parameters
    ----------
    state : State
        Its shards.
    description : DatasetDescription
        What decides the bytes of the dataset; see :func:`natocc.pipeline.fingerprint.describe`.
    """

    state: State
    description: DatasetDescription

    @property
    def layout(self) -> Layout:
        return self.state.layout

    def check_known(self) -> None:
        """Refuse shards that the dataset does not have."""
        existing, count = self.state.all_shards, self.state.count
        unknown = [shard for shard in self.state.shards if shard not in existing]
        if unknown:
            shards = f"{count} samples make {len(existing)} shards of {self.layout.shard_size}, 0 to {existing[-1]}"
            raise UsageError(f"no shard {show_ranges(unknown)}: {shards}")

    def begin_alone(self, overwrite: bool) -> None:
        """Prepare the folder while nobody else may; what killed runs left is taken up."""
        if overwrite or not self.layout.dataset.exists():
            prepare(self.layout.root, overwrite)
            self._write(())
        else:
            self._check()
            self.state.recover()
            self.state.look(again=True)
            if incomplete := self.state.incomplete:
                self._write(sorted(set(whole_shards(self.layout)).difference(incomplete)))
                self.state.reopen()

    def begin(self) -> None:
        """Mark the folder as a part, unless another run has done so, and see which shards exist."""
        with step_lock(self.layout, "dataset"):
            if not self.layout.dataset.exists():
                self._write(())
            existing = self._check()
            with_processors(self.layout.shown, existing, self.description)
            if existing.status == "building" or not set(self.description.processors) <= set(existing.processors):
                self._write(whole_shards(self.layout), existing.processors)
        self.state.look()

    def end(self) -> None:
        """Say which shards the folder holds now, those of others too."""
        with step_lock(self.layout, "dataset"):
            existing = read_dataset(self.layout.root)
            if existing.status == "part":
                self._write(whole_shards(self.layout), existing.processors)

    def tidy(self) -> None:
        """Delete the staging area if nothing is in it and nobody else is at the folder."""
        with contextlib.suppress(BusyError, OSError), locked(self.layout.root):
            for folder in (self.layout.staging / LOCKS, self.layout.staging):
                folder.rmdir()

    def _check(self) -> DatasetDescription:
        """What ``dataset.json`` says; refuses shards of another dataset, or of one that is as long as it will be."""
        existing = read_dataset(self.layout.root)
        check_agrees(self.layout.shown, existing, self.description)
        if existing.status != "building" and existing.samples != self.state.count:
            raise UsageError(
                f"{self.layout.shown} holds shards of a dataset of {existing.samples} samples, "
                f"this is one of {self.state.count}: name another folder"
            )
        self.state.check_not_larger()
        return existing

    def _write(self, shards: Sequence[int], before: Sequence[str] = ()) -> None:
        part = dataclasses.replace(
            self.description,
            status="part",
            samples=self.state.count,
            shards=tuple(shards),
            processors=tuple(sorted({*before, *self.description.processors})),
        )
        write_dataset(self.layout.root, part)
