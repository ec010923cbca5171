"""The text of a recipe, from a file or of one of natocc's own; parsed as YAML without surprises."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import yaml

from natocc.core.errors import RecipeError, UsageError
from natocc.core.text import did_you_mean
from natocc.io.files import is_file, read_text
from natocc.io.paths import own_folder

_MOST_BYTES = 1_000_000
_LARGEST = 2**63 - 1
_DEEPEST = 50
_DIGITS = r"[0-9]+(?:_[0-9]+)*"
_BASED = re.compile(r"[-+]?0[xob]", re.IGNORECASE)
_INT = re.compile(rf"[-+]?(?:{_DIGITS}|0x[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*|0o[0-7]+(?:_[0-7]+)*|0b[01]+(?:_[01]+)*)$")
_FLOAT = re.compile(
    rf"(?:[-+]?(?:{_DIGITS}(?:\.(?:{_DIGITS})?)?|\.{_DIGITS})(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
)


def own_recipes() -> dict[str, Path]:
    """Natocc's own recipes: name to file."""
    return {path.stem: path for path in sorted(own_folder("pipelines").glob("*.yaml"))}


def summary(text: str) -> str:
    """First sentence of the comment at the beginning of a recipe.

    Examples
    --------
    >>> summary("# yaml-language-server: $schema=x\\n# The demo: two\\n# portraits. Nothing is downloaded.\\nname: demo\\n")
    'The demo: two portraits'
    """
    lines = itertools.takewhile(lambda line: line.startswith("#"), text.splitlines())
    comment = " ".join(line.removeprefix("#").strip() for line in lines if not line.startswith("# yaml-language-server:"))
    return comment.split(". ")[0].rstrip(".")


def recipe_text(name_or_path: str) -> tuple[str, str]:
    """Text and name of a recipe file, or of one of natocc's own recipes.

    Raises
    ------
    RecipeError
        If there is no such file; natocc's own recipes are named.
    """
    own = own_recipes()
    path = own.get(name_or_path, Path(name_or_path))
    if not is_file(path):
        hint = did_you_mean(name_or_path, own)
        raise RecipeError(f"no recipe file {name_or_path!r}, and no recipe of natocc's own by that name: {', '.join(own)}{hint}")
    try:
        return read_text(path, "a recipe", _MOST_BYTES), str(name_or_path)
    except UsageError as error:
        raise RecipeError(*error.lines) from None


def parse_recipe(text: str, name: str) -> dict[str, Any]:
    """A recipe's YAML as plain dictionaries, not yet validated.

    Raises
    ------
    RecipeError
        If it is not YAML, not a mapping, has a key twice, or has tags or aliases.
    """
    try:
        value = yaml.load(text, _StrictLoader)
    except yaml.MarkedYAMLError as error:
        where = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise RecipeError(f"recipe {name}{where}: {error.problem or error.context}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise RecipeError(f"recipe {name} is not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(value, dict):
        raise RecipeError(f"recipe {name}: expected a mapping with keys such as name, faces and sets")
    return value


class _StrictLoader(yaml.SafeLoader):
    """YAML without tags, aliases or repeated keys: no recipe needs them, and all can go wrong unnoticed."""

    _depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        fault = None
        if isinstance(event, yaml.AliasEvent):
            fault = "aliases are not allowed"
        elif event.tag is not None:
            fault = f"the tag {event.tag!r}: tags are not allowed"
        elif self._depth == _DEEPEST:
            fault = "nested too deeply"
        if fault:
            raise yaml.constructor.ConstructorError(None, None, fault, event.start_mark)
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str | int | float | bool):
                raise yaml.constructor.ConstructorError(None, None, "a key must be a word", key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} is given twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)

    def construct_yaml_int(self, node: Any) -> int:
        number = int(node.value.replace("_", ""), 0 if _BASED.match(node.value) else 10)
        if abs(number) > _LARGEST:  # Python refuses to print the largest that YAML can write
            raise yaml.constructor.ConstructorError(None, None, "the number is too large", node.start_mark)
        return number

    def construct_yaml_float(self, node: Any) -> float:
        return float(node.value.replace("_", "").lower().replace(".inf", "inf").replace(".nan", "nan"))


# Numbers of YAML 1.2 and JSON, with the underscores of Python. PyYAML's own are of YAML 1.1, for which 1e-3 is a text, 010 eight
# and 1:30 ninety. Dates stay texts: no key of a recipe is one.
_StrictLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag.rpartition(":")[2] not in ("int", "float", "timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _name, _pattern in (("int", _INT), ("float", _FLOAT)):
    _StrictLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", _pattern, list("-+.0123456789"))
    _StrictLoader.add_constructor(f"tag:yaml.org,2002:{_name}", getattr(_StrictLoader, f"construct_yaml_{_name}"))
