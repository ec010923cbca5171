"""Files below a folder, by name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

from natocc.errors import UsageError
from natocc.images import SUFFIXES


def files_below(root: Path, suffixes: tuple[str, ...]) -> list[str]:
    """Names of the files below `root`; linked folders are not followed, so that no loop can catch us.

    Parameters
    ----------
    root : Path
        The folder.
    suffixes : tuple of str
        In lower case; files with others are left out.

    Returns
    -------
    names : list of str
        Paths relative to `root`, with ``/``, sorted. What they name need not be a regular file: nothing is opened.

    Raises
    ------
    UsageError
        If a folder cannot be listed, or a name is not valid UTF-8 and could not be written to a manifest.
    """
    names = []
    for folder, _, files in os.walk(root, onerror=_refuse, followlinks=False):
        for name in files:
            if name.lower().endswith(suffixes):
                names.append((Path(folder) / name).relative_to(root).as_posix())
    for name in names:
        if any("\ud800" <= character <= "\udfff" for character in name):  # how Python reads a name that is not UTF-8
            raise UsageError(f"{root}: the file name {name!a} is not valid UTF-8; rename it")
    return sorted(names)


def without_suffix(name: str) -> str:
    """`name` without the suffix of a picture, if it has one.

    Examples
    --------
    >>> without_suffix("a/b.JPG"), without_suffix("a/b.c"), without_suffix(".png")
    ('a/b', 'a/b.c', '.png')
    """
    stem, dot, suffix = name.rpartition(".")
    return stem if dot and "." + suffix.lower() in SUFFIXES and not stem.endswith("/") and stem else name


def _refuse(error: OSError) -> NoReturn:
    raise UsageError(f"cannot list {error.filename}: {error.strerror}")
