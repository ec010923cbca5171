"""One small picture and one plan, kept: a change of what comes out is seen, and made on purpose (``--update-golden``)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from shapes_for_compose import make_cutout, make_face

from natocc.compose.appearance import Photo
from natocc.compose.colour import ColourRule
from natocc.compose.draw import draw_plan
from natocc.compose.render import render
from natocc.compose.rules import ComposeRules
from natocc.core.seeds import generator
from natocc.io.images import encode_png, read_rgb

GOLDEN = Path(__file__).parent / "golden"


def test_golden(request: pytest.FixtureRequest) -> None:
    face = make_face()
    rules = ComposeRules(colour=ColourRule(transfer="reinhard"))
    plan, cutouts = draw_plan(generator(1, "golden"), Photo(face), lambda _: ({}, make_cutout()), rules)
    out = render(Photo(face), cutouts, plan)
    if request.config.getoption("--update-golden"):
        GOLDEN.mkdir(exist_ok=True)
        (GOLDEN / "plan.json").write_text(json.dumps(plan.to_json(), indent=1) + "\n")
        (GOLDEN / "composite.png").write_bytes(encode_png(out.image))
        (GOLDEN / "modal.png").write_bytes(encode_png(out.modal * np.uint8(255)))
    assert plan.to_json() == json.loads((GOLDEN / "plan.json").read_text(), object_hook=_with_tuples)
    # Another processor may round a level away; nothing more.
    assert np.abs(out.image.astype(int) - read_rgb(GOLDEN / "composite.png")[0]).max() <= 1
    assert (out.modal * 255 == read_rgb(GOLDEN / "modal.png")[0][..., 0]).all()


def _with_tuples(value: dict[str, object]) -> dict[str, object]:
    """asdict keeps tuples, JSON has lists."""
    return {key: tuple(item) if isinstance(item, list) else item for key, item in value.items()}
