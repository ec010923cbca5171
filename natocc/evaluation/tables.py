"""Measures as text: for a terminal, and as Markdown."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from natocc.evaluation.evaluate import Evaluation
from natocc.evaluation.measures import MEASURES, Estimate

COLUMNS = ("miou", "face_iou", "precision", "recall", "leak", "boundary_iou")
"""Measures of a table, in its order."""

NOTHING = "-"

_FEWEST = 2
"""Pictures of a group that a table shows: one alone has no interval."""


def evaluation_table(evaluation: Evaluation) -> str:
    """A row for all pictures and one for each group, in percent, the half width of the 95 % interval behind each number."""
    rows = [["", "pictures", *(MEASURES[name] for name in COLUMNS)]]
    rows.append(["all", str(len(evaluation.names)), *_cells(evaluation.overall())])
    for by, groups in evaluation.by_group().items():
        rows.append([f"by {by}:", *[""] * (len(COLUMNS) + 1)])
        shown = {name: group for name, group in groups.items() if group[0] >= _FEWEST}
        rows += [[f"  {name}", str(number), *_cells(measures)] for name, (number, measures) in shown.items()]
        if len(shown) < len(groups):
            rows.append([f"  {len(groups) - len(shown)} more, of one picture each", *[""] * (len(COLUMNS) + 1)])
    return "\n".join(aligned(rows))


def aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Lines of a table: the first column to the left, numbers to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        yield "  ".join(cells).rstrip()


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """The same as a Markdown table; the first row is its head."""
    lines = [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    rule = f"|{'|'.join(['---', *['---:'] * (len(rows[0]) - 1)])}|"
    return "\n".join([lines[0], rule, *lines[1:]]) + "\n"


def percent(value: float) -> str:
    """Such as ``81.7``; a dash where there is no number.

    Examples
    --------
    >>> percent(0.8174), percent(float("nan"))
    ('81.7', '-')
    """
    return NOTHING if math.isnan(value) else f"{100 * value:.1f}"


def _cells(measures: dict[str, Estimate]) -> list[str]:
    return [_cell(measures[name]) for name in COLUMNS]


def _cell(measured: Estimate) -> str:
    if math.isnan(measured.value):
        return NOTHING
    return f"{percent(measured.value)} ±{100 * (measured.high - measured.low) / 2:.1f}"
