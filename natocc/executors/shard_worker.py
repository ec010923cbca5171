"""The one loop of every build: shards are made sample by sample and committed, here or by workers; twice does no harm."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
from collections.abc import Callable, Generator, Iterator, Sequence

from natocc.core.errors import RunError
from natocc.dataset.layout import Layout
from natocc.dataset.records import MadeShard
from natocc.dataset.write.destination import Destination
from natocc.dataset.write.seal import SealedShard
from natocc.dataset.write.staging import unstaged
from natocc.executors.processes import Makers, Processes
from natocc.io.workspace import Workspace
from natocc.pipeline.fingerprint import describe, differences
from natocc.pipeline.sample import Pipeline
from natocc.pipeline.schedule import SampleSpec, Schedule
from natocc.recipe.model import Recipe

_PIECE = 8  # samples that a worker makes between two looks at whether its run still goes on
_PIECES_A_WORKER = 4  # at least, of the samples that are left, so that all stay busy to the end


@dataclasses.dataclass(frozen=True)
class ShardJob:
    """All that is needed to make any shard of a dataset, on any machine.

    Parameters
    ----------
    recipe : str
        Resolved, as JSON.
    workspace : Workspace
        Where inputs lie and where libraries are kept; absolute if the job travels.
    count : int
        Samples of the dataset in all.
    limit : float
        Seconds that one sample may take in a process of its own.
    fingerprint : str
        What decides the bytes where the run was started, as JSON
        (:meth:`natocc.dataset.description.DatasetDescription.fingerprint`): every worker must see the same.
    destination : Destination
        Where shards are committed.
    """

    recipe: str
    workspace: Workspace
    count: int
    limit: float
    fingerprint: str
    destination: Destination

    def indices(self, shard: int) -> range:
        """Samples of a shard."""
        size = _validated(self.recipe).output.shard_size
        return range(shard * size, min((shard + 1) * size, self.count))


def make_shard(job: ShardJob, shard: int) -> MadeShard:
    """Make what is missing of a shard, and commit it; one that is committed already is returned at once.

    Samples are made in a process of their own, so that one that crashes or hangs is isolated and left out as in any build.

    Raises
    ------
    UsageError, RunError
        If this machine does not see what the machine sees where the run was started, writing fails, or the run has ended.
    """
    indices = job.indices(shard)
    record = job.destination.committed(indices)
    if record is not None:
        return MadeShard.of(record)
    job.destination.check_wanted()
    pipeline, schedule = _opened(job.recipe, job.workspace, job.count, job.fingerprint)
    crew = functools.partial(Processes, pipeline, jobs=1, limit=job.limit, count=job.count)
    [made] = fill_shards(job.destination, [indices], schedule, crew, _PIECE)
    return dataclasses.replace(made, rows=b"")  # too many to travel: they are in the record


def fill_shards(
    destination: Destination,
    wanted: Sequence[range],
    schedule: Sequence[SampleSpec] | Schedule,
    crew: Callable[[Layout], Makers],
    most: int,
    jobs: int = 1,
    on_made: Callable[[int], None] = lambda more: None,
) -> Generator[MadeShard, None, None]:
    """Have the samples of shards made that are not staged yet; commit each shard as soon as its last sample is staged.

    Parameters
    ----------
    destination : Destination
        Where shards are committed.
    wanted : sequence of range
        Samples of each shard.
    schedule : sequence of SampleSpec, or Schedule
        What each sample is.
    crew : callable
        Makes samples and stages them in the layout given.
    most : int
        Samples that one worker makes at a time, fewer towards the end; none of these pieces crosses a shard.
    jobs : int
        Workers of the crew.
    on_made : callable
        Called with the number of samples that have been added since the last call.

    Raises
    ------
    RunError
        If writing fails, the run has ended, or workers die before they make anything.
    Exception
        What a worker raised: a bug.
    """
    with destination.scratch(wanted) as scratch:
        shards = {scratch.shard_of(indices[0]): indices for indices in wanted}
        missing = {shard: unstaged(scratch, indices) for shard, indices in shards.items()}
        left = {shard: len(indices) for shard, indices in missing.items()}
        sealed_by_workers: dict[int, SealedShard] = {}

        def commit(shard: int, sealed: SealedShard | None = None) -> MadeShard:
            return destination.commit(scratch, shards[shard], sealed)

        def pieces() -> Iterator[list[SampleSpec]]:
            waiting = sum(map(len, missing.values()))
            for indices in missing.values():
                start = 0
                while start < len(indices):
                    size = most if jobs == 1 else max(1, min(most, waiting // (jobs * _PIECES_A_WORKER)))
                    piece = [schedule[index] for index in indices[start : start + size]]
                    start, waiting = start + len(piece), waiting - len(piece)
                    yield piece

        on_made(sum(map(len, wanted)) - sum(left.values()))
        for shard in [shard for shard, count in left.items() if not count]:
            yield commit(shard)
        with contextlib.closing(crew(scratch).run(pieces())) as made:
            for piece, sealed in made:
                if sealed is not None:
                    sealed_by_workers[sealed.made.shard] = sealed
                destination.check_wanted()
                on_made(len(piece))
                if piece:
                    shard = scratch.shard_of(piece[0].index)
                    left[shard] -= len(piece)
                    if not left[shard]:
                        yield commit(shard, sealed_by_workers.pop(shard, None))


@functools.lru_cache(maxsize=1)
def _validated(recipe: str) -> Recipe:
    return Recipe.model_validate_json(recipe)


@functools.lru_cache(maxsize=1)
def _opened(recipe: str, workspace: Workspace, count: int, fingerprint: str) -> tuple[Pipeline, Schedule]:
    """A worker's pipeline and schedule, opened once for all its shards, and held against what the parent has."""
    pipeline = Pipeline(_validated(recipe), workspace.with_jobs(1))
    lines = differences(json.loads(fingerprint), json.loads(json.dumps(describe(pipeline).fingerprint())))
    if lines:
        raise RunError(
            "a worker does not see what the machine sees where the run was started (there -> worker):",
            *lines,
            f"expected the same versions, the data at {workspace.data} and the cache at {workspace.cache} on every machine",
        )
    return pipeline, pipeline.schedule(count)
