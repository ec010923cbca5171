"""F33: another machine makes the same plan, since no number in it shows the last bits of anybody's sine."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from shapes_for_compose import ORIGIN, make_face

from natocc.compose.appearance import Photo
from natocc.compose.draw import draw_plan
from natocc.compose.finish import FinishRule, draw_finish
from natocc.compose.rules import ComposeRules
from natocc.core.errors import BadDataError
from natocc.core.plans import Json, Plan
from natocc.core.samples import Cutout, Image, Origin
from natocc.core.seeds import generator
from natocc.occluders.shapes.source import Shapes, ShapesOccluders

DIGITS = 6
"""After the decimal point, at most, of every number in a plan."""

EVERYTHING = {
    "placement": {
        "coverage": {"range": [0.1, 0.5]}, "anchors": {"eyes": 1, "mouth": 2}, "reach": True, "count": [1, 3],
        "max_enlargement": 9, "overlap": 1,
    },
    "colour": {"shift": [0, 1]},
    "light": {"shadow": 0.7, "shading": [0, 1]},
    "optics": {"jpeg": [30, 90]},
    "blend": {"method": {"alpha": 1, "poisson": 1, "pyramid": 1}},
    "transparency": {"probability": 0.5},
}  # fmt: skip
CHANCE = {"transparency": {"probability": 0.6, "label": "threshold"}, "light": {"shadow": 1}}
FINISH = FinishRule(flip=0.5, blur=(0.5, 2), brightness=(-0.2, 0.2), contrast=(0.8, 1.2), jpeg=(40, 90))


class _Plain:
    """One grey texture."""

    def draw(self, rng: np.random.Generator) -> dict[str, Json]:
        return {"texture": "grey", "across": round(float(rng.random()), 4), "down": 0.0}

    def texture(self, reference: object, height: int, width: int) -> tuple[Image, str, Origin]:
        return np.full((height, width, 3), 90, np.uint8), "grey", ORIGIN


def _hand() -> Cutout:
    matte = np.zeros((140, 100), np.uint8)
    cv2.rectangle(matte, (35, 60), (65, 130), 255, -1)
    cv2.circle(matte, (50, 50), 40, 255, -1)
    turn = math.radians(80)
    return Cutout(np.full((140, 100, 3), (200, 150, 120), np.uint8), matte, "hand", ORIGIN, (math.cos(turn), -math.sin(turn)))


def _floats(value: Json) -> Iterator[float]:
    if isinstance(value, float):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _floats(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _floats(each)


@given(st.integers(0, 10_000), st.booleans(), st.booleans())
def test_f33_every_number_of_a_plan_is_rounded_and_survives_json(seed: int, everything: bool, shape: bool) -> None:
    rules = ComposeRules.model_validate(EVERYTHING if everything else CHANCE)
    shapes = Shapes(ShapesOccluders(), _Plain())  # type: ignore[arg-type]

    def draw(rng: np.random.Generator) -> tuple[dict[str, Json], Cutout]:
        if not shape:
            return {"id": "x"}, _hand()
        reference = shapes.draw(rng)
        return reference, shapes.cutout(reference)

    finish = draw_finish(generator(seed, "finish"), FINISH)
    try:
        plan, _ = draw_plan(generator(seed), Photo(make_face(160, 140)), draw, rules, finish)
    except BadDataError:
        return
    numbers = list(_floats(plan.to_json()))
    assert len(numbers) > 6
    assert all(type(number) is float and number == round(number, DIGITS) for number in numbers)
    assert Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan
