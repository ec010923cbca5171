"""What files say beside their pixels, read without trust: damaged metadata says nothing, and is no reason to reject a picture."""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping

_ORIENTATION = 0x0112
_WHOLE_NUMBERS = {1: "B", 3: "H", 4: "I"}  # types of EXIF
_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")  # of JPEG; FF 00 is a byte of the pixels, FF D0 to D7 lie among them
_ALONE = (0x01, 0xD8)  # markers that no length follows
SCAN = b"\xff\xda"
"""The bytes with which a scan of a JPEG begins; they may stand elsewhere, too."""
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9


def orientation(exif: bytes) -> int:
    """EXIF's own orientation, 1 to 8, from the block with or without its ``Exif`` head; 1 where it has none, or is damaged.

    Examples
    --------
    >>> orientation(b"MM" + bytes.fromhex("002a 00000008 0001 0112 0003 00000001 0006 0000"))
    6
    >>> orientation(b"no EXIF")
    1
    """
    tiff = exif.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, start)
        for entry in range(start + 2, start + 2 + 12 * count, 12):
            tag, kind, number = struct.unpack_from(f"{order}HHI", tiff, entry)
            if tag == _ORIENTATION and kind in _WHOLE_NUMBERS and number == 1:
                (value,) = struct.unpack_from(order + _WHOLE_NUMBERS[kind], tiff, entry + 8)
                return int(value) if 1 <= value <= 8 else 1
    except struct.error:  # cut
        pass
    return 1


def count_scans(data: bytes, most: int) -> int:
    """Scans of a JPEG up to its end, or `most` + 1 if there are more.

    What follows the end, such as the video of a motion photo or a second picture, is not looked at; nor is the thumbnail in its
    EXIF.
    """
    scans, at = 0, 0
    while scans <= most and (marker := _MARKER.search(data, at)):
        at, code = marker.end(), marker[1][0]
        if code == _END_OF_IMAGE:
            break
        scans += code == _START_OF_SCAN
        if code not in _ALONE:
            at += int.from_bytes(data[at : at + 2], "big")
    return scans


def png_chunks(data: bytes, names: tuple[bytes, ...]) -> Mapping[bytes, bytes]:
    """The first chunk of each of these names in a PNG."""
    chunks: dict[bytes, bytes] = {}
    at = 8
    while at + 8 <= len(data) and len(chunks) < len(names):
        (length,), name = struct.unpack_from(">I", data, at), data[at + 4 : at + 8]
        if name in names:
            chunks.setdefault(name, data[at + 8 : at + 8 + length])
        at += length + 12
    return chunks


def nclx(data: bytes) -> tuple[int, int] | None:
    """Colour primaries and transfer of an AVIF, by the numbers of ITU-T H.273; none where it does not say.

    They are those of the first item that has any, which is the picture; its alpha and its gain map come later.
    """
    at = data.find(b"colrnclx")
    if not 0 <= at <= len(data) - 12:
        return None
    primaries, transfer = struct.unpack_from(">HH", data, at + 8)
    return primaries, transfer
