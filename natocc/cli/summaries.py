"""What a build made, in a few lines for the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from natocc.core.text import counted, plain
from natocc.dataset.shard_ranges import show_ranges

if TYPE_CHECKING:
    from natocc.builder.run import Totals
    from natocc.pipeline.dry_run import Expected


def show_totals(totals: Totals, out: str) -> str:
    """What was made, rejected by reason, seconds and samples a second: text of a few lines."""
    rejected = sum(totals.rejected.values())
    now = totals.made + rejected - totals.kept
    if now:
        existed = f", {totals.kept} existed" if totals.kept else ""
        rate = f"{now / max(totals.seconds, 1e-9):.1f}/s"
        lines = [f"{out}: {counted(totals.made, 'sample')} in {totals.seconds:.1f} s ({rate}{existed})"]
    else:
        lines = [f"{out}: already complete, {counted(totals.made, 'sample')}"]
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
        return plain(f"  all {last + 1} shards exist: natocc merge {out} finishes the dataset")
    held = show_ranges(shards)
    return plain(f"  a part: shards {held} of 0-{last}; natocc merge OUT {out} ... joins it with the others")


def show_expected(expected: Expected, out: str) -> str:
    """What would be made: text of a line a set and a line in all."""
    lines = [f"{out}: {counted(expected.faces, 'face')} of {expected.source}"]
    lines += [f"  {a_set.name}: {counted(a_set.samples, 'sample')}, {a_set.method}, {a_set.occluders}" for a_set in expected.sets]
    size = f"{counted(expected.samples, 'sample')} in {counted(expected.shards, 'shard')}, about {expected.bytes / 1e6:.1f} MB"
    lines.append(f"  in all: {size}")
    return "\n".join(plain(line) for line in lines)
