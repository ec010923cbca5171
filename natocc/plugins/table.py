"""Tables of plug-ins: natocc's own by name, and those that other packages add by an entry point.

Another package is asked only when a recipe names what natocc has not, or when somebody lists: nothing is imported before.
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
    """What another package says that it adds.

    Parameters
    ----------
    group, name : str
        Such as ``natocc.transfers`` and the name that a recipe uses.
    package, version : str
        Of the distribution that adds it.
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
    """Name in a recipe to plug-in, imported when it is asked for.

    Natocc's own come first and cannot be replaced: the name means the same on every machine. A package that takes one of their
    names is ignored, and ``natocc doctor`` says so.

    Parameters
    ----------
    group : str
        Of the entry points by which other packages add to it, such as ``natocc.blends``.
    own : mapping
        Natocc's own: the plug-in itself, or ``module:attribute``.

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
            If nobody offers it.
        UsageError
            If the package that offers it cannot be imported, or two offer it.
        """
        if name in self.own:
            found = self.own[name]
            plugin: Plugin = _attribute(found) if isinstance(found, str) else found
            return plugin
        offers = [offer for offer in offered(self.group) if offer.name == name]
        if not offers:
            raise KeyError(name)
        if len(offers) > 1:
            raise UsageError(f"two packages add {self.group} {name!r}: {_told(offers)}; uninstall one")
        loaded: Plugin = _loaded(offers[0])
        return loaded

    def __contains__(self, name: object) -> bool:
        return name in self.own or any(offer.name == name for offer in offered(self.group))

    def __iter__(self) -> Iterator[str]:
        """Natocc's own, then those that other packages add."""
        yield from self.own
        yield from sorted({offer.name for offer in offered(self.group)} - set(self.own))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def package(self, name: str) -> tuple[str, str] | None:
        """Name and version of the package that adds `name`; none for natocc's own and for what nobody offers."""
        if name not in self.own:
            for offer in offered(self.group):
                if offer.name == name:
                    return offer.package, offer.version
        return None

    def complaint(self, offer: Offer) -> str | None:
        """Why an offer cannot be used; none where it can. Imports it.

        The one place that must outlive whatever a foreign package does when it is imported.
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
    """What installed packages add to a group, by package; only their metadata are read, once a process."""
    from importlib.metadata import entry_points

    return tuple(sorted((_offer(each) for each in entry_points(group=group)), key=lambda offer: (offer.package, offer.name)))


def misnamed(groups: Collection[str]) -> Iterator[Offer]:
    """What installed packages add to groups called ``natocc.`` something that are none of `groups`."""
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
    except Exception as error:  # whatever a foreign module raises is its own fault, and is told as such
        raise UsageError(f"{offer} cannot be imported: {type(error).__name__}: {' '.join(str(error).split())}") from error


def _attribute(target: str) -> Any:
    module, _, attribute = target.partition(":")
    return functools.reduce(getattr, attribute.split("."), importlib.import_module(module))


def _told(offers: list[Offer]) -> str:
    return ", ".join(f"{offer.package} {offer.version}" for offer in offers)
