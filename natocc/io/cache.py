"""What took long to compute, kept on disk: the one rule for all that natocc keeps there.

An entry is kept under a key of all that decides it (:func:`entry_key`), the version of the code that computes it included. It
is written aside and renamed, so that any number of processes may read and write at once. An entry that is damaged costs one
line on stderr and is made again. Every folder is tagged as a cache, so that it is no input where it lies below pictures.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import hashlib
import json
import logging
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Generic, TypeVar

from natocc.core.errors import RunError
from natocc.core.plans import Json
from natocc.io.atomic import disk_errors, encode_json, flush, flush_all, with_remedy, write_aside
from natocc.io.folders import CACHE_TAG
from natocc.io.lock_file import open_lock
from natocc.io.sealed_json import is_sealed, sealed_line

_Entry = TypeVar("_Entry")

DAMAGE = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    RecursionError,
    FileNotFoundError,
    NotADirectoryError,
    IsADirectoryError,
)
"""Errors that say that an entry is damaged; any other OSError says that it cannot be read, and may be whole."""

_TAG = b"""Signature: 8a477f597d28d172789f06886806bc55
# This folder is a cache of natocc; what it holds is made again when it is needed. See https://bford.info/cachedir/
"""

_VALUE = "value"
_FORM = b"natocc cache 2\n"  # of entries: what was written in another is not looked for
_REMEDY = "name another folder for the cache with --cache or NATOCC_CACHE"
_log = logging.getLogger("natocc")


def entry_key(parts: Iterable[Json | bytes | memoryview]) -> str:
    """Name of an entry by all that decides it: 32 hexadecimal digits.

    Parameters
    ----------
    parts : iterable of JSON values, bytes or memoryview
        In an order that does not change.
    """
    digest = hashlib.sha256(_FORM)
    for part in parts:
        digest.update(part if isinstance(part, bytes | memoryview) else encode_json(part))
    return digest.hexdigest()[:32]


@dataclasses.dataclass(frozen=True)
class Cache(Generic[_Entry]):
    """Entries of JSON, a file each.

    Parameters
    ----------
    folder : Path
        Made if it is missing.
    decode : callable
        The entry from its JSON value; raises one of :data:`DAMAGE` for a value that was not kept here.
    """

    folder: Path
    decode: Callable[[Any], _Entry]

    def get(self, key: str, make: Callable[[], Json]) -> _Entry:
        """The entry `key`; where there is none, or a damaged one, `make` computes its JSON value, which is kept.

        Raises
        ------
        RunError
            If it cannot be written, or there is one that cannot be read.
        """
        entry = self.find(key)
        if entry is None:
            value = make()
            self.put(key, value)
            entry = self.decode(value)
        return entry

    def find(self, key: str) -> _Entry | None:
        """The entry `key`; None where there is none, or a damaged one. Raises RunError if it cannot be read."""
        return _find(self._path(key), lambda path: self.decode(_opened(path.read_bytes())))

    def put(self, key: str, value: Json) -> None:
        """Keep a JSON value under `key` in place of any other. Raises DiskError if it cannot be written."""
        with with_remedy(_REMEDY):
            make_folder(self._path(key).parent)
            write_aside(self._path(key), sealed_line({_VALUE: value}), sync=False)  # what a power cut damages is made again
            _tag(self.folder)

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key[2:]}.json"  # no folder of a million files


@dataclasses.dataclass(frozen=True)
class FolderCache(Generic[_Entry]):
    """Entries of many or large files, a folder each; of several processes that want the same entry, one makes it.

    Parameters
    ----------
    folder : Path
        Made if it is missing.
    read : callable
        The entry from its own folder; raises one of :data:`DAMAGE` if that is damaged.
    """

    folder: Path
    read: Callable[[Path], _Entry]

    def get(self, key: str, fill: Callable[[Path], None]) -> _Entry:
        """The entry `key`; where there is none, or a damaged one, `fill` writes its files.

        Parameters
        ----------
        key : str
            See :func:`entry_key`.
        fill : callable
            Writes into the folder that it is given, which is empty or holds what an interrupted `fill` of this key left.

        Raises
        ------
        RunError
            If it cannot be written, or there is one that cannot be read: that may be whole, and is left as it is.
        """
        path, part = self.folder / key, self.folder / f".{key}.part"
        with contextlib.suppress(OSError, *DAMAGE):  # without the lock, which a folder of somebody else's does not allow
            return self.read(path)
        with with_remedy(_REMEDY), disk_errors(path):
            make_folder(self.folder)
            _tag(self.folder)
            with _locked(self.folder / f".{key}.lock"):
                entry = _find(path, self.read)  # another process may have made it while this one waited
                if entry is None:
                    _unlink_what_is_no_folder(part)
                    make_folder(part)
                    fill(part)
                    _flush_tree(part)
                    _replace_folder(part, path)
                    entry = self.read(path)
        return entry


def _opened(entry: bytes) -> Any:
    """The value of an entry; raises ValueError if it is not what was kept, byte for byte: cut short, it may still be JSON."""
    if not is_sealed(entry):
        raise ValueError("it is not what was written")
    return json.loads(entry)[_VALUE]


def _flush_tree(folder: Path) -> None:
    """Wait until all files below a folder have reached the disk: after a power cut an entry is whole, or is none."""
    for path, _, names in os.walk(folder):
        flush_all([Path(path, name) for name in names])
        flush(Path(path))


def _replace_folder(new: Path, path: Path) -> None:
    """Give a folder the name `path`; what has it, others may be reading, and hardly miss."""
    old = path.with_name(f".{path.name}.old")
    for place in (old, path):
        _unlink_what_is_no_folder(place)
    shutil.rmtree(old, ignore_errors=True)
    if os.path.lexists(path):
        path.rename(old)
    new.replace(path)
    flush(path.parent)
    shutil.rmtree(old, ignore_errors=True)


def make_folder(folder: Path) -> None:
    """Make a folder of a cache, if it is missing; nobody but its owner may write to it, whatever the umask.

    Raises
    ------
    DiskError
        If it cannot be made.
    """
    with disk_errors(folder):
        for path in (*reversed(folder.parents), folder):
            if not path.is_dir():
                path.mkdir(mode=0o755, exist_ok=True)


def _unlink_what_is_no_folder(path: Path) -> None:
    """Links among that: what they lead to is not the cache's."""
    if path.is_symlink() or path.is_file():
        path.unlink()


def _find(path: Path, read: Callable[[Path], _Entry]) -> _Entry | None:
    """The entry at `path`; None where there is none, or a damaged one, which is said."""
    if not os.path.lexists(path):
        return None
    try:
        return read(path)
    except DAMAGE as error:
        _log.warning("%s is damaged (%s); it is made again", path, error)
        return None
    except OSError as error:
        raise RunError(f"cannot read {path}: {error.strerror or error}") from error


def _tag(folder: Path) -> None:
    """Mark a folder as a cache, for :func:`natocc.io.folders.walk` and for programs that make backups."""
    if not (folder / CACHE_TAG).exists():
        write_aside(folder / CACHE_TAG, _TAG, sync=False)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock, waiting for it; it ends with the process, however that ends."""
    descriptor = open_lock(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
