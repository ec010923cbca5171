"""What a build made, in a few lines for the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from natocc.core.rejections import MOST, commonest, explained
from natocc.core.text import counted, plain
from natocc.dataset.shard_ranges import show_ranges

if TYPE_CHECKING:
    from natocc.builder.run import Totals
    from natocc.pipeline.dry_run import Expected

_LONG = 1.0  # seconds of opening sources that are worth a word


def show_totals(totals: Totals, out: str, examples: bool = True) -> str:
    """What was made, rejected by reason with an example of the commonest, seconds and samples a second: text of a few lines."""
    now = totals.made + sum(totals.rejected.values()) - totals.kept
    if now:
        making = totals.seconds - totals.preparing
        existed = f", {totals.kept} existed" if totals.kept else ""
        before = f", after {totals.preparing:.1f} s of opening and extracting" if totals.preparing >= _LONG else ""
        rate = f"{now / max(making, 1e-9):.1f}/s"
        lines = [f"{out}: {counted(totals.made, 'sample')} in {making:.1f} s ({rate}{existed}){before}"]
    else:
        lines = [f"{out}: already complete, {counted(totals.made, 'sample')}"]
    lines += show_rejected(totals.rejected, totals.examples if examples else {})
    return "\n".join(plain(line) for line in lines)


def show_rejected(counts: Mapping[str, int], examples: Mapping[str, str]) -> list[str]:
    """A line for each reason, the commonest first and with an example."""
    lines = []
    for number, item in enumerate(commonest(counts, examples)):
        such_as = f", such as {item.example}" if item.example and number < MOST else ""
        lines.append(f"  rejected: {item.count} {item.reason}{such_as}")
    return lines


def show_failure(totals: Totals, allowed: float, where: str) -> str:
    """Why a build failed: more was rejected than allowed. The commonest reasons, each with what helps; text of a few lines.

    Parameters
    ----------
    totals : Totals
        Of the build.
    allowed : float
        The share that may be rejected.
    where : str
        Which file has every rejected sample.
    """
    share = f"{totals.rejected_share:.1%} of the samples were rejected"
    first = f"{share}, more than the {allowed:.1%} that output.max_rejected allows; {where} has each of them:"
    return "\n".join(plain(f"natocc: {line}") for line in (first, *explained(totals.rejected, totals.examples)))


def show_part(out: Path) -> str:
    """What a part's folder holds, and how to go on: one line."""
    from natocc.dataset.open import open_dataset

    opened = open_dataset(out)
    samples, shards = opened.description.sample_count, opened.description.shards
    if samples is None or shards is None:
        return plain(f"  {out} is complete")
    last = opened.layout.shard_of(samples - 1)
    if set(range(last + 1)) <= set(shards):
        return plain(f"  all {last + 1} shards exist: natocc merge {out} finishes the dataset")
    held = show_ranges(shards)
    return plain(f"  a part: shards {held} of 0-{last}; natocc merge OUT {out} ... joins it with the others")


def show_expected(expected: Expected, out: str) -> str:
    """What would be made: text of a line a set and a line in all."""
    lines = [f"{out}: {counted(expected.faces, 'face')} of {expected.source}"]
    for a_set in expected.sets:
        how = f"{a_set.method}, {a_set.occluders}" if a_set.occluders else "nothing laid on the faces"
        lines.append(f"  {a_set.name}: {counted(a_set.samples, 'sample')}, {how}")
    size = f"{counted(expected.samples, 'sample')} in {counted(expected.shards, 'shard')}, about {expected.bytes / 1e6:.1f} MB"
    lines.append(f"  in all: {size}")
    return "\n".join(plain(line) for line in lines)
