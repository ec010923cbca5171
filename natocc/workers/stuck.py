"""A worker that does not even end itself: stopped by a signal, or on a file system that does not answer."""

from __future__ import annotations

import concurrent.futures
import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

_Futures = Iterable[concurrent.futures.Future[Any]]


class WorkerStuckError(Exception):
    """A worker is at one item for longer than it should live; never leaves the crew."""


class Stuck:
    """Looks at notes of what is being worked on, from outside.

    Parameters
    ----------
    notes : Path
        Folder with a file for each item.
    limit : float
        Seconds after which a worker ends itself; it is given a little longer.
    """

    def __init__(self, notes: Path, limit: float) -> None:
        self._notes, self._patience = notes, 1.1 * limit + 5
        self._every = max(0.5, min(10.0, limit / 4))
        self._seen: dict[tuple[str, int], float] = {}
        self._last, self._clock = time.monotonic(), 0.0  # which stands still while this process does

    @contextlib.contextmanager
    def watched(self) -> Iterator[Callable[[_Futures], set[concurrent.futures.Future[Any]]]]:
        """Gives what waits until one of some futures is done; it raises :class:`WorkerStuckError`."""
        look_at = time.monotonic() + self._every

        def wait(running: _Futures) -> set[concurrent.futures.Future[Any]]:
            nonlocal look_at
            while True:
                left = max(0.0, look_at - time.monotonic())
                done, _ = concurrent.futures.wait(running, left, concurrent.futures.FIRST_COMPLETED)
                if not left:
                    self._look()
                    look_at = time.monotonic() + self._every
                if done:
                    return done

        yield wait

    def _look(self) -> None:
        now, seen = time.monotonic(), dict[tuple[str, int], float]()
        self._clock, self._last = self._clock + min(now - self._last, 2 * self._every), now
        for path in self._notes.iterdir():
            with contextlib.suppress(FileNotFoundError):
                note = path.name, path.stat().st_mtime_ns
                seen[note] = self._seen.get(note, self._clock)
                if self._clock - seen[note] > self._patience:
                    path.write_text("somewhere: it did not end itself")
                    raise WorkerStuckError
        self._seen = seen
