"""A set whose things are held by hands: both are drawn, recorded, divided into splits, and made again from the plan."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from natocc.compose.hold import HOLDING
from natocc.core.errors import RecipeError
from natocc.core.plans import Plan
from natocc.io.images import encode_png
from natocc.io.workspace import Workspace
from natocc.pipeline.fingerprint import describe
from natocc.pipeline.sample import Pipeline
from natocc.recipe.model import Recipe, validate_recipe

ROWS, COLUMNS = np.mgrid[:200, :180]
DISC = (((ROWS - 90) / 80) ** 2 + ((COLUMNS - 90) / 60) ** 2 < 1).astype(np.uint8)


def _rgba(matte: np.ndarray, colour: tuple[int, int, int]) -> bytes:
    rgb = np.full((*matte.shape, 3), colour, np.uint8)
    ok, data = cv2.imencode(".png", np.dstack([rgb[..., ::-1], matte]))
    assert ok
    return data.tobytes()


def _data(root: Path) -> None:
    """Faces without landmarks, forks, things that nobody knows, and hands whose wrist the frame cuts."""
    for folder in ("faces/images", "faces/masks", "hands/images", "hands/masks", "cutouts/fork", "cutouts/gizmo"):
        (root / folder).mkdir(parents=True)
    for number in range(6):
        picture = np.dstack([DISC * 90 + 60 + number] * 3)
        (root / "faces/images" / f"{number}.png").write_bytes(encode_png(picture))
        (root / "faces/masks" / f"{number}.png").write_bytes(encode_png(DISC))
        fork = np.zeros((260, 60), np.uint8)
        fork[10:90, 10:50], fork[90:250, 24:36] = 255, 255
        (root / "cutouts/fork" / f"{number}.png").write_bytes(_rgba(fork, (120, 130, 140 + number)))
        hand = np.zeros((260, 160), np.uint8)
        cv2.circle(hand, (80, 150), 50, 1, -1)
        hand[150:, 55:105] = 1
        hand[20:150, 45:115] = 1
        noise = np.random.Generator(np.random.PCG64(number)).integers(0, 40, (260, 160, 3), dtype=np.uint8)
        picture = noise + np.where(hand[..., None] > 0, 150, 20)
        (root / "hands/images" / f"{number}.png").write_bytes(encode_png(np.asarray(picture, np.uint8)))
        (root / "hands/masks" / f"{number}.png").write_bytes(encode_png(hand))
    gizmo = np.zeros((100, 100), np.uint8)
    gizmo[20:80, 20:80] = 255
    (root / "cutouts/gizmo/1.png").write_bytes(_rgba(gizmo, (10, 200, 10)))


def _recipe(**a_set: object) -> Recipe:
    return validate_recipe(
        {
            "name": "held",
            "faces": {"source": "labelled", "align": {"method": "none"}},
            "sets": [{"name": "a", "method": "natocc", "occluders": {"source": "cutouts"}, **a_set}],
        },
        "test",
    )


HELD = {"placement": {"hold": "mouth", "max_enlargement": 9}, "held_by": {"source": "hands"}}


def test_what_is_held_is_made_again_from_its_plan(tmp_path: Path) -> None:
    _data(tmp_path)
    pipeline = Pipeline(_recipe(**HELD), Workspace(tmp_path, tmp_path / "cache"))
    schedule = pipeline.schedule()
    for index in range(len(schedule)):
        made = pipeline.make_sample(schedule[index])
        assert made.composite is not None, made.record.rejection
        assert made.record.categories == ("fork", "hand")  # a gizmo is not held
        assert made.record.plan is not None
        plan = Plan.from_json(made.record.plan.to_json())
        assert plan.occluders[1].placement.anchor == HOLDING
        _, again = pipeline.replay(schedule[index], plan)
        assert np.array_equal(again.image, made.composite.image)
        assert np.array_equal(again.modal, made.composite.modal)


def test_hands_are_an_input_of_their_own(tmp_path: Path) -> None:
    _data(tmp_path)
    workspace = Workspace(tmp_path, tmp_path / "cache")
    held = describe(Pipeline(_recipe(**HELD), workspace)).inputs
    assert held["held_by"]["a"]["cutouts"] == 6
    assert "held_by" not in describe(Pipeline(_recipe(), workspace)).inputs


def test_hands_are_divided_into_splits_too(tmp_path: Path) -> None:
    _data(tmp_path)
    recipe = validate_recipe({**_recipe(**HELD).resolved(), "splits": {"train": 0.5, "val": 0, "test": 0.5}}, "test")
    pipeline = Pipeline(recipe, Workspace(tmp_path, tmp_path / "cache"))
    hands: dict[str, set[str]] = {"train": set(), "test": set()}
    schedule = pipeline.schedule(24)
    for index in range(len(schedule)):
        made = pipeline.make_sample(schedule[index])
        if made.record.split and len(made.record.occluder_origins) == 2:
            hands[made.record.split].add(made.record.occluder_origins[1].item)
    assert any(hands.values())
    assert not hands["train"] & hands["test"]


def test_hands_that_hold_nothing_are_refused() -> None:
    with pytest.raises(RecipeError, match=r"held_by: nothing is held without placement\.hold"):
        _recipe(held_by={"source": "hands"})


def test_a_thing_that_no_hand_can_hold_is_no_sample(tmp_path: Path) -> None:
    """What shall hold it points nowhere."""
    _data(tmp_path)
    pipeline = Pipeline(_recipe(**{**HELD, "held_by": {"source": "cutouts"}}), Workspace(tmp_path, tmp_path / "cache"))
    rejection = pipeline.make_sample(pipeline.schedule()[0]).record.rejection
    assert rejection is not None
    assert "no hand can hold" in rejection.detail


def test_cutouts_of_no_known_size_are_said(tmp_path: Path) -> None:
    _data(tmp_path)
    recipe = _recipe(placement={"size": "physical"})
    remarks = list(Pipeline(recipe, Workspace(tmp_path, tmp_path / "cache")).remarks())
    assert any("no known physical size" in line and "1, such as gizmo" in line for line in remarks)
    known = _recipe(placement={"size": "physical", "sizes": {"gizmo": 4}})
    assert not any("physical size" in line for line in Pipeline(known, Workspace(tmp_path, tmp_path / "cache")).remarks())
