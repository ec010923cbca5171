"""Edits of a recipe by path: ``--set sets.0.colour.transfer=sot``."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

from natocc.core.errors import RecipeError
from natocc.core.text import did_you_mean
from natocc.recipe.model import CleanSet, OccludedSet, Recipe
from natocc.recipe.text import parse_recipe

KEYS = tuple(Recipe.model_fields)
"""Keys at the top of a recipe."""

KEYS_OF_SETS = tuple(name for name in OccludedSet.model_fields if name not in KEYS)
"""Keys of a set that are not keys at the top."""


def edit_recipe(raw: dict[str, Any], edits: Iterable[str]) -> None:
    """Apply ``path=value`` edits in place, before validation.

    Parameters
    ----------
    raw : dict
        A recipe as it stands in its file.
    edits : iterable of str
        The keys of a path are separated by dots. An item of a list is named by its index, from 0, or by its ``name``:
        ``sets.hands.colour.transfer=none``. A key that only sets have, such as ``colour.transfer``, edits every set, but not
        those of method none where only others have the key. Missing parts are added.

    Raises
    ------
    RecipeError
        If an edit has no ``=``, is not one value, or its path goes through a value that has no parts.
    """
    for edit in itertools.chain.from_iterable(_of_every_set(raw, edit) for edit in edits):
        path, equals, text = edit.partition("=")
        if not equals or not path or not all(path.split(".")):
            raise RecipeError(f"--set {edit!r}: expected path=value, such as output.shard_size=100")
        parsed = parse_recipe(f"value: {text}", f"--set {edit!r}")
        if list(parsed) != ["value"]:
            raise RecipeError(f"--set {edit!r}: expected one value")
        keys = path.split(".")
        part: Any = raw
        for depth, key in enumerate(keys):
            index = _index(part, key, f"--set {edit!r}: {'.'.join(keys[:depth]) or 'the recipe'}")
            if depth == len(keys) - 1:
                part[index] = parsed["value"]
            elif isinstance(part, dict) and part.get(index) is None:
                part[index] = {}
            part = part[index]


def _of_every_set(raw: Mapping[str, Any], edit: str) -> list[str]:
    """An edit, or the edits of every set that it stands for where its path begins inside a set."""
    key, sets = edit.partition("=")[0].split(".")[0], raw.get("sets")
    if not isinstance(sets, list):  # no recipe, or not yet one
        return [edit]
    if key in KEYS_OF_SETS:
        with_key = [index for index, a_set in enumerate(sets) if _may_have(a_set, key)]
        return [f"sets.{index}.{edit}" for index in with_key or range(len(sets))]
    if (hint := did_you_mean(key, KEYS_OF_SETS)) and not did_you_mean(key, KEYS):
        raise RecipeError(f"--set {edit!r}: unknown key {key!r}{hint}")
    return [edit]


def _may_have(a_set: Any, key: str) -> bool:
    """Whether a set's method knows a key; what is no set is refused later."""
    is_clean = isinstance(a_set, dict) and a_set.get("method") == "none"
    return not is_clean or (key in CleanSet.model_fields and key != "occluders")


def _index(part: Any, key: str, where: str) -> str | int:
    """The index of a key in a part of a recipe; `where` begins the message if there is none."""
    if isinstance(part, dict):
        return key
    if not isinstance(part, list):
        raise RecipeError(f"{where} is {part!r}, which has no part {key!r}")
    names = [item.get("name") if isinstance(item, dict) else None for item in part]
    if key in names:
        return names.index(key)
    if key.isdecimal() and int(key) < len(part):
        return int(key)
    known = [f"an index from 0 to {len(part) - 1}", *(str(name) for name in names if name is not None)]
    expected = f"expected {' or '.join(known)}" if part else "the list is empty"
    raise RecipeError(f"{where}: {expected}, found {key!r}")
