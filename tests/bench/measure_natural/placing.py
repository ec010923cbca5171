"""Placement: the occlusion ratios that come of those asked for, and how often a hand's cut wrist shows."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from measure_natural.material import Occluder, drawing
from natocc.compose.appearance import Photo
from natocc.compose.draw import draw_plan
from natocc.compose.reach import cut_shows, wrist_cut
from natocc.compose.render import render
from natocc.core.errors import BadDataError
from natocc.core.samples import MATTE_THRESHOLD
from natocc.core.seeds import generator
from natocc.recipe.model import NatOccSet

RANGE = (0.1, 0.6)


@dataclasses.dataclass(frozen=True)
class Covered:
    """What came of asking for occlusion ratios.

    Parameters
    ----------
    made, refused : int
        Samples.
    outside : int
        Of those made, with a ratio out of the range.
    error : float
        Largest difference from what was asked for.
    p : float
        Of a Kolmogorov-Smirnov test against the uniform distribution over the range.
    wrong_labels : int
        Face pixels whose label is not what the threshold on the matte says.
    """

    made: int
    refused: int
    outside: int
    error: float
    p: float
    wrong_labels: int


def coverage(faces: Sequence[Photo], occluders: Sequence[Occluder], count: int) -> Covered:
    """Ask for `count` ratios, uniform over the range, one object after another on one face after another."""
    from scipy.stats import kstest

    rules = _rules({"coverage": {"range": list(RANGE), "distribution": "uniform"}})
    ratios, errors, refused, wrong = [], [], 0, 0
    for index in range(count):
        photo, rng = faces[index % len(faces)], generator(index, "coverage")

        def draw(rng: np.random.Generator) -> tuple[dict[str, int], object]:
            return drawing(occluders[int(rng.integers(len(occluders)))].cutout)(rng)

        try:
            plan, cutouts = draw_plan(rng, photo, draw, rules)
        except BadDataError:
            refused += 1
            continue
        made = render(photo, cutouts, plan)
        face = made.amodal > 0
        ratio = 1 - np.count_nonzero(made.modal == 1) / np.count_nonzero(face)
        wrong += int(np.count_nonzero((made.modal == 1)[face] == (made.mattes[0] >= MATTE_THRESHOLD)[face]))
        ratios.append(ratio)
        errors.append(abs(ratio - plan.coverage))
    outside = sum(not RANGE[0] <= ratio <= RANGE[1] for ratio in ratios)
    p = float(kstest(ratios, "uniform", args=(RANGE[0], RANGE[1] - RANGE[0])).pvalue)
    return Covered(len(ratios), refused, outside, max(errors), p, wrong)


def cuts(faces: Sequence[Photo], hands: Sequence[Occluder], reach: bool) -> float:
    """Share of hands, each on two faces, whose cut shows on the face or next to it."""
    rules, shown, made = _rules({"reach": reach}), 0, 0
    for index in range(2 * len(hands)):
        photo, hand = faces[index % len(faces)], hands[index // 2]
        try:
            plan, (cutout,) = draw_plan(generator(index, "cuts"), photo, drawing(hand.cutout), rules)
        except BadDataError:
            continue
        cut = wrist_cut(cutout)
        assert cut is not None
        shown, made = shown + cut_shows(plan.occluders[0].placement, cut, photo.face), made + 1
    return shown / made


def _rules(placement: dict[str, object]) -> NatOccSet:
    return NatOccSet.model_validate({"name": "measured", "occluders": {"source": "hands"}, "placement": placement})
