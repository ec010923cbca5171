"""What pydantic finds wrong in a recipe, in the words of those who write YAML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from natocc.core.text import did_you_mean

_EXPECTED: Mapping[str, str] = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "finite_number": "a finite number",
    "float_parsing": "a number",
    "float_type": "a number",
    "greater_than": "a number above {gt:g}",
    "greater_than_equal": "at least {ge:g}",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number of 64 bits",
    "int_type": "a whole number",
    "less_than": "a number below {lt:g}",
    "less_than_equal": "at most {le:g}",
    "model_attributes_type": "a mapping",
    "model_type": "a mapping",
    "string_pattern_mismatch": "text that matches {pattern}",
    "string_type": "text",
    "too_long": "at most {max_length} {items}",
    "too_short": "at least {min_length} {items}",
    "tuple_type": "a list",
}
"""Types of pydantic's errors, to what was expected; other errors keep pydantic's words."""


def faults(error: ValidationError) -> list[str]:
    """A line for each fault: the path of the field, what was expected and what was found.

    Examples
    --------
    >>> from natocc.dataset.splits import Splits
    >>> try:
    ...     Splits.model_validate({"train": "most", "val": True, "test": -1})
    ... except ValidationError as error:
    ...     for line in faults(error):
    ...         print(line)
    train: expected a number, found 'most'
    test: expected at least 0, found -1
    """
    details = error.errors()
    # A list of which an item fails is also called too short: the item is what is wrong.
    return [_line(fault) for fault in details if not (fault["type"] == "too_short" and len(details) > 1)]


def _line(fault: Mapping[str, Any]) -> str:
    # What pydantic adds for itself is no part of a recipe: "[key]", and the branch of a union, "(mix)".
    path = ".".join(str(part) for part in fault["loc"] if str(part)[:1] not in ("[", "("))
    message = _message(fault["type"], fault["msg"], fault["input"], fault.get("ctx", {}))
    return f"{path}: {message}" if path else message


def _message(kind: str, message: str, value: Any, context: Mapping[str, Any]) -> str:
    if kind == "missing":
        return "is missing"
    if kind in ("value_error", "assertion_error"):
        return message.partition(", ")[2]  # without "Value error"
    if kind == "literal_error":
        known = [word.strip(" '") for word in context["expected"].replace(" or ", ", ").split(",")]
        return f"{value!r} is not one of {', '.join(known)}{did_you_mean(str(value), known)}"
    shown = {None: "nothing", True: "true", False: "false"}[value] if value is None or isinstance(value, bool) else repr(value)
    if kind not in _EXPECTED:
        return f"{message[0].lower()}{message[1:]}, found {shown}"
    items = "item" if 1 in (context.get("min_length"), context.get("max_length")) else "items"
    return f"expected {_EXPECTED[kind].format_map({**context, 'items': items})}, found {shown}"
