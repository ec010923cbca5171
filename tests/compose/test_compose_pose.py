from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from shapes_for_compose import ORIGIN, make_cutout

from natocc.compose.pose import PlacementRule, draw_pose, enlargement
from natocc.core.plans import Placement
from natocc.core.samples import AlignedFace, Cutout
from natocc.core.seeds import generator


def _face() -> AlignedFace:
    mask = np.zeros((200, 160), np.uint8)
    mask[50:150, 40:120] = 1
    return AlignedFace(np.zeros((200, 160, 3), np.uint8), mask, None, None, ORIGIN, np.eye(2, 3), None, False)


def place(rng: np.random.Generator, face: AlignedFace, cutout: Cutout, rule: PlacementRule) -> Placement:
    return draw_pose(rng, face, cutout, rule).placement()


STILL = PlacementRule(rotate=(0, 0), shear=(0, 0), scale=(1, 1), flip=0)


@given(seed=st.integers(0, 10_000))
def test_the_box_is_centred_in_the_faces_box(seed: int) -> None:
    cutout = make_cutout()
    placement = place(generator(seed), _face(), cutout, PlacementRule())
    centre = placement.affine @ (19.5, 29.5, 1)
    assert 39 <= centre[0] <= 121
    assert 49 <= centre[1] <= 151


@given(seed=st.integers(0, 10_000))
def test_the_area_lies_in_its_range(seed: int) -> None:
    placement = place(generator(seed), _face(), make_cutout(), STILL)
    box = 33 * 53  # of the disc
    area = enlargement(placement) ** 2 * box / (80 * 100)
    assert 0.48 <= area <= 1.06


@given(seed=st.integers(0, 10_000), turn=st.floats(0, 2 * math.pi))
def test_fingers_point_to_the_face(seed: int, turn: float) -> None:
    cutout = make_cutout(points_to_xy=(math.cos(turn), math.sin(turn)))
    rule = PlacementRule(rotate=(0, 0), shear=(0, 0))
    placement = place(generator(seed), _face(), cutout, rule)
    direction = placement.affine[:, :2] @ (math.cos(turn), math.sin(turn))
    towards = np.array([80, 100]) - placement.affine @ (20, 30, 1)
    if np.hypot(*towards) > 5:
        cosine = direction @ towards / (np.hypot(*direction) * np.hypot(*towards))
        assert cosine > 0.9


@given(seed=st.integers(0, 10_000))
def test_a_flip_mirrors(seed: int) -> None:
    placement = place(generator(seed), _face(), make_cutout(), PlacementRule())
    assert (np.linalg.det(placement.affine[:, :2]) < 0) == placement.flip


@pytest.mark.parametrize(
    "wrong", [{"area": [1, 0.5]}, {"area": [0, 1]}, {"occlusion": [0, 2]}, {"attempts": 0}, {"rotate": [float("nan"), 1]}]
)
def test_a_wrong_rule_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        PlacementRule.model_validate(wrong)
