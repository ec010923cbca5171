"""How a build tells what it does: a bar with rate and time left on a terminal, plain lines elsewhere, totals at the end."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from natocc.plain_text import plain
from natocc.plans import Json
from natocc.shards.ranges import show_ranges

if TYPE_CHECKING:
    from natocc.runner import Progress, Totals

_SECONDS_BETWEEN_LINES = 5.0


@contextlib.contextmanager
def progress_bar() -> Iterator[Progress]:
    """Callable that a build tells its state to: what it is doing, how many samples are done, of how many."""
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
            click.echo(f"{doing}: {total} samples" if total else doing, err=True)
        elif done > self._before and now - self._last >= _SECONDS_BETWEEN_LINES:
            self._last = now
            rate = (done - self._before) / max(now - self._begin, 1e-9)
            left = f", {((total or done) - done) / rate:.0f} s left" if total else ""
            click.echo(f"{doing}: {done} of {total}, {rate:.1f}/s{left}", err=True)


def show_totals(totals: Totals, out: str) -> str:
    """What was made, rejected by reason, seconds and samples a second: text of a few lines."""
    rejected = sum(totals.rejected.values())
    now = totals.made + rejected - totals.kept
    if now:
        there = f", {totals.kept} were there" if totals.kept else ""
        lines = [f"{out}: {totals.made} samples in {totals.seconds:.1f} s ({now / max(totals.seconds, 1e-9):.1f}/s{there})"]
    else:
        lines = [f"{out}: complete, {totals.made} samples were there"]
    lines += [f"  rejected: {count} {reason}" for reason, count in sorted(totals.rejected.items())]
    return "\n".join(plain(line) for line in lines)


def show_part(out: Path) -> str:
    """What a part's folder holds, and how to go on: one line."""
    from natocc.shards.sound import describe

    description = describe(out)
    if description.part is None or description.samples is None:
        return plain(f"  {out} is complete")
    layout = description.layout(out)
    last = layout.shard_of(description.samples - 1)
    if set(range(last + 1)) <= set(description.part):
        return plain(f"  all {last + 1} shards are there: natocc merge {out} finishes the dataset")
    held = show_ranges(description.part)
    return plain(f"  a part: shards {held} of 0-{last}; natocc merge OUT {out} ... joins it with the others")


def show_expected(estimate: Mapping[str, Json], out: str) -> str:
    """What would be made: text of a line a set and a line in all."""
    lines = [f"{out}: {estimate['faces']} faces of {estimate['source']}"]
    lines += [f"  {each['name']}: {each['samples']} samples, {each['method']}, {each['occluders']}" for each in estimate["sets"]]
    megabytes = estimate["bytes"] / 1e6
    lines.append(f"  in all: {estimate['samples']} samples in {estimate['shards']} shards, about {megabytes:.1f} MB")
    return "\n".join(plain(line) for line in lines)
