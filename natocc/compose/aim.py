"""Which pose a cutout gets: held, in a hand's place, or by the paper's rule; and what comes with it."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

from natocc.compose.hand_places import hand_pose
from natocc.compose.hold import held_pose, holding_pose
from natocc.compose.pose import PlacementRule, Pose, draw_pose
from natocc.core.plans import Placement, Reference
from natocc.core.samples import AlignedFace, Cutout
from natocc.plugins.weights import draw_by_weight

Draw = Callable[[np.random.Generator], tuple[Reference, Cutout]]
"""Draws a cutout: the JSON from which it can be made again, and the cutout."""

Aim = Callable[[np.random.Generator, AlignedFace, Cutout, PlacementRule], Pose | str]
"""Draws the pose of a cutout on a face by a rule, or says why it has none."""


def aim(rng: np.random.Generator, face: AlignedFace, cutout: Cutout, rule: PlacementRule) -> Pose | str:
    """Draw the pose of a cutout, or say why it has none.

    Parameters
    ----------
    rng : numpy.random.Generator
    face : AlignedFace
    cutout : Cutout
        A hand (with `points_to_xy`) is laid by `hands`, anything else by `hold`, where the rule has them.
    rule : PlacementRule
    """
    if cutout.points_to_xy is not None and rule.hands is not None:
        place = draw_by_weight(rng, rule.hand_places)
        return draw_pose(rng, face, cutout, rule) if place == "anywhere" else hand_pose(rng, face, cutout, rule, place)
    if cutout.points_to_xy is None and rule.hold is not None:
        return held_pose(rng, face, cutout, rule)
    return draw_pose(rng, face, cutout, rule)


def companion(laid: tuple[Reference, Cutout, Placement], rule: PlacementRule, draw_hand: Draw | None) -> tuple[Draw, Aim] | None:
    """What comes with an occluder that was laid: the other hand of two, or the hand that holds a thing; None where nothing does.

    Parameters
    ----------
    laid : (Reference, Cutout, Placement)
        The occluder. The other hand is the same cutout, mirrored.
    rule : PlacementRule
        By which it was laid.
    draw_hand : callable, optional
        Draws a hand that holds.

    Returns
    -------
    draw, aim : callable
        They draw its cutout, and its pose.
    """
    reference, cutout, placement = laid
    if placement.anchor == "both":
        return lambda _: (reference, cutout), functools.partial(hand_pose, place="both", first=placement)
    if cutout.points_to_xy is None and rule.hold is not None and draw_hand is not None:
        return draw_hand, functools.partial(holding_pose, held=(cutout, placement))
    return None
