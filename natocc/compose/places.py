"""Where things are held, and where hands lie: the places that a recipe names, with their weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias, TypeVar

import numpy as np
from pydantic import AfterValidator, Field

HoldPlace: TypeAlias = Literal["mouth", "cheek", "ear", "chin"]
HandPlace: TypeAlias = Literal["chin_rest", "cheek", "mouth", "brow", "both", "anywhere"]
Name = TypeVar("Name", bound=str)

USUAL_HANDS: Mapping[HandPlace, float] = {"mouth": 4, "chin_rest": 3, "both": 2, "cheek": 1.5, "brow": 1, "anywhere": 0.5}
"""How often hands lie where, as counted on 24 photographs of faces with hands before them."""


def _some_weight(weights: dict[Name, float]) -> dict[Name, float]:
    if not sum(weights.values()) > 0:
        raise ValueError("places need a weight above 0")
    return weights


_Weight = Annotated[float, Field(ge=0)]
HoldWeights = Annotated[dict[HoldPlace, _Weight], AfterValidator(_some_weight)]
HandWeights = Annotated[dict[HandPlace, _Weight], AfterValidator(_some_weight)]


def draw_name(rng: np.random.Generator, weights: Mapping[Name, float]) -> Name:
    """Draw a name by its weight."""
    names = list(weights)
    reached = np.cumsum([weights[name] for name in names])
    return names[int(np.searchsorted(reached, rng.random() * reached[-1], side="right"))]
