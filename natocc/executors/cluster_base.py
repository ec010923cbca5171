"""Workers on other machines: Dask or Ray, through joblib's backends. A task is a shard, which its worker commits itself."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import pickle
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any, Protocol

from natocc.core.errors import RunError
from natocc.core.plans import Json
from natocc.core.versions import __version__, versions
from natocc.dataset.records import MadeShard
from natocc.executors.shard_worker import ShardJob, make_shard
from natocc.pipeline.fingerprint import differences

ANSWER_SECONDS = 10
"""How long a scheduler, and its first worker, may take to answer."""

_TRIES = 3
"""How often workers may be lost in a row while no shard comes back."""

SHARDS_A_ROUND = 8
"""Shards per worker in one round, where a backend returns all results of a round at once."""

_ONE_AT_A_TIME = threading.Lock()
"""Held by the task of this process: it has processes of its own, which it ends when one of them dies."""

log = logging.getLogger("natocc")


class Cluster(Protocol):
    """Workers that are connected."""

    def check(self, job: ShardJob) -> None:
        """Look whether all workers have the same versions and see the dataset's folder.

        Raises
        ------
        RunError
            If one does not; it is named.
        """

    def processors(self) -> tuple[str, ...]:
        """Those of its workers, see :func:`natocc.io.processor.processor`; of a worker that cannot say it none."""

    def run(self, job: ShardJob, shards: Sequence[int]) -> Generator[MadeShard, None, None]:
        """Make shards; each comes back when it is committed, in any order.

        Raises
        ------
        RunError
            If workers are lost again and again, or writing fails.
        Exception
            What a worker raised: a bug.
        """


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
                raise RunError(f"{lost}; {len(left)} are missing, the first is {min(left)}: {first_line(error)}") from error
            log.warning("workers were lost (%s); their shards are made again", type(error).__name__)


def make_pickled(job: bytes, shard: int) -> MadeShard:
    """The task."""
    with _ONE_AT_A_TIME:
        # Dask's nanny marks its workers as processes that may have no children, since they could outlive it. Ours cannot.
        multiprocessing.current_process().daemon = False
        made: MadeShard = make_shard(pickle.loads(job), shard)
        return made


def look_around(payload: bytes) -> dict[str, Json]:
    """Versions of a worker, which must see the dataset's folder."""
    job: ShardJob = pickle.loads(payload)
    job.destination.check_wanted()
    return {"natocc": __version__, "versions": versions()}


def check_answers(answers: Mapping[str, Any]) -> None:
    """Compare what workers answered, by their addresses, with what is here."""
    here: dict[str, Json] = {"natocc": __version__, "versions": versions()}
    for worker, answer in sorted(answers.items()):
        if isinstance(answer, RunError):
            raise RunError(f"worker {worker}: {first_line(answer)}: expected the same folders at the same paths on every machine")
        if isinstance(answer, BaseException):
            raise RunError(f"worker {worker} cannot run natocc {__version__}: {first_line(answer)}")
        lines = differences(here, answer)
        if lines:
            raise RunError(f"worker {worker} has other versions (here -> worker), which would make other bytes:", *lines)


def told_processors(answers: Mapping[str, Any]) -> tuple[str, ...]:
    """The processors that workers answered, each once; why a worker has answered something else, the check will say."""
    return tuple(sorted({answer for answer in answers.values() if isinstance(answer, str)}))


def first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
