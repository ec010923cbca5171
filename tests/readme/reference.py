"""Generated parts of the READMEs: ``make reference`` writes each between its markers, ``<!-- NAME -->`` and ``<!-- /NAME -->``.

They come from the commands, the schema of recipes, the recipes, the export formats and the files of the package themselves.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from natocc import load_recipe
from natocc.cli import main
from natocc.exports import FORMATS
from natocc.recipe.model import METHODS
from natocc.recipe.schema import recipe_schema
from natocc.recipe.text import own_recipes, summary

ROOT = Path(__file__).parent.parent.parent

Schema = Mapping[str, Any]


def commands() -> str:
    """A table of all commands."""
    rows = [f"| `{path}` | {_cell(command.get_short_help_str(1000).rstrip('.'))} |" for path, command in _walk(main)]
    return "\n".join(["| command | what it does |", "|---|---|", *rows])


def recipes() -> str:
    """A table of natocc's own recipes."""
    rows = ["| recipe | sets (occluders) | |", "|---|---|---|"]
    for name, path in own_recipes().items():
        used = [(a_set.name, a_set.occluders.source if a_set.occluders else "none") for a_set in load_recipe(name).sets]
        sets = ", ".join(f"{set_name} ({source})" for set_name, source in used)
        rows.append(f"| [`{name}`]({path.name}) | {sets} | {_cell(summary(path.read_text(encoding='utf-8')))} |")
    return "\n".join(rows)


def keys() -> str:
    """A table of the keys of each part of a recipe."""
    schema = recipe_schema(plugins=False)
    return "\n\n".join(_Keys(schema["$defs"]).of_recipe(schema))


def exports() -> str:
    """A table of the options of each export format."""
    tables = []
    for name in FORMATS.own:
        schema = FORMATS[name].model_json_schema()
        title = f"`--to {name}`: {_summary(schema['description'])}"
        own = [key for key in schema["properties"] if key != "to"]
        tables.append(_Keys(schema.get("$defs", {})).table(title, schema, "", own))
    return "\n\n".join(tables)


def files() -> str:
    """Every file of the package that holds code, room by room, with the first line of its docstring."""
    package = ROOT / "natocc"
    rooms: dict[str, list[str]] = {}
    for path in sorted(package.rglob("*.py")):
        docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
        if docstring:
            name = path.relative_to(package).as_posix()
            room = f"{name.split('/')[0]}/" if "/" in name else ""
            rest = name.removeprefix(room)
            rooms.setdefault(room, []).append(f"| [`{rest}`]({name}) | {_cell(_summary(docstring))} |")
    tables = ["\n".join([f"| `{room or 'natocc/'}` | |", "|---|---|", *rows]) for room, rows in sorted(rooms.items())]
    return "\n\n".join(["<details><summary>Every file and its job</summary>", *tables, "</details>"])


GENERATED: Mapping[str, Mapping[str, Callable[[], str]]] = {
    "README.md": {"commands": commands},
    "pipelines/README.md": {"recipes": recipes, "keys": keys, "exports": exports},
    "natocc/README.md": {"files": files},
}
"""File to the name of each marker in it and what makes the text there."""


def updated(name: str, text: str) -> str:
    """The text of a README with its generated parts as they are now.

    Parameters
    ----------
    name : str
        A key of :data:`GENERATED`.
    text : str
        What the file holds.

    Raises
    ------
    ValueError
        If a marker is missing.
    """
    for marker, make in GENERATED[name].items():
        begin, end = f"<!-- {marker} -->", f"<!-- /{marker} -->"
        if text.count(begin) != 1 or text.count(end) != 1:
            raise ValueError(f"{name}: expected {begin} and {end} once each")
        before, rest = text.split(begin)
        text = f"{before}{begin}\n\n{make()}\n\n{end}{rest.split(end)[1]}"
    return text


class _Keys:
    """Tables of the keys of a schema, part by part in the order in which the parts are first named.

    Parameters
    ----------
    models : mapping
        The schema's definitions.
    """

    def __init__(self, models: Mapping[str, Schema]) -> None:
        self._models = models
        self._paths: dict[str, str] = {}
        self._shown: set[str] = set()

    def of_recipe(self, schema: Schema) -> list[str]:
        """All tables of a recipe."""
        tables = [self.table("A recipe", schema, ""), *self._parts(schema, "")]
        missing = set(self._models) - self._shown
        assert not missing, f"not in the reference: {missing}"
        return tables

    def table(self, title: str, schema: Schema, path: str, only: list[str] | None = None) -> str:
        """The keys of one part: which values, which default, what each is for."""
        properties = {key: field for key, field in schema["properties"].items() if only is None or key in only}
        if not properties:
            return f"**{title}**: no keys of its own"
        rows = [f"**{title}**", "", "| key | value | default | |", "|---|---|---|---|"]
        required = schema.get("required", ())
        for key, field in sorted(properties.items(), key=lambda item: item[0] not in required):
            for name in _references(field):
                self._paths.setdefault(name, f"{path}{key}")
            default = "required" if key in required else self._default(field)
            rows.append(f"| `{key}` | {_cell(self._kind(field))} | {_cell(default)} | {_cell(_sentence(field))} |")
        return "\n".join(rows)

    def _parts(self, schema: Schema, path: str, only: list[str] | None = None) -> Iterator[str]:
        """Tables of what the keys of a part lead to, unless they stand further up."""
        for key, field in schema["properties"].items():
            here = f"{path}{key}"
            names = [name for name in _references(field) if name not in self._shown]
            if not names or (only is not None and key not in only):
                continue
            self._shown.update(names)
            if len(names) > 1:
                yield from self._choice(here, [self._models[name] for name in names])
            else:
                model = self._models[names[0]]
                yield self.table(f"`{here}`", model, f"{here}.")
                yield from self._parts(model, f"{here}.")

    def _choice(self, path: str, models: list[Schema]) -> Iterator[str]:
        """A part that is one of several: the keys that all of them have, then those of each."""
        chosen_by = next(key for key, field in models[0]["properties"].items() if "const" in field)
        first = models[0]
        full = [model for model in models if not _keys(model).keys() < _keys(first).keys()]
        shared = [key for key in first["properties"] if all(key in _keys(model) for model in full) and key != chosen_by]
        if shared:
            yield self.table(f"`{path}`, whichever the `{chosen_by}`", first, f"{path}.", shared)
            yield from self._parts(first, f"{path}.", shared)
        for model in models:
            own = [key for key in _keys(model) if key not in shared and key != chosen_by]
            name = model["properties"][chosen_by]["const"]
            title = f"`{path}: {{{chosen_by}: {name}}}`: {_summary(model['description'])}"
            taken = [key for key in shared if key in _keys(model)]
            changed = self._changed(first, model, taken, name)
            table = self.table(title, model, f"{path}.", own)
            only = f"no keys but {', '.join(f'`{key}`' for key in taken)}" if taken != shared else ""
            said = only or (f"other defaults: {changed}" if changed else "no keys of its own")
            yield table.replace("no keys of its own", said)
            yield from self._parts(model, f"{path}.", own)

    def _changed(self, first: Schema, model: Schema, shared: list[str], name: str) -> str:
        """Defaults of shared keys that are not those of the first."""
        changed = []
        for key in shared:
            usual, default = first["properties"][key].get("default"), model["properties"][key].get("default")
            if key in first.get("required", ()) and key not in model.get("required", ()) and default is None:
                # Made by a factory, which a schema does not show.
                made = METHODS[name].model_fields[key].get_default(call_default_factory=True, validated_data={})
                changed.append(f"`{key}: {{source: {made.source}}}`")
            elif isinstance(default, dict) and isinstance(usual, dict) and default != usual:
                changed.append(f"`{key}: {_yaml({part: value for part, value in default.items() if value != usual[part]})}`")
            elif default != usual:
                changed.append(f"`{key}: {_yaml(default)}`")
        return ", ".join(changed)

    def _kind(self, field: Schema) -> str:
        """What may stand there, in a few words."""
        if "$ref" in field:
            return f"see `{self._paths[_references(field)[0]]}`"
        if "enum" in field:
            return ", ".join(f"`{value}`" for value in field["enum"])
        if "const" in field:
            return f"`{field['const']}`"
        if "discriminator" in field:
            return f"a part, by its `{field['discriminator']['propertyName']}`"
        choices = [choice for choice in (*field.get("anyOf", ()), *field.get("oneOf", ())) if choice.get("type") != "null"]
        if choices and "prefixItems" in choices[0]:
            return f"[least, most], or one {self._kind(choices[1])}"
        if choices:
            return " or ".join(self._kind(choice) for choice in choices)
        if "prefixItems" in field:
            return f"[{', '.join(self._kind(item) for item in field['prefixItems'])}]"
        if field["type"] == "array":
            items = self._kind(field["items"])
            return f"list, {items}" if "$ref" in field["items"] else f"list of {items}"
        if field["type"] == "object":
            names = f"of {self._kind(field['propertyNames'])} " if "enum" in field.get("propertyNames", {}) else ""
            return f"mapping {names}to {self._kind(field['additionalProperties'])}"
        return {"string": "text", "boolean": "`true`, `false`"}.get(field["type"], field["type"]) + _bounds(field)

    def _default(self, field: Schema) -> str:
        """The default; of a part only where it differs from the part's own."""
        default = field.get("default")
        if default is None:
            return ""
        if "$ref" in field:
            own = self._models[_references(field)[0]]["properties"]
            default = {key: value for key, value in default.items() if value != own[key].get("default")}
            return f"`{_yaml(default)}`" if default else ""
        text = _yaml(default)
        return f"`{text}`" if len(text) <= 60 else f"{len(default)} of them"


def _keys(model: Schema) -> dict[str, Schema]:
    """The keys of a part that may have a value."""
    return {key: field for key, field in model["properties"].items() if field.get("type") != "null"}


def _walk(group: click.Group, path: str = "natocc") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from _walk(command, f"{path} {name}")


def _references(field: Any) -> list[str]:
    """Names of the definitions that a field leads to, however deep."""
    if isinstance(field, list):
        return [name for item in field for name in _references(item)]
    if not isinstance(field, dict):
        return []
    own = [field["$ref"].rsplit("/", 1)[1]] if isinstance(field.get("$ref"), str) else []
    return own + [name for key, item in field.items() if key not in ("default", "discriminator") for name in _references(item)]


def _summary(docstring: str) -> str:
    """The first paragraph of a docstring as Markdown: without its full stop, footnotes, and the name that stands in the title."""
    text = " ".join(docstring.strip().split("\n\n", 1)[0].split())
    text = re.sub(r":\w+:`~?(?:natocc\.)?([^`]*)`", r"`\1`", re.sub(r"\s*\[\d+\]_", "", text)).replace("``", "`")
    return re.sub(r"^`?\w+: \w+`?: ", "", text).rstrip(".")


def _sentence(field: Schema) -> str:
    """A field's description as a table shows it: a capital first, unless it begins with a value."""
    text = _summary(field["description"])
    values = re.findall(r'"([\w-]+)"', json.dumps({key: item for key, item in field.items() if key != "description"}))
    return text if re.split(r"[^\w-]", text)[0] in ("", *values) else text[0].upper() + text[1:]


def _bounds(field: Schema) -> str:
    words = (("minimum", "≥"), ("exclusiveMinimum", ">"), ("maximum", "≤"), ("exclusiveMaximum", "<"))
    limits = [f"{sign} {field[key]:g}" for key, sign in words if key in field and abs(field[key]) < 2**62]
    return f" {', '.join(limits)}" if limits else ""


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
        for readme in GENERATED:
            path = ROOT / readme
            path.write_text(updated(readme, path.read_text(encoding="utf-8")), encoding="utf-8")
    except ValueError as error:
        sys.exit(str(error))
