"""The one listing of the user's own folders: what is in them, and what of it was left out."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, NoReturn, TypeAlias

from natocc.core.errors import UsageError
from natocc.io.files import open_file, read_text
from natocc.io.notes import (
    BROKEN_LINKS,
    FOLLOWED_LINKS,
    LOOPS,
    OF_NATOCC,
    OF_THE_SYSTEM,
    OTHER_SUFFIX,
    OUTER_LINKS,
    TEXT_LINKS,
    Notes,
)
from natocc.io.paths import inside, without_suffix

Links: TypeAlias = Literal["follow", "inside"]
"""What becomes of symbolic links in a folder: ``follow`` them wherever they lead, or only where they stay ``inside`` it."""

CACHE_TAG = "CACHEDIR.TAG"
"""Lies in every folder of natocc's cache; programs that make backups know it, too."""

_SYSTEM = frozenset({
    "__macosx", "icon\r", "network trash folder", "temporary items",  # macOS
    "thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "recycler", "system volume information",  # Windows
    "@eadir", "#recycle", "#snapshot", "@recycle", "@recently-snapshot", "@__thumb",  # NAS
    "lost+found", "__pycache__",
})  # fmt: skip
_OWN = {"dataset.json": b'"natocc"', "natocc-export.json": b"", CACHE_TAG: b"natocc"}
"""Files by which natocc's own folders are known, and what they hold near their beginning."""
_LONGEST_PATH = 1000  # bytes
_ASKED = 100
"""Files without a suffix that are looked into: a folder may hold any number of them."""
_MOST_NAMES = 16
"""Folders that link to each other have no end of names, though no path among these is a loop."""


@dataclasses.dataclass(frozen=True)
class Listing:
    """Files below a folder.

    Parameters
    ----------
    names : tuple of str
        Relative to the folder, with ``/``, sorted. What they name need not be a regular file: nothing is opened.
    notes : Notes
        What was left out, and which links were followed.
    """

    names: tuple[str, ...]
    notes: Notes


def list_folder(root: Path, suffixes: tuple[str, ...], links: Links = "follow") -> Listing:
    """Names of the files below `root`, by the rules of :func:`walk`.

    Parameters
    ----------
    root : Path
        The folder.
    suffixes : tuple of str
        In lower case; files with others are left out.
    links : str
        Whether links that lead out of `root` are followed.

    Raises
    ------
    UsageError
        If a folder cannot be listed, or a name is not valid UTF-8 and could not be written to a manifest.
    """
    names, notes = [], Notes()
    asked = 0
    for folder in walk(root, links, notes):
        for entry in folder.files:
            name = folder.prefix + entry.name
            if not entry.name.lower().endswith(suffixes):
                suffix = os.path.splitext(entry.name)[1].lower()  # noqa: PTH122
                asked += not suffix
                is_link = not suffix and asked <= _ASKED and _is_text_link(folder.path, entry)
                notes.add(TEXT_LINKS if is_link else f"{OTHER_SUFFIX} {suffix or '(none)'}", name)
                continue
            try:
                name.encode()
            except UnicodeEncodeError:  # how Python reads a name that is not UTF-8
                raise UsageError(f"{root}: the file name {name!a} is not valid UTF-8; rename it") from None
            names.append(name)
            if entry.is_symlink():
                notes.add(FOLLOWED_LINKS, name)
    return Listing(tuple(sorted(names)), notes)


@dataclasses.dataclass(frozen=True)
class WalkedFolder:
    """A folder that a walk has come to.

    Parameters
    ----------
    prefix : str
        Its path relative to the root, with ``/`` at its end; empty for the root.
    path : str
        Its path.
    status : os.stat_result
        Its state before it was listed.
    files : list of os.DirEntry
        What is in it and no folder, in no order; a link among them leads somewhere.
    """

    prefix: str
    path: str
    status: os.stat_result
    files: list[os.DirEntry[str]]


def _refuse(error: OSError) -> NoReturn:
    raise UsageError(f"cannot list {error.filename}: {error.strerror}")


def walk(root: Path, links: Links, notes: Notes, on_error: Callable[[OSError], object] = _refuse) -> Iterator[WalkedFolder]:
    """Every folder below one of the user's, itself first.

    Left out and noted are: what the system or another program put there (names that begin with a dot, ``__MACOSX``, ``@eaDir``,
    ``Thumbs.db``, ...), natocc's own datasets, exports and caches, links that lead nowhere, links to a folder that they lie in,
    and with ``links: inside`` links out of the root. No file is asked for its state but where a link leads.

    Parameters
    ----------
    root : Path
        The folder; taken for what it is even where it is a link or natocc's.
    links : str
        Whether links that lead out of `root` are followed.
    notes : Notes
        To which is added what is left out.
    on_error : callable
        Called with the error for a folder that cannot be listed; by default a UsageError is raised.
    """
    home = os.path.realpath(root)
    listed: collections.Counter[tuple[int, int]] = collections.Counter()
    waiting: list[tuple[str, bool, tuple[tuple[int, int], ...]]] = [("", False, ())]
    while waiting:
        prefix, is_link, above = waiting.pop()
        path = os.path.join(root, prefix.rstrip("/")) if prefix else os.fspath(root)  # noqa: PTH118
        try:
            status = os.stat(path)  # noqa: PTH116
            with os.scandir(path) as scan:
                entries = list(scan)
        except OSError as error:
            on_error(error)
            continue
        itself = (status.st_dev, status.st_ino)
        if itself in above or listed[itself] >= _MOST_NAMES:
            notes.add(LOOPS, prefix.rstrip("/"))
            continue
        if prefix and _is_own(path, {entry.name for entry in entries}):
            notes.add(OF_NATOCC, prefix.rstrip("/"))
            continue
        listed[itself] += 1
        if is_link:
            notes.add(FOLLOWED_LINKS, prefix.rstrip("/"))
        files: list[os.DirEntry[str]] = []
        folders: list[tuple[str, bool]] = []
        for entry in entries:
            kind = _kind(entry, home, links)
            if kind == "file":
                files.append(entry)
            elif kind == "folder":
                folders.append((entry.name, entry.is_symlink()))
            elif kind != OF_THE_SYSTEM or entry.is_dir() or without_suffix(entry.name) != entry.name:  # not of every .DS_Store
                notes.add(kind, prefix + entry.name)
        yield WalkedFolder(prefix, path, status, files)
        chain = (*above, itself)
        waiting += [(f"{prefix}{name}/", link, chain) for name, link in sorted(folders, reverse=True)]


def path_below(root: Path, name: str, links: Links) -> Path:
    """Path of a file that the layout of the user's folder names; with ``links: inside`` as :func:`natocc.io.paths.inside`."""
    return inside(root, name) if links == "inside" else root / name


def is_system(name: str) -> bool:
    """Whether a file or folder of this name is not the user's: hidden, or put there by a system or a program.

    Examples
    --------
    >>> [is_system(name) for name in ("._f0.jpg", "__MACOSX", "Thumbs.db", "f0.jpg:Zone.Identifier", "f0.jpg")]
    [True, True, True, True, False]
    """
    return name[0] == "." or name.lower() in _SYSTEM or name.endswith(":Zone.Identifier")


def _kind(entry: os.DirEntry[str], home: str, links: Links) -> str:
    """``file``, ``folder``, or why it is left out."""
    if is_system(entry.name):
        return OF_THE_SYSTEM
    if not entry.is_symlink():
        return "folder" if entry.is_dir(follow_symlinks=False) else "file"
    if links == "inside" and not f"{os.path.realpath(entry.path)}/".startswith(f"{home.rstrip('/')}/"):
        return OUTER_LINKS
    try:
        entry.stat()
    except OSError:
        return BROKEN_LINKS
    return "folder" if entry.is_dir() else "file"


def _is_text_link(folder: str, entry: os.DirEntry[str]) -> bool:
    """Whether a file holds nothing but the path of another: a link that a system without links was given."""
    try:
        if not entry.is_file() or not 0 < entry.stat().st_size < _LONGEST_PATH:
            return False
        target = read_text(Path(entry.path), "a path", _LONGEST_PATH)
        return target.isprintable() and Path(folder, target).exists()
    except (OSError, ValueError, UsageError):
        return False


def _is_own(path: str, names: set[str]) -> bool:
    """Whether it is a folder that natocc wrote."""
    for marker in _OWN.keys() & names:
        with contextlib.suppress(OSError), open_file(Path(path, marker)) as file:
            if _OWN[marker] in file.read(1000):
                return True
    return False
