"""A plan that was read back is refused where it does not fit; what was drawn always does."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from natocc.core.errors import BadDataError, UsageError
from natocc.core.plans import Look, OccluderPlan, Placement, Plan, Shadow, Tone
from natocc.occluders.hair.source import Hair
from natocc.occluders.shapes.source import ShapesOccluders
from natocc.occluders.veils.source import Veils
from natocc.pipeline.fits import check_fits, check_known, source_of

LAID = Placement((1.0, 0.0, 0.0, 0.0, 1.0, 0.0), False)


def _plan(look: Look = Look(), cutout: Mapping[str, Any] = {}, **others: Any) -> Plan:  # noqa: B008
    return Plan((OccluderPlan(cutout, LAID, look, **others),), 1)


@pytest.mark.parametrize(
    "plan",
    [
        _plan(Look(defocus=1e4)),
        _plan(Look(motion=(0.0, -1e4))),
        _plan(Look(shadow=Shadow(1.0, 1.0, 1e4, 0.5))),
        _plan(Look(shadow=Shadow(1e4, 1.0, 1.0, 0.5))),
        _plan(softness=1e4),
        _plan(blend="x"),
        _plan(Look(transfer="../x")),
        _plan(Look(transfer="skin")),
        _plan(cutout={"shape": [10**6, 10**6]}),
    ],
)
def test_what_does_not_fit_is_refused(plan: Plan) -> None:
    with pytest.raises(UsageError, match="plan is damaged"):
        check_fits(plan, (64, 96))


def test_what_fits_is_taken() -> None:
    look = Look("skin", defocus=90.0, shadow=Shadow(40.0, 9.0, 60.0, 0.5), tone=Tone())
    check_fits(_plan(look, {"shape": [64, 96]}, softness=8.0), (64, 96))
    with pytest.raises(BadDataError, match="no face"):
        check_known("../x", ["1"])
    with pytest.raises(UsageError, match="does not have"):
        source_of({}, "clean")


def test_numbers_that_shapes_do_not_draw_are_refused() -> None:
    """Every number in turn, of every kind of shape; what was drawn is made after a way through JSON."""
    textures = {"source": "mix", "of": [{"source": "noise"}, {"source": "flat"}]}
    source = ShapesOccluders.model_validate({"textures": textures}).open(Path(), Path())
    kinds = set()
    for seed in range(40):
        drawn = json.loads(json.dumps(source.draw(np.random.default_rng(seed))))
        if drawn["kind"] in kinds:
            continue
        kinds.add(drawn["kind"])
        source.cutout(drawn)
        for key in drawn:
            for wrong in (None, "", 1e300, {}, [[]]):
                with pytest.raises(UsageError, match="damaged"):
                    source.cutout(copy.deepcopy(drawn) | {key: wrong})
    assert len(kinds) == 6


@pytest.mark.parametrize("source", [Hair({}), Veils({})])
def test_numbers_that_drawings_do_not_have_are_refused(source: Hair | Veils) -> None:
    for reference in ({}, {"kind": "veil", "seed": -1}, {"kind": "strand", "seed": 1, "shape": [1, 1], "sheets": [[]]}):
        with pytest.raises(UsageError, match="damaged"):
            source.cutout(reference)
