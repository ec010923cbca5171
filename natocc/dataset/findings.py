"""What is wrong with a dataset: one finding a damage, and how thoroughly was looked."""

from __future__ import annotations

import dataclasses
import enum

from natocc.core.plans import Json
from natocc.core.text import plain


class Depth(enum.IntEnum):
    """How thoroughly a dataset is verified; each looks for all that those before it do."""

    FAST = 0
    """Sizes and counts; no file of a sample is read."""
    HASH = 1
    """The sha256 of every file."""
    DEEP = 2
    """Every file decoded, what masks promise computed again."""


class Kind(enum.StrEnum):
    """What is damaged, which decides how it is mended."""

    DATASET = "dataset"
    RECORD = "record"
    MANIFEST = "manifest"
    CARD = "card"
    FILE = "file"
    CONTENT = "content"
    EXTRA = "extra"
    LEFTOVER = "leftover"


@dataclasses.dataclass(frozen=True)
class Finding:
    """One damage.

    Parameters
    ----------
    kind : Kind
        ``dataset``, ``record`` and ``manifest``: the file of that name. ``card``: that, or the contact sheet. ``file``: a
        sample's, missing, cut or changed. ``content``: a sample's files are those that were written, and contradict each other
        or the record. ``extra``: a file or a folder that nothing names. ``leftover``: what an interrupted run left behind.
    path : str
        Relative to the dataset, with ``/``.
    expected, found : str
        For a person.
    shard, index, folder : int, int, str, optional
        The shard, the sample and the folder that it belongs to, where it does.
    """

    kind: Kind
    path: str
    expected: str
    found: str
    shard: int | None = None
    index: int | None = None
    folder: str | None = None

    def __str__(self) -> str:
        """One line, whatever characters the path has."""
        return plain(f"{self.path}: expected {self.expected}, found {self.found}")

    def to_json(self) -> dict[str, Json]:
        """As plain JSON."""
        return {
            "kind": str(self.kind),
            "path": self.path,
            "expected": self.expected,
            "found": self.found,
            "shard": self.shard,
            "index": self.index,
        }


@dataclasses.dataclass(frozen=True)
class Verified:
    """What was looked at, and all that is wrong with it.

    Parameters
    ----------
    status : str
        ``complete``, ``part``, or ``building`` for a dataset that is unfinished: what is committed was verified, the rest is to
        come.
    shards, samples, files, bytes : int
        Seen: whole shards, their samples (rejected ones too), files and bytes that their records name.
    findings : tuple of Finding
        Every damage, by path.
    """

    status: str
    shards: int
    samples: int
    files: int
    bytes: int
    findings: tuple[Finding, ...]

    def to_json(self) -> dict[str, Json]:
        """As plain JSON."""
        counts = {name: getattr(self, name) for name in ("status", "shards", "samples", "files", "bytes")}
        return {**counts, "damage": [finding.to_json() for finding in self.findings]}
