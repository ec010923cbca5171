"""Which files of an export natocc wrote, with which bytes: a list that ``sha256sum --check`` reads, too."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from natocc.io.images import file_sha256

LIST = "natocc-export.sha256"
"""Lies in every export: a line ``SHA256  NAME`` a file."""


@dataclasses.dataclass(frozen=True)
class OwnFiles:
    """What an export's list says.

    Parameters
    ----------
    digests : mapping of str to str
        Name below the export's folder to the sha256 of what was written there.
    """

    digests: Mapping[str, str]

    @classmethod
    def read(cls, root: Path) -> OwnFiles:
        """The list of an export; where there is none that can be read, no file is natocc's."""
        try:
            text = (root / LIST).read_text(encoding="utf-8")
        except (OSError, ValueError):
            return cls({})
        return cls({name: digest for digest, _, name in (line.partition("  ") for line in text.splitlines())})

    def has(self, root: Path, name: str, successor: Path) -> bool:
        """Whether a file of the export in `root` is as it was written there.

        Parameters
        ----------
        root : Path
            The export.
        name : str
            Of a file below it.
        successor : Path
            A later export: a file that is one with the file of that name there (a hard link) need not be read.

        Raises
        ------
        OSError
            If it cannot be read.
        """
        path = root / name
        if name not in self.digests or path.is_symlink() or not path.is_file():
            return False
        other = successor / name
        return (other.is_file() and not other.is_symlink() and other.samefile(path)) or file_sha256(path) == self.digests[name]

    def strangers(self, root: Path, successor: Path) -> Iterator[str]:
        """Names below `root` that natocc did not write, or that were changed since; of folders those that hold nothing."""
        yield from (name for name in contents(root) if not self.has(root, name, successor))


def contents(root: Path) -> Iterator[str]:
    """Names of all files, links and empty folders below a folder."""
    for folder, folders, files in os.walk(root):
        below = Path(folder)
        leaves = [name for name in folders if (below / name).is_symlink()] + files
        if not folders and not files and below != root:
            yield below.relative_to(root).as_posix()
        yield from sorted((below / name).relative_to(root).as_posix() for name in leaves)
