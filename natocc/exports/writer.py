"""Files of an export, below its folder: linked to the dataset's where the disk can, copied where it cannot."""

from __future__ import annotations

import collections
import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from natocc.core.errors import UsageError
from natocc.core.plans import Json
from natocc.exports.own_files import LIST
from natocc.io.atomic import copy_aside, disk_errors, encode_json, open_new
from natocc.io.images import file_sha256


class ExportWriter:
    """Writes below one folder, counts what it writes, and lists it for :class:`natocc.exports.own_files.OwnFiles`.

    Parameters
    ----------
    root : Path
        The folder.
    link : bool
        Whether a file may be a hard link to the dataset's: no room is taken, and whoever edits one edits both.
    """

    def __init__(self, root: Path, link: bool = True) -> None:
        self.root = root
        self.link = link
        self.counts: collections.Counter[str] = collections.Counter()
        """Files by how they came: ``linked``, ``copied``, ``written``."""
        self._folders: set[Path] = set()

    def take(self, source: Path, name: str, sha256: str | None = None) -> None:
        """A file of the dataset under another name.

        Parameters
        ----------
        source : Path
            The file.
        name : str
            Below the folder.
        sha256 : str, optional
            Of its bytes, as the manifest has it; unless given it is read for it.

        Raises
        ------
        UsageError
            If it is missing, or no regular file.
        RunError
            If writing fails (disk full, read-only, no permission).
        """
        path = self._ready(name)
        try:
            if not stat.S_ISREG(source.lstat().st_mode):
                raise UsageError(f"{source} is not a regular file; natocc verify --repair")
        except FileNotFoundError:
            raise UsageError(f"no file {source}, which the manifest names; natocc verify --repair") from None
        self._place(source, path)
        with disk_errors(path):
            self._list(name, sha256 or file_sha256(path))

    def write(self, name: str, data: bytes | str) -> None:
        """A small file, whole.

        Raises
        ------
        RunError
            If writing fails (disk full, read-only, no permission).
        """
        with self.open(name) as file:
            file.write(data.encode() if isinstance(data, str) else data)

    def write_json(self, name: str, value: Json) -> None:
        """A JSON file on lines that people can read."""
        self.write(name, encode_json(value, indent=2))

    @contextlib.contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """A file that is written bit by bit; whatever is written to it where, its errors name it.

        Raises
        ------
        RunError
            If writing fails (disk full, read-only, no permission).
        """
        path = self._ready(name)
        with open_new(path) as file:
            yield file
        self.counts["written"] += 1
        self._list(name, file_sha256(path))

    def _place(self, source: Path, path: Path) -> None:
        if self.link:
            try:
                os.link(source, path)
            except OSError:  # another disk, no links on this one, or too many of one file
                self.link = False
            else:
                self.counts["linked"] += 1
                return
        copy_aside(source, path, sync=False)
        self.counts["copied"] += 1

    def _list(self, name: str, digest: str) -> None:
        with disk_errors(self.root / LIST), (self.root / LIST).open("a", encoding="utf-8") as file:
            file.write(f"{digest}  {name}\n")

    def _ready(self, name: str) -> Path:
        path = self.root / name
        if path.parent not in self._folders:
            with disk_errors(path):
                path.parent.mkdir(parents=True, exist_ok=True)
            self._folders.add(path.parent)
        return path
