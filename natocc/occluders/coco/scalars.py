"""What tools write where COCO has a whole number: ids, sizes and the flag of crowds as floats, as text, or not at all."""

from __future__ import annotations

import re
from typing import Any

from natocc.core.text import plain

Id = int | str
"""An id, as :func:`id_of` gives it."""

_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,29}")
_FLAGS = {"0": False, "1": True, "0.0": False, "1.0": True, "false": False, "true": True, "no": False, "yes": True}
_MISSING = ("", "none", "null", "nan")


def id_of(value: Any) -> Id | None:
    """The id that a scalar stands for: a whole number however it is written, else its text; None where it is no id.

    Examples
    --------
    >>> id_of(1), id_of(1.0), id_of("1"), id_of("01"), id_of("img-1"), id_of(1.5)
    (1, 1, 1, '01', 'img-1', '1.5')
    >>> id_of(None), id_of(""), id_of(True), id_of(float("nan")), id_of([1])
    (None, None, None, None, None)
    """
    if type(value) is int:
        return value
    if isinstance(value, str):
        return int(value) if _WHOLE.fullmatch(value) else plain(value) or None
    if not isinstance(value, float) or value - value != 0:  # infinite, or no number
        return None
    return int(value) if value.is_integer() else str(value)


def whole(value: Any) -> int | None:
    """The whole number that a scalar stands for; None where there is none.

    Examples
    --------
    >>> whole(12), whole(12.0), whole("12"), whole("12.0"), whole(12.5), whole(None), whole(True)
    (12, 12, 12, 12, None, None, None)
    """
    number = id_of(value.strip().removesuffix(".0") if isinstance(value, str) else value)
    return number if isinstance(number, int) else None


def flag(value: Any) -> bool | None:
    """Whether a flag such as ``iscrowd`` is set: missing means that it is not; None where it is no flag.

    Examples
    --------
    >>> flag(1), flag(True), flag("1"), flag(0.0), flag("false"), flag(None), flag(2), flag([])
    (True, True, True, False, False, False, None, None)
    """
    if value is None or (isinstance(value, float) and value != value):  # how a data frame writes what is missing
        return False
    text = str(value).strip().lower() if isinstance(value, bool | int | float | str) else "?"
    return False if text in _MISSING else _FLAGS.get(text)
