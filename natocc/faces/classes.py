"""Values of published label maps, by name.

Names are the owners', in the words of :data:`PARTS`. Which eye is ``l_eye``, the person's left or the picture's, is kept as
each owner has it (LaPa and HELEN say "left eye" and no more); nothing here depends on it. A plural is a class that does not tell
left from right.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

PARTS = (
    "background", "skin", "nose", "eye_g", "l_eye", "r_eye", "l_brow", "r_brow", "l_ear", "r_ear",
    "mouth", "u_lip", "l_lip", "hair", "hat", "ear_r", "neck_l", "neck", "cloth",
)  # fmt: skip
"""CelebAMask-HQ's attributes in their published order [1]_, which are the values of its part maps.

.. [1] C.-H. Lee et al., "MaskGAN: Towards Diverse and Interactive Facial Image Manipulation", CVPR 2020.
"""


FACE_PARTS = (
    "face", "skin", "nose", "l_eye", "r_eye", "eyes", "l_brow", "r_brow", "brows", "l_ear", "r_ear", "ears",
    "mouth", "u_lip", "l_lip", "lips",
)  # fmt: skip
"""The parts that are face unless a recipe says otherwise; the plurals are for datasets that do not tell left from right."""

NOT_LABELLED = 255
"""The value that is always allowed in a label map and never face."""

_ELEVEN = ("background", "skin", "l_brow", "r_brow", "l_eye", "r_eye", "nose", "u_lip", "mouth", "l_lip", "hair")

CLASS_TABLES: Mapping[str, Mapping[int, str]] = {
    "lapa": dict(enumerate(_ELEVEN)),
    "helen": dict(enumerate(_ELEVEN)),
    "celebamask19": dict(enumerate(PARTS)),
    "fasseg": dict(enumerate(("background", "hair", "skin", "nose", "mouth", "eyes"))),
}
"""Name in a recipe to value to class.

``lapa``: LaPa [1]_; ``mouth`` is its inner mouth. ``helen``: HELEN's segments [2]_ merged into one map, in the same order; skin
without ears and neck. ``celebamask19``: CelebAMask-HQ's parts merged into one map in their published order. ``fasseg``: FASSEG
[3]_; its hair includes the brows, its skin the ears and the neck, its mouth the lips.

.. [1] Y. Liu et al., "A New Dataset and Boundary-Attention Semantic Segmentation for Face Parsing", AAAI 2020.
.. [2] B. M. Smith et al., "Exemplar-Based Face Parsing", CVPR 2013.
.. [3] S. Benini et al., "FASSEG: A FAce Semantic SEGmentation repository for face image analysis", Data in Brief 2019.
"""


SKIN_PARTS = ("skin", "nose")
"""The parts whose colours are those of skin."""

REGIONS: Mapping[str, tuple[str, ...]] = {
    "eyes": ("l_eye", "r_eye", "eyes"),
    "nose": ("nose",),
    "mouth": ("mouth", "u_lip", "l_lip", "lips"),
}
"""Regions whose occlusion is measured, and the parts that make them up."""


def values_of(classes: Mapping[int, str], names: Iterable[str]) -> list[int]:
    """Values, ascending, that mean one of `names` in a label map.

    Parameters
    ----------
    classes : mapping of int to str
        Value to name.
    names : iterable of str
        May name classes that the map does not have.

    Examples
    --------
    >>> values_of({0: "background", 1: "skin", 10: "hair", 6: "nose"}, FACE_PARTS)
    [1, 6]
    """
    wanted = set(names)
    return sorted(value for value, name in classes.items() if name in wanted)


_LEFT = re.compile(r"^l(?=_)|(?<![a-z])left(?![a-z])")
_NOT_SIDES = ("u_lip", "l_lip")
"""Upper and lower: nothing changes places there, whatever else a map has."""


def flip_pairs(classes: Mapping[int, str]) -> tuple[tuple[int, int], ...]:
    """Values that change places in a mirror: the left and the right of what comes in pairs.

    Parameters
    ----------
    classes : mapping of int to str
        Value to name.

    Returns
    -------
    pairs : tuple of (int, int)
        Left, then right, by the value of the left one.

    Examples
    --------
    >>> flip_pairs({0: "background", 4: "l_eye", 5: "r_eye", 9: "u_lip", 10: "l_lip"})
    ((4, 5),)
    >>> flip_pairs({1: "Left ear", 2: "Right ear", 3: "left-over"})
    ((1, 2),)
    """
    values = {name.lower(): value for value, name in classes.items()}
    pairs = []
    for name, value in values.items():
        other = _LEFT.sub(lambda found: "r" if found[0] == "l" else "right", name)
        if other != name and name not in _NOT_SIDES and other in values:
            pairs.append((value, values[other]))
    return tuple(sorted(pairs))
