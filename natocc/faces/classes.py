"""Values of published label maps, by name.

Names are the owners', in the words of :mod:`natocc.parts`. Which eye is ``l_eye``, the person's left or the picture's, is kept as
each owner has it (LaPa and HELEN say "left eye" and no more); nothing here depends on it. A plural is a class that does not tell
left from right.
"""

from __future__ import annotations

from collections.abc import Mapping

from natocc.parts import PARTS

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
