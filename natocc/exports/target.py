"""The folder that an export goes to: new, empty, or an earlier export of the same. Nobody else's file is ever deleted.

An export is written aside, into ``.NAME.part`` beside its target, and renamed when it is whole. Its marker says so, and
which names its files have, so that a later export knows what it may replace.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from natocc.core.errors import UsageError
from natocc.core.plans import Json
from natocc.dataset.layout import LOCK
from natocc.dataset.write.lock import locked
from natocc.io.atomic import disk_errors, encode_json, final_name, flush, read_json, with_remedy, write_aside

MARKER = "natocc-export.json"
"""Lies in every export, and says what it is of."""


def check_target(target: Path, root: Path, identity: Mapping[str, Json]) -> None:
    """Refuse a target that is not free, before anything is written.

    Parameters
    ----------
    target : Path
        Where the export is to lie; absolute.
    root : Path
        The dataset that is exported.
    identity : mapping
        ``to`` and ``dataset``: the format and the name of the dataset.

    Raises
    ------
    UsageError
        If it lies in the dataset or holds it, is no folder, holds somebody's files, or an export of something else.
    """
    inner, outer = target.resolve(), root.resolve()
    if inner.is_relative_to(outer) or outer.is_relative_to(inner):
        raise UsageError(f"{target} and the dataset {root} lie in each other: name another folder with -o")
    if target == Path.cwd():
        raise UsageError(f"{target} is the folder that you are in, and would be replaced: name one below it with -o")
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise UsageError(f"{target} is in the way and not a folder; name another with -o")
    with disk_errors(target):
        names = sorted(path.name for path in target.iterdir()) if target.is_dir() else []
    if not names:
        return
    if MARKER not in names:
        raise UsageError(f"{target} is not empty and no export of natocc's: it holds {names[0]!r}; name another folder with -o")
    marker = read_json(target / MARKER)
    if any(marker.get(key) != value for key, value in identity.items()):
        held = f"an export of {marker.get('dataset')!r} to {marker.get('to')!r}"
        raise UsageError(
            f"{target} holds {held}, not of {identity['dataset']!r} to {identity['to']!r}; name another folder with -o"
        )
    for name in _unexpected(target, marker):
        raise UsageError(f"{target / name} is not of the export and would have to go: move it out of {target}")


@contextlib.contextmanager
def staged(target: Path, identity: Mapping[str, Json], details: Mapping[str, Json]) -> Iterator[Path]:
    """A folder beside `target` to write to; it takes the name `target` once the block is left without an error.

    Parameters
    ----------
    target : Path
        Was checked by :func:`check_target`.
    identity, details : mapping
        What the marker says.

    Raises
    ------
    UsageError
        If another export to the same target is going on, or the folder aside is somebody else's.
    RunError
        If writing fails (disk full, read-only, no permission).
    """
    part = target.parent / f".{target.name}.part"
    with with_remedy("name another folder with -o"):
        _claim(part, identity)
    with locked(part):
        try:
            with disk_errors(part):
                _empty(part)
            yield part
            names = sorted({_pattern(name) for name in _files(part)} - {LOCK})
            finished = {**identity, **details, "status": "complete", "names": names}
            write_aside(part / MARKER, encode_json(finished, indent=2))
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
    with disk_errors(target):
        _replace(part, target)


def _claim(part: Path, identity: Mapping[str, Json]) -> None:
    """Make the folder aside, marked as natocc's from its first file on; what an interrupted export left there is taken over."""
    with disk_errors(part):
        part.parent.mkdir(parents=True, exist_ok=True)
        if part.is_symlink() or (part.exists() and not part.is_dir()):
            raise UsageError(f"{part} is in the way: it is not natocc's")
        part.mkdir(exist_ok=True)
        names = {final_name(path.name) for path in part.iterdir()} - {LOCK}
    if names and MARKER not in names:
        raise UsageError(f"{part} is in the way: it is not natocc's")
    if not (part / MARKER).exists():
        write_aside(part / MARKER, encode_json({**identity, "status": "writing"}, indent=2))


def _empty(part: Path) -> None:
    for path in part.iterdir():
        if path.name not in (LOCK, MARKER):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def _replace(part: Path, target: Path) -> None:
    """Give the folder its name; an earlier export steps aside first and goes last."""
    old = target.parent / f".{target.name}.old"
    if old.is_dir() and (old / MARKER).exists():
        shutil.rmtree(old)
    if target.is_dir() and any(target.iterdir()):
        target.rename(old)
    part.rename(target)  # takes the place of an empty folder
    flush(target.parent)
    if old.is_dir():
        shutil.rmtree(old)


def _unexpected(target: Path, marker: Mapping[str, Any]) -> Iterator[str]:
    """Files whose names are not among those of this export's files."""
    known = marker.get("names")
    own = {MARKER, *(known if isinstance(known, list) else ())}
    yield from (name for name in _files(target) if _pattern(name) not in own)


def _files(root: Path) -> Iterator[str]:
    for folder, folders, names in os.walk(root):
        below = Path(folder)
        links = [name for name in folders if (below / name).is_symlink()]
        yield from sorted((below / name).relative_to(root).as_posix() for name in names + links)


def _pattern(name: str) -> str:
    """A name with its numbers left out: ``images/00001/000001234.jpg`` is ``images/#/#.jpg``."""
    return re.sub(r"\d+", "#", name)
