"""What a build made, in a few lines for the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from natocc.core.text import plain
from natocc.dataset.shard_ranges import show_ranges

if TYPE_CHECKING:
    from natocc.builder.run import Totals


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
    from natocc.dataset.open import open_dataset

    opened = open_dataset(out)
    samples, shards = opened.description.sample_count, opened.description.shards
    if samples is None or shards is None:
        return plain(f"  {out} is complete")
    last = opened.layout.shard_of(samples - 1)
    if set(range(last + 1)) <= set(shards):
        return plain(f"  all {last + 1} shards are there: natocc merge {out} finishes the dataset")
    held = show_ranges(shards)
    return plain(f"  a part: shards {held} of 0-{last}; natocc merge OUT {out} ... joins it with the others")


def show_expected(estimate: Mapping[str, Any], out: str) -> str:
    """What would be made: text of a line a set and a line in all."""
    lines = [f"{out}: {estimate['faces']} faces of {estimate['source']}"]
    lines += [f"  {each['name']}: {each['samples']} samples, {each['method']}, {each['occluders']}" for each in estimate["sets"]]
    megabytes = estimate["bytes"] / 1e6
    lines.append(f"  in all: {estimate['samples']} samples in {estimate['shards']} shards, about {megabytes:.1f} MB")
    return "\n".join(plain(line) for line in lines)
