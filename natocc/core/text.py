"""Names that others chose: fit to be written and printed, and the known one nearest to a misspelt one."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable


def plain(text: str) -> str:
    """`text` with control characters, line breaks of every kind and halves of surrogate pairs as escapes: one line stays one.

    Examples
    --------
    >>> print(plain("cup\\n\\x1b[31m \\ud800 tasse à café 茶碗"))
    cup\\n\\x1b[31m \\ud800 tasse à café 茶碗
    """
    return "".join(character if character.isprintable() or _is_space(character) else _escaped(character) for character in text)


def joined(text: str) -> str:
    r"""`text` with halves of surrogate pairs joined, as JSON writes a character beyond U+FFFF and YAML reads it.

    Raises
    ------
    ValueError
        If a half stands alone, as it does for a byte of a name that is no UTF-8: no file can hold it.

    Examples
    --------
    >>> joined("\ud83d\ude00") == "\U0001f600"
    True
    """
    if text.isascii():
        return text
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise ValueError(f"expected a text, found half a character or a byte that is no UTF-8 in {text!a}") from None


def counted(count: int, noun: str) -> str:
    """A number and its noun, such as ``1 face`` and ``2 faces``.

    Examples
    --------
    >>> counted(1, "shard"), counted(0, "shard")
    ('1 shard', '0 shards')
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _is_space(character: str) -> bool:
    """Whether it is a space that some script uses, and no line or paragraph separator."""
    return unicodedata.category(character) == "Zs"


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Text that names the known word nearest to `name`; empty where none is near.

    Examples
    --------
    >>> did_you_mean("sourse", ["source", "root"]), did_you_mean("x", ["source", "root"])
    (" (did you mean 'source'?)", '')
    """
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def nearest(name: str, known: Iterable[str]) -> str:
    """Text that names the known word nearest to `name`, or all of them where none is near.

    Examples
    --------
    >>> nearest("x", ["source", "root"])
    ' (known: source, root)'
    """
    return did_you_mean(name, known) or f" (known: {', '.join(known)})"
