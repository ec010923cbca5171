"""A JSON file that shows when it was changed: its last key is the sha256 of all before it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from natocc.core.plans import Json
from natocc.io.atomic import encode_json
from natocc.io.images import sha256

_LAST = re.compile(rb', "sha256": "([0-9a-f]{64})"\}\n')
_END = b"}\n"
_LENGTH = 100  # bytes, of the last key and all around it, at most


def seal(content: Mapping[str, Json]) -> dict[str, Json]:
    """`content` with a last key ``sha256``: that of its JSON text on one line without that key."""
    unsealed = {key: value for key, value in content.items() if key != "sha256"}
    return {**unsealed, "sha256": sha256(encode_json(unsealed))}


def sealed_line(content: Mapping[str, Json]) -> bytes:
    """The JSON text of :func:`seal` on one line, in half its time; `content` has other keys than that last one, at least one."""
    line = encode_json(content)
    return line[: -len(_END)] + f', "sha256": "{sha256(line)}"'.encode("ascii") + _END


def is_sealed(line: bytes) -> bool:
    """Whether `line`, JSON on one line as :func:`natocc.io.atomic.encode_json` writes it, is what was sealed, byte for byte.

    Nothing is parsed, so that a large record costs no more than its hash.
    """
    last = _LAST.search(line, max(0, len(line) - _LENGTH))
    return last is not None and last.end() == len(line) and sha256(line[: last.start()] + _END) == last[1].decode()
