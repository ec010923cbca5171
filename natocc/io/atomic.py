"""Writing that survives a kill or a power cut: aside first, flushed, renamed last."""

from __future__ import annotations

import concurrent.futures
import contextlib
import io
import json
import os
import re
import secrets
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from natocc.core.errors import BadDataError, DiskError, RunError, UsageError
from natocc.core.plans import Json
from natocc.io.files import refuse_device
from natocc.io.images import read_bytes

_FLUSHED_AT_ONCE = 16
_COPIED_AT_ONCE = 2**20  # bytes
_PART = re.compile(r"\.(.+?)(?:\.[0-9a-f]{8})?\.part")


@contextlib.contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn an operating system error (disk full, read-only, no permission) into one line that names the path.

    Raises
    ------
    DiskError
        For any OSError raised inside; of two names, as those of a renaming, it has the second.
    """
    try:
        yield
    except OSError as error:
        named = error.filename2 or error.filename
        where = Path(os.fsdecode(named)) if named else path
        raise DiskError(f"cannot write {where.with_name(final_name(where.name))}: {error.strerror or error}") from error


@contextlib.contextmanager
def with_remedy(remedy: str) -> Iterator[None]:
    """Add to the message of an error of writing what the user can do about it, unless something inside has done so.

    Raises
    ------
    DiskError
        As it came from the block, with `remedy` at the end of its first line.
    """
    try:
        yield
    except DiskError as error:
        if isinstance(error.__context__, DiskError):
            raise
        first, *others = error.lines
        raise DiskError(f"{first}; {remedy}", *others) from error


class _NewFile(io.FileIO):
    """A file that did not exist, nor a link of its name; whoever writes to it, its errors name `path`."""

    def __init__(self, path: Path, final: Path) -> None:
        with disk_errors(final):
            super().__init__(path, "xb")
        self._final = final

    def write(self, data: Any) -> int:
        with disk_errors(self._final):
            return super().write(data)


def open_new(path: Path) -> BinaryIO:
    """A new file to write to, where nothing lies yet: no file is changed, no link followed.

    Raises
    ------
    DiskError
        If something lies there; also from any writing to it that fails (disk full, read-only, no permission).
    """
    return io.BufferedWriter(_NewFile(path, path))


@contextlib.contextmanager
def open_aside(path: Path, sync: bool = True) -> Iterator[BinaryIO]:
    """A new file beside `path` to write to; it takes the name `path` once the block is left without an error.

    Whoever reads `path` sees the old bytes or all of the new ones. The temporary name is that of :func:`fresh_name`: no file or
    link that exists is ever opened, and two writers do not meet. Only a kill leaves such a file behind; :func:`final_name`
    recognises it.

    Parameters
    ----------
    path : Path
        In a folder that exists. A link of this name is replaced, what it leads to is left alone.
    sync : bool
        Whether to wait until bytes and name have reached the disk, so that they survive a power cut, too.

    Raises
    ------
    DiskError
        If writing fails (disk full, read-only, no permission); `path` is then as it was, and nothing is left beside it.
    """
    with disk_errors(path):
        refuse_device(path)
    part = fresh_name(path)
    raw = _NewFile(part, path)
    try:
        with io.BufferedWriter(raw) as file:
            yield file
            file.flush()
            with disk_errors(path):
                if sync:
                    os.fsync(file.fileno())
        with disk_errors(path):
            part.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    if sync:
        with disk_errors(path):
            flush(path.parent)


def write_aside(path: Path, data: bytes, sync: bool = True) -> None:
    """Write a whole file by :func:`open_aside`; its folder is made if it is missing.

    Raises
    ------
    DiskError
        If writing fails (disk full, read-only, no permission); the message names the path.
    """
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with open_aside(path, sync) as file:
        file.write(data)


def write_named(path: Path, data: bytes, remedy: str = "name another file with -o") -> None:
    """:func:`write_aside` to a file that the user named, which must be a regular one, or new: no link, no pipe, no device.

    Parameters
    ----------
    path, data
        As there.
    remedy : str
        What the user can do where it cannot be written.

    Raises
    ------
    DiskError
        If it is something else, or writing fails; what lay there is then as it was.
    """
    with with_remedy(remedy):
        check_regular(path)
        write_aside(path, data)


def copy_aside(source: Path, path: Path, sync: bool = True) -> None:
    """Copy the bytes of a regular file by :func:`open_aside`; a link is not followed.

    Raises
    ------
    FileNotFoundError
        If there is no source.
    RunError
        If the source cannot be read.
    DiskError
        If writing fails.
    """
    with open_aside(path, sync) as file, _reading(source):
        descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as read:
            while data := read.read(_COPIED_AT_ONCE):
                file.write(data)


@contextlib.contextmanager
def _reading(source: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise RunError(f"cannot read {source}: {error.strerror or error}") from error


def check_regular(path: Path) -> None:
    """Refuse to write where something else than a regular file lies: a link, a folder, a pipe, a device.

    Raises
    ------
    DiskError
        If it is so; the message says what lies there.
    """
    try:
        mode = path.lstat().st_mode
    except OSError:  # nothing, or what writing there will tell
        return
    if not stat.S_ISREG(mode):
        kind = "a link" if stat.S_ISLNK(mode) else "a folder" if stat.S_ISDIR(mode) else "no regular file"
        raise DiskError(f"cannot write {path}: {kind} lies there")


def fresh_name(path: Path) -> Path:
    """A name beside `path` that nobody can foresee: ``.NAME.XXXXXXXX.part`` with eight random digits."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")


def final_name(name: str) -> str:
    """The name that a file written aside was going to take; any other name is itself.

    Examples
    --------
    >>> final_name(".dataset.json.0123abcd.part"), final_name("dataset.json")
    ('dataset.json', 'dataset.json')
    """
    match = _PART.fullmatch(name)
    return match[1] if match else name


def flush(path: Path) -> None:
    """Wait until a file's bytes, or a folder's entries, have reached the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def flush_all(paths: Sequence[Path]) -> None:
    """The same for many, which wait together: one after another, each file costs a round trip to the disk."""
    with concurrent.futures.ThreadPoolExecutor(_FLUSHED_AT_ONCE) as threads:
        for _ in threads.map(flush, paths):
            pass


def encode_json(value: Json, indent: int | None = None) -> bytes:
    """JSON text in ASCII, one line unless indented, with a newline at its end.

    Raises
    ------
    ValueError
        If a number is NaN or infinite: JSON has no word for them.
    """
    return (json.dumps(value, allow_nan=False, indent=indent) + "\n").encode("ascii")


def read_json(path: Path, shown: str | None = None) -> dict[str, Any]:
    """A JSON file that holds an object.

    Parameters
    ----------
    path : Path
        The file.
    shown : str, optional
        How messages name it; `path` unless given.

    Raises
    ------
    UsageError
        If it is missing, not a regular file, cut short, not JSON, or something else than an object.
    """
    shown = shown or str(path)
    try:
        value = json.loads(read_bytes(path, shown), parse_constant=_refuse_constant)
    except BadDataError as error:
        raise UsageError(error.detail) from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{shown} is damaged: not JSON ({error})") from None
    if not isinstance(value, dict):
        raise UsageError(f"{shown}: expected a JSON object, found {type(value).__name__}")
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number")
