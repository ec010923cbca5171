"""How a build shows what it does: a bar with rate and time left on a terminal, plain lines elsewhere, totals at the end."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from natocc.core.progress import Progress

_SECONDS_BETWEEN_LINES = 5.0


@contextlib.contextmanager
def progress_bar() -> Iterator[Progress]:
    """Callable that a build calls with its state: what it is doing, how many samples are done, of how many."""
    if not sys.stderr.isatty():
        yield _Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("starting", total=None, rate="")
        begin, before, last = time.monotonic(), 0, ""

        def show(doing: str, done: int, total: int | None) -> None:
            nonlocal begin, before, last
            if doing != last:
                begin, before, last = time.monotonic(), done, doing
            rate = f"{(done - before) / max(time.monotonic() - begin, 1e-9):.1f}/s" if done > before else ""
            bar.update(task, description=doing, completed=done, total=total, rate=rate)

        yield show


class _Lines:
    """A line when the work changes, and one every few seconds while it goes on."""

    def __init__(self) -> None:
        self._doing, self._before = "", 0
        self._last = self._begin = time.monotonic()

    def __call__(self, doing: str, done: int, total: int | None) -> None:
        now = time.monotonic()
        if doing != self._doing:
            self._doing, self._before, self._last, self._begin = doing, done, now, now
            click.echo(f"{doing}: {total}" if total else doing, err=True)
        elif done > self._before and now - self._last >= _SECONDS_BETWEEN_LINES:
            self._last = now
            rate = (done - self._before) / max(now - self._begin, 1e-9)
            left = f", {((total or done) - done) / rate:.0f} s left" if total else ""
            click.echo(f"{doing}: {done} of {total}, {rate:.1f}/s{left}", err=True)
