"""Records of samples that are staged: lines at the end of one file a shard, since a file for each costs as much as its mask."""

from __future__ import annotations

import json
import os
import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from natocc.core.errors import RunError
from natocc.core.samples import SampleRecord
from natocc.dataset.records import record_from_json, record_to_json
from natocc.io.atomic import disk_errors, encode_json, write_aside
from natocc.io.files import open_file, read_whole

NAME = "records.log"

_LINE = re.compile(rb'([0-9a-f]{8}) (\{"index": (\d+),.*\})')


def record_line(record: SampleRecord) -> bytes:
    """A line that holds a record and tells whether it is whole; raises as :func:`~natocc.dataset.records.record_to_json`."""
    text = encode_json(record_to_json(record))
    return b"%08x %b" % (zlib.crc32(text.rstrip()), text)


def append_record(place: Path, line: bytes) -> None:
    """Add a record to those in a folder; of a sample that has one already, the last one counts.

    Raises
    ------
    RunError
        If writing fails (disk full, read-only, no permission), or a link lies there. Part of a line may be left: it is no record.
    """
    # By one call, so that workers do not get in each other's way, and on a line of its own, whatever was cut short before it.
    write_plainly(place / NAME, b"\n" + line, os.O_APPEND)


def read_records(place: Path) -> dict[int, SampleRecord]:
    """Records in a folder, by index; what is no whole record is passed over.

    Raises
    ------
    RunError
        If they cannot be read.
    """
    records: dict[int, SampleRecord] = {}
    for index, text in _whole_lines(place):
        try:
            records[index] = record_from_json(json.loads(text))
        except (KeyError, TypeError, ValueError, AttributeError):  # of another version
            records.pop(index, None)
    return records


def recorded(place: Path) -> set[int]:
    """Indices of the records in a folder, without looking into them; raises as :func:`read_records`."""
    return {index for index, _ in _whole_lines(place)}


def keep_records(place: Path, records: Iterable[SampleRecord]) -> None:
    """Leave these records, and no others, in a folder; raises as :func:`append_record`."""
    write_aside(place / NAME, b"".join(map(record_line, records)), sync=False)


def write_plainly(path: Path, data: bytes, flags: int = os.O_TRUNC) -> None:
    """Write a file of the staging area; its folder is made when it turns out to be missing. No link is followed.

    Raises
    ------
    RunError
        If that fails (disk full, read-only, no permission).
    """
    with disk_errors(path):
        try:
            descriptor = _open(path, flags)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = _open(path, flags)
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
        finally:
            os.close(descriptor)


def _open(path: Path, flags: int) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | flags, 0o666)


def _whole_lines(place: Path) -> Iterator[tuple[int, bytes]]:
    path = place / NAME
    try:
        with open_file(path) as file:  # others may be adding to it
            lines = read_whole(file, -1).split(b"\n")
    except FileNotFoundError:
        return
    except OSError as error:
        raise RunError(f"cannot read {path}: {error.strerror or error}") from None
    for line in lines:
        if (whole := _LINE.fullmatch(line)) and int(whole[1], 16) == zlib.crc32(whole[2]):
            yield int(whole[3]), whole[2]
