"""Kinds of occluders and their values in label maps: decided by the recipe and its inputs, not by which samples are made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from natocc.core.errors import UsageError
from natocc.core.samples import IGNORE
from natocc.occluders.source import OccluderSource
from natocc.recipe.model import SetRecipe

NOTHING = "nothing"
"""What the value 0 is called."""

_MOST = IGNORE - 1


def kinds_of_sets(sets: Iterable[SetRecipe], occluders: Mapping[str, OccluderSource]) -> tuple[str, ...]:
    """Names of all kinds that the sets can place, sorted; the first has the value 1.

    Parameters
    ----------
    sets : iterable of SetRecipe
        Of a recipe.
    occluders : mapping of str to OccluderSource
        Name of a set to its source, opened; none for a set without occluders.

    Raises
    ------
    UsageError
        If a source does not know its kinds, or there are more than 254 of them.
    """
    names: set[str] = set()
    for a_set in sets:
        if a_set.occluders is None:
            continue
        kinds = a_set.occluders.kinds_of(occluders[a_set.name])
        if not kinds:
            what = f"source {a_set.occluders.source!r} of set {a_set.name!r}"
            raise UsageError(f"output.masks: kinds: {what} does not say which kinds of occluders it has; leave kinds out")
        names.update(kinds)
    if len(names) > _MOST:
        raise UsageError(
            f"output.masks: kinds: the sets have {len(names)} kinds of occluders, and a label map has room for {_MOST}; "
            "choose some with occluders.categories, or leave kinds out"
        )
    return tuple(sorted(names))
