"""What every part of a recipe has in common: strict, frozen, told by name which plug-in it configures."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, model_validator


class Options(BaseModel):
    """A part of a recipe: unknown keys are refused with the nearest known one; NaN and infinity are not numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _know_every_key(cls, value: Any) -> Any:
        if isinstance(value, Mapping):
            known = list(cls.model_fields)
            for key in value:
                if key not in known:
                    raise ValueError(f"unknown key {str(key)!r}{nearest(str(key), known)}")
        return value


PluginOptions = TypeVar("PluginOptions", bound=Options)


def nearest(name: str, known: list[str]) -> str:
    """Text that names the known word nearest to `name`, or all of them where none is near.

    Examples
    --------
    >>> nearest("sourse", ["source", "root"])
    " (did you mean 'source'?)"
    """
    close = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean {close[0]!r}?)" if close else f" (known: {', '.join(known)})"


def plugin(table: Mapping[str, str], name_key: str, name: str) -> type[Options]:
    """Class of the plug-in that `name` means in `table`, imported only now.

    Parameters
    ----------
    table : mapping of str to str
        Plug-in name to ``module:Class``.
    name_key : str
        The recipe's key that holds the name, for the message.
    name : str
        What the recipe says.

    Raises
    ------
    ValueError
        If there is no such plug-in; the nearest name is given.
    """
    if name not in table:
        raise ValueError(f"unknown {name_key} {name!r}{nearest(name, list(table))}")
    module, _, attribute = table[name].partition(":")
    found = getattr(importlib.import_module(module), attribute)
    assert isinstance(found, type) and issubclass(found, Options)
    return found


def choose_by_name(value: Any, base: type[PluginOptions], table: Mapping[str, str], name_key: str) -> PluginOptions:
    """A recipe entry as its plug-in's own model, chosen by the name that the entry has under `name_key`."""
    if isinstance(value, base):
        return value
    if not isinstance(value, Mapping):
        raise ValueError(f"expected a mapping with the key {name_key!r}, found {value!r}")
    if name_key not in value:
        raise ValueError(f"missing key {name_key!r} (known: {', '.join(table)})")
    chosen = plugin(table, name_key, str(value[name_key])).model_validate(value)
    assert isinstance(chosen, base)
    return chosen
