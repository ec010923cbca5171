"""The README's reference, made of the commands and of the recipe's models: ``make reference`` writes it between its markers.

<!-- commands -->...<!-- /commands -->      a row a command: what it does, an example
<!-- recipe -->...<!-- /recipe -->          every key of a recipe: type, default, what it means
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from natocc.cli import main as natocc
from natocc.faces.sources.base import FaceOptions
from natocc.recipe.schema import recipe_schema

README = Path(__file__).parent.parent.parent / "README.md"

SECTIONS: Mapping[str, tuple[str, ...]] = {
    "faces": ("CelebAMaskOptions", "LabelledOptions", "FolderOptions", "PortraitsOptions"),
    "occluders": ("CocoOptions", "HandsOptions", "CutoutsOptions", "ShapesOptions"),
    "textures": ("TexturesOptions", "NoiseOptions", "FlatOptions", "MixOptions"),
}
"""Parts that a ``source`` chooses, to the models of their sources, in the order of the reference."""

PARTS = {
    "AlignOptions": "faces.align",
    "Portrait": "faces.portraits",
    "PlacementRule": "sets.placement",
    "CoverageRule": "sets.placement.coverage",
    "ColourRule": "sets.colour",
    "LightRule": "sets.light",
    "OpticsRule": "sets.optics",
    "BlendRule": "sets.blend",
    "TransparencyRule": "sets.transparency",
    "FinishRule": "sets.finish",
    "CutoutRules": "occluders.rules",
    "UpscaleOptions": "occluders.upscale",
    "Splits": "splits",
    "Output": "output",
    "ImageFormat": "output.image",
}
"""Other models to the path at which they stand."""


def commands() -> str:
    """A table of all commands."""
    rows = ["| command | what it does | example |", "|---|---|---|"]
    for path, command in _walk(natocc):
        what = command.get_short_help_str(1000).rstrip(".")
        example = next(line.strip() for line in (command.help or "").splitlines() if line.strip().startswith("natocc "))
        rows.append(f"| `{path}` | {_cell(what)} | `{_cell(example)}` |")
    return "\n".join(rows)


def recipe() -> str:
    """A table of the keys of each part of a recipe."""
    schema = recipe_schema(plugins=False)
    models: dict[str, Any] = schema["$defs"]
    told = [_table("A recipe", schema, models)]
    common = set(FaceOptions.model_fields)
    names = [models[name]["properties"]["source"]["const"] for name in SECTIONS["faces"]]
    source = {"enum": names, "description": "Which of those below."}
    told.append(_table("`faces`, of any source", _with(models["FolderOptions"], "source", source), models, only=common))
    told += [_source("faces", models[name], models, without=common) for name in SECTIONS["faces"]]
    method = {"enum": ["natocc", "randocc"], "default": "natocc", "description": "Natural or random occlusion."}
    told.append(_table("`sets`, by any method", _with(models["NatOccSet"], "method", method), models))
    differs = _differing(models["RandOccSet"]["properties"], models["NatOccSet"]["properties"])
    told.append(f"With `method: randocc` other defaults hold: {differs}.")
    for part in ("occluders", "textures"):
        told += [_source(part, models[name], models, without=set()) for name in SECTIONS[part]]
    told += [_table(f"`{path}`", models[name], models) for name, path in PARTS.items()]
    missing = set(models) - {name for names in SECTIONS.values() for name in names} - set(PARTS) - {"NatOccSet", "RandOccSet"}
    assert not missing, f"not in the reference: {missing}; add them to SECTIONS or PARTS"
    return "\n\n".join(["<details><summary>Every key of a recipe</summary>", *told, "</details>"])


def updated(text: str) -> str:
    """The README with the reference as it is now.

    Raises
    ------
    ValueError
        If a marker is missing.
    """
    for name, made in (("commands", commands()), ("recipe", recipe())):
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        if text.count(begin) != 1 or text.count(end) != 1:
            raise ValueError(f"README.md: expected {begin} and {end} once each")
        before, rest = text.split(begin)
        text = f"{before}{begin}\n\n{made}\n\n{end}{rest.split(end)[1]}"
    return text


def _walk(group: click.Group, path: str = "natocc") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from _walk(command, f"{path} {name}")


def _source(part: str, model: Mapping[str, Any], models: Mapping[str, Any], without: set[str]) -> str:
    name = model["properties"]["source"]["const"]
    only = [key for key in model["properties"] if key not in without and key != "source"]
    title = f"`{part}: {{source: {name}}}`: {_what(model['description'])}"
    return _table(title, model, models, only=set(only)) if only else f"**{title}**: no keys of its own"


def _with(model: Mapping[str, Any], key: str, field: Mapping[str, Any]) -> dict[str, Any]:
    """A model with another field."""
    return {**model, "properties": {**model["properties"], key: field}}


def _what(description: str) -> str:
    """A class's summary without the name that stands before it already."""
    text = re.sub(r"^\w+: \w+: ", "", description).rstrip(".")
    return text[0].lower() + text[1:] if text[1:2].islower() else text


def _table(title: str, model: Mapping[str, Any], models: Mapping[str, Any], only: set[str] | None = None) -> str:
    rows = [f"**{title}**", "", "| key | value | default | |", "|---|---|---|---|"]
    for key, field in model["properties"].items():
        if only is None or key in only:
            required = key in model.get("required", ())
            default = "required" if required else _default(field, models)
            said = field["description"].rstrip(".")
            rows.append(f"| `{key}` | {_cell(_kind(field))} | {_cell(default)} | {_cell(said[0].upper() + said[1:])} |")
    return "\n".join(rows)


def _kind(field: Mapping[str, Any]) -> str:
    """What may stand there, in a few words."""
    if "$ref" in field:
        name = field["$ref"].rsplit("/", 1)[1]
        return f"see `{PARTS[name]}`" if name in PARTS else "a part"
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if "const" in field:
        return f"`{field['const']}`"
    if "discriminator" in field:
        key = field["discriminator"]["propertyName"]
        return f"a part, by its `{key}`"
    choices = [each for each in (*field.get("anyOf", ()), *field.get("oneOf", ())) if each.get("type") != "null"]
    if choices and "prefixItems" in choices[0]:
        return f"[least, most], or one {_kind(choices[1])}"
    if choices:
        return " or ".join(_kind(each) for each in choices)
    if field["type"] == "array":
        return f"list of {_kind(field['items'])}" if "items" in field else "list"
    if field["type"] == "object":
        return f"mapping to {_kind(field['additionalProperties'])}"
    return {"string": "text", "boolean": "`true`, `false`"}.get(field["type"], field["type"]) + _bounds(field)


def _bounds(field: Mapping[str, Any]) -> str:
    words = (("minimum", "≥"), ("exclusiveMinimum", ">"), ("maximum", "≤"), ("exclusiveMaximum", "<"))
    told = [f"{sign} {field[key]:g}" for key, sign in words if key in field and abs(field[key]) < 2**62]
    return f" {', '.join(told)}" if told else ""


def _default(field: Mapping[str, Any], models: Mapping[str, Any]) -> str:
    """The default; of a part only where it differs from the part's own."""
    default = field.get("default")
    if default is None:
        return ""
    if "$ref" in field:
        own = models[field["$ref"].rsplit("/", 1)[1]]["properties"]
        default = {key: value for key, value in default.items() if value != own[key].get("default")}
        return f"`{_yaml(default)}`" if default else ""
    text = _yaml(default)
    return f"`{text}`" if len(text) <= 60 else f"{len(default)} of them"


def _differing(fields: Mapping[str, Any], others: Mapping[str, Any]) -> str:
    """Keys of parts whose defaults are not those of `others`."""
    told = []
    for key, field in fields.items():
        default, other = field.get("default"), others[key].get("default")
        if isinstance(default, dict) and default != other:
            told.append(f"`{key}: {_yaml({name: value for name, value in default.items() if value != other[name]})}`")
    return ", ".join([*told, "`occluders: {source: shapes}`"])


def _yaml(value: Any) -> str:
    """JSON as YAML writes it in one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_yaml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_yaml(item) for item in value) + "]"
    return value if isinstance(value, str) else f"{value:g}" if isinstance(value, float) else json.dumps(value)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    try:
        README.write_text(updated(README.read_text(encoding="utf-8")), encoding="utf-8")
    except ValueError as fault:
        sys.exit(str(fault))
