"""Composites against photographs of real occluders on faces, by kind: is an edge told, and what lies along it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from measure_natural import edges, shown
from measure_natural.contour import Contour, Float, measure
from measure_natural.shown import Shown
from natocc.core.seeds import generator

COUNT, PASTINGS = 72, 48  # pictures of each set, and of each kind in each of the other ways
KINDS = ("hands", "things")
PASTED = ("plain pasting", "the paper's way")
DIVISIONS = 10


def print_rows(data: Path, cache: Path) -> None:
    """Print the tables."""
    real = list(shown.real(data))
    ours = {
        "natocc before": list(shown.made(shown.before(), data, cache, COUNT)),
        "natocc now": list(shown.made(shown.recommended(), data, cache, COUNT)),
    }
    _edges(real, shown.laid(PASTED, data, cache, PASTINGS) | ours)
    _contours(real, ours)


def _edges(real: list[Shown], ours: dict[str, list[Shown]]) -> None:
    columns = [(kind, size) for kind in KINDS for size in edges.SIZES]
    print("\nedges of occluders told from those of real ones, held-out AUC (in brackets: patches elsewhere on the face)")
    print(f"| | {' | '.join(f'{kind}, {size} px' for kind, size in columns)} |\n|---|{'---|' * len(columns)}")
    true = {column: _patches(real, *column, False) for column in columns}
    for name, pictures in ours.items():
        cells = []
        for column in columns:
            one, other = true[column], _patches(pictures, *column, True)
            names = [*one.names, *other.names]
            told = edges.area_under_curve(one.edges, other.edges, names)
            cells.append(f"{told:.3f} ({edges.area_under_curve(one.elsewhere, other.elsewhere, names):.3f})")
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
    halves = [_halves(true[column]) for column in columns]
    print(f"| half of the real ones against the others | {' | '.join(halves)} |")
    counts = [f"{sum(map(len, each.edges))} of {sum(len(some) > 0 for some in each.edges)}" for each in true.values()]
    print(f"| real patches of pictures | {' | '.join(counts)} |")


@dataclasses.dataclass(frozen=True)
class _Patches:
    """What patches of each picture show: across the contour, and elsewhere on the face."""

    names: list[str]
    edges: list[Float]
    elsewhere: list[Float]


def _patches(pictures: list[Shown], kind: str, size: int, exact: bool) -> _Patches:
    taken = [(picture, generator(index, "patches")) for index, picture in enumerate(pictures) if picture.kind == kind]
    return _Patches(
        [picture.picture for picture, _ in taken],
        [edges.on_contour(picture, size, rng, exact) for picture, rng in taken],
        [edges.elsewhere(picture, size, rng) for picture, rng in taken],
    )


def _halves(true: _Patches) -> str:
    """What a classifier makes of photographs divided at random, which differ in nothing: mean, least and most."""
    areas, rng = [], generator(0, "halves")
    for _ in range(DIVISIONS):
        order = rng.permutation([index for index, some in enumerate(true.edges) if len(some)])
        one, other = order[::2], order[1::2]
        names = [true.names[index] for index in (*one, *other)]
        areas.append(edges.area_under_curve([true.edges[i] for i in one], [true.edges[i] for i in other], names, 1))
    return f"{np.mean(areas):.2f} ({min(areas):.2f} to {max(areas):.2f})"


def _contours(real: list[Shown], ours: dict[str, list[Shown]]) -> None:
    measured = {name: [(each.kind, _measured(each)) for each in pictures] for name, pictures in {"real": real, **ours}.items()}
    for kind in KINDS:
        of = {name: [contour for its, contour in rows if its == kind] for name, rows in measured.items()}
        counts = ", ".join(f"{len(rows)} {name}" for name, rows in of.items())
        print(f"\n{kind} before faces ({counts}): median (10-90 %) over pictures, Kolmogorov-Smirnov distance to the real")
        print("| | real | before | distance | now | distance | the same by chance |\n|---|---|---|---|---|---|---|")
        for field in dataclasses.fields(Contour):
            values = {name: _known(rows, field.name) for name, rows in of.items()}
            shared = [f"{_spread(values[name])} | {distance(values['real'], values[name]):.2f}" for name in ours]
            floor = by_chance(len(values["real"]), len(values["natocc now"]))
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
