"""The things themselves: drawn by natocc, or pictures of a folder, some of them also seen from the left and the right."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from natocc.core.samples import Origin
from natocc.occluders.worn.drawing import draw_template
from natocc.occluders.worn.template import WornTemplate
from natocc.occluders.worn.template_files import read_template

_SIDES = ("left", "right")


class Garment(Protocol):
    """A thing that is worn."""

    @property
    def name(self) -> str:
        """Unique in its source."""
        ...

    @property
    def kind(self) -> str:
        """Such as ``surgical``."""
        ...

    @property
    def variants(self) -> Sequence[str]:
        """``frontal``, and ``left`` or ``right`` where there is a picture of it on a head that is turned there."""
        ...

    def template(self, variant: str, px_per_mm: float) -> WornTemplate:
        """The template, as a picture of so many pixels a millimetre can show it."""
        ...

    def origin(self, variant: str) -> Origin:
        """Where it comes from."""
        ...


@dataclasses.dataclass(frozen=True)
class Drawn:
    """Drawn by natocc.

    Parameters
    ----------
    kind : str
        One of :data:`natocc.occluders.worn.drawing.KINDS`.
    seed : int
        Which of them.
    """

    kind: str
    seed: int

    @property
    def name(self) -> str:
        """Kind and seed."""
        return f"{self.kind}-{self.seed}"

    @property
    def variants(self) -> Sequence[str]:
        """The front alone: it is bent around the head."""
        return ("frontal",)

    def template(self, variant: str, px_per_mm: float) -> WornTemplate:
        """See :class:`Garment`."""
        return _drawn(self.kind, self.seed, px_per_mm)

    def origin(self, variant: str) -> Origin:
        """See :class:`Garment`; of no file."""
        return Origin("worn", self.name, "", None)


@functools.lru_cache(maxsize=4)
def _drawn(kind: str, seed: int, px_per_mm: float) -> WornTemplate:
    return draw_template(kind, seed, px_per_mm)


@dataclasses.dataclass(frozen=True, eq=False)
class Photographed:
    """Pictures of a folder.

    Parameters
    ----------
    name, kind : str
    templates : mapping of str to (WornTemplate, Origin)
        By variant.
    """

    name: str
    kind: str
    templates: Mapping[str, tuple[WornTemplate, Origin]]

    @property
    def variants(self) -> Sequence[str]:
        """See :class:`Garment`."""
        return tuple(self.templates)

    def template(self, variant: str, px_per_mm: float) -> WornTemplate:
        """See :class:`Garment`; it is as large as it is."""
        return self.templates[variant][0]

    def origin(self, variant: str) -> Origin:
        """See :class:`Garment`."""
        return self.templates[variant][1]


def files_of(root: Path, names: Sequence[str], rule: str, licence: str | None, max_pixels: int) -> list[Photographed]:
    """The things of a folder.

    Parameters
    ----------
    root : Path
        The folder.
    names : sequence of str
        Pictures, relative to it. ``NAME_left.png`` and ``NAME_right.png`` are ``NAME.png`` on a turned head; a rule for pictures
        from the front leaves them out.
    rule, licence, max_pixels
        As for :func:`natocc.occluders.worn.template_files.read_template`.

    Raises
    ------
    UsageError
        In one line, if one of them cannot serve.
    """
    stems = {str(Path(name).with_suffix("")): name for name in names}
    things = []
    for stem, name in stems.items():
        base, _, side = stem.rpartition("_")
        if side in _SIDES and base in stems:
            continue
        variants = {"frontal": name}
        if rule == "files":
            variants |= {side: stems[f"{stem}_{side}"] for side in _SIDES if f"{stem}_{side}" in stems}
        folder = Path(name).parent.name
        templates = {}
        for variant, file in variants.items():
            template, digest = read_template(root / file, rule, None if folder in ("", "templates") else folder, max_pixels)
            templates[variant] = (template, Origin("worn", file, digest, licence))
        things.append(Photographed(name, templates["frontal"][0].kind, templates))
    return things
