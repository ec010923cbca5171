"""Composites against photographs of real occluders on faces: what the contour looks like, by kind."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from measure_natural import shown
from measure_natural.contour import Contour, measure
from measure_natural.shown import Shown

COUNT = 72  # pictures of each set


def print_rows(data: Path, cache: Path) -> None:
    """Print the tables."""
    real = list(shown.real(data))
    ours = {
        "before": list(shown.made(shown.before(), data, cache, COUNT)),
        "now": list(shown.made(shown.recommended(), data, cache, COUNT)),
    }
    _contours(real, ours)


def _contours(real: list[Shown], ours: dict[str, list[Shown]]) -> None:
    measured = {name: [(each.kind, _measured(each)) for each in pictures] for name, pictures in {"real": real, **ours}.items()}
    for kind in ("hands", "things"):
        of = {name: [contour for its, contour in rows if its == kind] for name, rows in measured.items()}
        counts = ", ".join(f"{len(rows)} {name}" for name, rows in of.items())
        print(f"\n{kind} before faces ({counts}): median (10-90 %) over pictures, Kolmogorov-Smirnov distance to the real")
        print("| | real | before | distance | now | distance | the same by chance |\n|---|---|---|---|---|---|---|")
        for field in dataclasses.fields(Contour):
            values = {name: _known(rows, field.name) for name, rows in of.items()}
            shared = [f"{_spread(values[name])} | {distance(values['real'], values[name]):.2f}" for name in ours]
            floor = by_chance(len(values["real"]), len(values["now"]))
            print(f"| {field.name} | {_spread(values['real'])} | {' | '.join(shared)} | {floor:.2f} |", flush=True)


def distance(one: Sequence[float], other: Sequence[float]) -> float:
    """Kolmogorov-Smirnov distance of two samples."""
    from scipy.stats import ks_2samp

    return float(ks_2samp(one, other).statistic) if len(one) and len(other) else float("nan")


def by_chance(one: int, other: int) -> float:
    """Mean Kolmogorov-Smirnov distance of two samples of these sizes from one distribution (Kolmogorov's limit)."""
    return float(np.sqrt(np.pi / 2) * np.log(2) * np.sqrt(1 / one + 1 / other)) if one and other else float("nan")


def _measured(picture: Shown) -> Contour:
    return measure(picture.image, picture.face, picture.occluder)


def _known(rows: list[Contour], name: str) -> list[float]:
    values = np.array([getattr(row, name) for row in rows], dtype=np.float64)
    return [float(value) for value in values[np.isfinite(values)]]


def _spread(values: Sequence[float]) -> str:
    if not values:
        return "-"
    low, middle, high = np.quantile(values, [0.1, 0.5, 0.9])
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"
