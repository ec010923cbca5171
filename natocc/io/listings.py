"""Names and sizes of a recipe's files. Of large folders the answer is kept, and checked while samples are made."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from natocc.core.errors import RunError
from natocc.core.plans import Json
from natocc.io.cache import keep

_VERSION = 1  # of the answer: another one must not be taken for this one
_MANY = 5_000  # files, from which asking each takes longer than keeping the answer is worth
_SETTLED = 2_000_000_000  # ns since a folder last changed, after which another change cannot hide behind a clock's step


@dataclasses.dataclass(frozen=True)
class Listing:
    """Files in some places.

    Parameters
    ----------
    count : int
        How many.
    sha256 : str
        Over their names and sizes.
    folders : tuple of (str, int, int, int, int)
        Path of every folder, its device, inode, and times of change (ns): they change when a file comes, goes or is renamed.
    """

    count: int
    sha256: str
    folders: tuple[tuple[str, int, int, int, int], ...]

    def to_json(self) -> dict[str, Json]:
        """What ``dataset.json`` says of the files."""
        return {"count": self.count, "sha256": self.sha256}


def list_files(places: Iterable[Path]) -> Listing:
    """Names below some places, and sizes; every file is asked.

    Linked folders are not followed. A place that is a file is known by its own name; one that is not there has none.
    """
    digest, count = hashlib.sha256(), 0
    folders: list[tuple[str, int, int, int, int]] = []
    for place in places:
        sizes = _sizes(place, folders)
        digest.update("".join([f"{json.dumps(name)} {size}\n" for name, size in sorted(sizes)]).encode())
        count += len(sizes)
    return Listing(count, digest.hexdigest(), tuple(folders))


def known_files(places: Iterable[Path], cache: Path) -> Listing:
    """As :func:`list_files`, but from `cache` where many files were listed before and no folder has changed since.

    A file overwritten in its place changes no folder: :class:`LookAgain` finds it.

    Raises
    ------
    RunError
        If the cache cannot be written.
    """
    places = [path.absolute() for path in places]
    key = hashlib.sha256(json.dumps([_VERSION, *map(os.fspath, places)]).encode()).hexdigest()[:32]
    kept = cache / "listings" / f"{key}.json"
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):  # not there, or damaged: listed again
        content = json.loads(kept.read_text(encoding="ascii"))
        listing = Listing(content["count"], content["sha256"], tuple(tuple(folder) for folder in content["folders"]))
        if listing.folders and all(_state(folder[0]) == folder for folder in listing.folders):
            return listing
    begin = time.time_ns()
    listing = list_files(places)
    settled = all(max(folder[3:]) + _SETTLED < begin for folder in listing.folders)
    if listing.count >= _MANY and settled and all(place.is_dir() for place in places):
        keep(kept, json.dumps(dataclasses.asdict(listing)))
    return listing


class LookAgain:
    """Asks every file again in a thread, while samples are made: what was overwritten in its place does not stay unseen.

    Parameters
    ----------
    listed : list of (list of Path, dict)
        Places, and what :func:`known_files` said of them. Where that was little, it was asked a moment ago and is left alone.
    cache : Path
        Where an answer that proves wrong is replaced.
    """

    def __init__(self, listed: Iterable[tuple[list[Path], Mapping[str, Any]]], cache: Path) -> None:
        self._listed = [(places, told) for places, told in listed if told["count"] >= _MANY]
        self._cache = cache
        self._amiss: list[str] = []
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Wait for the answer.

        Raises
        ------
        RunError
            If a file has changed.
        """
        self._thread.join()
        if self._amiss:
            raise RunError(
                f"{self._amiss[0]}: files were overwritten there after they were listed, and samples may show either; "
                "make the dataset anew with --overwrite"
            )

    def _look(self) -> None:
        for places, told in self._listed:
            if list_files([place.absolute() for place in places]).to_json() != told:
                self._amiss.append(str(places[0]))
                for kept in (self._cache / "listings").glob("*.json"):
                    kept.unlink(missing_ok=True)


def _sizes(path: Path, folders: list[tuple[str, int, int, int, int]]) -> list[tuple[str, int]]:
    if not path.is_dir():
        try:
            return [(path.name, path.stat().st_size)]
        except OSError:
            return []
    found: list[tuple[str, int]] = []
    below = [""]
    while below:
        prefix = below.pop()
        with contextlib.suppress(OSError):
            folders.append(_state(os.fspath(path / prefix)))  # before it is listed: what comes meanwhile makes it another
            with os.scandir(path / prefix) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        below.append(f"{prefix}{entry.name}/")
                    else:
                        with contextlib.suppress(OSError):
                            if entry.is_file():
                                found.append((prefix + entry.name, entry.stat().st_size))
    return found


def _state(folder: str) -> tuple[str, int, int, int, int]:
    status = Path(folder).stat()
    return folder, status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns
