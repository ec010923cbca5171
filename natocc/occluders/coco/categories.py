"""Which categories of a COCO file serve as occluders."""

from __future__ import annotations

import re
from collections.abc import Sequence

from natocc.core.errors import UsageError
from natocc.core.text import did_you_mean

CATEGORIES = (
    "bird", "cat", "dog", "backpack", "umbrella", "handbag", "tie", "frisbee", "sports ball", "kite", "baseball bat",
    "baseball glove", "tennis racket", "bottle", "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple",
    "sandwich", "orange", "broccoli", "carrot", "hot dog", "pizza", "donut", "cake", "potted plant", "laptop", "mouse",
    "remote", "keyboard", "cell phone", "book", "clock", "vase", "scissors", "teddy bear", "hair drier", "toothbrush",
)  # fmt: skip
"""What a hand can hold or what can hide a face: no people, vehicles, furniture or large animals."""

_ALL = ("all",)
_SHOWN = 20
_BETWEEN = re.compile(r"[\s_\-]+")


def wanted_categories(file: str, known: set[str], asked: Sequence[str], excluded: Sequence[str]) -> set[str]:
    """Names of the categories to take, of those that the files know.

    Capitals do not count, nor whether words are joined by spaces, underscores or hyphens.

    Parameters
    ----------
    file : str
        For messages.
    known : set of str
        Names in the files.
    asked, excluded : sequence of str
        Names to take (``all`` takes every one) and to leave out of those.

    Raises
    ------
    UsageError
        If no file knows a name, unless it is one of many by default, or none of the names.
    """
    kept, dropped = {_plain(name) for name in asked}, {_plain(name) for name in excluded}
    by_plain = {_plain(name) for name in known}
    named = [*(() if tuple(asked) in (CATEGORIES, _ALL) else asked), *excluded]
    for name in sorted(named):
        if _plain(name) not in by_plain:
            raise UsageError(f"{file}: there is no category {name!r}{did_you_mean(name, sorted(known)) or _known(known)}")
    wanted = {name for name in known if (_plain(name) in kept or tuple(asked) == _ALL) and _plain(name) not in dropped}
    if not wanted:
        what = "none of the categories wanted" if named else "none of the categories that are taken by default"
        raise UsageError(f"{file}: {what};{_known(known)}: name those to take, or take every one with categories=[all]")
    return wanted


def _known(known: set[str]) -> str:
    names = sorted(known)
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f" it has {', '.join(names[:_SHOWN])}{more}" if names else " it has no categories"


def _plain(name: str) -> str:
    return _BETWEEN.sub(" ", name).strip().casefold()
