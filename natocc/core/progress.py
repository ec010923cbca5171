"""How a long command reports its progress."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called with what is being done, how many samples are done, and of how many (None: unknown)."""

    def __call__(self, doing: str, done: int, total: int | None) -> None: ...
