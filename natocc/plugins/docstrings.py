"""What a class's docstring says of it and of its fields, in plain words: for the JSON Schema and the reference."""

from __future__ import annotations

import inspect
import re


def summary(cls: type) -> str:
    """First paragraph of a class's docstring.

    Examples
    --------
    >>> class Disc:
    ...     \"\"\"``source: disc``: a disc [1]_, see :class:`natocc.shapes.Disc`.\"\"\"
    >>> summary(Disc)
    'source: disc: a disc.'
    """
    return _plain((inspect.cleandoc(cls.__doc__ or "")).split("\n\n", 1)[0])


def parameters(cls: type) -> dict[str, str]:
    """What the ``Parameters`` sections of a class and of those that it derives from say: name to description.

    Examples
    --------
    >>> class Box:
    ...     \"\"\"A box.
    ...
    ...     Parameters
    ...     ----------
    ...     width, height : int
    ...         Of the box, px,
    ...         at least 1.
    ...     \"\"\"
    >>> parameters(Box)["height"]
    'Of the box, px, at least 1.'
    """
    found: dict[str, str] = {}
    for each in reversed(cls.__mro__):
        section = re.search(r"^Parameters\n-+\n(.*?)(?=^\w[^\n]*\n-+\n|\Z)", inspect.cleandoc(each.__doc__ or ""), re.M | re.S)
        for names, text in re.findall(r"^(\w[\w, ]*?) :[^\n]*\n((?:[ \t]+[^\n]*\n?|\n)+)", section[1] if section else "", re.M):
            found |= dict.fromkeys(names.split(", "), _plain(text))
    return found


def _plain(text: str) -> str:
    """Without roles, what refers to code, footnotes, backquotes and line breaks."""
    role = r":\w+:`[^`]*`"
    text = re.sub(rf"[,:;]? *see {role}| *\([^()]*{role}[^()]*\)|\s*\[\d+\]_", "", " ".join(text.split()))
    text = re.sub(r":\w+:`(?:\w+\.)*(\w+)`", r"\1", text)
    return " ".join(text.replace("``", "").replace("`", "").split())
