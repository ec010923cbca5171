"""Workers of a Ray cluster, through joblib's backend."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import pickle
import sys
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any

import joblib

from natocc.core.errors import RunError
from natocc.dataset.records import MadeShard
from natocc.executors.cluster_base import (
    ANSWER_SECONDS,
    SHARDS_A_ROUND,
    Cluster,
    check_answers,
    first_line,
    look_around,
    make_pickled,
    told_processors,
    until_made,
)
from natocc.executors.shard_worker import ShardJob
from natocc.io.processor import processor


@contextlib.contextmanager
def ray_cluster(address: str) -> Iterator[Cluster]:
    import ray
    from ray.util.joblib import register_ray

    try:
        with contextlib.chdir(sys.prefix):  # its workers look for modules there, and not beside a dataset
            ray.init(address=address, log_to_driver=False, logging_level=logging.CRITICAL)
    except (OSError, RuntimeError, ValueError) as error:
        raise RunError(f"no Ray head at {address}: {first_line(error)}") from error
    try:
        register_ray()
        yield RayCluster(address)
    finally:
        ray.shutdown()


@dataclasses.dataclass(frozen=True)
class RayCluster:
    address: str

    def processors(self) -> tuple[str, ...]:
        return told_processors(self._asked(lambda: processor()))  # Ray takes functions only, none that is cached

    def check(self, job: ShardJob) -> None:
        self._cpus()
        check_answers(self._asked(look_around, pickle.dumps(job)))

    def _asked(self, question: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
        """The answer of every machine, or its error, by address."""
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        nodes = [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")]
        look = ray.remote(num_cpus=0, max_retries=0)(question)
        answers: dict[str, Any] = {}
        for node in nodes:
            on_node = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
            try:
                answers[node["NodeManagerAddress"]] = ray.get(
                    look.options(scheduling_strategy=on_node).remote(*arguments), timeout=6 * ANSWER_SECONDS
                )
            except ray.exceptions.RayError as error:
                answers[node["NodeManagerAddress"]] = getattr(error, "cause", None) or error
        return answers

    def run(self, job: ShardJob, shards: Sequence[int]) -> Generator[MadeShard, None, None]:
        import ray

        yield from until_made(self._together, (ray.exceptions.RayActorError, ray.exceptions.WorkerCrashedError), job, shards)

    def _together(self, job: ShardJob, shards: Sequence[int]) -> Generator[MadeShard, None, None]:
        cpus, payload = self._cpus(), pickle.dumps(job)
        for start in range(0, len(shards), SHARDS_A_ROUND * cpus):  # this backend of joblib's gives all results at once
            work = [joblib.delayed(make_pickled)(payload, shard) for shard in shards[start : start + SHARDS_A_ROUND * cpus]]
            with joblib.parallel_config(backend="ray"), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of the memory that it would share with workers of this machine
                yield from joblib.Parallel(cpus, batch_size=1)(work)

    def _cpus(self) -> int:
        import ray

        cpus = int(ray.cluster_resources().get("CPU", 0))
        if cpus < 2:  # joblib would make everything here
            raise RunError(f"the Ray cluster at {self.address} has {cpus} CPUs: expected 2 or more")
        return cpus
