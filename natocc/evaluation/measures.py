"""Measures of summed counts, and how sure they are."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from natocc.core.plans import Json
from natocc.core.seeds import generator
from natocc.evaluation.counts import Counts

MEASURES: Mapping[str, str] = {
    "miou": "mIoU",
    "face_iou": "face IoU",
    "background_iou": "background IoU",
    "precision": "precision",
    "recall": "recall",
    "leak": "leak",
    "boundary_iou": "boundary IoU",
}
"""Measure to what a table calls it. ``miou``: mean IoU of background and face over all pixels of all pictures, as the paper's
Table 2 has it. ``leak``: share of the occluders' pixels that are called face. ``recall``: share of the visible face that is
called face. ``boundary_iou``: IoU of the two faces' boundaries."""

FEWER_IS_BETTER = ("leak",)

ROUNDS = 1000
LEVEL = 0.95


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A measure in [0, 1] and the interval in which it lies with 95 % confidence; NaN where there is nothing to measure."""

    value: float
    low: float
    high: float

    def to_json(self) -> dict[str, Json]:
        """Numbers, or null where there are none."""
        return {key: None if math.isnan(number) else round(number, 6) for key, number in dataclasses.asdict(self).items()}


def measure(counts: Counts) -> dict[str, npt.NDArray[np.float64]]:
    """Every measure of counts.

    Parameters
    ----------
    counts : (..., 8) int64
        Sums over the pictures that are measured together.

    Returns
    -------
    measures : dict of str to (...) float64
        By the names of :data:`MEASURES`; NaN where nothing can be measured, such as the leak without occluders. A class that
        is in neither truth nor prediction is left out of ``miou``.
    """
    both, predicted, true, neither, occluder, leaked, edge, edges = np.moveaxis(np.asarray(counts, np.float64), -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        face, background = both / (both + predicted + true), neither / (neither + predicted + true)
        present = np.isfinite([face, background])
        miou = np.where(present, [face, background], 0).sum(axis=0) / present.sum(axis=0)
        return {
            "miou": miou,
            "face_iou": face,
            "background_iou": background,
            "precision": both / (both + predicted),
            "recall": both / (both + true),
            "leak": leaked / occluder,
            "boundary_iou": edge / edges,
        }


def estimate(counts: Counts, seed: int, *key: str) -> dict[str, Estimate]:
    """Measures of pictures together, with bootstrap intervals over pictures.

    Parameters
    ----------
    counts : (N, 8) int64
        A row a picture; at least one.
    seed : int
        Of the resampling.
    *key : str
        What the pictures are, so that groups are resampled apart.
    """
    values = measure(counts.sum(axis=0))
    samples = measure(resampled_sums(counts, seed, *key))
    return {name: Estimate(float(values[name]), *interval(samples[name])) for name in MEASURES}


def resampled_sums(counts: Counts, seed: int, *key: str) -> Counts:
    """Sums over pictures drawn with replacement, (:data:`ROUNDS`, 8); equal seed, key and length draw the same pictures."""
    number = len(counts)
    times = generator(seed, "bootstrap", number, *key).multinomial(number, np.full(number, 1 / number), size=ROUNDS)
    sums: Counts = times @ counts
    return sums


def interval(samples: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Least and most of the middle 95 %; NaN where no sample has a value."""
    finite = samples[np.isfinite(samples)]
    if finite.size == 0:
        return math.nan, math.nan
    low, high = np.quantile(finite, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
