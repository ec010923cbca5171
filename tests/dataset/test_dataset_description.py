"""dataset.json: what is written is read again, to the byte; anything else is one line that names the file."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from natocc.core.errors import UsageError
from natocc.dataset.description import Counts, DatasetDescription, read_dataset, write_dataset
from natocc.dataset.open import open_dataset
from natocc.io.images import sha256

RECIPE = {"name": "x", "output": {"shard_size": 4}}
DIGEST = sha256(json.dumps(RECIPE, sort_keys=True).encode())
INPUTS = {"faces": {"count": 2}, "occluders": {}}
PLAIN = DatasetDescription(RECIPE, DIGEST, {"numpy": "2.0"}, INPUTS, {"masks": {"0": "background"}})

FILES = {"README.md": DIGEST, "contact_sheet.jpg": DIGEST}

shards = st.sets(st.integers(0, 99)).map(lambda numbers: tuple(sorted(numbers)))
descriptions = st.one_of(
    st.just(PLAIN),
    st.builds(lambda held: dataclasses.replace(PLAIN, status="part", samples=400, shards=held), shards),
    st.builds(
        lambda made, rejected: dataclasses.replace(
            PLAIN, status="complete", samples=400, counts=Counts(made, rejected), files=FILES
        ),
        st.integers(0, 400),
        st.dictionaries(st.sampled_from(["crowd", "no-face"]), st.integers(1, 9)),
    ),
)


@given(descriptions)
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, description: DatasetDescription) -> None:
    root = tmp_path_factory.mktemp("d")
    write_dataset(root, description)
    assert read_dataset(root) == description
    assert DatasetDescription.from_json(description.to_json()) == description
    opened = open_dataset(root)
    assert (opened.description, opened.trusted, opened.finding, opened.layout.shard_size) == (description, True, None, 4)


def test_the_order_of_its_keys() -> None:
    complete = dataclasses.replace(PLAIN, status="complete", samples=4, counts=Counts(3, {"z": 1, "a": 0}), files=FILES)
    first = ["natocc", "format", "status", "recipe", "recipe_sha256", "versions", "processors", "inputs", "labels"]
    assert list(json.loads(complete.to_bytes())) == [*first, "samples", "counts", "files", "sha256"]
    assert list(json.loads(complete.to_bytes())["counts"]["rejected"]) == ["a", "z"]


WRONG: dict[str, list[Any]] = {
    "status": [None, "done", 1],
    "recipe": [
        None,
        [],
        {},
        {"name": "x"},
        {"name": "x", "output": {"shard_size": 0}},
        {"name": 1, "output": {"shard_size": 4}},
        {"name": "../x", "output": {"shard_size": 4}},
        {"name": "x", "output": {"shard_size": 10**9}},
        {"name": "x", "output": {"shard_size": 4, "image": {"format": 'jpg", x="'}}},
        {"name": "x", "output": {"shard_size": 4}, "splits": 1},
        {"name": "x", "output": {"shard_size": 4, "masks": 1}},
        {"name": "x", "output": {"shard_size": 4}, "sets": [{"description": "from s3://KEY:SECRET@bucket"}]},
        {"name": "x", "output": {"shard_size": 4}, "deep": json.loads("[" * 100 + "]" * 100)},
    ],
    "recipe_sha256": [None, 1],
    "versions": [None, [], {"numpy": 2}],
    "inputs": [None, "x"],
    "labels": [
        None,
        {"masks": None},
        {"masks": {"0": 1}},
        {"../x": {"0": "x"}},
        {"images": {}},
        {"masks": {"zero": "x"}},
        {"masks": {"999999": "x"}},
        {"masks": {"256": "x"}},
        {"masks": {"\u0661": "x"}},
    ],
    "samples": [-1, 1.5, "4", True, 10**12, 10**400],
    "counts": [1, {}, {"made": 3}, {"made": 3, "rejected": {"crowd": "1"}}],
    "files": [1, {"README.md": 1}, {"../x": "y"}],
    "shards": [0, [0, 1], "x", "3-1", "0-1000000", ",".join(["0-999999"] * 2) + ",x"],
}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in WRONG.items() for value in values])
def test_a_value_of_another_kind_is_one_line(tmp_path: Path, key: str, value: object) -> None:
    content = {**PLAIN.to_json(), key: value}
    if value is None:
        del content[key]
    (tmp_path / "dataset.json").write_text(json.dumps(content))
    for read in (read_dataset, open_dataset):
        with pytest.raises(UsageError, match=rf"^{tmp_path}/dataset\.json is damaged: .*") as raised:
            read(tmp_path)
        assert len(str(raised.value).splitlines()) == 1


def test_messages_name_the_place_that_the_user_knows(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^s3://bucket/x is not a natocc dataset"):
        open_dataset(tmp_path, "s3://bucket/x")
    (tmp_path / "dataset.json").write_text("{")
    with pytest.raises(UsageError, match=r"^s3://bucket/x/dataset\.json is damaged: not JSON"):
        open_dataset(tmp_path, "s3://bucket/x")
