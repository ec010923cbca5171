"""What all parts of a recipe share: strict, frozen models, and fields whose model or value a table of plug-ins names."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, ClassVar, Generic, TypeAlias, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema, core_schema

from natocc.core.addresses import has_credentials, without_credentials
from natocc.core.errors import UsageError
from natocc.core.text import did_you_mean, joined, nearest
from natocc.plugins.table import Table

_LOCATION, _FILE = object(), object()

Location: TypeAlias = Annotated[str, _LOCATION]
"""A place that a recipe reads: a path, ``package:NAME/sub`` or ``asset:sub``, see :func:`natocc.io.paths.locate`.

A field of this type, also one that holds several in a tuple, is an input of the dataset: names and sizes of its files are in
``dataset.json``, a build is not resumed where they have changed, and no output is written into it.
"""

FileLocation: TypeAlias = Annotated[str, _LOCATION, _FILE]
"""A :data:`Location` of one file that is read whole, such as a network: ``dataset.json`` has the sha256 of its bytes, too."""


class Options(BaseModel):
    """A part of a recipe: unknown keys are refused with the nearest known one; NaN and infinity are not numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)

    reads: ClassVar[tuple[str, ...]] = ("",)
    """How names of files end, in lower case, that are read in the folders that a :data:`Location` here means; all unless given.

    Others are no input: a log that is written there while a build is on changes nothing.
    """

    @model_validator(mode="before")
    @classmethod
    def _know_every_key(cls, value: Any) -> Any:
        if isinstance(value, Mapping):
            value = _fit(value, "")
            known = list(cls.model_fields)
            for key in value:
                if key not in known:
                    raise ValueError(f"unknown key {str(key)!r}{nearest(str(key), known)}")
        return value

    def named(self) -> Iterable[tuple[Table[Any], str]]:
        """Plug-ins that this part itself names, as (table, name)."""
        return ()

    def locations(self) -> Iterator[tuple[str, str]]:
        """Path of each field here, or in a part within, that is a :data:`Location`; and what it holds."""
        return self._marked(_LOCATION)

    def hashed_locations(self) -> Iterator[tuple[str, str]]:
        """As :meth:`locations`, of each :data:`FileLocation`."""
        return self._marked(_FILE)

    def _marked(self, mark: object) -> Iterator[tuple[str, str]]:
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            items = enumerate(value) if isinstance(value, tuple) else [(None, value)]
            for index, item in items:
                path = name if index is None else f"{name}.{index}"
                if isinstance(item, Options):
                    yield from ((f"{path}.{below}", location) for below, location in item._marked(mark))
                elif isinstance(item, str) and _has_mark((field.annotation, *field.metadata), mark):
                    yield path, item

    def packages(self) -> dict[str, str]:
        """Versions of the other packages whose plug-ins this part, or one within it, names; by package name, sorted."""
        versions = dict(filter(None, (table.package(name) for table, name in self.named())))
        for _, value in self:
            for item in value if isinstance(value, tuple) else (value,):
                if isinstance(item, Options):
                    versions |= item.packages()
        return dict(sorted(versions.items()))


def _fit(value: Any, path: str) -> Any:
    """A part of a recipe, its texts fit to be written into ``dataset.json``, a manifest and a card that others read."""
    if isinstance(value, Mapping):
        return {_fit(key, path): _fit(item, f"{path}.{key}" if path else str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_fit(item, f"{path}.{index}") for index, item in enumerate(value))
    if not isinstance(value, str):
        return value
    if has_credentials(value):
        raise ValueError(f"{path}: expected an address without password, key or token, found {without_credentials(value)!r}")
    try:
        return joined(value)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _has_mark(parts: Iterable[Any], mark: object) -> bool:
    return any(part is mark or _has_mark(get_args(part), mark) for part in parts)


PART_OF = "x-part-of"
"""Mark in a JSON Schema: one of the models of this group's table belongs here."""

NAME_OF = "x-name-of"
"""Mark in a JSON Schema: a name of this group's table belongs here."""

PluginOptions = TypeVar("PluginOptions", bound=Options)
PluginType = TypeVar("PluginType")


def plugin(table: Mapping[str, PluginType], name_key: str, name: str) -> PluginType:
    """The plug-in of that name, imported now.

    Parameters
    ----------
    table : mapping of str
        Names to plug-ins, such as a :class:`natocc.plugins.table.Table`.
    name_key : str
        The recipe's key that holds the name, for messages.
    name : str
        Name in the recipe.

    Raises
    ------
    ValueError
        If there is no such plug-in (the message has the nearest name), or its package cannot be used.
    """
    try:
        return table[name]
    except KeyError:
        raise ValueError(f"unknown {name_key} {name!r}{nearest(name, list(table))}") from None
    except UsageError as error:
        raise ValueError(str(error)) from error


def choose_by_name(value: Any, base: type[PluginOptions], table: Table[type[Any]], name_key: str) -> PluginOptions:
    """A part of a recipe as the model of its plug-in, which is named under `name_key`."""
    if isinstance(value, base):
        return value
    if not isinstance(value, Mapping):
        raise ValueError(f"expected a mapping with the key {name_key!r}, found {value!r}")
    if name_key not in value:
        raise ValueError(f"missing key {name_key!r} (known: {', '.join(table)})")
    name = str(value[name_key])
    model = plugin(table, name_key, name)
    if not (isinstance(model, type) and issubclass(model, base)):
        offers = " ".join(table.package(name) or ("natocc",))
        raise ValueError(f"{table.group} {name!r} of {offers}: expected a subclass of {base.__name__}, found {model!r}")
    return model.model_validate(value)


@dataclasses.dataclass(frozen=True, eq=False)
class ChosenFrom(Generic[PluginOptions]):
    """Annotation of a part of a recipe: its model is the one that its ``source`` names.

    Parameters
    ----------
    table : Table
        Options classes by name.
    base : type
        Their common base class.
    """

    table: Table[type[Any]]
    base: type[PluginOptions]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.choose, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """A mark in place of all the models, which :mod:`natocc.recipe.schema` fills in."""
        return {PART_OF: self.table.group}

    def choose(self, value: Any) -> PluginOptions:
        """See :func:`choose_by_name`."""
        return choose_by_name(value, self.base, self.table, "source")


@dataclasses.dataclass(frozen=True, eq=False)
class NameIn:
    """Annotation of a text in a recipe: a name in a table.

    Parameters
    ----------
    table : Table
        Plug-ins by name.
    also : tuple of str
        Further allowed names.
    """

    table: Table[Any]
    also: tuple[str, ...] = ()

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """A mark, as of :class:`ChosenFrom`."""
        return {NAME_OF: self.table.group, "also": list(self.also)}

    def check(self, name: str) -> str:
        """`name`, if it is known and its plug-in can be imported."""
        if name not in self.also:
            try:
                function = self.table[name]
            except KeyError:
                known = [*self.also, *self.table]
                raise ValueError(f"{name!r} is not one of {', '.join(known)}{did_you_mean(name, known)}") from None
            except UsageError as error:
                raise ValueError(str(error)) from error
            if not callable(function):
                raise ValueError(f"{self.table.group} {name!r}: expected a function, found {function!r}")
        return name
