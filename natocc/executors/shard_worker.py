"""Shards as the unit of work: whoever makes one, on whatever machine, commits it, and no harm is done by making it twice."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence

from natocc.core.errors import RunError
from natocc.core.versions import __version__
from natocc.dataset.write.destination import Destination
from natocc.dataset.write.staging import is_staged
from natocc.executors.processes import Processes
from natocc.executors.sample_worker import Job, quarantine
from natocc.io.workspace import Workspace
from natocc.pipeline.fingerprint import describe, differences
from natocc.pipeline.sample import Pipeline
from natocc.pipeline.schedule import SampleSpec, Schedule
from natocc.recipe.model import Recipe

_PIECE = 8  # samples that are made between two looks at whether they are still wanted


@dataclasses.dataclass(frozen=True)
class ShardJob:
    """What one needs to know to make any shard of a dataset.

    Parameters
    ----------
    recipe : str
        Resolved, as JSON.
    workspace : Workspace
        Absolute: where inputs lie and where libraries are kept.
    count : int
        Samples of the dataset in all.
    limit : float
        Seconds that one sample may take.
    described : str
        From :func:`describe_run`, where the run was started: every worker must see the same.
    destination : Destination
        Where shards go.
    """

    recipe: str
    workspace: Workspace
    count: int
    limit: float
    described: str
    destination: Destination

    def indices(self, shard: int) -> range:
        """Samples of a shard."""
        size = Recipe.model_validate_json(self.recipe).output.shard_size
        return range(shard * size, min((shard + 1) * size, self.count))


@dataclasses.dataclass(frozen=True)
class MadeShard:
    """A shard that is committed: how many samples were made, and how many rejected, by reason."""

    shard: int
    made: int
    rejected: Mapping[str, int]


def make_shard(job: ShardJob, shard: int) -> MadeShard:
    """Make one shard, with one process; see :func:`make_shards`."""
    [made] = make_shards(job, [shard])
    return made


def make_shards(
    job: ShardJob, shards: Sequence[int], jobs: int = 1, told: Callable[[int], None] = lambda made: None
) -> Generator[MadeShard, None, None]:
    """Make what is missing of shards, and commit each; one that is committed already comes back at once.

    Samples are made in processes of their own, so that one that crashes or hangs is found and quarantined as in any build.

    Parameters
    ----------
    job : ShardJob
        What to make.
    shards : sequence of int
        Their numbers, each once.
    jobs : int
        Processes.
    told : callable
        Is told how many samples more are made, of shards that come back later.

    Raises
    ------
    UsageError, RunError
        If this machine does not see what the one sees where the run was started, the disk refuses, or the run has ended.
    """
    wanted: dict[int, range] = {}
    for shard in shards:
        indices = job.indices(shard)
        record = job.destination.committed(indices)
        if record is None:
            wanted[shard] = indices
        else:
            yield MadeShard(shard, record.made, record.rejected)
    if wanted:
        yield from _make(job, wanted, jobs, told)


def _make(job: ShardJob, wanted: Mapping[int, range], jobs: int, told: Callable[[int], None]) -> Generator[MadeShard, None, None]:
    job.destination.check_wanted()
    pipeline, schedule = _opened(job.recipe, job.workspace, job.count, job.described)
    with job.destination.scratch(list(wanted.values())) as scratch:
        missing = {shard: [index for index in wanted[shard] if not is_staged(scratch, index)] for shard in wanted}
        left = {shard: len(indices) for shard, indices in missing.items()}

        def commit(shard: int) -> MadeShard:
            record = job.destination.commit(scratch, wanted[shard])
            return MadeShard(shard, record.made, record.rejected)

        def pieces() -> Iterator[list[SampleSpec]]:
            for indices in missing.values():
                for start in range(0, len(indices), _PIECE):
                    yield [schedule[index] for index in indices[start : start + _PIECE]]

        told(sum(map(len, wanted.values())) - sum(left.values()))
        for shard in [shard for shard, count in left.items() if not count]:
            yield commit(shard)
        making = Job(job.recipe, job.workspace, scratch)
        crew = Processes(making, jobs, job.limit, functools.partial(quarantine, pipeline, scratch))
        with contextlib.closing(crew.run(pieces())) as made:
            for piece in made:
                job.destination.check_wanted()
                told(len(piece))
                if piece:
                    shard = scratch.shard_of(piece[0].index)
                    left[shard] -= len(piece)
                    if not left[shard]:
                        yield commit(shard)


def describe_run(pipeline: Pipeline) -> str:
    """What decides the bytes, as JSON: what :func:`natocc.pipeline.fingerprint.describe` says, and natocc's version."""
    return json.dumps({"natocc": __version__, **describe(pipeline)})


@functools.lru_cache(maxsize=1)
def _opened(recipe: str, workspace: Workspace, count: int, described: str) -> tuple[Pipeline, Schedule]:
    """A worker's pipeline and schedule, opened once for all its shards, and held against what the parent has."""
    pipeline = Pipeline(Recipe.model_validate_json(recipe), workspace.with_jobs(1))
    found = differences(json.loads(described), json.loads(describe_run(pipeline)))
    if found:
        raise RunError(
            "a worker does not see what the machine sees where the run was started (there -> at the worker):",
            *found,
            f"expected the same versions, the data at {workspace.data} and the cache at {workspace.cache} on every machine",
        )
    return pipeline, pipeline.schedule(count)
