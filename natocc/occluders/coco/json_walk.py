"""Walking along a JSON text that is too large to hold: one element at a time, a window of the text in memory.

The library ijson does not replace it: one pass of it for each list of a COCO file takes 2.4 times as long at 860 000 annotations,
and it refuses a whole file for one NaN or one integer beyond 64 bits, which here cost one annotation.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, TextIO

_WINDOW = 1 << 22  # characters
_TAIL = 4  # characters by which a number may be cut and still look like one: 1 of 1e+05
_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()


class JsonWalk:
    """A place in a JSON text, moved from value to value.

    Every method raises ValueError where the text is no JSON, and RecursionError where it is nested too deeply.

    Parameters
    ----------
    file : text file
        Read from where it stands, once.
    window : int
        Characters read at a time.
    begin : int
        Bytes of the file before the text, such as a byte order mark.

    Attributes
    ----------
    where : str
        JSON path of what was read last, for messages.

    Examples
    --------
    >>> import io
    >>> walk = JsonWalk(io.StringIO('{"a": 1, "b": [2, {"c": 3}]}'))
    >>> for key in walk.members():
    ...     print(key, list(walk.elements()) if walk.peek() == "[" else walk.value())
    a (1, (6, 1))
    b [(2, (15, 1)), ({'c': 3}, (18, 8))]
    """

    def __init__(self, file: TextIO, window: int = _WINDOW, begin: int = 0) -> None:
        self.where = "$"
        self._file, self._window = file, window
        self._text, self._place = "", 0
        self._bytes, self._counted = begin, 0  # bytes of the file before that character of the text

    def peek(self) -> str:
        """The next character that is no white space, empty at the end; the place stays before it."""
        while True:
            space = _SPACE.match(self._text, self._place)
            assert space is not None
            self._place = space.end()
            if self._place < len(self._text):
                return self._text[self._place]
            if not self._more():
                return ""

    def value(self) -> tuple[Any, tuple[int, int]]:
        """The next value; where it starts in the file and how long it is, in bytes of UTF-8."""
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._place)
            except json.JSONDecodeError as error:
                if self._more():
                    continue
                raise ValueError(error.msg.lower() if self._place < len(self._text) else "the text ends here") from None
            if end > len(self._text) - _TAIL and self._more():
                continue
            start, self._place = self._byte(self._place), end
            return value, (start, self._byte(end) - start)

    def members(self) -> Iterator[str]:
        """Keys of the object that comes next; the caller reads the value of a key before it asks for the next key."""
        self._take("{")
        if self.peek() == "}":
            self._take("}")
            return
        while True:
            key, _ = self.value()
            if not isinstance(key, str):
                raise ValueError(f"expected a key, found {key!r}")
            self._take(":")
            self.where = f"$.{key}"
            yield key
            self.where = "$"
            if self._take(",}") == "}":
                return

    def elements(self) -> Iterator[tuple[Any, tuple[int, int]]]:
        """Elements of the list that comes next, each with its place as :meth:`value` gives it."""
        base, position = self.where, 0
        self._take("[")
        if self.peek() == "]":
            self._take("]")
            return
        while True:
            self.where = f"{base}[{position}]"
            yield self.value()
            if self._take(",]") == "]":
                self.where = base
                return
            position += 1

    def _take(self, wanted: str) -> str:
        character = self.peek()
        if not character or character not in wanted:
            raise ValueError(f"expected {' or '.join(wanted)}, found {character!r}" if character else "the text ends here")
        self._place += 1
        return character

    def _byte(self, place: int) -> int:
        """Where a character, not before the one asked for last, starts in the file."""
        passed = self._text[self._counted : place]
        self._bytes += len(passed) if passed.isascii() else len(passed.encode())
        self._counted = place
        return self._bytes

    def _more(self) -> bool:
        """Read on, as much again as is not yet walked over, so that one large value is not tried too often; false at the end."""
        self._byte(self._place)
        rest = self._text[self._place :]
        more = self._file.read(max(self._window, len(rest)))
        if more:
            self._text, self._place, self._counted = rest + more, 0, 0
        return bool(more)
