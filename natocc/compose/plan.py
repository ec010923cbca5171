"""Draw: every random decision of one sample, and nothing else. :mod:`natocc.compose.render` applies them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from pydantic import Field

from natocc.compose.blend import BlendRule
from natocc.compose.colour import ColourRule
from natocc.compose.place import PlacementRule, UnitRange, enlargement, place
from natocc.compose.warp import warp_matte
from natocc.errors import BadDataError, Reason
from natocc.options import Options
from natocc.plans import Json, OccluderPlan, Placement, Plan
from natocc.samples import MATTE_THRESHOLD, Cutout, Mask

Draw = Callable[[np.random.Generator], tuple[Mapping[str, Json], Cutout]]
"""Draws a cutout: the JSON from which it can be made again, and the cutout."""


class TransparencyRule(Options):
    """See-through occluders: how often, and how opaque they are. Their label follows the matte, as if they were opaque."""

    probability: float = Field(0.0, ge=0, le=1)
    opacity: UnitRange = (0.4, 0.7)


class ComposeRules(Options):
    """What a set says about composing: where, which colours, how blended, how opaque."""

    placement: PlacementRule = PlacementRule()
    colour: ColourRule = ColourRule()
    blend: BlendRule = BlendRule()
    transparency: TransparencyRule = TransparencyRule()


def draw_plan(rng: np.random.Generator, face_mask: Mask, draw: Draw, rules: ComposeRules) -> tuple[Plan, tuple[Cutout, ...]]:
    """Draw a plan for one face, trying again until its occlusion ratio is acceptable.

    Parameters
    ----------
    rng : numpy.random.Generator
        Of this sample.
    face_mask : (H, W) uint8
        1 on the face, not empty.
    draw : callable
        Draws a cutout.
    rules : ComposeRules
        The set's.

    Returns
    -------
    plan : Plan
        The decisions.
    cutouts : tuple of Cutout
        Those that the plan places, in its order.

    Raises
    ------
    BadDataError
        ``no-placement`` after `rules.placement.attempts` draws; the detail counts why each was refused.
    """
    low, high = rules.placement.occlusion
    refused: dict[str, int] = {}
    for attempt in range(1, rules.placement.attempts + 1):
        try:
            reference, cutout = draw(rng)
        except BadDataError as error:
            refused[error.reason] = refused.get(error.reason, 0) + 1
            continue
        placement = place(rng, face_mask, cutout, rules.placement)
        opacity = _draw_opacity(rng, rules.transparency)
        if enlargement(placement) > rules.placement.max_enlargement:
            why = "cutout too small"
        elif (ratio := occlusion_ratio(face_mask, cutout, placement)) < low:
            why = "covers too little"
        elif ratio > high:
            why = "covers too much"
        else:
            occluder = OccluderPlan(reference, placement, rules.colour.transfer, rules.blend.method, opacity)
            return Plan((occluder,), attempt), (cutout,)
        refused[why] = refused.get(why, 0) + 1
    counts = ", ".join(f"{why} {count}" for why, count in sorted(refused.items()))
    raise BadDataError(Reason.NO_PLACEMENT, f"no acceptable placement in {rules.placement.attempts} attempts ({counts})")


def occlusion_ratio(face_mask: Mask, cutout: Cutout, placement: Placement) -> float:
    """Share of the face that a placed cutout covers, exactly as :func:`natocc.compose.render.render` will cover it."""
    height, width = face_mask.shape
    warped = warp_matte(cutout.matte, placement.affine, (height, width))
    if warped is None:
        return 0.0
    left, top, matte = warped
    under = face_mask[top : top + matte.shape[0], left : left + matte.shape[1]]
    return int(np.count_nonzero((matte >= MATTE_THRESHOLD) & (under > 0))) / int(np.count_nonzero(face_mask))


def _draw_opacity(rng: np.random.Generator, rule: TransparencyRule) -> float:
    see_through, opacity = rng.random(), rng.uniform(*rule.opacity)
    return round(float(opacity), 4) if see_through < rule.probability else 1.0
