"""Walking along a JSON text that is too large to hold: one element at a time, a window of the text in memory."""

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
    a (1, '1')
    b [(2, '2'), ({'c': 3}, '{"c": 3}')]
    """

    def __init__(self, file: TextIO, window: int = _WINDOW) -> None:
        self.where = "$"
        self._file, self._window = file, window
        self._text, self._at = "", 0

    def peek(self) -> str:
        """The next character that is no white space, empty at the end; the place stays before it."""
        while True:
            space = _SPACE.match(self._text, self._at)
            assert space is not None
            self._at = space.end()
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def value(self) -> tuple[Any, str]:
        """The next value, and its text."""
        self.peek()
        while True:
            try:
                found, end = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if self._more():
                    continue
                raise ValueError(error.msg.lower() if self._at < len(self._text) else "the text ends here") from None
            if end > len(self._text) - _TAIL and self._more():
                continue
            text, self._at = self._text[self._at : end], end
            return found, text

    def members(self) -> Iterator[str]:
        """Keys of the object that comes next; whoever asks reads the value of each before the next is asked for."""
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

    def elements(self) -> Iterator[tuple[Any, str]]:
        """Elements of the list that comes next, each with its text."""
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
        found = self.peek()
        if not found or found not in wanted:
            raise ValueError(f"expected {' or '.join(wanted)}, found {found!r}" if found else "the text ends here")
        self._at += 1
        return found

    def _more(self) -> bool:
        """Read on, as much again as is not yet walked over, so that one large value is not tried too often; false at the end."""
        rest = self._text[self._at :]
        more = self._file.read(max(self._window, len(rest)))
        if more:
            self._text, self._at = rest + more, 0
        return bool(more)
