"""How a long command reports its progress."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Protocol


class Progress(Protocol):
    """Called with what is being done, how many samples or pictures are done, and of how many (None: unknown)."""

    def __call__(self, doing: str, done: int, total: int | None) -> None: ...


_current: ContextVar[Progress | None] = ContextVar("natocc-progress", default=None)


@contextlib.contextmanager
def progress_to(progress: Progress) -> Iterator[None]:
    """Within the block :func:`report_progress` calls `progress`: sources are opened through an interface without progress."""
    token = _current.set(progress)
    try:
        yield
    finally:
        _current.reset(token)


def report_progress(doing: str, done: int, total: int | None) -> None:
    """Report the progress of what a source does while it is opened; see :class:`Progress`."""
    progress = _current.get()
    if progress is not None:
        progress(doing, done, total)
