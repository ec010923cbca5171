"""Metadata of an ONNX file, without the package ``onnx``: a walk over the outermost fields of its protocol buffer."""

from __future__ import annotations

from collections.abc import Iterator

_METADATA, _KEY, _VALUE = 14, 1, 2
_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5


def onnx_metadata(data: bytes) -> dict[str, str]:
    """``metadata_props`` of a ``ModelProto``.

    Parameters
    ----------
    data : bytes
        Of the file.

    Raises
    ------
    ValueError
        If it is no protocol buffer, or text in it is no UTF-8.

    Examples
    --------
    >>> onnx_metadata(bytes([0x08, 8, 0x72, 6, 0x0A, 1, 97, 0x12, 1, 98]))
    {'a': 'b'}
    """
    metadata: dict[str, str] = {}
    view = memoryview(data)
    for number, content in _fields(view):
        if number == _METADATA:
            entry = dict(_fields(content))
            key, value = (bytes(entry.get(field, b"")).decode("utf-8") for field in (_KEY, _VALUE))
            metadata[key] = value
    return metadata


def _fields(view: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Number and content of each field; numbers have none."""
    position = 0
    while position < len(view):
        tag, position = _varint(view, position)
        number, kind = tag >> 3, tag & 7
        length = 0
        if kind == _VARINT:
            _, position = _varint(view, position)
        elif kind == _BYTES:
            length, position = _varint(view, position)
        elif kind in (_FIXED_32, _FIXED_64):
            length = 4 if kind == _FIXED_32 else 8
        else:
            raise ValueError(f"a field of kind {kind} at byte {position}")
        if number == 0 or position + length > len(view):
            raise ValueError(f"it is cut short or damaged at byte {position}")
        yield number, view[position : position + length]
        position += length


def _varint(view: memoryview, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(view):
            break
        byte = view[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise ValueError(f"it is cut short or damaged at byte {position}")
