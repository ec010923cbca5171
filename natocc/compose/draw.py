"""Draw: every random decision of one sample, and nothing else. :mod:`natocc.compose.render` applies them."""

from __future__ import annotations

import collections
import dataclasses
import functools
import math
from collections.abc import Sequence

import numpy as np

from natocc.compose.aim import Aim, Draw, aim, companion
from natocc.compose.anchors import Points
from natocc.compose.appearance import Photo
from natocc.compose.blend import draw_blend
from natocc.compose.coverage import Coverage, search
from natocc.compose.defocus import draw_defocus, draw_motion
from natocc.compose.hold import HOLDING
from natocc.compose.light import draw_shadow
from natocc.compose.optics import OpticsRule
from natocc.compose.pose import SEARCHED, Pose, enlargement
from natocc.compose.reach import cut_in_picture, cut_shows, out_of_picture, wrist_cut
from natocc.compose.rules import ComposeRules
from natocc.compose.settle import settle_sized
from natocc.compose.tone import draw_tone
from natocc.core.errors import BadDataError, Reason
from natocc.core.plans import SKIN, Finish, Look, OccluderPlan, Placement, Plan, Reference
from natocc.core.samples import MATTE_THRESHOLD, Cutout, Mask
from natocc.plugins.ranges import uniform

_NEVER = 256
_LEAST_REACH = 0.05  # share of the face that a hand reaching in covers at least
_GROWTH = (1.0, 1.2, 1.4, 1.7, 2.0)
_SEEDS = 2**32


def draw_plan(
    rng: np.random.Generator,
    photo: Photo,
    draw: Draw,
    rules: ComposeRules,
    finish: Finish | None = None,
    draw_hand: Draw | None = None,
) -> tuple[Plan, tuple[Cutout, ...]]:
    """Draw a plan for one face, trying again until its occlusion ratio is acceptable.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers of this sample.
    photo : Photo
        The face.
    draw : callable
        Draws a cutout.
    rules : ComposeRules
        The rules of the set.
    finish : Finish, optional
        Steps for the whole picture, drawn before, since they may have mirrored the face.
    draw_hand : callable, optional
        Draws a hand for each thing that is held: it lies over the thing.

    Returns
    -------
    plan : Plan
        The decisions.
    cutouts : tuple of Cutout
        The cutouts that the plan places, in its order. Fewer than drawn where there is no room for more, unless a coverage is
        wanted.

    Raises
    ------
    BadDataError
        ``no-placement`` after `rules.placement.attempts` draws; the detail counts why each was refused. As it came from `draw`,
        if that says nothing of what the data hold (:attr:`natocc.core.errors.Reason.by_circumstance`).
    """
    rule = rules.placement
    count = int(rng.integers(rule.count[0], rule.count[1] + 1))
    wanted = None if rule.coverage is None else rule.coverage.draw(rng)
    canvas = _Canvas(photo, rules)
    attempts = 0
    placed: list[_Laid] = []
    for number in range(1, count + 1):
        laid = None
        for _ in range(rule.attempts):
            attempts += 1
            laid = canvas.attempt(rng, draw, None if wanted is None else wanted * number / count, last=number == count)
            if laid is not None:
                break
        laid = laid or canvas.second_best
        if laid is None and (not placed or wanted is not None):
            counts = _counts(canvas.refused)
            hint = _TOO_SMALL_HINT if _TOO_SMALL in canvas.refused else ""
            raise BadDataError(Reason.NO_PLACEMENT, f"no acceptable placement in {attempts} attempts ({counts}){hint}")
        if laid is not None:
            canvas.keep(laid)
            placed.append(laid)
            if (with_it := canvas.companion(rng, laid, draw_hand)) is not None:
                placed.append(with_it)
    occluders = _of_one_person([_decide(rng, photo, rules, laid) for laid in placed])
    return Plan(occluders, attempts, wanted, finish or Finish()), tuple(cutout for _, cutout, _, _ in placed)


_TOO_SMALL = "cutout too small"
_TOO_SMALL_HINT = (
    "; it would be enlarged more than placement.max_enlargement allows: raise that, draw shapes larger (occluders.side), "
    "use larger cutouts, or a smaller align.size"
)

_Laid = tuple[Reference, Cutout, Placement, Mask]
"""A cutout's reference, the cutout, where it lies and what it covers."""


def _counts(refused: collections.Counter[str]) -> str:
    return ", ".join(f"{why} {times}" for why, times in sorted(refused.items()))


class _Canvas:
    """A face on which occluders are laid, one after another."""

    def __init__(self, photo: Photo, rules: ComposeRules) -> None:
        self._face, self._rule = photo.face, rules.placement
        self._softness = softness(photo, rules.optics)
        self._masks: list[Mask] = []
        self._hidden = np.zeros_like(photo.face.face_mask)
        self.refused: collections.Counter[str] = collections.Counter()
        self.second_best: _Laid | None = None

    def keep(self, laid: _Laid) -> None:
        """Lay further occluders over this one."""
        self._masks.append(laid[3])
        self._hidden = self._hidden | laid[3]
        self.second_best = None

    def companion(self, rng: np.random.Generator, laid: _Laid, draw_hand: Draw | None) -> _Laid | None:
        """Lay what comes with an occluder: the other hand of two, if there is room, or the hand that holds it."""
        found = None
        if (drawn := companion(laid[:3], self._rule, draw_hand)) is not None:
            tries = (self.attempt(rng, drawn[0], None, True, drawn[1]) for _ in range(self._rule.attempts))
            if (found := next(filter(None, tries), None)) is not None:
                self.keep(found)
            elif laid[1].points_to_xy is None:
                raise BadDataError(Reason.NO_PLACEMENT, f"no hand can hold what was laid ({_counts(self.refused)})")
            self.second_best = None
        return found

    def attempt(self, rng: np.random.Generator, draw: Draw, wanted: float | None, last: bool, aim: Aim = aim) -> _Laid | None:
        """Draw a cutout and lay it; None, and the reason is counted, where that is refused.

        Where a coverage is wanted of several together, only the last of them has to reach the least that is accepted.
        """
        try:
            reference, cutout = draw(rng)
        except BadDataError as error:
            if error.reason.by_circumstance:  # another one in its place would make another sample
                raise
            self.refused[error.reason] += 1
            return None
        coverage = Coverage(self._face.face_mask, self._hidden, cutout, self._softness)
        low, high = self._rule.accepted
        if wanted is not None and not last:
            low = 0.0
        if cutout.at_xy is not None:
            x, y = cutout.at_xy
            laid = Placement((1.0, 0.0, x, 0.0, 1.0, y), False)
            return self._accepted((reference, cutout, laid), coverage, (low, high), cut_shows=False)
        pose = aim(rng, self._face, cutout, self._rule)
        if isinstance(pose, str):
            self.refused[pose] += 1
            return None
        if enlargement(pose.placement()) == 0:
            self.refused["smaller than any pixel"] += 1
            return None
        cut = wrist_cut(cutout) if self._rule.reach or pose.in_place else None
        placement = self._settle(rng, pose, coverage, cut, wanted, (low, high))
        if placement is None:
            largest = self._rule.max_enlargement / enlargement(pose.placement())
            held_back = (
                pose.size_cm is None and largest < SEARCHED[1] and coverage.coarse(pose.placement(largest)) < (wanted or 0)
            )
            self.refused[_TOO_SMALL if held_back else "cannot cover as much as asked for"] += 1
        elif enlargement(placement) > self._rule.max_enlargement:
            self.refused[_TOO_SMALL] += 1
        else:
            accepted = (low, high) if wanted is None else (0.0, 1.0)
            shows = cut is not None and self._cut_shows(pose, placement, cut)
            return self._accepted((reference, cutout, placement), coverage, accepted, shows)
        return None

    def _accepted(
        self, laid: tuple[Reference, Cutout, Placement], coverage: Coverage, accepted: tuple[float, float], cut_shows: bool
    ) -> _Laid | None:
        """The cutout, laid there, unless it covers too little or too much, or lies as none may."""
        placement = laid[2]
        ratio, mask = coverage.laid(placement)
        if ratio < accepted[0]:
            self.refused["covers too little"] += 1
        elif ratio > accepted[1]:
            self.refused["covers too much"] += 1
        elif self._overlaps(mask) and placement.anchor != HOLDING:
            self.refused["overlaps another"] += 1
        elif cut_shows:
            self.refused["the wrist's cut shows"] += 1
            self.second_best = self.second_best or (*laid, mask)
        else:
            return *laid, mask
        return None

    def _cut_shows(self, pose: Pose, placement: Placement, cut: Points) -> bool:
        """Whether the cut at a wrist is seen: near the face; of a hand in its place that reaches in, anywhere."""
        reaches = self._rule.reach and pose.in_place
        return cut_shows(placement, cut, self._face) or (reaches and cut_in_picture(placement, cut, self._face.face_mask.shape))

    def _settle(
        self,
        rng: np.random.Generator,
        pose: Pose,
        coverage: Coverage,
        cut: Points | None,
        wanted: float | None,
        accepted: tuple[float, float],
    ) -> Placement | None:
        """The pose as it was drawn, or moved and scaled until it reaches in or covers the wanted share."""
        if pose.size_cm is not None:
            return settle_sized(rng, self._face, pose, coverage, cut, wanted, accepted)
        height, width = self._face.face_mask.shape
        low, high = accepted
        scales = (SEARCHED[0], min(SEARCHED[1], self._rule.max_enlargement / enlargement(pose.placement())))
        if cut is not None:
            reaching = functools.partial(out_of_picture, pose, cut, (height, width))
            if wanted is not None:
                return search(reaching, scales, coverage, wanted, accepted)
            least = max(low, min(_LEAST_REACH, high))
            return next((grown for scale in _GROWTH if coverage.coarse(grown := reaching(scale)) >= least), reaching(_GROWTH[-1]))
        if wanted is None:
            return pose.placement()
        if pose.anchor is None:
            # Moved from far away to the face's centre, at the size that was drawn; scaled only where that covers too little.
            left, top, across, down = self._face.box
            middle = np.array([left + across / 2, top + down / 2])
            turn = rng.uniform(0, 2 * math.pi)
            far = np.array([math.cos(turn), math.sin(turn)]) * 1.5 * max(across, down)

            def moved(share: float) -> Placement:
                return pose.placement(1.0, middle + far * (1 - share) - pose.centre_xy)

            placement = search(moved, (0.0, 1.0), coverage, wanted, accepted)
            if placement is not None:
                return placement
        return search(pose.placement, scales, coverage, wanted, accepted)

    def _overlaps(self, mask: Mask) -> bool:
        """Whether it and another occluder overlap more than is allowed."""
        pixels = int(np.count_nonzero(mask))
        for other in self._masks:
            smaller = min(pixels, int(np.count_nonzero(other)))
            if int(np.count_nonzero(mask & other)) > self._rule.overlap * smaller:
                return True
        return False


def softness(photo: Photo, rule: OpticsRule) -> float | None:
    """Wanted softness of mattes on a picture, px; None where they keep their own."""
    return round(photo.softness, 2) if rule.edge else None


def _of_one_person(occluders: Sequence[OccluderPlan]) -> tuple[OccluderPlan, ...]:
    """Hands on one face have one tone."""
    tone = next((occluder.look.tone for occluder in occluders if occluder.look.tone is not None), None)

    def toned(occluder: OccluderPlan) -> OccluderPlan:
        look = occluder.look
        return occluder if look.tone is None else dataclasses.replace(occluder, look=dataclasses.replace(look, tone=tone))

    return tuple(toned(occluder) for occluder in occluders)


def _decide(rng: np.random.Generator, photo: Photo, rules: ComposeRules, laid: _Laid) -> OccluderPlan:
    """Everything about a placed occluder but its placement."""
    reference, _, placement, _ = laid
    colour, light, optics, transparency = rules.colour, rules.light, rules.optics, rules.transparency
    see_through, opacity = rng.random() < transparency.probability, uniform(rng, transparency.opacity)
    shift = uniform(rng, colour.shift)
    transfer = SKIN if placement.anchor == HOLDING and colour.transfer == "none" else colour.transfer
    look = Look(
        transfer=transfer,
        shift=shift if transfer == "none" else 0.0,
        shading=uniform(rng, light.shading),
        sharpness=uniform(rng, optics.sharpness),
        grain=uniform(rng, optics.grain),
        grain_seed=int(rng.integers(_SEEDS)),
        jpeg=None if optics.jpeg is None else int(rng.integers(optics.jpeg[0], optics.jpeg[1] + 1)),
        shadow=draw_shadow(rng, light, photo.shading, transfer == SKIN) if light.shadow > 0 else None,
        defocus=draw_defocus(rng, optics, photo.face.face_mask),
        motion=draw_motion(rng, optics, photo.face.face_mask),
        tone=draw_tone(rng, colour.variety, colour.contrast) if transfer == SKIN else None,
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
