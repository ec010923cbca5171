"""A generic adult head: 68 landmarks and a few anchors beside them, in three dimensions, and the canonical face they draw.

Drawn by us from mean measures of adult faces [1]_ (eyes 62 mm apart, outer corners 91, nose 34 wide and 50 long, mouth 51, cheek
bones 138, nasion to chin 116), symmetric. Millimetres: x to the right of the picture, y down, z away from the viewer; the origin
lies between the eyes.

.. [1] L. G. Farkas, "Anthropometry of the Head and Face", 2nd edition, Raven Press 1994.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float64]

_LEFT = {  # the half on the left of the picture; the other one mirrors it
    0: (-69.0, 4.0, 80.0), 1: (-68.0, 22.0, 78.0), 2: (-65.5, 40.0, 74.0), 3: (-61.5, 57.5, 67.0), 4: (-54.5, 73.5, 57.0),
    5: (-44.0, 88.0, 42.0), 6: (-31.5, 100.0, 27.0), 7: (-17.0, 109.5, 15.0),
    17: (-54.0, -13.0, 25.0), 18: (-46.0, -21.0, 14.0), 19: (-35.5, -24.0, 7.0), 20: (-24.0, -22.5, 2.0),
    21: (-12.0, -18.5, -1.0),
    31: (-13.5, 43.0, 2.0), 32: (-7.0, 45.5, -4.0),
    36: (-45.5, 1.0, 24.0), 37: (-37.5, -4.5, 14.0), 38: (-26.0, -4.5, 12.0), 39: (-16.5, 1.5, 15.0), 40: (-25.5, 5.0, 13.0),
    41: (-36.5, 5.0, 15.0),
    48: (-25.5, 71.0, 10.0), 49: (-16.0, 66.0, -1.0), 50: (-6.5, 63.5, -7.0), 58: (-7.5, 82.0, -4.0), 59: (-16.0, 78.0, 2.0),
    60: (-22.0, 71.0, 8.0), 61: (-7.0, 70.0, -4.0), 67: (-7.0, 73.0, -3.0),
}  # fmt: skip
_MIDDLE = {
    8: (0.0, 113.0, 10.0),
    27: (0.0, -3.0, 3.0), 28: (0.0, 9.0, -5.0), 29: (0.0, 21.0, -13.0), 30: (0.0, 33.0, -21.0), 33: (0.0, 47.5, -7.0),
    51: (0.0, 65.0, -8.0), 57: (0.0, 83.0, -5.0), 62: (0.0, 70.5, -5.0), 66: (0.0, 73.5, -4.0),
}  # fmt: skip
_OTHER_SIDE = {
    0: 16, 1: 15, 2: 14, 3: 13, 4: 12, 5: 11, 6: 10, 7: 9, 17: 26, 18: 25, 19: 24, 20: 23, 21: 22, 31: 35, 32: 34, 36: 45, 37: 44,
    38: 43, 39: 42, 40: 47, 41: 46, 48: 54, 49: 53, 50: 52, 58: 56, 59: 55, 60: 64, 61: 63, 67: 65,
}  # fmt: skip
_DERIVED_LEFT = {"ear": (-75.0, 0.0, 97.0), "temple": (-69.0, -12.0, 52.0), "neck": (-52.0, 148.0, 78.0)}
_DERIVED_MIDDLE = {"forehead": (0.0, -68.0, 14.0), "crown": (0.0, -122.0, 85.0), "below_chin": (0.0, 126.0, 36.0)}


def _landmarks() -> Float:
    points = np.zeros((68, 3))
    for index, place in _MIDDLE.items():
        points[index] = place
    for index, (x, y, z) in _LEFT.items():
        points[index] = (x, y, z)
        points[_OTHER_SIDE[index]] = (-x, y, z)
    return points


def _derived() -> dict[str, tuple[float, float, float]]:
    sides = {f"{name}_left": place for name, place in _DERIVED_LEFT.items()}
    sides |= {f"{name}_right": (-x, y, z) for name, (x, y, z) in _DERIVED_LEFT.items()}
    return sides | _DERIVED_MIDDLE


MODEL: Float = _landmarks()
"""(68, 3): the landmarks of the model, mm; iBUG's order: 0-16 jaw from the picture's left ear over the chin 8 to the right ear,
17-26 brows, 27-35 nose, 36-47 eyes, 48-67 mouth."""

DERIVED = _derived()
"""Anchors beside the landmarks, mm. ``ear_left``, ``ear_right``: where the ear's upper root meets the head, at eye height: loops
and temples end there. ``temple_left``, ``temple_right``: side of the head at brow height. ``forehead``: middle of the hairline.
``crown``: top of the head, without hair. ``below_chin``: middle of the throat under the chin. ``neck_left``, ``neck_right``:
sides of the neck. Left and right are the picture's."""

ANCHORS: dict[str, tuple[float, float, float]] = {
    **{str(index): (float(x), float(y), float(z)) for index, (x, y, z) in enumerate(MODEL)},
    **DERIVED,
}
"""All anchors by name, mm: the landmarks are ``"0"`` to ``"67"``."""

CANVAS = (768, 960)
"""Width and height of the canonical picture, px: room for a hat above, for a scarf below."""
PX_PER_MM = 3.3
"""Its scale: the eyes' centres are 205 px apart."""
_EYES_AT = (383.5, 450.0)

CANONICAL_POINTS: dict[str, tuple[float, float]] = {
    name: (_EYES_AT[0] + PX_PER_MM * x, _EYES_AT[1] + PX_PER_MM * y) for name, (x, y, _) in ANCHORS.items()
}
"""All anchors on the canonical picture, px: the model seen from the front, without perspective."""

CANONICAL: Float = np.array([CANONICAL_POINTS[str(index)] for index in range(68)])
"""(68, 2): the landmarks on the canonical picture, px."""
