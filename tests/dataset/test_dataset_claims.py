"""What a dataset says of itself is held to what it can hold: nothing that is claimed takes memory or time without end."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from fuzz_inputs import dataset

from natocc.builder.state import State
from natocc.core.errors import UsageError
from natocc.dataset.findings import Depth
from natocc.dataset.layout import Layout
from natocc.dataset.manifest import read_manifest, schema, stream_manifest
from natocc.dataset.records import read_few, read_shard
from natocc.dataset.shard_ranges import parse_ranges
from natocc.dataset.verify.dataset import verify_folder
from natocc.io.atomic import encode_json
from natocc.io.sealed_json import seal
from natocc.pipeline.schedule import Schedule


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return dataset(tmp_path / "d").root


def _rows(count: int, **cells: Any) -> pyarrow.Table:
    """Rows that say the same; what is not named is null."""
    columns = [pyarrow.array([cells.get(field.name)] * count, field.type) for field in schema()]
    return pyarrow.table(columns, schema=schema())


BOMBS: dict[str, Callable[[], pyarrow.Table]] = {
    "a long text, many times": lambda: _rows(20, index=1, detail="x" * 2**19),
    "many rows": lambda: _rows(100_001),
    "many landmarks": lambda: _rows(1, index=1, landmarks=[None] * 10_000),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_manifest_that_unpacks_to_much_is_refused_before_it_is_read(root: Path, name: str) -> None:
    path = root / "manifest.parquet"
    pyarrow.parquet.write_table(BOMBS[name](), path, compression="zstd")
    assert path.stat().st_size < 100_000
    for read in (lambda: read_manifest(root), lambda: list(stream_manifest(root, ["index", "detail"]))):
        with pytest.raises(UsageError, match="cannot be read as a manifest"):
            read()
    assert "manifest.parquet" in {finding.path for finding in verify_folder(root, Depth.HASH, 1, lambda *_: None).findings}


@pytest.mark.parametrize(
    "cells",
    [
        {"index": None},
        {"index": -1},
        {"face": None},
        {"status": "done"},
        {"status": "rejected", "reason": "because"},
        {"occluders": [None]},
        {"landmarks": [{"x": None, "y": 1.0, "hidden": True}]},
        {"landmarks": [{"x": float("inf"), "y": 1.0, "hidden": True}]},
        {"width": None},
        {"occlusion_ratio": 1.5},
    ],
)
def test_rows_that_natocc_does_not_write_are_refused(root: Path, cells: dict[str, Any]) -> None:
    row = {**read_manifest(root)[0], **cells}
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist([row], schema=schema()), root / "manifest.parquet")
    for read in (lambda: read_manifest(root), lambda: list(stream_manifest(root, schema().names))):
        with pytest.raises(UsageError, match="cannot be read as a manifest"):
            read()


EDITS: dict[str, Callable[[dict[str, Any]], object]] = {
    "no measures": lambda sample: sample.update(measures={}),
    "a ratio beyond 1": lambda sample: sample["measures"].update(occlusion_ratio=2.0),
    "a width of 0": lambda sample: sample["measures"].update(width=0),
    "no plan": lambda sample: sample.update(plan=None),
    "no files": lambda sample: sample.update(files={}),
    "a blur of 10^6": lambda sample: sample["plan"]["finish"].update(blur=1e6),
    "a blur that is text": lambda sample: sample["plan"]["finish"].update(blur=""),
    "many occluders": lambda sample: sample["plan"].update(occluders=sample["plan"]["occluders"] * 65),
    "an unknown key": lambda sample: sample["plan"].update(more=1),
    "no finish": lambda sample: sample["plan"].pop("finish"),
    "deep": lambda sample: sample["plan"]["occluders"][0]["cutout"].update(a=json.loads("[" * 500 + "]" * 500)),
    "a seed below 0": lambda sample: sample["plan"]["occluders"][0]["look"].update(grain_seed=-1),
}


@pytest.mark.parametrize("name", EDITS)
def test_a_record_of_what_no_sample_can_have_is_damaged(root: Path, name: str) -> None:
    layout = Layout(root, 4)
    content = json.loads(layout.record(0).read_bytes())
    EDITS[name](content["samples"][0])
    layout.record(0).write_bytes(encode_json(seal(content)))
    with pytest.raises(UsageError, match="is damaged") as raised:
        read_shard(layout, 0)
    assert len(str(raised.value).splitlines()) == 1
    if name != "no files":
        with pytest.raises(UsageError, match="is damaged"):
            read_few(layout, 0, 4)


def test_ranges_of_shards_are_bounded_together() -> None:
    assert parse_ranges(",".join(["0-99999"] * 900)) == tuple(range(100_000))
    for text in ("0-1000000", "999999999", ",".join(f"{n * 10**6}-{n * 10**6 + 999_999}" for n in range(900))):
        with pytest.raises(UsageError, match="at most 1000000"):
            parse_ranges(text)


def test_a_build_of_more_shards_than_a_dataset_has_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"output\.shard_size"):
        State(Layout(tmp_path, 1000), 10**12)
    schedule = Schedule([1, 0.5, 2], ["a", "b", "c"], 10**12)
    assert sum(schedule.samples_of_sets()) == 10**12


def test_samples_of_sets_are_those_of_the_schedule() -> None:
    for count in (0, 1, 7, 10, 23):
        schedule = Schedule([1, 0.5, 2], ["a", "b", "c"], count)
        sets = [schedule[index].set_index for index in range(count)]
        assert schedule.samples_of_sets() == [sets.count(number) for number in range(3)]
    assert dataclasses.astuple(schedule[0])[0] == 0
