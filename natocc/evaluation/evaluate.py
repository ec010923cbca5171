"""Truth and predictions compared: measures of all pictures, and of groups of them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import numpy as np

from natocc.core.errors import BadDataError, UsageError
from natocc.core.plans import Json
from natocc.core.progress import Progress
from natocc.core.samples import Mask
from natocc.evaluation.counts import Counts, count_pixels
from natocc.evaluation.measures import LEVEL, MEASURES, ROUNDS, Estimate, estimate, measure
from natocc.evaluation.pictures import About, Pictures
from natocc.evaluation.predictions import Predictions

COVERAGES = ((0.0, 0.0), (0.0, 0.05), (0.05, 0.15), (0.15, 0.3), (0.3, 1.0))
"""Groups by share of the face that is covered: above the first number, up to the second."""


@dataclasses.dataclass(frozen=True, eq=False)
class Evaluation:
    """Counts of every picture.

    Parameters
    ----------
    names : tuple of str
        Of the pictures.
    counts : (N, 8) int64
        A row a picture, as :data:`natocc.evaluation.counts.FIELDS` name the columns.
    abouts : tuple of About
        What is said of each picture.
    seed : int
        Of the bootstrap.
    """

    names: tuple[str, ...]
    counts: Counts
    abouts: tuple[About, ...]
    seed: int = 0

    def overall(self) -> dict[str, Estimate]:
        """Every measure over all pictures."""
        return estimate(self.counts, self.seed)

    def groups(self) -> dict[str, dict[str, tuple[int, ...]]]:
        """``coverage``, ``occluder`` and ``part`` to groups to indices of pictures; where anything is said of them."""
        groups: dict[str, dict[str, list[int]]] = {"coverage": {}, "occluder": {}, "part": {}}
        for low, high in COVERAGES:
            for index, about in enumerate(self.abouts):
                if about.coverage is not None and (low < about.coverage <= high or low == high == about.coverage):
                    groups["coverage"].setdefault(_share_name(low, high), []).append(index)
        for index, about in enumerate(self.abouts):
            for kind in about.kinds:
                groups["occluder"].setdefault(kind, []).append(index)
            if about.part is not None:
                groups["part"].setdefault(about.part, []).append(index)
        for by in ("occluder", "part"):
            groups[by] = dict(sorted(groups[by].items(), key=lambda group: (-len(group[1]), group[0])))
        return {by: {name: tuple(rows) for name, rows in members.items()} for by, members in groups.items() if members}

    def by_group(self) -> dict[str, dict[str, tuple[int, dict[str, Estimate]]]]:
        """Every group's number of pictures and measures."""
        return {
            by: {
                name: (len(indices), estimate(self.counts[list(indices)], self.seed, by, name))
                for name, indices in groups.items()
            }
            for by, groups in self.groups().items()
        }

    def worst(self, number: int) -> list[int]:
        """Indices of the pictures with the least face IoU, the least first."""
        scores = np.nan_to_num(measure(self.counts)["face_iou"], nan=1.0)
        return [int(index) for index in np.argsort(scores, kind="stable")[:number]]

    def to_json(self) -> dict[str, Json]:
        """All of it as plain JSON."""
        single = measure(self.counts)
        return {
            "pictures": len(self.names),
            "interval": {"level": LEVEL, "rounds": ROUNDS, "seed": self.seed, "over": "pictures"},
            "measures": {name: value.to_json() for name, value in self.overall().items()},
            "groups": {
                by: {
                    name: {"pictures": number, "measures": {key: value.to_json() for key, value in measures.items()}}
                    for name, (number, measures) in groups.items()
                }
                for by, groups in self.by_group().items()
            },
            "each": [
                {"name": name, **{key: _number(float(single[key][index])) for key in MEASURES}}
                for index, name in enumerate(self.names)
            ],
        }


def evaluate(
    pictures: Pictures,
    predictions: Predictions,
    progress: Progress,
    seed: int = 0,
    keep: Callable[[int, Mask, Mask], None] | None = None,
) -> Evaluation:
    """Compare every picture's prediction with the truth.

    Parameters
    ----------
    pictures : Pictures
        The truth.
    predictions : Predictions
        What is measured.
    progress : Progress
        Hears of every picture.
    seed : int
        Of the bootstrap.
    keep : callable, optional
        Is given each picture's index, truth and prediction.

    Raises
    ------
    UsageError
        If a file cannot be read, a value has no class, or sizes differ: one line that names it.
    """
    names = pictures.names
    rows = []
    for index, name in enumerate(names):
        progress("evaluating", index, len(names))
        try:
            truth = pictures.labels(name)
            face = predictions.face(pictures, name)
        except BadDataError as error:
            raise UsageError(error.detail) from None
        if truth.shape != face.shape:
            sizes = [f"{plane.shape[1]} x {plane.shape[0]}" for plane in (face, truth)]
            raise UsageError(f"{name}: the prediction is {sizes[0]}, the truth {sizes[1]}; both must have one size")
        rows.append(count_pixels(truth, face))
        if keep is not None:
            keep(index, truth, face)
    progress("evaluating", len(names), len(names))
    return Evaluation(names, np.array(rows), tuple(map(pictures.about, names)), seed)


def _share_name(low: float, high: float) -> str:
    return "nothing covered" if low == high else f"{low:.0%} to {high:.0%}" if low else f"up to {high:.0%}"


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6)
