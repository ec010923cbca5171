"""Names that others chose, fit to be written and printed."""

from __future__ import annotations

import unicodedata


def plain(text: str) -> str:
    """`text` with control characters, line breaks of every kind and halves of surrogate pairs as escapes: one line stays one.

    Examples
    --------
    >>> print(plain("cup\\n\\x1b[31m \\ud800 tasse à café 茶碗"))
    cup\\n\\x1b[31m \\ud800 tasse à café 茶碗
    """
    return "".join(character if character.isprintable() or _is_space(character) else _escaped(character) for character in text)


def _is_space(character: str) -> bool:
    """Whether it is a space that some script uses, and no line or paragraph separator."""
    return unicodedata.category(character) == "Zs"


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()
