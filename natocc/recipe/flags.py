"""A recipe made from flags, for those who have no file: ``--source celebamask --occluders coco``."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from natocc.core.addresses import is_url
from natocc.core.errors import UsageError
from natocc.io.files import exists
from natocc.io.paths import SCHEMES
from natocc.recipe.edit import edit_recipe
from natocc.recipe.model import Recipe, validate_recipe
from natocc.recipe.text import parse_recipe, recipe_text


def recipe_of_flags(
    recipe: str | None,
    source: str | None,
    occluders: str | None,
    method: str | None,
    source_root: str | None,
    occluders_root: str | None,
    seed: int | None,
    edits: Iterable[str],
) -> Recipe:
    """The recipe of a file, or of flags alone; flags edit it before it is validated.

    Raises
    ------
    UsageError, RecipeError
        If a recipe is given together with flags that make one, or the recipe does not validate.
    """
    if recipe is not None and (source or occluders or method):
        raise UsageError("--source, --occluders and --method make a recipe of one set; edit a recipe file's with --set")
    if recipe is None:
        raw, name = _one_set(source, occluders, method), "made from flags"
    else:
        text, name = recipe_text(recipe)
        raw = parse_recipe(text, name)
    flags = [f"seed={seed}"] if seed is not None else []
    if source_root is not None:
        flags.append(f"faces.root={_location(source_root)}")
    if occluders_root is not None and isinstance(raw.get("sets"), list):
        flags.append(f"occluders.root={_location(occluders_root)}")
    edit_recipe(raw, [*flags, *edits])
    return validate_recipe(raw, name)


def _one_set(source: str | None, occluders: str | None, method: str | None) -> dict[str, Any]:
    if source is None:
        raise UsageError(
            "name a recipe, or faces with --source (such as celebamask) and occluders with --occluders (such as coco)"
        )
    method = method or ("randocc" if occluders == "shapes" else "natocc")
    if occluders is None and method != "none":
        occluders = "shapes" if method == "randocc" else "coco"
    name = occluders or "clean"
    of: dict[str, Any] = {"occluders": {"source": occluders}} if occluders else {}
    of |= {"placement": {"hands": "usual"}} if occluders == "hands" and method == "natocc" else {}
    return {"name": f"{source}-{name}", "faces": {"source": source}, "sets": [{"name": name, "method": method, **of}]}


def _location(path: str) -> str:
    """A flag's path as a location, quoted: relative to the current folder if it exists there, else to the data root."""
    if not path.startswith(SCHEMES) and not is_url(path):
        with contextlib.suppress(OSError, RuntimeError, ValueError):  # no path at all: said when it is looked for
            here = Path(path).expanduser().absolute()
            path = str(here) if exists(here) else path
    return json.dumps(path)
