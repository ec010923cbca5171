"""Files that are the same byte for byte: merged and re-uploaded data sets have one picture under several names."""

from __future__ import annotations

import collections
import hashlib
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from natocc.core.errors import BadDataError, Reason
from natocc.core.plans import Json
from natocc.core.rejections import not_kept
from natocc.io.cache import Cache, entry_key
from natocc.io.files import open_file

_VERSION = "equal files 1"  # of the comparison: what another one found must not be taken for this one's
_END = 4096  # bytes at either end, by which most files of equal size are told apart


def equal_files(files: Mapping[str, Path], cache: Path | None = None) -> list[list[str]]:
    """Groups of names whose files are equal; names in the order of `files`, groups by their first.

    Of files of equal size the ends are compared first; only where these are equal, too, all is read. Files that have gone,
    or are no regular files, are equal to none.

    Parameters
    ----------
    files : mapping of str to Path
        By name.
    cache : Path, optional
        Where the result is kept, under names, sizes and times of the files.

    Raises
    ------
    RunError
        If the cache can be neither read nor written, or a file is there and cannot be read at the moment.
    """
    by_size: dict[int, list[str]] = collections.defaultdict(list)
    times: dict[str, int] = {}
    for name, path in files.items():
        try:
            status = path.stat()
        except (OSError, ValueError):
            continue
        if stat.S_ISREG(status.st_mode) and status.st_size:
            by_size[status.st_size].append(name)
            times[name] = status.st_mtime_ns
    alike = {size: group for size, group in by_size.items() if len(group) > 1}
    if not alike:
        return []

    def compare() -> Json:
        groups = [group for names in alike.values() for group in _equal(names, files)]
        order = {name: index for index, name in enumerate(times)}
        return sorted(groups, key=lambda group: order[group[0]])

    def decode(value: Any) -> list[list[str]]:
        if not all(name in times for group in value for name in group):
            raise ValueError("expected groups of names")
        return [list(map(str, group)) for group in value]

    if cache is None:
        return decode(compare())
    key = entry_key([[_VERSION], *([size, [[name, times[name]] for name in group]] for size, group in alike.items())])
    return Cache(cache / "equal-files", decode).get(key, compare)


def one_for_all(groups: Iterable[Sequence[str]]) -> dict[str, str]:
    """Every name to the first, by the alphabet, of all that it is grouped with, also by way of others; alone it is left out.

    Examples
    --------
    >>> one_for_all([["b", "c"], ["d"], ["c", "a"]])
    {'b': 'a', 'c': 'a'}
    """
    above: dict[str, str] = {}

    def first(name: str) -> str:
        while name in above:
            name = above[name]
        return name

    for group in groups:
        heads = sorted({first(name) for name in group})
        above |= dict.fromkeys(heads[1:], heads[0])
    return {name: first(name) for name in sorted(above)}


def _equal(names: Iterable[str], files: Mapping[str, Path]) -> Iterator[list[str]]:
    """Groups of equal files among those of one size."""
    for ends in _grouped(names, lambda name: _digest_of_ends(files[name])):
        yield from _grouped(ends, lambda name: _digest(files[name]))


def _grouped(names: Iterable[str], digest: Callable[[str], bytes]) -> Iterator[list[str]]:
    groups: dict[bytes, list[str]] = collections.defaultdict(list)
    for name in names:
        try:
            groups[digest(name)].append(name)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            not_kept(BadDataError(Reason.CANNOT_READ, str(error)))
    yield from (group for group in groups.values() if len(group) > 1)


def _digest_of_ends(path: Path) -> bytes:
    with open_file(path) as file:
        start = file.read(_END)
        file.seek(max(file.tell(), file.seek(0, 2) - _END))
        return hashlib.sha256(start + file.read()).digest()


def _digest(path: Path) -> bytes:
    with open_file(path) as file:
        return hashlib.file_digest(file, "sha256").digest()
