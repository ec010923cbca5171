"""How a long command tells how far it is."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Is told what a build does, how many samples are done, and of how many (None: unknown)."""

    def __call__(self, doing: str, done: int, total: int | None) -> None: ...
