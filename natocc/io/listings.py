"""Names and sizes of a recipe's files; the listing of many files is kept until a folder changes."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from natocc.core.plans import Json
from natocc.io.cache import Cache, entry_key
from natocc.io.files import is_dir
from natocc.io.folders import Links, walk
from natocc.io.notes import Notes

_VERSION = "listings 3"  # of the listing: what another one wrote must not be taken for this one's
_MANY = 5_000  # files, from which on a listing is worth keeping
_SETTLED = 2_000_000_000  # ns since a folder last changed, after which a change cannot hide behind the resolution of a clock


@dataclasses.dataclass(frozen=True)
class Place:
    """Where files lie that are inputs.

    Parameters
    ----------
    path : Path
        A folder, or one file.
    links : str
        Whether links that lead out of a folder are followed.
    reads : tuple of str
        How names of files in a folder end that count, in lower case; all unless given.
    """

    path: Path
    links: Links = "follow"
    reads: tuple[str, ...] = ("",)


@dataclasses.dataclass(frozen=True)
class Inventory:
    """What is known of the files in some places.

    Parameters
    ----------
    count : int
        Number of files.
    sha256 : str
        Over their names and sizes.
    folders : tuple of (str, int, int, int, int)
        Path of every folder, its device, inode, and times of change (ns): they change when a file comes, goes or is renamed.
    """

    count: int
    sha256: str
    folders: tuple[tuple[str, int, int, int, int], ...]

    def to_json(self) -> dict[str, Json]:
        """The files as ``dataset.json`` describes them."""
        return {"count": self.count, "sha256": self.sha256}


def list_files(places: Iterable[Place]) -> Inventory:
    """List the files below some places, by the rules of :func:`natocc.io.folders.walk`; every file is asked for its size.

    A place that is a file counts under its own name; one that does not exist, or a folder that cannot be listed, has no files.

    Parameters
    ----------
    places : iterable of Place
    """
    digest, count = hashlib.sha256(), 0
    folders: list[tuple[str, int, int, int, int]] = []
    for place in places:
        sizes = _sizes(place, folders)
        digest.update("".join([f"{json.dumps(name)} {size}\n" for name, size in sorted(sizes)]).encode())
        count += len(sizes)
    return Inventory(count, digest.hexdigest(), tuple(folders))


def known_files(places: Iterable[Place], cache: Path) -> Inventory:
    """As :func:`list_files`, but from `cache` where many files were listed before and no folder has changed since.

    A file that is overwritten in place, under its name, changes no folder and is not noticed; one that is replaced is.

    Raises
    ------
    RunError
        If the cache can be neither read nor written.
    """
    places = [dataclasses.replace(place, path=place.path.absolute()) for place in places]
    decided_by = ([os.fspath(place.path), place.links, place.reads] for place in places)
    kept, key = Cache(cache / "listings", _decode), entry_key([[_VERSION, *decided_by]])
    known = kept.find(key)
    if known and _is_current(known):
        return known
    begin = time.time_ns()
    listing = list_files(places)
    settled = all(max(folder[3:]) + _SETTLED < begin for folder in listing.folders)
    if listing.count >= _MANY and settled and all(is_dir(place.path) for place in places):
        kept.put(key, dataclasses.asdict(listing))
    return listing


def _decode(value: Any) -> Inventory:
    folders = [
        (str(path), int(device), int(inode), int(modified), int(changed))
        for path, device, inode, modified, changed in value["folders"]
    ]
    return Inventory(int(value["count"]), str(value["sha256"]), tuple(folders))


def _is_current(listing: Inventory) -> bool:
    """Whether no folder has changed since."""
    with contextlib.suppress(OSError):  # a folder that is gone
        return bool(listing.folders) and all(_state(folder[0]) == folder for folder in listing.folders)
    return False


def _sizes(place: Place, folders: list[tuple[str, int, int, int, int]]) -> list[tuple[str, int]]:
    path = place.path
    if not is_dir(path):
        try:
            return [(path.name, path.stat().st_size)]
        except OSError:
            return []
    sizes: list[tuple[str, int]] = []
    for folder in walk(path, place.links, Notes(), on_error=lambda error: None):
        folders.append(_state_of(folder.path, folder.status))
        for entry in folder.files:
            with contextlib.suppress(OSError):
                if entry.name.lower().endswith(place.reads) and entry.is_file():
                    sizes.append((folder.prefix + entry.name, entry.stat().st_size))
    return sizes


def _state(folder: str) -> tuple[str, int, int, int, int]:
    return _state_of(folder, Path(folder).stat())


def _state_of(folder: str, status: os.stat_result) -> tuple[str, int, int, int, int]:
    return folder, status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns
