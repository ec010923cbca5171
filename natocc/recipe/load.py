"""From a recipe's name to the recipe: read, edited, validated."""

from __future__ import annotations

from collections.abc import Iterable

from natocc.recipe.edit import edit_recipe
from natocc.recipe.model import Recipe, validate_recipe
from natocc.recipe.text import parse_recipe, recipe_text


def load_recipe(name_or_path: str, edits: Iterable[str] = ()) -> Recipe:
    """Read, edit and validate a recipe: a file, or the name of one of natocc's own.

    Raises
    ------
    RecipeError
        As :func:`recipe_text`, :func:`parse_recipe`, :func:`edit_recipe` and :func:`validate_recipe`.
    """
    text, name = recipe_text(name_or_path)
    raw = parse_recipe(text, name)
    edit_recipe(raw, edits)
    return validate_recipe(raw, name)
