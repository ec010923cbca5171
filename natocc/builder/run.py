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

from natocc.builder.complete import write_complete
from natocc.builder.state import State, check_count, is_complete
from natocc.core.plans import Json
from natocc.core.progress import Progress
from natocc.core.versions import __version__
from natocc.dataset.description import read_dataset, write_dataset
from natocc.dataset.layout import Layout
from natocc.dataset.write.destination import Destination, running
from natocc.dataset.write.folder import claim, prepare
from natocc.dataset.write.lock import locked
from natocc.executors.cluster import CLUSTERS, connected
from natocc.executors.cluster_base import Cluster
from natocc.executors.processes import Processes, Threads
from natocc.executors.sample_worker import Job, quarantine
from natocc.executors.shard_worker import ShardJob
from natocc.faces.landmarks.detector import check_models
from natocc.pipeline.fingerprint import check_agrees, describe
from natocc.pipeline.sample import Pipeline
from natocc.pipeline.schedule import SampleSpec, Schedule
from natocc.recipe.model import Recipe

_MOST_IN_PIECE = 32
_PIECES_A_WORKER = 4


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


class Mirror:
    """Is told how a dataset in a folder comes about, to keep it elsewhere too; this one does nothing."""

    def begun(self, layout: Layout) -> None:
        """``dataset.json`` is written, and nothing has been made."""

    def destination(self, layout: Layout) -> contextlib.AbstractContextManager[Destination]:
        """Where the workers of a cluster bring shards, until the block is left."""
        return running(layout)

    def committed(self, layout: Layout, shard: int) -> None:
        """A shard is whole."""

    def received(self, layout: Layout, shard: int) -> None:
        """A worker of a cluster has committed a shard."""

    def made(self, layout: Layout) -> None:
        """All shards are whole; the manifest and the contact sheet come next."""


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
        ``loky``: processes, any of which may die; ``threading``: threads of this process; ``dask``, ``ray``: workers of a
        cluster, however many it has, on machines that see the same folders at the same paths.
    address : str, optional
        Where the cluster's scheduler listens.
    time_limit : float
        Seconds that one sample may take in a process of its own.
    mirror : Mirror
        Is told of every step.
    """

    recipe: Recipe
    data: Path
    cache: Path
    out: Path
    count: int | None = None
    jobs: int = 1
    backend: str = "loky"
    address: str | None = None
    time_limit: float = 120.0
    mirror: Mirror = dataclasses.field(default_factory=Mirror)

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
        with connected(self.backend, self.address) if self.backend in CLUSTERS else contextlib.nullcontext() as cluster:
            return self._build(overwrite, progress, cluster)

    def _build(self, overwrite: bool, progress: Progress, cluster: Cluster | None) -> Totals:
        begin = time.monotonic()
        self.recipe.check_output(self.data, self.out)
        progress("opening sources", 0, None)
        opened = open_recipe(self.recipe, self.data, self.cache, self.count, self.jobs)
        pipeline, schedule, described = opened.pipeline, opened.schedule, opened.described
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
                    return Totals(there["counts"]["made"], there["counts"]["rejected"], time.monotonic() - begin, len(schedule))
                state = State.found(layout, len(schedule))
            with state.kept_whatever_comes():
                kept = len(state.staged) + sum(map(len, map(state.indices, state.whole)))
                if kept:
                    progress(f"going on: {kept} of {len(schedule)} samples are there", 0, None)
                write_dataset(layout, {"status": "building", **described})
                self.mirror.begun(layout)
                if cluster is None:
                    self._make(pipeline, schedule, state, progress)
                else:
                    self._have_made(cluster, described, state, progress)
                self.mirror.made(layout)
                progress("writing the manifest", len(schedule), len(schedule))
                write_complete(layout, described, len(schedule), state.made, state.rejected)
        return Totals(state.made, state.rejected, time.monotonic() - begin, kept)

    def _make(self, pipeline: Pipeline, schedule: Schedule, state: State, progress: Progress) -> None:
        """Make what is missing; a shard is committed as soon as it is whole."""
        layout = state.layout
        missing = {shard: len(state.missing(shard)) for shard in state.shards if shard not in state.whole}
        for shard in [shard for shard, count in missing.items() if not count]:
            state.commit(shard)
            self.mirror.committed(layout, shard)
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
                        self.mirror.committed(layout, shard)

    def shard_job(self, described: Mapping[str, Json], count: int, destination: Destination) -> ShardJob:
        """What workers are told that make and commit whole shards, wherever they are."""
        recipe, told = json.dumps(self.recipe.resolved()), json.dumps({"natocc": __version__, **described})
        return ShardJob(recipe, self.data.absolute(), self.cache.absolute(), count, self.time_limit, told, destination)

    def _have_made(self, cluster: Cluster, described: Mapping[str, Json], state: State, progress: Progress) -> None:
        """Have the workers of a cluster make the shards that are missing; they commit them, too."""
        layout = dataclasses.replace(state.layout, root=self.out.absolute())
        with self.mirror.destination(layout) as destination:
            job = self.shard_job(described, state.count, destination)
            progress("looking at the workers", 0, None)
            cluster.check(job)
            done = sum(len(state.indices(shard)) for shard in state.whole)
            progress("making", done, state.count)
            with contextlib.closing(cluster.run(job, [shard for shard in state.shards if shard not in state.whole])) as shards:
                for made in shards:
                    self.mirror.received(layout, made.shard)
                    state.take(made.shard, made.made, made.rejected)
                    done += len(state.indices(made.shard))
                    progress("making", done, state.count)


def _pieces(schedule: Schedule, state: State, jobs: int) -> Iterator[list[SampleSpec]]:
    """What one worker makes at a time: none crosses a shard, and there are enough of them to keep all busy."""
    size = max(1, min(_MOST_IN_PIECE, math.ceil(len(schedule) / (jobs * _PIECES_A_WORKER))))
    for shard in state.shards:
        missing = [] if shard in state.whole else state.missing(shard)
        for start in range(0, len(missing), size):
            yield [schedule[index] for index in missing[start : start + size]]


@dataclasses.dataclass(frozen=True)
class Opened:
    """A recipe on this machine.

    Parameters
    ----------
    pipeline : Pipeline
        Makes samples.
    schedule : Schedule
        Which sample is what.
    described : mapping
        What decides the bytes; see :func:`natocc.pipeline.fingerprint.describe`.
    """

    pipeline: Pipeline
    schedule: Schedule
    described: Mapping[str, Json]


def open_recipe(recipe: Recipe, data: Path, cache: Path, count: int | None, jobs: int) -> Opened:
    """Find models, sources and libraries.

    Parameters
    ----------
    recipe : Recipe
        What to build.
    data, cache : Path
        Where inputs lie, where libraries are kept.
    count : int, optional
        Samples in all; None means what the recipe's sets say.
    jobs : int
        Processes for what has to be extracted.

    Raises
    ------
    UsageError, RunError
        If data or models are missing.
    """
    check_models(recipe.faces.align.points)
    pipeline = Pipeline(recipe, data, cache, jobs)
    return Opened(pipeline, pipeline.schedule(count), describe(pipeline, data, cache))
