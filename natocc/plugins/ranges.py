"""Ranges in a recipe: [least, most], or one number for both."""

from __future__ import annotations

import math
from typing import Annotated, Any

import numpy as np
from pydantic import AfterValidator, BeforeValidator, Field, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from natocc.core.plans import MOST_BLUR


def _pair(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return (value, value)
    if not isinstance(value, list | tuple):
        raise ValueError(f"expected a number or a range [least, most], found {value!r}")
    return value


def _ordered(limits: tuple[float, float]) -> tuple[float, float]:
    if limits[0] > limits[1]:
        raise ValueError(f"expected a range [least, most], least first, found {list(limits)}")
    return limits


class _OrOneNumber:
    """In the JSON Schema: one number in place of both ends."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        pair = handler(schema)
        return {"anyOf": [pair, pair["prefixItems"][0]]}


_Unit = Annotated[float, Field(ge=0, le=1)]
_Positive = Annotated[float, Field(gt=0)]
_Blur = Annotated[float, Field(gt=0, le=MOST_BLUR)]
_Quality = Annotated[int, Field(ge=1, le=100)]
_Natural = Annotated[int, Field(ge=1, le=16)]

Range = Annotated[tuple[float, float], BeforeValidator(_pair), AfterValidator(_ordered), _OrOneNumber()]
PositiveRange = Annotated[tuple[_Positive, _Positive], BeforeValidator(_pair), AfterValidator(_ordered), _OrOneNumber()]
UnitRange = Annotated[tuple[_Unit, _Unit], BeforeValidator(_pair), AfterValidator(_ordered), _OrOneNumber()]
BlurRange = Annotated[tuple[_Blur, _Blur], BeforeValidator(_pair), AfterValidator(_ordered), _OrOneNumber()]
QualityRange = Annotated[tuple[_Quality, _Quality], BeforeValidator(_pair), AfterValidator(_ordered), _OrOneNumber()]
CountRange = Annotated[tuple[_Natural, _Natural], BeforeValidator(_pair), AfterValidator(_ordered), _OrOneNumber()]


def uniform(rng: np.random.Generator, limits: tuple[float, float]) -> float:
    """A number drawn from `limits`, rounded to the 4 places that a plan keeps."""
    return round(float(rng.uniform(*limits)), 4)


def loguniform(rng: np.random.Generator, limits: tuple[float, float]) -> float:
    """A number whose logarithm is drawn evenly between those of `limits`, rounded as :func:`uniform` does."""
    drawn = math.exp(rng.uniform(math.log(limits[0]), math.log(limits[1])))
    return round(min(max(drawn, limits[0]), limits[1]), 4)
