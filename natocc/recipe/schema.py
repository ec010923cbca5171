"""The JSON Schema of a recipe, with which editors complete and check YAML: every source with its own keys."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic.json_schema import models_json_schema

from natocc.compose.blend import BLENDS
from natocc.compose.transfers import TRANSFERS
from natocc.core.errors import UsageError
from natocc.faces import SOURCES as FACES
from natocc.occluders import SOURCES as OCCLUDERS
from natocc.occluders import TEXTURES
from natocc.plugins.options import NAME_OF, PART_OF, Options
from natocc.plugins.table import Table
from natocc.recipe.model import METHODS, Recipe


def recipe_schema(plugins: bool = True) -> dict[str, Any]:
    """The schema (JSON Schema, draft 2020-12).

    Parameters
    ----------
    plugins : bool
        Whether to include the plug-ins of other packages; those that cannot be imported are left out.
    """
    parts: dict[str, Mapping[str, type[Options]]] = {
        table.group: dict(_usable(table, plugins)) for table in (FACES, OCCLUDERS, TEXTURES)
    }
    parts["sets"] = METHODS
    names = {table.group: [name for name, _ in _usable(table, plugins)] for table in (TRANSFERS, BLENDS)}
    models: list[type[Options]] = [Recipe, *(model for table in parts.values() for model in table.values())]
    references_of, whole = models_json_schema([(model, "validation") for model in models])
    references = {model: reference["$ref"] for (model, _), reference in references_of.items()}
    definitions: dict[str, Any] = whole["$defs"]
    for group, table in parts.items():
        key = "method" if group == "sets" else "source"
        for name, model in table.items():
            definition = definitions[references[model].rsplit("/", 1)[1]]
            definition["properties"][key] = {"const": name, "description": definition["description"]}
            if name != "natocc":  # the default method of a set
                definition["required"] = sorted({*definition.get("required", ()), key})
    choices = {
        group: {
            "oneOf": [{"$ref": references[model]} for model in table.values()],
            "discriminator": {"propertyName": "method" if group == "sets" else "source"},
        }
        for group, table in parts.items()
    }
    recipe = definitions.pop(references[Recipe].rsplit("/", 1)[1])
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **recipe, "title": "natocc recipe"}
    filled: dict[str, Any] = _filled(schema | {"$defs": dict(sorted(definitions.items()))}, choices, names)
    text = json.dumps(filled)
    filled["$defs"] = {name: model for name, model in filled["$defs"].items() if f'"#/$defs/{name}"' in text}
    return filled


def _usable(table: Table[Any], plugins: bool) -> Iterator[tuple[str, Any]]:
    for name in table if plugins else table.own:
        try:
            yield name, table[name]
        except UsageError:
            continue


def _filled(value: Any, choices: Mapping[str, Any], names: Mapping[str, list[str]]) -> Any:
    """A schema with plain descriptions, and with choices in the place of the marks of :mod:`natocc.plugins.options`."""
    if isinstance(value, list):
        return [_filled(item, choices, names) for item in value]
    if not isinstance(value, dict):
        return value
    filled = {key: _filled(item, choices, names) for key, item in value.items()}
    if isinstance(text := filled.get("description"), str):  # the first paragraph of a docstring, without markup
        filled["description"] = " ".join(text.split("\n\n")[0].replace("`", "").split())
    if PART_OF in filled:
        filled |= choices[filled.pop(PART_OF)]
    if NAME_OF in filled:
        filled |= {"enum": [*filled.pop("also"), *names[filled.pop(NAME_OF)]]}
    return filled
