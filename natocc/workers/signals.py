"""Stopping on a signal: it becomes an exception, and no worker outlives the run."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType

from natocc.core.errors import Interrupted

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PR_SET_PDEATHSIG = 1


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """Within the block the first SIGINT, SIGTERM or SIGHUP raises :class:`natocc.core.errors.Interrupted` in the main thread.

    Those that follow are ignored, so that impatience does not cut short the tidying up. A signal that was ignored before (under
    ``nohup``) stays ignored. Outside the main thread nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN}
    stopped = False

    def stop(number: int, _: FrameType | None) -> None:
        nonlocal stopped
        stopped = True
        for handled in before:
            signal.signal(handled, signal.SIG_IGN)
        raise Interrupted(number)

    for number in before:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_IGN if stopped else handler)


def end_children() -> None:
    """Kill the worker processes of this process that are left, whoever started them."""
    if "multiprocessing" in sys.modules:
        import multiprocessing

        for child in multiprocessing.active_children():
            if child.pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child.pid, signal.SIGKILL)


def obey(parent: int) -> None:
    """Make this worker ignore signals, which its parent handles, and end when the parent does, even by SIGKILL.

    Parameters
    ----------
    parent : int
        Process id of the parent.
    """
    for number in (signal.SIGINT, signal.SIGHUP):  # a terminal sends them to all; the parent ends its workers itself
        signal.signal(number, signal.SIG_IGN)
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))
    else:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    if os.getppid() != parent:  # it ended before we asked
        os._exit(1)


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)
