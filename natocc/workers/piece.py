"""A piece of work, as a worker gets it: it notes which item it is at, and is ended when an item takes too long."""

from __future__ import annotations

import dataclasses
import faulthandler
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import cv2

from natocc.core.errors import Reason
from natocc.io.atomic import disk_errors

Item = TypeVar("Item")
Result = TypeVar("Result")
_Item = TypeVar("_Item")
_Result_co = TypeVar("_Result_co", covariant=True)


@dataclasses.dataclass(frozen=True)
class Lost:
    """Why an item is left out.

    Parameters
    ----------
    reason : Reason
        ``worker-died`` or ``timed-out``.
    detail : str
        For a person.
    """

    reason: Reason
    detail: str


@dataclasses.dataclass(frozen=True)
class Piece(Generic[Item]):
    """Items, and what became of those that are lost.

    Iterate over all of it, once: each item is watched while it is the current one.

    Parameters
    ----------
    items : sequence
        What to work on.
    lost : mapping of int to Lost
        Those that must not be touched, by their position.
    trial : bool
        Whether this is one item alone, tried after a worker died: its result is thrown away, but what it leaves on disk stays.
    again : bool
        Whether a worker has died at this piece before, and some of it may be on disk.
    watch : callable, optional
        Gives the context in which the item at a position is worked on.
    """

    items: Sequence[Item]
    lost: Mapping[int, Lost] = dataclasses.field(default_factory=dict)
    trial: bool = False
    again: bool = False
    watch: Callable[[int], Iterator[None]] | None = None

    def __iter__(self) -> Iterator[tuple[Item, Lost | None]]:
        for position, item in enumerate(self.items):
            lost = self.lost.get(position)
            if lost is not None or self.watch is None:
                yield item, lost
                continue
            for _ in self.watch(position):
                yield item, None


class Work(Protocol[_Item, _Result_co]):
    """What a worker does with a piece; can be pickled."""

    def __call__(self, piece: Piece[_Item], /) -> _Result_co: ...


@dataclasses.dataclass(frozen=True)
class Order(Generic[Item, Result]):
    """A piece on its way to a worker.

    Parameters
    ----------
    work : Work
        What to do.
    piece : Piece
        With what.
    number : int
        Of the piece.
    notes : Path
        Folder with a file for each item that is being worked on; a worker that hangs leaves its traceback in it.
    limit : float
        Seconds that one item may take before the process is ended.
    """

    work: Work[Item, Result]
    piece: Piece[Item]
    number: int
    notes: Path
    limit: float

    def watched(self, position: int) -> Iterator[None]:
        """Note that an item is being worked on. A watchdog of the interpreter's own ends the process when it takes too long.

        It does so even while native code holds the interpreter, and writes the process's traceback into the item's file.
        """
        path = self.notes / f"{self.number}-{position}"
        with disk_errors(path):
            file = path.open("wb")
        with file:
            faulthandler.dump_traceback_later(self.limit, exit=True, file=file)
            try:
                yield
            finally:
                faulthandler.cancel_dump_traceback_later()
        with disk_errors(path):  # not where the item raised: its note is of use until the piece is done
            path.unlink(missing_ok=True)


def carry_out(order: Order[Item, Result]) -> Result:
    """Do what is ordered, in a process that does nothing else.

    Raises
    ------
    Exception
        What the work raises.
    """
    cv2.setNumThreads(1)  # each worker has a core of its own
    try:
        return order.work(dataclasses.replace(order.piece, watch=order.watched))
    except (MemoryError, cv2.error) as error:
        if isinstance(error, cv2.error) and error.code != cv2.Error.STS_NO_MEM:
            raise
        os._exit(1)  # no bug: as if the system had killed us for our memory, so that it is tried again alone
