"""Does a plan that was read back fit the face that it is for? A plan may be anybody's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from natocc.compose.blend import BLENDS
from natocc.compose.transfers import TRANSFERS
from natocc.core.errors import BadDataError, Reason, UsageError
from natocc.core.plans import SKIN, OccluderPlan, Plan
from natocc.occluders.source import OccluderSource

_ROOM = 10.0  # px: edges of small pictures may be softer than the picture is wide
_MOST = 2.0  # sides of the picture; rules of recipes are in widths of the face, and reach up to one


def check_fits(plan: Plan, shape: tuple[int, int]) -> None:
    """Refuse what would take memory and time without end: blurs and shadows larger than the picture, drawings for another.

    Parameters
    ----------
    plan : Plan
        Each number in its own range; see :meth:`natocc.core.plans.Plan.from_json`.
    shape : (int, int)
        Height and width of the face's picture.

    Raises
    ------
    UsageError
        Naming what does not fit.
    """
    most = _MOST * max(shape) + _ROOM
    for number, occluder in enumerate(plan.occluders):
        for name, length in _lengths(occluder).items():
            if length > most:
                raise _damaged(number, f"{name} of {length:g} px", shape)
        look = occluder.look
        if occluder.blend not in BLENDS:
            raise _damaged(number, f"the unknown blend {occluder.blend!r:.60}", shape)
        if look.transfer not in (*TRANSFERS, SKIN, "none") or (look.transfer == SKIN and look.tone is None):
            raise _damaged(number, f"the transfer {look.transfer!r:.60}, tone {look.tone!r:.60}", shape)
        drawn_for = occluder.cutout.get("shape")
        if drawn_for is not None and drawn_for != list(shape):
            raise _damaged(number, f"drawn for one of {drawn_for!r:.60}", shape)


def check_known(face_id: str, ids: Sequence[str]) -> None:
    """Refuse a face that the source does not have: its name, too, may be anybody's.

    Raises
    ------
    BadDataError
        ``missing-file``.
    """
    if face_id not in ids:
        raise BadDataError(Reason.MISSING_FILE, f"the source has no face {face_id!r}")


def source_of(sources: Mapping[str, OccluderSource], name: str) -> OccluderSource:
    """Where the occluders of a set come from.

    Raises
    ------
    UsageError
        If the set has none, or no hands, and a plan says so.
    """
    if name not in sources:
        raise UsageError(f"the plan is damaged: it has occluders that the set {name!r} does not have")
    return sources[name]


def _lengths(occluder: OccluderPlan) -> dict[str, float]:
    """What an occluder's work grows with, px."""
    look, shadow = occluder.look, occluder.look.shadow
    lengths = {"softness": occluder.softness or 0.0, "defocus": look.defocus, "motion": max(map(abs, look.motion))}
    if shadow is not None:
        cast = max(abs(shadow.x), abs(shadow.y))
        lengths |= {"a shadow's place": cast, "a shadow's blur": shadow.blur, "a contact's blur": shadow.contact_blur}
    return lengths


def _damaged(number: int, what: str, shape: tuple[int, int]) -> UsageError:
    return UsageError(f"the plan is damaged: occluder {number} has {what}, on a picture of {shape[1]} x {shape[0]} px")
