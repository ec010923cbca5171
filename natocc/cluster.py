"""Workers on other machines: Dask or Ray, through joblib's backends. A task is a shard, which its worker commits itself."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.util
import logging
import multiprocessing
import pickle
import socket
import threading
import urllib.parse
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol

import joblib

from natocc.errors import RunError, UsageError
from natocc.identity import differences
from natocc.plans import Json
from natocc.sharding import MadeShard, ShardJob, make_shard
from natocc.versions import __version__, versions

_SECONDS = 10
"""How long a scheduler, and its first worker, may take to answer."""

_TRIES = 3
"""How often workers may be lost one after another while no shard comes back."""

_ROUND = 8
"""Shards a worker that are asked for at a time, where a backend tells of all at once."""

_ONE_AT_A_TIME = threading.Lock()
"""Held by the task of this process: it has processes of its own, which it ends when one of them dies."""

_log = logging.getLogger("natocc")


class Cluster(Protocol):
    """Workers that are connected."""

    def check(self, job: ShardJob) -> None:
        """Look whether all workers have the same versions and see the dataset's folder.

        Raises
        ------
        RunError
            If one does not; it is named.
        """

    def run(self, job: ShardJob, shards: Sequence[int]) -> Generator[MadeShard, None, None]:
        """Make shards; each comes back when it is committed, in any order.

        Raises
        ------
        RunError
            If workers are lost again and again, or the disk refuses.
        Exception
            What a worker raised: a bug.
        """


@contextlib.contextmanager
def connected(backend: str, address: str | None) -> Iterator[Cluster]:
    """Workers of a cluster, until the block is left.

    Parameters
    ----------
    backend : str
        A key of :data:`CLUSTERS`.
    address : str, optional
        Where its scheduler listens, such as ``tcp://host:8786``.

    Raises
    ------
    UsageError
        If there is no address, or the extra is not installed.
    RunError
        Within seconds, if nobody answers there.
    """
    if address is None:
        raise UsageError(f"--backend {backend} needs --address, where its scheduler listens, such as {_EXAMPLES[backend]}")
    if importlib.util.find_spec(_PACKAGES[backend]) is None:
        raise UsageError(f"--backend {backend} needs the package {_PACKAGES[backend]}: pip install 'natocc[{backend}]'")
    _check_answers(backend, address)
    with CLUSTERS[backend](address) as cluster:
        yield cluster


@contextlib.contextmanager
def _dask(address: str) -> Iterator[Cluster]:
    import distributed

    loggers = [logging.getLogger(name) for name in ("distributed", "distributed.client")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:  # they log a screenful for a worker that comes or goes
        logger.setLevel(logging.CRITICAL)
    try:
        client = distributed.Client(address, timeout=_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise RunError(f"no Dask scheduler at {address}: {_first_line(error)}") from error
    try:
        yield _Dask(client, address)
    finally:
        with contextlib.suppress(Exception):
            client.close(timeout=_SECONDS)
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@dataclasses.dataclass(frozen=True)
class _Dask:
    client: Any
    address: str

    def check(self, job: ShardJob) -> None:
        try:
            self.client.wait_for_workers(1, timeout=_SECONDS)
        except TimeoutError as error:
            raise RunError(f"the scheduler at {self.address} has no worker: start some with 'dask worker'") from error
        try:
            found = self.client.run(_look, pickle.dumps(job), on_error="return")
        except Exception as error:  # a worker that cannot even read the question
            raise RunError(f"the workers of {self.address} cannot run natocc: {_first_line(error)}") from error
        _check_found(found)
        several = [worker for worker, threads in self.client.nthreads().items() if threads > 1]
        if several:
            _log.warning("worker %s has several threads, but makes one shard at a time: start it with --nthreads 1", several[0])

    def run(self, job: ShardJob, shards: Sequence[int]) -> Generator[MadeShard, None, None]:
        import distributed

        died = (distributed.KilledWorker, distributed.CancelledError)
        with self._watched():
            yield from until_made(self._together, died, job, shards)

    def _together(self, job: ShardJob, shards: Sequence[int]) -> Generator[MadeShard, None, None]:
        # All are given out, so that workers that join later get some; as bytes, which joblib does not keep on one worker only.
        told = pickle.dumps(job)
        with joblib.parallel_config(backend=self._backend()):
            parallel = joblib.Parallel(batch_size=1, pre_dispatch="all", return_as="generator_unordered")
            try:
                made = parallel(joblib.delayed(_make)(told, shard) for shard in shards)
            except OSError as error:  # TimeoutError is one; what goes wrong in a task comes later
                raise RunError(f"the scheduler at {self.address} is gone, or has no worker: {_first_line(error)}") from error
        with contextlib.closing(made):
            yield from made

    def _backend(self) -> Any:
        """joblib's own, but never for one worker only: joblib would make everything here then."""
        from joblib._dask import DaskDistributedBackend

        class Several(DaskDistributedBackend):  # type: ignore[misc]  # joblib has no types
            def effective_n_jobs(self, n_jobs: int) -> int:
                return max(2, int(super().effective_n_jobs(n_jobs)))

        return Several(client=self.client, wait_for_workers_timeout=_SECONDS)

    @contextlib.contextmanager
    def _watched(self) -> Iterator[None]:
        """Say so when all workers have gone: Dask waits for others, however long."""
        over = threading.Event()

        def watch() -> None:
            while not over.wait(_SECONDS):
                with contextlib.suppress(OSError, TimeoutError):
                    if not self.client.nthreads():
                        _log.warning("the scheduler at %s has no worker any more: waiting for one", self.address)
                        return

        threading.Thread(target=watch, daemon=True).start()
        try:
            yield
        finally:
            over.set()


@contextlib.contextmanager
def _ray(address: str) -> Iterator[Cluster]:
    import ray
    from ray.util.joblib import register_ray

    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.CRITICAL)
    except (OSError, RuntimeError, ValueError) as error:
        raise RunError(f"no Ray head at {address}: {_first_line(error)}") from error
    try:
        register_ray()
        yield _Ray(address)
    finally:
        ray.shutdown()


@dataclasses.dataclass(frozen=True)
class _Ray:
    address: str

    def check(self, job: ShardJob) -> None:
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        nodes = [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")]
        self._cpus()
        look = ray.remote(num_cpus=0, max_retries=0)(_look)
        found: dict[str, Any] = {}
        for node in nodes:
            there = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
            try:
                found[node["NodeManagerAddress"]] = ray.get(
                    look.options(scheduling_strategy=there).remote(pickle.dumps(job)), timeout=6 * _SECONDS
                )
            except ray.exceptions.RayError as error:
                found[node["NodeManagerAddress"]] = getattr(error, "cause", None) or error
        _check_found(found)

    def run(self, job: ShardJob, shards: Sequence[int]) -> Generator[MadeShard, None, None]:
        import ray

        yield from until_made(self._together, (ray.exceptions.RayActorError, ray.exceptions.WorkerCrashedError), job, shards)

    def _together(self, job: ShardJob, shards: Sequence[int]) -> Generator[MadeShard, None, None]:
        cpus, told = self._cpus(), pickle.dumps(job)
        for start in range(0, len(shards), _ROUND * cpus):  # this backend of joblib's gives all results at once
            work = [joblib.delayed(_make)(told, shard) for shard in shards[start : start + _ROUND * cpus]]
            with joblib.parallel_config(backend="ray"), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of the memory that it would share with workers of this machine
                yield from joblib.Parallel(cpus, batch_size=1)(work)

    def _cpus(self) -> int:
        import ray

        cpus = int(ray.cluster_resources().get("CPU", 0))
        if cpus < 2:  # joblib would make everything here
            raise RunError(f"the Ray cluster at {self.address} has {cpus} CPUs: expected 2 or more")
        return cpus


CLUSTERS = MappingProxyType({"dask": _dask, "ray": _ray})
"""A name for ``--backend`` to what connects to the cluster at an address."""

_PACKAGES = MappingProxyType({"dask": "distributed", "ray": "ray"})
_EXAMPLES = MappingProxyType({"dask": "tcp://host:8786", "ray": "host:6379"})


def until_made(
    together: Callable[[ShardJob, Sequence[int]], Generator[MadeShard, None, None]],
    died: tuple[type[Exception], ...],
    job: ShardJob,
    shards: Sequence[int],
) -> Generator[MadeShard, None, None]:
    """Make shards; when workers are lost, those that did not come back are asked for again: what is committed returns at once.

    Parameters
    ----------
    together : callable
        Has shards made, whose results come back in any order.
    died : tuple of exception types
        What it raises when workers are lost.
    job : ShardJob
        What is made.
    shards : sequence of int
        Their numbers.

    Raises
    ------
    RunError
        If that happens a few times and no shard comes back in between.
    """
    left, tries = dict.fromkeys(shards), 0
    while left:
        try:
            with contextlib.closing(together(job, list(left))) as made:
                for shard in made:
                    del left[shard.shard]
                    tries = 0
                    yield shard
        except died as error:
            tries += 1
            if tries == _TRIES:
                lost = f"{tries} times workers were lost and no shard came back"
                raise RunError(f"{lost}; {len(left)} are missing, the first is {min(left)}: {_first_line(error)}") from error
            _log.warning("workers were lost (%s); their shards are made again", type(error).__name__)


def _make(job: bytes, shard: int) -> MadeShard:
    """The task."""
    with _ONE_AT_A_TIME:
        # Dask's nanny marks its workers as processes that may have no children, since they could outlive it. Ours cannot.
        multiprocessing.current_process().daemon = False
        made: MadeShard = make_shard(pickle.loads(job), shard)
        return made


def _look(told: bytes) -> dict[str, Json]:
    """What a worker is and sees."""
    job: ShardJob = pickle.loads(told)
    job.destination.check_wanted()
    return {"natocc": __version__, "versions": versions()}


def _check_found(found: Mapping[str, Any]) -> None:
    """Compare what workers answered, by their addresses, with what is here."""
    here = {"natocc": __version__, "versions": versions()}
    for worker, answer in sorted(found.items()):
        if isinstance(answer, RunError):
            raise RunError(
                f"worker {worker}: {_first_line(answer)}: expected the same folders at the same paths on every machine"
            )
        if isinstance(answer, BaseException):
            raise RunError(f"worker {worker} cannot run natocc {__version__}: {_first_line(answer)}")
        lines = differences(here, answer)
        if lines:
            raise RunError(f"worker {worker} has other versions (here -> there), which would make other bytes:", *lines)


def _check_answers(backend: str, address: str) -> None:
    """Refuse an address at which nobody listens, before a client waits for it."""
    parts = urllib.parse.urlsplit(address if "://" in address else f"//{address}")
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or port is None:
        raise UsageError(f"--address {address} names no host and port: expected one such as {_EXAMPLES[backend]}")
    try:
        socket.create_connection((host, port), timeout=_SECONDS).close()
    except OSError as error:
        raise RunError(f"nobody answers at {address} ({error.strerror or error}): is the scheduler running?") from error


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
