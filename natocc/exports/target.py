"""The folder that an export goes to: new, empty, or an earlier export of the same. Nobody else's file is ever deleted.

An export is written aside, into ``.NAME.part`` beside its target, and renamed when it is whole. An earlier export steps aside to
``.NAME.old``: what its list says that natocc wrote, with those bytes, is removed there; everything else moves to the new one.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from natocc.core.errors import UsageError
from natocc.core.plans import Json
from natocc.dataset.layout import LOCK
from natocc.dataset.write.lock import locked
from natocc.exports.own_files import LIST, OwnFiles, contents
from natocc.io.atomic import disk_errors, encode_json, final_name, flush, read_json, with_remedy, write_aside
from natocc.io.files import real

MARKER = "natocc-export.json"
"""Lies in every export, and says what it is of."""

_KEPT_BY_NATOCC = (LIST, LOCK, MARKER)
"""Names that the list does not have; the marker goes last."""


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
        If it lies in the dataset or holds it, is no folder, holds files but no export of natocc's, or one of something else.
    RunError
        If the end of an earlier export, which was interrupted, cannot be made up for.
    """
    inner, outer = real(target), real(root)
    if inner.is_relative_to(outer) or outer.is_relative_to(inner):
        raise UsageError(f"{target} and the dataset {root} lie in each other: name another folder with -o")
    if target == Path.cwd():
        raise UsageError(f"{target} is the folder that you are in, and would be replaced: name one below it with -o")
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise UsageError(f"{target} is in the way and not a folder; name another with -o")
    with disk_errors(target):
        _recover(target)
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
        If another export to the same target is going on, the folder aside is somebody else's, or a file that natocc did not
        write lies where one of the export is to lie.
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
            with disk_errors(target):
                _refuse_strangers_in_the_way(target, part)
            write_aside(part / MARKER, encode_json({**identity, **details, "status": "complete"}, indent=2))
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
        try:
            write_aside(part / MARKER, encode_json({**identity, "status": "writing"}, indent=2))
        except BaseException:
            with contextlib.suppress(OSError):
                part.rmdir()
            raise


def _empty(part: Path) -> None:
    for path in part.iterdir():
        if path.name not in (LOCK, MARKER):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def _refuse_strangers_in_the_way(target: Path, part: Path) -> None:
    """Compare what natocc did not write in an earlier export with the names of the new one."""
    if not target.is_dir():
        return
    own = OwnFiles.read(target)
    for name in own.strangers(target, part):
        path = part / name
        free = not path.exists() and all(above.is_dir() for above in path.parents if above.exists())
        if free or name in _KEPT_BY_NATOCC or (path.is_dir() and _is_folder(target / name)):
            continue
        why = "was changed since natocc wrote it" if name in own.digests else "is not natocc's"
        raise UsageError(f"{target / name} {why}, and lies where a file of the export belongs: move it, or name another with -o")


def _replace(part: Path, target: Path) -> None:
    """Give the folder its name; an earlier export steps aside first."""
    old = _old(target)
    if target.is_dir() and any(target.iterdir()):
        if old.is_symlink() or old.is_file() or (old.is_dir() and any(old.iterdir())):
            raise UsageError(f"{old} is in the way: it is not natocc's")
        target.rename(old)
    part.rename(target)  # takes the place of an empty folder
    flush(target.parent)
    _recover(target)


def _recover(target: Path) -> None:
    """Make an end of the earlier export that stepped aside: its own files go, the others move to the new one."""
    old = _old(target)
    if old.is_symlink() or not (old / MARKER).is_file():
        return
    if not target.exists():  # interrupted before the new export took the name
        old.rename(target)
        return
    own = OwnFiles.read(old)
    for name in list(contents(old)):
        path, new = old / name, target / name
        if name in _KEPT_BY_NATOCC:
            continue
        if own.has(old, name, target):
            path.unlink()
        elif _is_folder(path) and new.is_dir():  # empty
            path.rmdir()
        elif new.exists() or new.is_symlink():
            raise UsageError(f"{path} is not natocc's, and {new} lies where it belongs: move one of them")
        else:
            new.parent.mkdir(parents=True, exist_ok=True)
            path.rename(new)
    for name in _KEPT_BY_NATOCC[:-1]:
        (old / name).unlink(missing_ok=True)
    for folder, _, _ in os.walk(old, topdown=False):
        if Path(folder) != old:
            Path(folder).rmdir()
    (old / MARKER).unlink()
    old.rmdir()


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _old(target: Path) -> Path:
    return target.parent / f".{target.name}.old"
