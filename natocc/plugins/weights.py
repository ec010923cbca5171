"""Weights in a recipe: names, and how often each is drawn against the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypeAlias, TypeVar

import numpy as np
from pydantic import AfterValidator, Field

Weight: TypeAlias = Annotated[float, Field(ge=0)]

_Name = TypeVar("_Name", bound=str)
_Weights = TypeVar("_Weights", bound=Mapping[str, float])


def some_weight(needs: str) -> AfterValidator:
    """Refuse weights that are all 0; the message is, for example, ``kinds need a weight above 0`` with `needs` ``kinds need``."""

    def check(weights: _Weights) -> _Weights:
        if not sum(weights.values()) > 0:
            raise ValueError(f"{needs} a weight above 0")
        return weights

    return AfterValidator(check)


def draw_by_weight(rng: np.random.Generator, weights: Mapping[_Name, float]) -> _Name:
    """Draw a name by its weight."""
    names = list(weights)
    reached = np.cumsum([weights[name] for name in names])
    return names[int(np.searchsorted(reached, rng.random() * reached[-1], side="right"))]
