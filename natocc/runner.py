"""A run: what is there already, what is missing, made by workers, committed here shard by shard."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import math
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from natocc.faces.landmarks import check_models
from natocc.identity import check_agrees, describe, look_again
from natocc.making import Job, quarantine
from natocc.pipeline import Pipeline, SampleSpec, Schedule
from natocc.plans import Json
from natocc.recipe import Recipe
from natocc.report.card import write_card
from natocc.report.contact_sheet import dataset_contact_sheet
from natocc.resume import State, check_count, is_complete
from natocc.shards.dataset import read_dataset, write_dataset
from natocc.shards.layout import Layout
from natocc.shards.lock import locked
from natocc.shards.manifest import write_manifest
from natocc.shards.prepare import claim, clean_staging, prepare
from natocc.workers import Processes, Threads

_MOST_IN_PIECE = 32
_PIECES_A_WORKER = 4


class Progress(Protocol):
    """Is told what a build does, how many samples are done, and of how many (None: unknown)."""

    def __call__(self, doing: str, done: int, total: int | None) -> None: ...


@dataclasses.dataclass(frozen=True)
class Totals:
    """What a build made.

    Parameters
    ----------
    made : int
        Samples on disk.
    rejected : mapping of str to int
        Samples rejected, by reason.
    seconds : float
        Wall time.
    kept : int
        How many of all these were there before, made or rejected.
    """

    made: int
    rejected: Mapping[str, int]
    seconds: float
    kept: int = 0

    @property
    def rejected_share(self) -> float:
        """Rejected samples over all."""
        rejected = sum(self.rejected.values())
        return rejected / max(1, rejected + self.made)

    def to_json(self) -> dict[str, Json]:
        """The totals as plain JSON."""
        return {
            "made": self.made,
            "rejected": dict(self.rejected),
            "kept": self.kept,
            "seconds": round(self.seconds, 3),
        }


@dataclasses.dataclass(frozen=True)
class Run:
    """A recipe, this machine's folders, and how hard to work.

    Parameters
    ----------
    recipe : Recipe
        What to build.
    data, cache, out : Path
        Where inputs lie, where libraries are kept, where the dataset goes.
    count : int, optional
        Samples in all; None means what the recipe's sets say.
    jobs : int
        Workers. The bytes do not depend on it.
    backend : str
        ``loky``: processes, any of which may die; ``threading``: threads of this process.
    time_limit : float
        Seconds that one sample may take in a process of its own.
    """

    recipe: Recipe
    data: Path
    cache: Path
    out: Path
    count: int | None = None
    jobs: int = 1
    backend: str = "loky"
    time_limit: float = 120.0

    def build(self, overwrite: bool, progress: Progress) -> Totals:
        """Make the dataset, or what is missing of it.

        Parameters
        ----------
        overwrite : bool
            Whether a dataset that lies in the folder may go. Otherwise this run goes on with it.
        progress : Progress
            Is told how it goes.

        Returns
        -------
        totals : Totals
            What was made and what was rejected, now and before.

        Raises
        ------
        UsageError
            Before anything is written: data missing, a folder that is not ours, a dataset that differs from the one asked for, or
            another run in the folder.
        RunError
            If models are missing or the disk refuses; shards that were committed stay whole.
        Interrupted
            If a signal came; says what is kept.
        """
        begin = time.monotonic()
        self.recipe.check_output(self.data, self.out)
        progress("opening sources", 0, None)
        check_models(self.recipe.faces.align.points)
        pipeline = Pipeline(self.recipe, self.data, self.cache, self.jobs)
        schedule = pipeline.schedule(self.count)
        described = describe(pipeline, self.data, self.cache)
        again = look_again(pipeline, self.data, self.cache, described)
        layout = Layout(self.out, self.recipe.output.shard_size)
        claim(self.out)
        with locked(self.out):
            if overwrite or not layout.dataset.exists():
                prepare(self.out, overwrite)
                state = State(layout, len(schedule))
            else:
                there = read_dataset(self.out)
                check_agrees(self.out, there, described)
                check_count(self.out, there, len(schedule))
                if is_complete(layout, there, described, len(schedule)):
                    again.check()
                    return Totals(there["counts"]["made"], there["counts"]["rejected"], time.monotonic() - begin, len(schedule))
                state = State.found(layout, len(schedule))
            with state.kept_whatever_comes():
                kept = len(state.staged) + sum(map(len, map(state.indices, state.whole)))
                if kept:
                    progress(f"going on: {kept} of {len(schedule)} samples are there", 0, None)
                write_dataset(layout, {"status": "building", **described})
                self._make(pipeline, schedule, state, progress)
                progress("writing the manifest", len(schedule), len(schedule))
                write_manifest(layout)
                write_card(layout)
                if state.made:
                    dataset_contact_sheet(layout)
                clean_staging(layout)
                again.check()
                counts = {"made": state.made, "rejected": state.rejected}
                write_dataset(layout, {"status": "complete", **described, "samples": len(schedule), "counts": counts})
        return Totals(state.made, state.rejected, time.monotonic() - begin, kept)

    def _make(self, pipeline: Pipeline, schedule: Schedule, state: State, progress: Progress) -> None:
        """Make what is missing; a shard is committed as soon as it is whole."""
        layout = state.layout
        missing = {shard: len(state.missing(shard)) for shard in state.shards if shard not in state.whole}
        for shard in [shard for shard, count in missing.items() if not count]:
            state.commit(shard)
        crew: Threads | Processes = Threads(pipeline, layout, self.jobs)
        if self.backend == "loky":
            job = Job(json.dumps(self.recipe.resolved()), self.data, self.cache, layout)
            crew = Processes(job, self.jobs, self.time_limit, functools.partial(quarantine, pipeline, layout))
        done = len(schedule) - sum(missing.values())
        progress("making", done, len(schedule))
        with contextlib.closing(crew.run(_pieces(schedule, state, self.jobs))) as pieces:
            for piece in pieces:
                if piece:
                    shard = layout.shard_of(piece[0].index)
                    missing[shard] -= len(piece)
                    done += len(piece)
                    progress("making", done, len(schedule))
                    if not missing[shard]:
                        state.commit(shard)


def _pieces(schedule: Schedule, state: State, jobs: int) -> Iterator[list[SampleSpec]]:
    """What one worker makes at a time: none crosses a shard, and there are enough of them to keep all busy."""
    size = max(1, min(_MOST_IN_PIECE, math.ceil(len(schedule) / (jobs * _PIECES_A_WORKER))))
    for shard in state.shards:
        missing = [] if shard in state.whole else state.missing(shard)
        for start in range(0, len(missing), size):
            yield [schedule[index] for index in missing[start : start + size]]
