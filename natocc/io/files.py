"""Paths that somebody gave, looked at and opened without surprises: nothing waits for a pipe, no device fills the memory."""

from __future__ import annotations

import errno
import io
import os
import stat
from pathlib import Path
from typing import TextIO

from natocc.core.errors import RunError, UsageError

MOST_TEXT = 64 * 1024 * 1024
"""Bytes of the longest text that is read at once: a list of all of CelebA's names has 4 million."""

_NOT_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL)
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class NotAFileError(OSError):
    """Something that is no regular file lies where one was expected."""

    def __str__(self) -> str:
        return str(self.strerror)


def open_file(path: Path) -> io.BufferedReader:
    """A regular file, open for reading; pipes, sockets and devices are not opened, as that may wait, or do something.

    Raises
    ------
    NotAFileError
        If it is something else, which the error names, or no file can have that name.
    OSError
        If there is none, or it may not be read.
    """
    try:
        _expect_file(os.stat(path), path)  # noqa: PTH116 - of a folder that may not be entered Path.stat says the same
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except ValueError:  # a NUL, or half of a surrogate pair
        raise NotAFileError(errno.EINVAL, "a name that no file can have", os.fspath(path)) from None
    file = os.fdopen(descriptor, "rb")
    try:
        _expect_file(os.fstat(descriptor), path)  # it may have been exchanged meanwhile
    except NotAFileError:
        file.close()
        raise
    return file


def open_text(path: Path) -> TextIO:
    """A regular file of UTF-8, its line ends as they are; a mark at its beginning is left out. Raises as :func:`open_file`."""
    return io.TextIOWrapper(open_file(path), encoding="utf-8-sig", newline="")


def read_text(path: Path, expected: str, most: int = MOST_TEXT, errors: str = "strict") -> str:
    """A text of UTF-8, with a mark at its beginning or without.

    Parameters
    ----------
    path : Path
        A regular file.
    expected : str
        What it should be, for messages.
    most : int
        Bytes that it may have.
    errors : str
        What becomes of bytes that are no UTF-8, as for :meth:`bytes.decode`.

    Raises
    ------
    UsageError
        If it is missing, no regular file, may not be read, has more bytes, or is no UTF-8.
    """
    try:
        with open_file(path) as file:
            data = read_whole(file, most + 1)
        if len(data) > most:
            raise UsageError(f"{path}: expected {expected}, found more than {most} bytes")
        return data.decode("utf-8-sig", errors)
    except FileNotFoundError:
        raise UsageError(f"no file {path}; expected {expected}") from None
    except NotAFileError as error:
        raise UsageError(f"{path}: expected {expected}, found {error}") from None
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}; expected {expected}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: expected {expected}, found what is no UTF-8: {error}") from None


def is_dir(path: Path) -> bool:
    """Whether a folder is there, or a link to one; raises as :func:`exists`."""
    status = _status(path)
    return status is not None and stat.S_ISDIR(status.st_mode)


def is_file(path: Path) -> bool:
    """Whether a regular file is there, or a link to one; raises as :func:`exists`."""
    status = _status(path)
    return status is not None and stat.S_ISREG(status.st_mode)


def exists(path: Path) -> bool:
    """Whether anything is there, links followed; nothing can be under a name that is too long, or in a loop of links.

    Raises
    ------
    RunError
        If that cannot be known: a folder above may not be entered, or the disk fails. Of Path's own methods some versions of
        Python say then that nothing is there.
    """
    return _status(path) is not None


def real(path: Path) -> Path:
    """Where a path leads, links followed as far as they lead anywhere; of a loop, which Path.resolve refuses, the link itself."""
    return Path(os.path.realpath(path))


def refuse_device(path: Path) -> None:
    """Raise NotAFileError if a device lies where a file is to be put: whoever may, would put it in the place of /dev/null."""
    try:
        status = path.lstat()
    except (OSError, ValueError):  # nothing there, or the attempt will say what is wrong
        return
    if stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode):
        _expect_file(status, path)


def read_whole(file: io.BufferedReader, most: int) -> bytes:
    """At most so many bytes (-1: all) of a file of :func:`open_file`; raises OSError for the system's own that has none yet."""
    data: bytes | None = file.read(most)
    if data is None:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN), file.name)
    return data


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError as error:
        if error.errno in _NOT_THERE:
            return None
        raise RunError(f"cannot look at {path}: {error.strerror}") from None
    except ValueError:  # a NUL, or half of a surrogate pair
        return None


def _expect_file(status: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = next((name for is_kind, name in _KINDS if is_kind(status.st_mode)), "something else")
        raise NotAFileError(errno.EINVAL, f"{kind}, no regular file", os.fspath(path))
