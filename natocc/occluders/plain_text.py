"""Names that others chose, fit to be written and printed."""

from __future__ import annotations


def plain(text: str) -> str:
    """`text` with control characters and halves of surrogate pairs, which no file and no terminal should get, as escapes.

    Examples
    --------
    >>> print(plain("cup\\n\\x1b[31m \\ud800 tasse à café 茶碗"))
    cup\\n\\x1b[31m \\ud800 tasse à café 茶碗
    """
    return "".join(each if each.isprintable() or (each.isspace() and each >= "\xa0") else _escaped(each) for each in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()
