"""Rows of a manifest that was read: every cell that readers count on is there, and of its kind."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from natocc.core.errors import Reason
from natocc.dataset.measures import MEASURES, check_measures

_TEXTS = ("set", "method", "face", "identity")
_NUMBERS = ("index", "variant")
_OF_AN_OCCLUDER = ("dataset", "item", "source_sha256", "category")
_REASONS = frozenset(map(str, Reason))


def check_row(row: Mapping[str, Any]) -> None:
    """Refuse a row whose cells are not what natocc writes; of columns that were not read nothing is asked.

    The file's schema has seen to their types; any of them may be null there.

    Raises
    ------
    ValueError
        Naming the first column that is not.
    """
    for name in _NUMBERS:
        if name in row and (row[name] is None or row[name] < 0):
            raise ValueError(f"{name} {row[name]!r}")
    empty = [name for name in (*_TEXTS, "status") if name in row and row[name] is None]
    for occluder in row.get("occluders") or ():
        empty += ["occluders"] if occluder is None or any(occluder[name] is None for name in _OF_AN_OCCLUDER) else []
    for landmark in row.get("landmarks") or ():
        empty += ["landmarks"] if landmark is None or None in landmark.values() else []
        if landmark is not None and not all(math.isfinite(landmark[name] or 0) for name in ("x", "y")):
            raise ValueError(f"a landmark at {landmark['x']}, {landmark['y']} of sample {row.get('index')}")
    if empty:
        raise ValueError(f"no {empty[0]} of sample {row.get('index')}")
    status = row.get("status", "made")
    if status not in ("made", "rejected"):
        raise ValueError(f"status {status!r:.60}")
    if status == "rejected":
        if "reason" in row and row["reason"] not in _REASONS:
            raise ValueError(f"reason {row['reason']!r:.60}")
        if any(name in row and row[name] is None for name in ("stage", "detail")):
            raise ValueError(f"no stage or detail of sample {row.get('index')}")
    elif MEASURES.keys() <= row.keys():
        check_measures({name: row[name] for name in MEASURES if row[name] is not None})
