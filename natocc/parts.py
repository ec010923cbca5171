"""Words for the parts of a face, and which of them are face, eyes, nose and mouth."""

from __future__ import annotations

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
        May name classes that are not there.

    Examples
    --------
    >>> values_of({0: "background", 1: "skin", 10: "hair", 6: "nose"}, FACE_PARTS)
    [1, 6]
    """
    wanted = set(names)
    return sorted(value for value, name in classes.items() if name in wanted)
