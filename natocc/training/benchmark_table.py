"""Results of a benchmark in the shape of the paper's Table 2: a row a training set, and its difference to the first one."""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from natocc.core.plans import Json
from natocc.evaluation.counts import Counts
from natocc.evaluation.measures import MEASURES, Estimate, interval, measure, resampled_sums
from natocc.evaluation.tables import COLUMNS, NOTHING, markdown, percent
from natocc.training.options import Benchmark


@dataclasses.dataclass(frozen=True)
class Summary:
    """A measure of one set and network on one truth.

    Parameters
    ----------
    mean, deviation : float
        Over seeds; the deviation is NaN for one seed.
    difference : Estimate
        To the first set, with a 95 % interval over pictures, both sets on the same ones; seeds are averaged, not resampled.
    """

    mean: float
    deviation: float
    difference: Estimate


@dataclasses.dataclass
class Results:
    """Counts of every picture by set, network, seed and truth."""

    options: Benchmark
    counts: dict[tuple[str, str, int, str], Counts] = dataclasses.field(default_factory=dict)
    seconds: dict[tuple[str, str, int], float] = dataclasses.field(default_factory=dict)

    def add(self, name: str, network: str, seed: int, truth: str, counts: Counts) -> None:
        """One evaluation."""
        self.counts[name, network, seed, truth] = counts

    def summary(self, name: str, network: str, truth: str, measured: str) -> Summary:
        """Of one measure over the seeds."""
        seeds = self.options.seeds
        values = [float(measure(self.counts[name, network, seed, truth].sum(axis=0))[measured]) for seed in seeds]
        first = self.options.sets[0].name
        samples = {entry: self._samples(entry, network, truth, measured) for entry in {name, first}}
        base = statistics.fmean(float(measure(self.counts[first, network, seed, truth].sum(axis=0))[measured]) for seed in seeds)
        mean = statistics.fmean(values)
        difference = Estimate(mean - base, *interval(samples[name] - samples[first]))
        return Summary(mean, statistics.stdev(values) if len(values) > 1 else math.nan, difference)

    def _samples(self, name: str, network: str, truth: str, measured: str) -> npt.NDArray[np.float64]:
        """A measure of pictures drawn again and again, averaged over seeds; equal draws for all sets and networks."""
        samples = [
            measure(resampled_sums(self.counts[name, network, seed, truth], 0, truth))[measured] for seed in self.options.seeds
        ]
        return np.asarray(np.mean(samples, axis=0))

    def to_json(self) -> list[dict[str, Json]]:
        """A row for every set, network and truth."""
        rows: list[dict[str, Json]] = []
        for network in self.options.networks:
            for entry in self.options.sets:
                for truth in self.options.truths:
                    measures = {}
                    for name in MEASURES:
                        summary = self.summary(entry.name, network.title, truth.name, name)
                        measures[name] = {
                            "mean": _number(summary.mean),
                            "deviation": _number(summary.deviation),
                            "difference": summary.difference.to_json(),
                        }
                    seconds = [self.seconds.get((entry.name, network.title, seed)) for seed in self.options.seeds]
                    row = {"set": entry.name, "network": network.title, "truth": truth.name}
                    rows.append({**row, "seconds": seconds, "measures": measures})
        return rows


def benchmark_table(results: Results) -> str:
    """Markdown: mIoU on every truth as in the paper's Table 2, then every measure for each truth."""
    truths = [truth.name for truth in results.options.truths]
    seeds = len(results.options.seeds)
    lines = [f"# {results.options.name}", ""]
    lines += [
        f"Percent, mean{' ± standard deviation' if seeds > 1 else ''} of {seeds} seed{'s' if seeds > 1 else ''}; in brackets the "
        f"difference to {results.options.sets[0].name} and its 95 % interval, by a bootstrap over pictures.",
        "",
    ]
    for network in results.options.networks:
        lines += [f"## {network.title}", "", "mIoU of background and face:", ""]
        lines.append(_table(results, network.title, [(truth, "miou", truth) for truth in truths]))
        for truth in truths:
            lines += [f"All measures on {truth}:", ""]
            lines.append(_table(results, network.title, [(truth, name, MEASURES[name]) for name in COLUMNS]))
    return "\n".join(lines)


def _table(results: Results, network: str, columns: Sequence[tuple[str, str, str]]) -> str:
    rows = [["trained on", *(title for _, _, title in columns)]]
    for entry in results.options.sets:
        cells = [_cell(results.summary(entry.name, network, truth, name)) for truth, name, _ in columns]
        rows.append([entry.name, *cells])
    return markdown(rows)


def _cell(summary: Summary) -> str:
    if math.isnan(summary.mean):
        return NOTHING
    text = percent(summary.mean)
    if not math.isnan(summary.deviation):
        text += f" ± {percent(summary.deviation)}"
    change = summary.difference
    if change.value == change.low == change.high == 0:
        return text
    return f"{text} ({100 * change.value:+.1f}; {100 * change.low:+.1f} to {100 * change.high:+.1f})"


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6)
