"""Kinds of occluders and their values in label maps: decided by the recipe and its inputs, not by which samples are made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from natocc.compose.hold import HOLDING
from natocc.core.errors import UsageError
from natocc.core.plans import Plan
from natocc.core.samples import IGNORE
from natocc.occluders.source import OccluderSource
from natocc.recipe.model import OccludedSet, SetRecipe

NOTHING = "nothing"
"""What the value 0 is called."""

_MOST = IGNORE - 1


def kinds_of_sets(
    sets: Iterable[SetRecipe], occluders: Mapping[str, OccluderSource], hands: Mapping[str, OccluderSource]
) -> tuple[str, ...]:
    """Names of all kinds that the sets can place, sorted; the first has the value 1.

    Parameters
    ----------
    sets : iterable of SetRecipe
        Of a recipe.
    occluders, hands : mapping of str to OccluderSource
        Name of a set to its source, opened, of the occluders and of the hands that hold them; none for a set without.

    Raises
    ------
    UsageError
        If a source does not know its kinds, or there are more than 254 of them.
    """
    names: set[str] = set()
    for a_set in sets:
        if not isinstance(a_set, OccludedSet):
            continue
        for options, sources in ((a_set.occluders, occluders), (a_set.held_by, hands)):
            if options is None:
                continue
            kinds = options.kinds_of(sources[a_set.name])
            if not kinds:
                what = f"source {options.source!r} of set {a_set.name!r}"
                raise UsageError(f"output.masks: kinds: {what} does not say which kinds of occluders it has; leave kinds out")
            names.update(kinds)
    if len(names) > _MOST:
        raise UsageError(
            f"output.masks: kinds: the sets have {len(names)} kinds of occluders, and a label map has room for {_MOST}; "
            "choose some with occluders.categories, or leave kinds out"
        )
    return tuple(sorted(names))


def kind_values(kinds: Sequence[str], a_set: SetRecipe, plan: Plan, categories: Sequence[str]) -> tuple[int, ...]:
    """Value of the kind of each occluder of a plan, by its category; none where there are no kinds."""
    if not kinds or not isinstance(a_set, OccludedSet):
        return ()
    values = []
    for occluder, category in zip(plan.occluders, categories, strict=True):
        options = a_set.occluders
        if a_set.held_by is not None and occluder.placement.anchor == HOLDING:
            options = a_set.held_by
        values.append(1 + kinds.index(options.kind_of(category)))
    return tuple(values)
