"""Names of pictures without their suffixes."""

from __future__ import annotations

from natocc.images import SUFFIXES


def without_suffix(name: str) -> str:
    """`name` without the suffix of a picture, if it has one.

    Examples
    --------
    >>> without_suffix("a/b.JPG"), without_suffix("a/b.c"), without_suffix(".png")
    ('a/b', 'a/b.c', '.png')
    """
    stem, dot, suffix = name.rpartition(".")
    return stem if dot and "." + suffix.lower() in SUFFIXES and not stem.endswith("/") and stem else name
