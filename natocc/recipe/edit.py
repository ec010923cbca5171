"""Edits of a recipe by path: ``--set sets.0.colour.transfer=sot``."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from natocc.core.errors import RecipeError
from natocc.recipe.model import Recipe, SetRecipe
from natocc.recipe.text import parse_recipe

KEYS = tuple(Recipe.model_fields)
"""What stands at the top of a recipe."""

KEYS_OF_SETS = tuple(name for name in SetRecipe.model_fields if name not in KEYS)
"""What stands in a set and nowhere at the top."""


def edit_recipe(raw: dict[str, Any], edits: Iterable[str]) -> None:
    """Apply ``path=value`` edits in place, before validation.

    Parameters
    ----------
    raw : dict
        A recipe as it stands in its file.
    edits : iterable of str
        The keys of a path are separated by dots. An item of a list is meant by its index, from 0, or by its ``name``:
        ``sets.hands.colour.transfer=none``. A key of sets alone, such as ``colour.transfer``, is that of every set. Parts that
        are not there yet are made.

    Raises
    ------
    RecipeError
        If an edit has no ``=``, is not one value, or its path goes through something that has no parts.
    """
    for edit in (each for told in edits for each in _of_every_set(raw, told)):
        path, equals, text = edit.partition("=")
        if not equals or not path or not all(path.split(".")):
            raise RecipeError(f"--set {edit!r}: expected path=value, such as output.shard_size=100")
        parsed = parse_recipe(f"value: {text}", f"--set {edit!r}")
        if list(parsed) != ["value"]:
            raise RecipeError(f"--set {edit!r}: expected one value")
        *through, last = path.split(".")
        here: Any = raw
        for depth, key in enumerate(through):
            where = _key(here, key, f"--set {edit!r}: {'.'.join(through[:depth]) or 'the recipe'}")
            if isinstance(here, dict) and here.get(where) is None:
                here[where] = {}
            here = here[where]
        here[_key(here, last, f"--set {edit!r}: {'.'.join(through) or 'the recipe'}")] = parsed["value"]


def _of_every_set(raw: Mapping[str, Any], edit: str) -> list[str]:
    """The edits that one means whose path may begin inside a set."""
    key, sets = edit.partition("=")[0].split(".")[0], raw.get("sets")
    if not isinstance(sets, list):  # no recipe, or not yet one
        return [edit]
    if key in KEYS_OF_SETS:
        return [f"sets.{index}.{edit}" for index in range(len(sets))]
    close = difflib.get_close_matches(key, KEYS_OF_SETS)
    if close and not difflib.get_close_matches(key, KEYS, n=1):
        raise RecipeError(f"--set {edit!r}: unknown key {key!r} (did you mean {close[0]!r}?)")
    return [edit]


def _key(here: Any, key: str, told: str) -> str | int:
    """What indexes `here`; `told` begins the message where nothing does."""
    if isinstance(here, dict):
        return key
    if not isinstance(here, list):
        raise RecipeError(f"{told} is {here!r}, which has no part {key!r}")
    names = [item.get("name") if isinstance(item, dict) else None for item in here]
    if key in names:
        return names.index(key)
    if key.isdecimal() and int(key) < len(here):
        return int(key)
    known = [f"an index from 0 to {len(here) - 1}"] * bool(here) + [str(name) for name in names if name is not None]
    raise RecipeError(f"{told} has {len(here)} items; expected {' or '.join(known) or 'none'}, found {key!r}")
