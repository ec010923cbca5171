"""How deep lists and mappings lie within each other in what was read from JSON."""

from __future__ import annotations


def is_flat(value: object, deepest: int) -> bool:
    """Whether a value lies in so few mappings and lists that everything can walk it.

    Examples
    --------
    >>> is_flat({"a": [1, 2]}, 3), is_flat({"a": [1, 2]}, 2)
    (True, False)
    """
    level = [value]
    for _ in range(deepest):
        inner = (each.values() if isinstance(each, dict) else each for each in level if isinstance(each, dict | list))
        level = [each for items in inner for each in items]
        if not level:
            return True
    return False
