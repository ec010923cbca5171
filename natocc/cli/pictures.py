"""Flags that say where labelled pictures lie and what their values mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def pictures_flags(command: Command) -> Command:
    """``--images``, ``--labels``, ``--split``, ``--classes``, ``--face-classes`` and ``--occluder-classes``."""
    for option in (
        click.option("--occluder-classes", metavar="NAMES", help="Classes that are occluders, such as hand,eye_g."),
        click.option("--face-classes", metavar="NAMES", help="Classes that are face. [default: the usual names]"),
        click.option("--classes", metavar="TABLE", help="What values mean: lapa, celebamask19, 0=background,1=skin,..."),
        click.option("--split", metavar="NAME", help="Split of a dataset, or a folder of that name, such as val."),
        click.option("--labels", metavar="NAME", help="Folder of the label maps. [default: the usual names]"),
        click.option("--images", metavar="NAME", help="Folder of the pictures. [default: the usual names]"),
    ):
        command = option(command)
    return command


def pictures_of_flags(folder: str | Path, flags: Mapping[str, str | None]) -> dict[str, Any]:
    """Keys of :class:`natocc.evaluation.truth.PicturesOptions`; those that no flag names are left out.

    Raises
    ------
    UsageError
        If ``--classes`` is no table.
    """
    from natocc.core.errors import UsageError

    keys: dict[str, Any] = {key: flags[key] for key in ("images", "labels", "split", "classes")}
    classes = flags["classes"]
    if classes is not None and "=" in classes:
        pairs = [part.partition("=") for part in classes.split(",")]
        if not all(value.strip().isdecimal() and int(value) < 255 and name.strip() for value, _, name in pairs):
            raise UsageError(f"--classes {classes!r}: expected a class table, or such as 0=background,1=skin,2=hand")
        keys["classes"] = {int(value): name.strip() for value, _, name in pairs}
    for key in ("face_classes", "occluder_classes"):
        text = flags[key]
        keys[key] = None if text is None else tuple(name.strip() for name in text.split(",") if name.strip())
    return {"folder": str(Path(folder).absolute()), **{key: value for key, value in keys.items() if value is not None}}
