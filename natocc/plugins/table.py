"""Tables of plug-ins: natocc's own by name, and those that other packages add by an entry point.

Other packages are asked only when a recipe names something that natocc does not have, or when all names are listed; nothing is
imported before that.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from natocc.core.errors import UsageError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

Plugin = TypeVar("Plugin")


@dataclasses.dataclass(frozen=True)
class Offer:
    """A plug-in that another package declares.

    Parameters
    ----------
    group, name : str
        Group of entry points, such as ``natocc.transfers``, and the name in recipes.
    package, version : str
        The distribution that adds it.
    target : str
        ``module:attribute``.
    """

    group: str
    name: str
    package: str
    version: str
    target: str

    def __str__(self) -> str:
        return f"{self.group} {self.name!r} of {self.package} {self.version}"


class Table(Mapping[str, Plugin], Generic[Plugin]):
    """Names in a recipe to plug-ins, which are imported when they are looked up.

    Natocc's own plug-ins cannot be replaced, so that a name means the same on every machine: a package that uses one of their
    names is ignored, and ``natocc doctor`` reports it.

    Parameters
    ----------
    group : str
        Group of the entry points by which other packages add to it, such as ``natocc.blends``.
    own : mapping
        Natocc's own: plug-ins, or ``module:attribute``.

    Examples
    --------
    >>> table = Table[float]("natocc.numbers", {"pi": "math:pi"})
    >>> round(table["pi"], 2), list(table), "e" in table
    (3.14, ['pi'], False)
    """

    def __init__(self, group: str, own: Mapping[str, Plugin | str]) -> None:
        self.group = group
        self.own = own

    def __getitem__(self, name: str) -> Plugin:
        """The plug-in of that name.

        Raises
        ------
        KeyError
            If there is none.
        UsageError
            If its package cannot be imported, or two packages offer it.
        """
        if name in self.own:
            entry = self.own[name]
            plugin: Plugin = _attribute(entry) if isinstance(entry, str) else entry
            return plugin
        offers = [offer for offer in offered(self.group) if offer.name == name]
        if not offers:
            raise KeyError(name)
        if len(offers) > 1:
            packages = ", ".join(f"{offer.package} {offer.version}" for offer in offers)
            raise UsageError(f"two packages add {self.group} {name!r}: {packages}; uninstall one")
        loaded: Plugin = _loaded(offers[0])
        return loaded

    def __contains__(self, name: object) -> bool:
        return name in self.own or any(offer.name == name for offer in offered(self.group))

    def __iter__(self) -> Iterator[str]:
        """Natocc's own, then those of other packages."""
        yield from self.own
        yield from sorted({offer.name for offer in offered(self.group)} - set(self.own))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def package(self, name: str) -> tuple[str, str] | None:
        """Name and version of the package that adds `name`; None for natocc's own and for unknown names."""
        if name not in self.own:
            for offer in offered(self.group):
                if offer.name == name:
                    return offer.package, offer.version
        return None

    def complaint(self, offer: Offer) -> str | None:
        """Why an offer cannot be used, or None; it is imported to find out.

        Whatever the foreign module raises is part of the answer.
        """
        if offer.name in self.own:
            return f"{offer}: refused, {offer.name!r} is natocc's own"
        try:
            self[offer.name]
        except UsageError as error:
            return str(error)
        return None


@functools.cache
def offered(group: str) -> tuple[Offer, ...]:
    """Plug-ins that installed packages declare for a group, by package; only metadata are read, once per process."""
    from importlib.metadata import entry_points

    return tuple(sorted((_offer(entry) for entry in entry_points(group=group)), key=lambda offer: (offer.package, offer.name)))


def misnamed(groups: Collection[str]) -> Iterator[Offer]:
    """Plug-ins that installed packages declare for groups ``natocc.*`` that do not exist."""
    from importlib.metadata import entry_points

    for group in sorted(entry_points().groups):
        if group.startswith("natocc.") and group not in groups:
            yield from offered(group)


def _offer(entry: EntryPoint) -> Offer:
    package = entry.dist
    return Offer(
        entry.group,
        entry.name,
        package.name if package is not None else "a package without a name",
        package.version if package is not None else "0",
        entry.value,
    )


@functools.cache
def _loaded(offer: Offer) -> Any:
    try:
        return _attribute(offer.target)
    except Exception as error:  # whatever a foreign module raises is reported as its fault
        raise UsageError(f"{offer} cannot be imported: {type(error).__name__}: {' '.join(str(error).split())}") from error


def _attribute(target: str) -> Any:
    module, _, attribute = target.partition(":")
    return functools.reduce(getattr, attribute.split("."), importlib.import_module(module))
