"""Writing that survives a kill or a power cut: aside first, flushed, renamed last."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from natocc.core.errors import BadDataError, DiskError, UsageError
from natocc.core.plans import Json
from natocc.io.images import read_bytes


@contextlib.contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn what the disk says (full, read-only, no permission) into one line that names the path.

    Raises
    ------
    DiskError
        For any OSError raised inside.
    """
    try:
        yield
    except OSError as error:
        where = os.fsdecode(error.filename) if error.filename else path
        raise DiskError(f"cannot write {where}: {error.strerror or error}") from error


@contextlib.contextmanager
def aside(path: Path) -> Iterator[Path]:
    """A hidden neighbour of `path` to write to; it takes the name `path` once the block is left without an error.

    The name is fixed (``.NAME.part``), so that what a kill leaves behind is overwritten by the next attempt.

    Raises
    ------
    RunError
        If the disk refuses; `path` is then as it was.
    """
    part = path.with_name(f".{path.name}.part")
    with disk_errors(path):
        try:
            yield part
            flush(part)
            part.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
            raise
        flush(path.parent)


def write_aside(path: Path, data: bytes) -> None:
    """Write a file so that whoever looks sees the old bytes or the new ones, also after a power cut.

    Raises
    ------
    RunError
        If the disk refuses; the message names the path.
    """
    with aside(path) as part:
        part.write_bytes(data)


def flush(path: Path) -> None:
    """Wait until a file's bytes, or a folder's entries, have reached the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def encode_json(value: Json, indent: int | None = None) -> bytes:
    """JSON text in ASCII, one line unless indented, with a newline at its end.

    Raises
    ------
    ValueError
        If a number is NaN or infinite: JSON has no word for them.
    """
    return (json.dumps(value, allow_nan=False, indent=indent) + "\n").encode("ascii")


def read_json(path: Path, shown: str | None = None) -> dict[str, Json]:
    """A JSON file that holds an object; messages name it `shown`, by default its path.

    Raises
    ------
    UsageError
        If it is missing, not a regular file, cut short, not JSON, or something else than an object.
    """
    try:
        value = json.loads(read_bytes(path), parse_constant=_refuse_constant)
    except BadDataError as error:
        raise UsageError(error.detail) from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{shown or path} is damaged: not JSON ({error})") from None
    if not isinstance(value, dict):
        raise UsageError(f"{shown or path}: expected a JSON object, found {type(value).__name__}")
    return value


def _refuse_constant(name: str) -> Json:
    raise ValueError(f"{name} is not a number")
