"""A worker that does not even end itself: stopped by a signal, or on a file system that does not answer."""

from __future__ import annotations

import concurrent.futures
import contextlib
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

SILENCE = 600.0
"""Seconds for which nothing may be begun or done: a worker opens what it works on, and describes what it has made."""

_Future = concurrent.futures.Future[Any]


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
        self._moved, self._look_at = 0.0, self._last + self._every

    def wait(self, running: Iterable[_Future]) -> set[_Future]:
        """Those of some futures that are done, when one is; raises :class:`WorkerStuckError`."""
        while True:
            left = max(0.0, self._look_at - time.monotonic())
            done, _ = concurrent.futures.wait(running, left, concurrent.futures.FIRST_COMPLETED)
            if done:
                self._moved = self._clock
            if not left:
                self._look()
            if done:
                return done

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
        if seen.keys() != self._seen.keys():
            self._moved = self._clock
        if self._clock - self._moved > SILENCE + self._patience:  # at no item, as while it starts
            raise WorkerStuckError
        self._seen, self._look_at = seen, time.monotonic() + self._every
