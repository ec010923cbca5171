"""Numbers of shards as people write them: ``7``, ``0-9,20``."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable

from natocc.core.errors import UsageError
from natocc.dataset.layout import MOST_SHARDS

_RANGE = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")


def parse_ranges(text: str) -> tuple[int, ...]:
    """Numbers, ascending, each once.

    Raises
    ------
    UsageError
        If `text` is something else than numbers and ranges with commas between them, or names more shards than a dataset has.

    Examples
    --------
    >>> parse_ranges("7,0-2,1")
    (0, 1, 2, 7)
    """
    runs = []
    for part in text.split(","):
        match = _RANGE.fullmatch(part.strip())
        if match is None:
            raise UsageError(f"expected shards such as 7 or 0-9,20, found {text!r}")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise UsageError(f"shards {part.strip()}: the last comes before the first")
        if last >= MOST_SHARDS:
            raise UsageError(f"shards {part.strip()}: a dataset has at most {MOST_SHARDS}, counted from 0")
        runs.append((first, last))
    numbers: list[int] = []
    for first, last in sorted(runs):
        numbers += range(max(first, numbers[-1] + 1 if numbers else 0), last + 1)
    return tuple(numbers)


def show_ranges(numbers: Iterable[int]) -> str:
    """Inverse of :func:`parse_ranges`; no number gives no text.

    Examples
    --------
    >>> show_ranges([7, 0, 1, 2])
    '0-2,7'
    """
    ordered = sorted(set(numbers))
    runs = [[number for _, number in group] for _, group in itertools.groupby(enumerate(ordered), lambda pair: pair[1] - pair[0])]
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
