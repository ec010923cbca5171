"""The one crew for all that starts processes: one of them may die or hang at the cost of its item alone."""

from __future__ import annotations

import collections
import concurrent.futures
import contextlib
import dataclasses
import logging
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Generic, NamedTuple

from joblib.externals.loky import ProcessPoolExecutor
from joblib.externals.loky.process_executor import TerminatedWorkerError

from natocc.core.errors import Reason, RunError
from natocc.core.text import plain
from natocc.io.atomic import disk_errors
from natocc.workers.piece import Item, Lost, Order, Piece, Result, Work, carry_out
from natocc.workers.pool import cannot_start, tracked, worker_pool
from natocc.workers.stuck import Stuck, WorkerStuckError

_TRIES = {Reason.WORKER_DIED: 3, Reason.TIMED_OUT: 2}
_MOST_IDLE_DEATHS = 5

TIME_LIMIT = 120.0
"""Seconds that an item may take unless a command says otherwise."""

_log = logging.getLogger("natocc")
_Place = tuple[int, int]
"""An item: number of its piece, and its position there."""


class Done(NamedTuple, Generic[Item, Result]):
    """A piece that is done: its number in the order of all, its items, and what came of it."""

    number: int
    items: Sequence[Item]
    result: Result


@dataclasses.dataclass(frozen=True)
class Crew(Generic[Item, Result]):
    """Processes that work on items, some at a time.

    When one dies, all are replaced, and each item that was being worked on is tried again alone: the culprit is found, and after
    a few tries it is lost. Its piece is then done again, which must do no harm: what is on disk already may be left.

    Parameters
    ----------
    work : Work
        What a process does with a piece.
    jobs : int
        How many processes.
    shown : callable
        How messages name an item.
    limit : float
        Seconds that an item may take.
    notes : Path, optional
        Folder for notes of what is being worked on; a temporary one unless given.
    isolated : bool
        Whether one job is a process as well. Otherwise it is done here: without a time limit, and a crash ends it all.
    """

    work: Work[Item, Result]
    jobs: int
    shown: Callable[[Item], str]
    limit: float = TIME_LIMIT
    notes: Path | None = None
    isolated: bool = False

    def run(self, pieces: Iterable[Sequence[Item]]) -> Generator[Done[Item, Result], None, None]:
        """Have pieces done; they come back in any order.

        Raises
        ------
        RunError
            If no process can be started, writing fails, or workers die before they begin anything.
        Exception
            What a worker raised: a bug.
        """
        if self.jobs == 1 and not self.isolated:
            for number, items in enumerate(pieces):
                yield Done(number, items, self.work(Piece(items)))
            return
        with _folder(self.notes) as notes:
            yield from _Shift(self, notes).run(enumerate(pieces))


class _Shift(Generic[Item, Result]):
    """A run of a crew."""

    def __init__(self, crew: Crew[Item, Result], notes: Path) -> None:
        self._crew, self._notes = crew, notes
        self._lost = dict[int, dict[int, Lost]]()
        """By piece at which a worker died, and position."""
        self._moved = False
        self._cost = Counter[tuple[_Place, Reason]]()

    def run(self, source: Iterator[tuple[int, Sequence[Item]]]) -> Generator[Done[Item, Result], None, None]:
        again, idle = collections.deque[tuple[int, Sequence[Item]]](), _Idle()
        while unfinished := (yield from self._together(source, again)):
            suspects = self._suspects(unfinished)
            idle.died(bool(suspects) or self._moved)
            self._moved = False
            late = [place for place, reason in suspects.items() if reason is Reason.TIMED_OUT]
            self._cost.update((place, Reason.TIMED_OUT) for place in late)
            for number in unfinished:
                self._lost.setdefault(number, {})
            self._alone({place: unfinished[place[0]][place[1]] for place in late or suspects})
            again.extend(unfinished.items())

    def _together(
        self, source: Iterator[tuple[int, Sequence[Item]]], again: collections.deque[tuple[int, Sequence[Item]]]
    ) -> Generator[Done[Item, Result], None, dict[int, Sequence[Item]]]:
        """Have pieces done until all are, or a worker dies; return those that were given out and not finished."""
        running: dict[concurrent.futures.Future[Result], int] = {}
        taken: dict[int, Sequence[Item]] = {}
        try:
            with worker_pool(self._crew.jobs) as pool:
                stuck = Stuck(self._notes, self._crew.limit)
                while True:
                    while len(running) < 2 * self._crew.jobs:
                        numbered = again.popleft() if again else next(source, None)
                        if numbered is None:
                            break
                        number, items = numbered
                        taken[number] = items
                        piece = Piece(items, self._lost.get(number, {}), again=number in self._lost)
                        running[self._submit(pool, number, piece)] = number
                    if not running:
                        return {}
                    for future in stuck.wait(running):
                        result = future.result()
                        number = running.pop(future)
                        self._lost.pop(number, None)
                        self._moved = True
                        yield Done(number, taken.pop(number), result)
        except (TerminatedWorkerError, WorkerStuckError):
            return taken

    def _alone(self, items: Mapping[_Place, Item]) -> None:
        """Try items, each while nothing else is worked on; one that has cost too many workers is lost."""
        left, idle = collections.deque(items.items()), _Idle()
        while left:
            try:
                with worker_pool(1) as pool:
                    stuck = Stuck(self._notes, self._crew.limit)
                    while left:
                        (number, position), item = left[0]
                        if not self._is_lost((number, position), item):
                            running = {self._submit(pool, number, Piece([item], trial=True)): item}
                            for future in stuck.wait(running):
                                future.result()
                        left.popleft()
            except (TerminatedWorkerError, WorkerStuckError):
                (number, position), item = left[0]
                suspects = self._suspects({number: [item]})
                self._cost.update(((number, position), reason) for reason in suspects.values())
                idle.died(bool(suspects))

    def _is_lost(self, place: _Place, item: Item) -> bool:
        """Whether an item has had all its tries, and is now lost."""
        for reason, most in _TRIES.items():
            if self._cost[place, reason] >= most:
                died = f"its worker ended, {most} times when nothing else was made"
                detail = died if reason is Reason.WORKER_DIED else f"took more than {self._crew.limit:g} s, {most} times"
                _log.warning("%s is left out: %s", plain(self._crew.shown(item)), detail)
                self._lost[place[0]][place[1]] = Lost(reason, detail)
                return True
        return False

    def _submit(self, pool: ProcessPoolExecutor, number: int, piece: Piece[Item]) -> concurrent.futures.Future[Result]:
        order = Order(self._crew.work, piece, number, self._notes, self._crew.limit)
        try:
            future: concurrent.futures.Future[Result] = pool.submit(carry_out, order)
        except OSError as error:
            raise cannot_start(self._crew.jobs, error) from error
        return future

    def _suspects(self, unfinished: Mapping[int, Sequence[Item]]) -> dict[_Place, Reason]:
        """The items that dead workers were at, and whether they died or hung; forgets them."""
        suspects: dict[_Place, Reason] = {}
        with disk_errors(self._notes):
            for path in sorted(self._notes.iterdir()):
                number, position = map(int, path.name.split("-"))
                told = path.read_text(errors="replace").rstrip()
                path.unlink()
                if number in unfinished:
                    suspects[number, position] = Reason.TIMED_OUT if told else Reason.WORKER_DIED
                    if told:
                        name = plain(self._crew.shown(unfinished[number][position]))
                        _log.warning("%s took more than %g s; its worker was at\n%s", name, self._crew.limit, told)
        names = [plain(self._crew.shown(unfinished[number][position])) for number, position in sorted(suspects)]
        if names:
            _log.warning("a worker process died at one of these: %s", ", ".join(names))
        else:
            _log.warning("a worker process died before it began anything")
        return suspects


class _Idle:
    """Counts workers that die one after another before they begin anything: it is not the items then."""

    def __init__(self) -> None:
        self._deaths = 0

    def died(self, usefully: bool) -> None:
        self._deaths = 0 if usefully else self._deaths + 1
        if self._deaths == _MOST_IDLE_DEATHS:
            raise RunError(
                f"worker processes died {self._deaths} times before they began anything: is there too little memory, or a limit?"
            )


@contextlib.contextmanager
def _folder(notes: Path | None) -> Iterator[Path]:
    """An empty folder that is gone after the block."""
    if notes is None:
        try:
            scratch = tempfile.TemporaryDirectory(prefix="natocc-", ignore_cleanup_errors=True)
        except OSError as error:
            raise RunError(f"no temporary folder ({error.strerror or error}): name one with TMPDIR") from error
        with scratch as name, tracked(name):
            yield Path(name)
        return
    shutil.rmtree(notes, ignore_errors=True)
    with disk_errors(notes):
        notes.mkdir(parents=True)
    try:
        yield notes
    finally:
        shutil.rmtree(notes, ignore_errors=True)


def in_order(done: Iterable[Done[Item, Result]]) -> Generator[Result, None, None]:
    """Results of pieces in the order of these."""
    waiting: dict[int, Result] = {}
    following = 0
    for each in done:
        waiting[each.number] = each.result
        while following in waiting:
            yield waiting.pop(following)
            following += 1
