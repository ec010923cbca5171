"""Where things are held, and where hands lie: the places that a recipe names, with their weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from natocc.plugins.weights import Weight, some_weight

HoldPlace: TypeAlias = Literal["mouth", "cheek", "ear", "chin"]
HandPlace: TypeAlias = Literal["chin_rest", "cheek", "mouth", "brow", "both", "anywhere"]

USUAL_HANDS: Mapping[HandPlace, float] = {"mouth": 4, "chin_rest": 3, "both": 2, "cheek": 1.5, "brow": 1, "anywhere": 0.5}
"""How often hands lie where, as counted on 24 photographs of faces with hands before them."""

HoldWeights = Annotated[dict[HoldPlace, Weight], some_weight("places need")]
HandWeights = Annotated[dict[HandPlace, Weight], some_weight("places need")]
