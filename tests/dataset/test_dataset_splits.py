"""Splits: by name alone, in the shares asked for, and nothing of one split in another."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from natocc.core.errors import UsageError
from natocc.dataset.splits import Splits
from natocc.io.workspace import Workspace
from natocc.pipeline.sample import Pipeline
from natocc.recipe.load import load_recipe


@given(st.text(), st.sampled_from(["face", "occluder"]))
def test_a_name_always_falls_into_the_same_split(name: str, kind: str) -> None:
    assert Splits().of(kind, name) == Splits().of(kind, name)


def test_the_shares_are_kept() -> None:
    found = Counter(Splits(train=0.7, val=0.2, test=0.1).of("face", str(number)) for number in range(20_000))
    assert found["train"] == pytest.approx(14_000, abs=250)
    assert found["val"] == pytest.approx(4_000, abs=200)


@given(st.floats(0, 1), st.floats(0, 1), st.text())
def test_a_larger_share_of_training_only_adds_to_it(one: float, other: float, name: str) -> None:
    less, more = sorted((one, other))
    if Splits(train=less, val=0, test=1 - less).of("face", name) == "train":
        assert Splits(train=more, val=0, test=1 - more).of("face", name) == "train"


@pytest.mark.parametrize("wrong", [{"train": 0.9}, {"train": 1.2, "val": -0.2, "test": 0}, {"faces": "owners"}, {"trian": 1}])
def test_other_shares_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Splits.model_validate(wrong)


@pytest.mark.slow
def test_no_picture_lies_in_two_splits(real_data: Path, cache: Path) -> None:
    edits = ("splits={train: 0.5, val: 0.2, test: 0.3}", "faces.align={method: none, size: 128}")
    pipeline = Pipeline(load_recipe("c-wo-mix", edits), Workspace(real_data, cache))
    schedule, seen, splits = pipeline.schedule(120), dict[tuple[str, str], str](), Counter[str]()
    for index in range(len(schedule)):
        record = pipeline.make_sample(schedule[index]).record
        assert record.split is not None
        splits[record.split] += 1
        for name in (("face", record.identity), *((origin.dataset, origin.sha256) for origin in record.occluder_origins)):
            assert seen.setdefault(name, record.split) == record.split
    assert set(splits) == {"train", "val", "test"}


def test_splits_that_cannot_be_are_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="falls into a split"):
        Pipeline(load_recipe("demo", ["splits={train: 0.999, val: 0.001, test: 0}"]), Workspace(Path("data"), tmp_path))
    with pytest.raises(UsageError, match="knows no split"):
        Pipeline(load_recipe("demo", ["splits={train: 1, val: 0, test: 0, faces: owner}"]), Workspace(Path("data"), tmp_path))
