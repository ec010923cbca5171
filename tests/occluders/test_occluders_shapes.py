"""RandOcc's shapes and the textures that need no picture."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from natocc.core.seeds import generator
from natocc.occluders.shapes.outlines import OUTLINES
from natocc.occluders.shapes.source import ShapesOccluders

MIX = {"source": "mix", "of": [{"source": "noise"}, {"source": "flat"}]}


def _shapes(kind: str) -> ShapesOccluders:
    return ShapesOccluders.model_validate({"source": "shapes", "side": 96, "kinds": {kind: 1}, "textures": MIX})


@pytest.mark.parametrize("kind", sorted(OUTLINES))
@given(seed=st.integers(0, 10_000))
def test_every_kind_makes_a_cutout_again_from_its_numbers(kind: str, seed: int) -> None:
    source = _shapes(kind).open(Path(), Path())
    reference = source.draw(generator(seed))
    assert reference["kind"] == kind
    cutout, again = (source.cutout(each) for each in (reference, json.loads(json.dumps(reference))))
    assert (cutout.matte == again.matte).all()
    assert (cutout.foreground == again.foreground).all()
    assert max(cutout.matte.shape) in range(96, 108)
    assert np.count_nonzero(cutout.matte >= 128) > 30
    edge = np.concatenate([cutout.matte[0], cutout.matte[-1], cutout.matte[:, 0], cutout.matte[:, -1]])
    assert edge.max() == 0


def test_ellipses_and_rectangles_have_their_areas() -> None:
    turned = {"ratio": 0.5, "turn": 0.4, "texture_seed": 1}
    for kind, area in (("ellipse", np.pi / 4 * 0.5), ("rectangle", 0.5)):
        source = _shapes(kind).open(Path(), Path())
        matte = source.cutout({"kind": kind, **turned, "of": 1, "drawn": {"colours": [[1, 2, 3]]}}).matte
        _, (across, down), _ = cv2.minAreaRect(np.argwhere(matte >= 128)[:, ::-1].astype(np.float32))
        assert np.count_nonzero(matte >= 128) == pytest.approx(area / 0.5 * across * down, rel=0.06)


def test_polygons_have_holes_and_grids_have_gaps() -> None:
    holes = []
    for kind in ("polygon", "grid"):
        source = _shapes(kind).open(Path(), Path())
        for seed in range(30):
            matte = source.cutout(source.draw(generator(seed))).matte
            background = cv2.connectedComponents((matte < 128).astype(np.uint8))[0] - 1
            holes.append((kind, background - 1))
    assert {count for kind, count in holes if kind == "polygon"} >= {0, 1, 2, 3}
    assert max(count for kind, count in holes if kind == "grid") >= 4


def test_flat_is_flat_and_noise_is_not() -> None:
    source = _shapes("ellipse").open(Path(), Path())
    seen = {}
    for seed in range(20):
        cutout = source.cutout(source.draw(generator(seed)))
        seen.setdefault(cutout.category, []).append(float(cutout.foreground.astype(float).std(axis=(0, 1)).max()))
        assert cutout.origin.dataset == cutout.category
    assert max(seen["flat"]) == 0
    assert min(seen["noise"]) > 2


@pytest.mark.parametrize("kinds", [{}, {"bezier": 0}, {"bezier": -1}, {"star": 1}])
def test_kinds_without_weight_are_refused(kinds: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        ShapesOccluders.model_validate({"source": "shapes", "kinds": kinds, "textures": MIX})
