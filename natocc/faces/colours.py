"""Colours of classes: as a recipe names them, and as the labelmap.txt says that label tools write beside colour masks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, Field

from natocc.io.files import is_file, read_text

LABELMAP = "labelmap.txt"
"""CVAT's: a class a line, ``name:red,green,blue:parts:actions``."""

_LINE = re.compile(r"([^#:][^:]*):\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*(?::.*)?")


def _from_text(colour: Any) -> Any:
    if not isinstance(colour, str):
        return colour
    if not re.fullmatch(r"#?[0-9a-fA-F]{6}", colour):
        raise ValueError(f"expected [red, green, blue] or '#rrggbb', found {colour!r}")
    return tuple(bytes.fromhex(colour.removeprefix("#")))


_Level: TypeAlias = Annotated[int, Field(ge=0, le=255)]
ClassColour = Annotated[tuple[_Level, _Level, _Level], BeforeValidator(_from_text)]
"""Red, green and blue, or ``"#rrggbb"``."""


def read_labelmap(path: Path) -> Mapping[str, tuple[int, int, int]] | None:
    """Colours of classes, by name; names are in lower case.

    Parameters
    ----------
    path : Path
        CVAT's labelmap.txt; another file of that name, without colours, says nothing.

    Raises
    ------
    UsageError
        If it exists and cannot be read.
    """
    if not is_file(path):
        return None
    lines = read_text(path, "names and colours of classes", errors="replace").splitlines()
    colours: dict[str, tuple[int, int, int]] = {}
    for line in lines:
        if match := _LINE.fullmatch(line.strip()):
            red, green, blue = (min(int(level), 255) for level in match.groups()[1:])
            colours[match[1].strip().lower()] = red, green, blue
    return colours or None
