"""One run at a time may write to a folder, and one worker at a time commits a shard."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path

from natocc.core.errors import UsageError
from natocc.dataset.layout import LOCK, LOCKS, Layout
from natocc.io.atomic import disk_errors
from natocc.io.lock_file import open_lock


class BusyError(UsageError):
    """Another run is writing to the folder."""


@contextlib.contextmanager
def locked(root: Path) -> Iterator[None]:
    """Hold the folder's lock.

    The kernel lets go of it when the process ends, however that ends: a lock file that was left behind locks nothing. Where the
    file system has no locks, a warning says so.

    Parameters
    ----------
    root : Path
        The dataset's folder; it exists.

    Raises
    ------
    BusyError
        At once, if another process holds it.
    RunError
        If the lock file cannot be made.
    """
    with _held(root / LOCK, fcntl.LOCK_EX | fcntl.LOCK_NB):
        yield


@contextlib.contextmanager
def shared(root: Path) -> Iterator[None]:
    """Hold the folder's lock together with others that hold it so; see :func:`locked`.

    Raises
    ------
    BusyError
        After a few seconds, if somebody has the folder alone.
    RunError
        If the lock file cannot be made.
    """
    with _held(root / LOCK, fcntl.LOCK_SH | fcntl.LOCK_NB, patience=10.0):
        yield


def shard_lock(layout: Layout, shard: int) -> contextlib.AbstractContextManager[None]:
    """Hold the lock of one shard, waiting for it; see :func:`step_lock`."""
    return step_lock(layout, f"{shard:05d}")


@contextlib.contextmanager
def step_lock(layout: Layout, name: str) -> Iterator[None]:
    """Hold the lock of one short step of those who share a folder, waiting for it; see :func:`locked`.

    Raises
    ------
    RunError
        If the lock file cannot be made.
    """
    path = layout.staging / LOCKS / name
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with _held(path, fcntl.LOCK_EX):
        yield


@contextlib.contextmanager
def _held(path: Path, how: int, patience: float = 0.0) -> Iterator[None]:
    with disk_errors(path):
        descriptor = _acquire(path, how, time.monotonic() + patience)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # while it is held, so that nobody waits for a file that is gone
            if how & fcntl.LOCK_SH:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # fails unless we are the last
            path.unlink()
        os.close(descriptor)


def _acquire(path: Path, how: int, until: float) -> int:
    while True:
        descriptor = open_lock(path)
        try:
            fcntl.flock(descriptor, how)
        except BlockingIOError:
            os.close(descriptor)
            if time.monotonic() < until:
                time.sleep(0.05)
                continue
            raise BusyError(f"another run is writing to {path.parent}: wait until it is done, or stop it") from None
        except OSError as error:
            logging.getLogger("natocc").warning(
                "no lock on %s (%s): make sure yourself that no other run writes there", path.parent, error.strerror
            )
            return descriptor
        except BaseException:  # a signal, while it waited
            os.close(descriptor)
            raise
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        os.close(descriptor)  # the run before us deleted it between our two steps; a new file is needed
