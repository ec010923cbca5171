"""A worker that does not even end itself: stopped by a signal, or on a file system that does not answer."""

from __future__ import annotations

import concurrent.futures
import contextlib
import multiprocessing
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

SILENCE = 600.0
"""Seconds for which nothing may be begun or done: a worker opens what it works on, and describes what it has made."""

STOPPED = 20.0
"""Seconds for which a worker may be stopped by a signal while this process is not; seen on Linux."""

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
        self._stopped: dict[int, float] = {}
        """By process: since when it was seen stopped."""
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
        self._stopped = {pid: self._stopped.get(pid, self._clock) for pid in stopped_workers()}
        if any(self._clock - since > STOPPED for since in self._stopped.values()):
            raise WorkerStuckError
        if self._clock - self._moved > SILENCE + self._patience:  # at no item, as while it starts
            raise WorkerStuckError
        self._seen, self._look_at = seen, time.monotonic() + self._every


def stopped_workers() -> Iterator[int]:
    """Process ids of this process's workers that a signal has stopped."""
    for child in multiprocessing.active_children():
        with contextlib.suppress(OSError):  # it has ended, or this is not Linux
            state = Path(f"/proc/{child.pid}/stat").read_bytes().rpartition(b") ")[2][:1]
            if state == b"T" and child.pid is not None:
                yield child.pid
