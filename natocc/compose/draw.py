"""Draw: every random decision of one sample, and nothing else. :mod:`natocc.compose.render` applies them."""

from __future__ import annotations

import collections
import functools
import math
from collections.abc import Callable, Mapping
from typing import Literal

import cv2
import numpy as np
from pydantic import Field, model_validator

from natocc.compose.anchors import Points
from natocc.compose.appearance import Photo
from natocc.compose.blend import BlendRule, draw_blend
from natocc.compose.colour import ColourRule
from natocc.compose.coverage import Coverage, search
from natocc.compose.finish import FinishRule
from natocc.compose.light import LightRule, draw_shadow
from natocc.compose.optics import OpticsRule
from natocc.compose.pose import SEARCHED, PlacementRule, Pose, draw_pose, enlargement
from natocc.compose.reach import cut_shows, out_of_picture, wrist_cut
from natocc.core.errors import BadDataError, Reason
from natocc.core.plans import Finish, Json, Look, OccluderPlan, Placement, Plan
from natocc.core.samples import MATTE_THRESHOLD, Cutout, Mask
from natocc.plugins.options import Options
from natocc.plugins.ranges import UnitRange, uniform

Draw = Callable[[np.random.Generator], tuple[Mapping[str, Json], Cutout]]
"""Draws a cutout: the JSON from which it can be made again, and the cutout."""

_NEVER = 256
_LEAST_REACH = 0.05  # of the face, that a hand reaching in covers at least
_GROWTH = (1.0, 1.2, 1.4, 1.7, 2.0)
_SEEDS = 2**32


class TransparencyRule(Options):
    """See-through occluders: how often, how opaque they are, and how they are labelled.

    Parameters
    ----------
    probability : float
        That an occluder is see-through.
    opacity : (float, float)
        Of those.
    label : str
        ``opaque``: as if it were opaque. ``threshold``: occluded where it takes away at least the share `threshold` of what lies
        behind it. ``ignore``: pixels that it covers are labelled 255, neither face nor background.
    threshold : float
        For ``label: threshold``.
    """

    probability: float = Field(0.0, ge=0, le=1)
    opacity: UnitRange = (0.4, 0.7)
    label: Literal["opaque", "threshold", "ignore"] = "opaque"
    threshold: float = Field(0.5, gt=0, le=1)


class ComposeRules(Options):
    """What a set says about composing.

    Parameters
    ----------
    placement : PlacementRule
        Where occluders lie.
    colour : ColourRule
        Which colours they take on.
    light : LightRule
        Shading and shadows.
    optics : OpticsRule
        Sharpness, grain and compression.
    blend : BlendRule
        How they are blended.
    transparency : TransparencyRule
        How many are see-through.
    finish : FinishRule
        What is done to the whole picture.
    """

    placement: PlacementRule = PlacementRule()
    colour: ColourRule = ColourRule()
    light: LightRule = LightRule()
    optics: OpticsRule = OpticsRule()
    blend: BlendRule = BlendRule()
    transparency: TransparencyRule = TransparencyRule()
    finish: FinishRule = FinishRule()

    @model_validator(mode="after")
    def _labels_can_cover(self) -> ComposeRules:
        if self.placement.coverage is not None and self.transparency.probability > 0 and self.transparency.label != "opaque":
            raise ValueError("placement.coverage counts occluded pixels: it needs transparency.label opaque, or probability 0")
        return self


def draw_plan(
    rng: np.random.Generator, photo: Photo, draw: Draw, rules: ComposeRules, finish: Finish | None = None
) -> tuple[Plan, tuple[Cutout, ...]]:
    """Draw a plan for one face, trying again until its occlusion ratio is acceptable.

    Parameters
    ----------
    rng : numpy.random.Generator
        Of this sample.
    photo : Photo
        The face.
    draw : callable
        Draws a cutout.
    rules : ComposeRules
        The set's.
    finish : Finish, optional
        Drawn before, since it may have mirrored the face.

    Returns
    -------
    plan : Plan
        The decisions.
    cutouts : tuple of Cutout
        Those that the plan places, in its order. Fewer than drawn where no more find room, unless a coverage is asked for.

    Raises
    ------
    BadDataError
        ``no-placement`` after `rules.placement.attempts` draws; the detail counts why each was refused.
    """
    rule = rules.placement
    count = int(rng.integers(rule.count[0], rule.count[1] + 1))
    wanted = None if rule.coverage is None else uniform(rng, rule.coverage.range)
    desk = _Desk(photo, rules)
    attempts = 0
    found: list[_Laid] = []
    for number in range(1, count + 1):
        laid = None
        for _ in range(rule.attempts):
            attempts += 1
            laid = desk.attempt(rng, draw, None if wanted is None else wanted * number / count, last=number == count)
            if laid is not None:
                break
        laid = laid or desk.second_best
        if laid is None and (not found or wanted is not None):
            counts = ", ".join(f"{why} {times}" for why, times in sorted(desk.refused.items()))
            raise BadDataError(Reason.NO_PLACEMENT, f"no acceptable placement in {attempts} attempts ({counts})")
        if laid is not None:
            desk.keep(laid)
            found.append(laid)
    occluders = tuple(_decide(rng, photo, rules, laid) for laid in found)
    return Plan(occluders, attempts, wanted, finish or Finish()), tuple(cutout for _, cutout, _, _ in found)


_Laid = tuple[Mapping[str, Json], Cutout, Placement, Mask]
"""A cutout's reference, the cutout, where it lies and what it covers."""


class _Desk:
    """One face on which occluders are laid, one after another."""

    def __init__(self, photo: Photo, rules: ComposeRules) -> None:
        self._face, self._rule = photo.face, rules.placement
        self._softness = softness(photo, rules.optics)
        self._masks: list[Mask] = []
        self._hidden = np.zeros_like(photo.face.face_mask)
        self.refused: collections.Counter[str] = collections.Counter()
        self.second_best: _Laid | None = None

    def keep(self, laid: _Laid) -> None:
        """Go on with an occluder that is laid."""
        self._masks.append(laid[3])
        self._hidden = self._hidden | laid[3]
        self.second_best = None

    def attempt(self, rng: np.random.Generator, draw: Draw, wanted: float | None, last: bool) -> _Laid | None:
        """Draw a cutout and lay it; None, and a reason counted, where it will not do.

        Where a coverage is wanted of several together, only the last of them has to reach the least that is accepted.
        """
        try:
            reference, cutout = draw(rng)
        except BadDataError as error:
            self.refused[error.reason] += 1
            return None
        pose = draw_pose(rng, self._face, cutout, self._rule)
        if enlargement(pose.placement()) == 0:
            self.refused["smaller than any pixel"] += 1
            return None
        coverage = Coverage(self._face.face_mask, self._hidden, cutout, self._softness)
        cut = wrist_cut(cutout) if self._rule.reach else None
        low, high = self._rule.accepted
        if wanted is not None and not last:
            low = 0.0
        placement = self._settle(rng, pose, coverage, cut, wanted, (low, high))
        if placement is None:
            self.refused["cannot cover as much as asked for"] += 1
        elif enlargement(placement) > self._rule.max_enlargement:
            self.refused["cutout too small"] += 1
        elif wanted is None and (ratio := coverage.exact(placement)) < low:
            self.refused["covers too little"] += 1
        elif wanted is None and ratio > high:
            self.refused["covers too much"] += 1
        elif self._overlaps(mask := coverage.mask(placement)):
            self.refused["overlaps another"] += 1
        elif cut is not None and cut_shows(placement, cut, self._face):
            self.refused["the wrist's cut shows"] += 1
            self.second_best = self.second_best or (reference, cutout, placement, mask)
        else:
            return reference, cutout, placement, mask
        return None

    def _settle(
        self,
        rng: np.random.Generator,
        pose: Pose,
        coverage: Coverage,
        cut: Points | None,
        wanted: float | None,
        accepted: tuple[float, float],
    ) -> Placement | None:
        """The pose as it was drawn, or moved and scaled until it reaches in, or covers what is wanted."""
        height, width = self._face.face_mask.shape
        low, high = accepted
        scales = (SEARCHED[0], min(SEARCHED[1], self._rule.max_enlargement / enlargement(pose.placement())))
        if cut is not None:
            reaching = functools.partial(out_of_picture, pose, cut, (height, width))
            if wanted is not None:
                return search(reaching, scales, coverage, wanted, accepted)
            least = max(low, min(_LEAST_REACH, high))
            return next((each for scale in _GROWTH if coverage.coarse(each := reaching(scale)) >= least), reaching(_GROWTH[-1]))
        if wanted is None:
            return pose.placement()
        if pose.anchor is None:
            # Moved from far off to the face's centre: it keeps the size that was drawn. Scaled only where that is too little.
            left, top, across, down = cv2.boundingRect(self._face.face_mask)
            middle = np.array([left + across / 2, top + down / 2])
            turn = rng.uniform(0, 2 * math.pi)
            far = np.array([math.cos(turn), math.sin(turn)]) * 1.5 * max(across, down)

            def moved(share: float) -> Placement:
                return pose.placement(1.0, middle + far * (1 - share) - pose.centre_xy)

            found = search(moved, (0.0, 1.0), coverage, wanted, accepted)
            if found is not None:
                return found
        return search(pose.placement, scales, coverage, wanted, accepted)

    def _overlaps(self, mask: Mask) -> bool:
        """Whether it covers more of another, or another more of it, than is allowed."""
        pixels = int(np.count_nonzero(mask))
        for other in self._masks:
            smaller = min(pixels, int(np.count_nonzero(other)))
            if int(np.count_nonzero(mask & other)) > self._rule.overlap * smaller:
                return True
        return False


def softness(photo: Photo, rule: OpticsRule) -> float | None:
    """How soft mattes are to be on a picture, px; None where they stay as they come."""
    return round(photo.softness, 2) if rule.edge else None


def _decide(rng: np.random.Generator, photo: Photo, rules: ComposeRules, laid: _Laid) -> OccluderPlan:
    """All else about an occluder that has found its place."""
    reference, _, placement, _ = laid
    colour, light, optics, transparency = rules.colour, rules.light, rules.optics, rules.transparency
    see_through, opacity = rng.random() < transparency.probability, uniform(rng, transparency.opacity)
    shift = uniform(rng, colour.shift)
    look = Look(
        transfer=colour.transfer,
        shift=shift if colour.transfer == "none" else 0.0,
        shading=uniform(rng, light.shading),
        sharpness=uniform(rng, optics.sharpness),
        grain=uniform(rng, optics.grain),
        grain_seed=int(rng.integers(_SEEDS)),
        jpeg=None if optics.jpeg is None else int(rng.integers(optics.jpeg[0], optics.jpeg[1] + 1)),
        shadow=draw_shadow(rng, light, photo.shading) if light.shadow > 0 else None,
    )
    occludes_from = MATTE_THRESHOLD
    if see_through and transparency.label == "threshold":
        # A nearly clear occluder takes too little away anywhere.
        occludes_from = min(math.ceil(round(255 * transparency.threshold / opacity, 6)), _NEVER) if opacity > 0 else _NEVER
    return OccluderPlan(
        cutout=reference,
        placement=placement,
        look=look,
        blend=draw_blend(rng, rules.blend),
        opacity=opacity if see_through else 1.0,
        softness=softness(photo, optics),
        occludes_from=occludes_from,
        ignored=bool(see_through and transparency.label == "ignore"),
    )
