"""A run: what exists already, what is missing, who makes it; and the build of a whole dataset."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from natocc.builder.complete import is_complete, write_complete
from natocc.builder.state import State, larger
from natocc.builder.target import Target
from natocc.core.errors import UsageError
from natocc.core.plans import Json
from natocc.core.progress import Progress, progress_to
from natocc.core.rejections import examples_of, merged_examples
from natocc.core.text import plain
from natocc.dataset.description import Counts, DatasetDescription, read_dataset, write_dataset
from natocc.dataset.layout import Layout
from natocc.dataset.records import MadeShard, read_shard, whole_shards
from natocc.dataset.write.destination import Destination
from natocc.dataset.write.folder import claim, prepare
from natocc.dataset.write.growing_manifest import growing_manifest
from natocc.dataset.write.lock import locked
from natocc.dataset.write.own_folder import tidied
from natocc.executors.cluster import CLUSTERS, connected
from natocc.executors.cluster_base import Cluster
from natocc.executors.processes import Makers, Processes, Threads
from natocc.executors.shard_worker import ShardJob, fill_shards
from natocc.io.workspace import Workspace
from natocc.pipeline.fingerprint import changed_inputs, check_agrees, describe, say_unlike, with_processors
from natocc.pipeline.sample import Pipeline
from natocc.pipeline.schedule import Schedule
from natocc.recipe.model import Recipe
from natocc.workers.crew import TIME_LIMIT

BACKENDS = ("loky", "threading", *CLUSTERS)
"""Names for ``--backend``."""

_log = logging.getLogger("natocc")

_MOST_IN_PIECE = 32  # samples that one worker makes at a time


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
        How many of all these existed before, made or rejected.
    examples : mapping of str to str
        By reason one rejected sample: its face and what was wrong.
    preparing : float
        Seconds of `seconds` that passed before the first sample: opening sources, extracting occluders.
    """

    made: int
    rejected: Mapping[str, int]
    seconds: float
    kept: int = 0
    examples: Mapping[str, str] = dataclasses.field(default_factory=dict)
    preparing: float = 0.0

    @classmethod
    def of(cls, state: State, begin: float, making: float, kept: int) -> Totals:
        """Of a run that has come to its end.

        Parameters
        ----------
        state : State
            Its shards.
        begin, making : float
            When it began, and when it began to make samples, by :func:`time.monotonic`.
        kept : int
            Samples that existed before.
        """
        return cls(state.made, state.rejected, time.monotonic() - begin, kept, state.examples, making - begin)

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
            "examples": dict(self.examples),
            "kept": self.kept,
            "seconds": round(self.seconds, 3),
            "preparing": round(self.preparing, 3),
        }


@dataclasses.dataclass(frozen=True)
class Opened:
    """A recipe opened on this machine: what makes samples, which sample is what, and what decides the bytes."""

    pipeline: Pipeline
    schedule: Schedule
    description: DatasetDescription


@dataclasses.dataclass(frozen=True)
class Run:
    """A recipe, this machine's folders, and how hard to work.

    Parameters
    ----------
    recipe : Recipe
        What to build.
    workspace : Workspace
        Where inputs lie and where libraries are kept. Its processes make samples, too; the bytes do not depend on how many.
    out : Path
        Where the dataset goes.
    count : int, optional
        Samples in all; None means what the recipe's sets say.
    backend : str
        ``loky``: processes, any of which may die; ``threading``: threads of this process; ``dask``, ``ray``: workers of a
        cluster, however many it has, on machines that see the same folders at the same paths.
    address : str, optional
        Where the cluster's scheduler listens.
    time_limit : float
        Seconds that one sample may take in a process of its own.
    """

    recipe: Recipe
    workspace: Workspace
    out: Path
    count: int | None = None
    backend: str = "loky"
    address: str | None = None
    time_limit: float = TIME_LIMIT

    def __post_init__(self) -> None:
        if self.backend not in BACKENDS:
            raise UsageError(f"--backend: expected loky, threading, dask or ray, found {self.backend!r}")
        if self.address is not None and self.backend not in CLUSTERS:
            raise UsageError(
                f"--address is where a cluster's scheduler listens: expected --backend dask or ray, found {self.backend}"
            )

    def build(self, overwrite: bool, progress: Progress, target: Target | None = None) -> Totals:
        """Make the whole dataset, or what is missing of it.

        Parameters
        ----------
        overwrite : bool
            Whether a dataset that lies in the folder may be replaced. Otherwise this run resumes it.
        progress : Progress
            Is called with the state of the build.
        target : Target, optional
            What else becomes of the folder; by default it stays as it is.

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
            If models are missing or writing fails; shards that were committed stay whole.
        Interrupted
            If a signal came; says what is kept.
        """
        begin = time.monotonic()
        target = target or Target(Layout(self.out, self.recipe.output.shard_size))
        layout = target.layout
        with self.workers() as cluster:
            opened = self.open(progress, cluster)
            description = opened.description
            state = State(layout, len(opened.schedule), kept_in=target.kept_in)
            claim(self.out)
            with locked(self.out):
                if overwrite or not layout.dataset.exists():
                    prepare(self.out, overwrite)
                else:
                    existing = read_dataset(self.out)
                    check_agrees(layout.shown, existing, description)
                    if existing.is_complete and existing.samples is not None and existing.samples > state.count:
                        raise UsageError(larger(layout, existing.samples, state.count))
                    if is_complete(layout, state.count, existing, description):
                        counts = existing.counts or Counts(0, {})
                        seconds = time.monotonic() - begin
                        return Totals(counts.made, counts.rejected, seconds, state.count, _examples(layout, counts), seconds)
                    state.check_not_larger()
                    state.look(again=True)
                    state.recover()
                    description = with_processors(layout.shown, existing, description)
                with state.kept_whatever_comes(), tidied(layout, state.count):
                    write_dataset(layout.root, description)
                    state.reopen()
                    target.begin()
                    making = time.monotonic()
                    with growing_manifest(layout, state.all_shards, state.whole) as manifest:

                        def received(made: MadeShard) -> None:
                            if cluster:
                                target.received(made.shard)
                            manifest.tell(made)

                        with target.shared_destination() if cluster else target.destination() as destination:
                            kept = self.make(opened, state, destination, cluster, progress, received)
                        target.made()
                        progress("writing the manifest", state.count, state.count)
                    listed = changed_inputs(description.inputs, opened.pipeline)
                    if not (listed or state.inputs.changed):
                        write_complete(layout, description, state.count, state.made, state.rejected)
                state.check_inputs(listed)
        return Totals.of(state, begin, making, kept)

    def workers(self) -> contextlib.AbstractContextManager[Cluster | None]:
        """The workers of the cluster, until the block is left; None where processes or threads of this machine work."""
        return connected(self.backend, self.address) if self.backend in CLUSTERS else contextlib.nullcontext()

    def open(self, progress: Progress, cluster: Cluster | None = None) -> Opened:
        """Find models, sources and libraries; of a cluster the processors are those of its workers.

        Raises
        ------
        UsageError, RunError
            If data or models are missing, or the dataset would lie inside a folder that is read.
        """
        self.recipe.check_output(self.workspace.data, self.out)
        progress("opening sources", 0, None)
        self.recipe.faces.align.check_models(self.workspace.data)
        with progress_to(progress):
            pipeline = Pipeline(self.recipe, self.workspace)
        for remark in pipeline.remarks():
            _log.warning("%s", plain(remark))
        description = describe(pipeline)
        if cluster is not None:
            description = dataclasses.replace(description, processors=cluster.processors())
            if len(description.processors) > 1:
                say_unlike(str(self.out), description.processors)
        return Opened(pipeline, pipeline.schedule(self.count), description)

    def make(
        self,
        opened: Opened,
        state: State,
        destination: Destination,
        cluster: Cluster | None,
        progress: Progress,
        received: Callable[[MadeShard], None] = lambda made: None,
    ) -> int:
        """Have the missing shards of a dataset or a part made, committed to `destination` and added to `state`.

        The workers of a cluster commit shards themselves. `received` is called with each shard that is committed, by whomever.
        Returns how many samples had been made before.
        """
        done, wanted, kept = state.samples(list(state.whole)), state.samples(state.shards), state.kept()
        if kept:
            progress(f"resuming: {kept} of {wanted} samples exist", 0, None)

        def add(more: int) -> None:
            nonlocal done
            done += more
            progress("making", done, wanted)

        if cluster is None:
            jobs, missing = self.workspace.jobs, [state.indices(shard) for shard in state.missing]
            crew: Callable[[Layout], Makers] = functools.partial(
                Processes, opened.pipeline, jobs=jobs, limit=self.time_limit, count=state.count
            )
            if self.backend == "threading":
                crew = functools.partial(Threads, opened.pipeline, jobs=jobs)
            shards = fill_shards(destination, missing, opened.schedule, crew, _MOST_IN_PIECE, jobs, add)
        else:
            recipe, fingerprint = json.dumps(self.recipe.resolved()), json.dumps(opened.description.fingerprint())
            workspace = self.workspace.absolute()
            job = ShardJob(recipe, workspace, state.count, self.time_limit, fingerprint, destination)
            progress("checking the workers", 0, None)
            cluster.check(job)
            shards = cluster.run(job, state.missing)
        add(0)
        with contextlib.closing(shards):
            for made in shards:
                received(made)
                if cluster is not None:
                    add(len(state.indices(made.shard)))
                state.add(made)
        return kept


def _examples(layout: Layout, counts: Counts) -> dict[str, str]:
    """Examples of a complete dataset; no more records are read than it takes to have one of each reason."""
    examples: dict[str, str] = {}
    for shard in whole_shards(layout):
        if examples.keys() >= counts.rejected.keys():
            break
        examples = merged_examples([examples, examples_of(read_shard(layout, shard).samples)])
    return examples
