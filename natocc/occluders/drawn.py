"""What a source drew, read back from a plan: every number of its kind and in its range, before anything is made of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from natocc.core.errors import UsageError
from natocc.core.plans import Reference
from natocc.core.text import plain

Coordinate = Annotated[float, Field(ge=-1e6, le=1e6)]
Pair = Annotated[list[Coordinate], Field(min_length=2, max_length=2)]
Triple = Annotated[list[Coordinate], Field(min_length=3, max_length=3)]
Unit = Annotated[float, Field(ge=0, le=1)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Level = Annotated[float, Field(ge=0, le=255)]
Colour = Annotated[list[Level], Field(min_length=3, max_length=3)]
Shape = Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=2, max_length=2)]
"""Height and width of the face's picture; that it is, :mod:`natocc.pipeline.fits` sees to."""


def check_near(points: object, shape: Sequence[int], sides: float) -> None:
    """Refuse points that lie farther from a picture than some of its sides: work grows with what they span.

    Raises
    ------
    ValueError
        If one does.
    """
    if np.abs(np.array(points)).max() > sides * max(shape):
        raise ValueError(f"points farther away than {sides:g} times the picture's side")


class DrawnNumbers(BaseModel):
    """The numbers of one kind of occluder; others may stand beside them."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True, allow_inf_nan=False)

    @classmethod
    def of(cls, reference: Reference) -> Self:
        """Those that `reference` has.

        Raises
        ------
        UsageError
            For the first that is missing, or not what this source draws.
        """
        try:
            return cls.model_validate(reference)
        except ValidationError as error:
            first = error.errors()[0]
            where, found = ".".join(map(str, first["loc"])), repr(first["input"])
            told = f"{where}: {first['msg']}, found {found if len(found) <= 60 else f'{found[:57]}...'}"
            raise UsageError(plain(f"what a plan says of an occluder is damaged: {told}")) from None
