"""What is measured of a sample: names, kinds and ranges, the same when they are written and when they are read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

MEASURES: Mapping[str, type[float] | type[int] | type[bool]] = MappingProxyType(
    {
        "occlusion_ratio": float,
        "face_pixels": int,
        "visible_pixels": int,
        "width": int,
        "height": int,
        "face_left": int,
        "face_top": int,
        "face_width": int,
        "face_height": int,
        "eyes_occluded": float,
        "nose_occluded": float,
        "mouth_occluded": float,
        "inter_ocular": float,
        "mask_estimated": bool,
        "mask_confidence": float,
    }
)
"""The measures that a sample may have, and what each of them is. Closed: a new measure is a new line here."""

_NOT_ALWAYS = frozenset({"eyes_occluded", "nose_occluded", "mouth_occluded", "inter_ocular", "mask_confidence"})
_SHARES = frozenset({"occlusion_ratio", "eyes_occluded", "nose_occluded", "mouth_occluded"})


def checked_measure(name: str, value: float) -> float:
    """A measure as its own type.

    Raises
    ------
    ValueError
        If it is not one of :data:`MEASURES`, or not of its kind.
    """
    if name not in MEASURES:
        raise ValueError(f"unknown measure {name!r} (known: {', '.join(MEASURES)})")
    typed = MEASURES[name](value)
    if typed != value:
        raise ValueError(f"measure {name} must be {MEASURES[name].__name__}, got {value!r}")
    return typed


def check_measures(measures: Mapping[str, float]) -> None:
    """Refuse measures of a sample that was made if one is missing that every sample has, or out of its range.

    Raises
    ------
    TypeError, ValueError
        For the first.
    """
    missing = MEASURES.keys() - measures.keys() - _NOT_ALWAYS
    if missing:
        raise ValueError(f"no measure {min(missing)!r}")
    for name, value in measures.items():
        most = 1.0 if name in _SHARES else 2.0**53
        if not math.isfinite(checked_measure(name, value)) or not 0 <= value <= most:
            raise ValueError(f"measure {name} must be 0 to {most:g}, got {value!r}")
    if not measures["width"] or not measures["height"]:
        raise ValueError("a picture without pixels")
