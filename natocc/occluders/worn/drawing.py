"""natocc's own templates of things worn on faces, drawn by number: no picture of anybody's is in them."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from natocc.core.seeds import generator
from natocc.occluders.worn.bandages import draw_bandage, draw_plaster
from natocc.occluders.worn.eyewear import draw_glasses, draw_sunglasses
from natocc.occluders.worn.headwear import draw_beanie, draw_cap
from natocc.occluders.worn.helmets import draw_helmet
from natocc.occluders.worn.masks import draw_cloth, draw_surgical
from natocc.occluders.worn.respirators import draw_respirator
from natocc.occluders.worn.scarves import draw_headscarf, draw_scarf
from natocc.occluders.worn.template import WornTemplate

_DRAWINGS: dict[str, Callable[[np.random.Generator, float], WornTemplate]] = {
    "surgical": draw_surgical,
    "cloth": draw_cloth,
    "respirator": draw_respirator,
    "sunglasses": draw_sunglasses,
    "glasses": draw_glasses,
    "cap": draw_cap,
    "beanie": draw_beanie,
    "headscarf": draw_headscarf,
    "helmet": draw_helmet,
    "scarf": draw_scarf,
    "bandage": draw_bandage,
    "plaster": draw_plaster,
}

KINDS = tuple(_DRAWINGS)
"""What can be drawn."""


def draw_template(kind: str, seed: int, px_per_mm: float = math.inf) -> WornTemplate:
    """Draw a thing that is worn.

    Parameters
    ----------
    kind : str
        One of :data:`KINDS`.
    seed : int
        0 or more; decides colour, pattern, shape and folds. The same kind, seed and scale give the same bytes.
    px_per_mm : float
        Of the picture that it is drawn for: no more is drawn than that can show.

    Returns
    -------
    template : WornTemplate
        With the anchors that tie it to a face, where they lie on the canonical one.

    Raises
    ------
    KeyError
        For a kind that is not known.
    """
    return _DRAWINGS[kind](generator(seed, "worn", kind), px_per_mm)
