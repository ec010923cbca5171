"""Records of shards that were edited: refused when they are read, so that whatever is read can be told again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from fuzz_inputs import dataset

from natocc.core.errors import UsageError
from natocc.dataset.layout import Layout
from natocc.dataset.manifest import read_manifest, rows_of, schema
from natocc.dataset.records import read_shard
from natocc.io.atomic import encode_json
from natocc.io.sealed_json import seal

OTHERS: tuple[Any, ...] = (None, True, 7, -1, 10**30, 1.5, "x", "half \ud800", [], {}, [1], {"a": 1})


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of everything in a JSON value, the value itself left out."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, part in parts for found in ((*path, key), *_leaves(part, (*path, key)))]


def test_a_record_with_anything_in_the_place_of_anything(tmp_path: Path) -> None:
    """Every value of a record, replaced by every kind of value or left out: refused, or as good as it was."""
    layout = dataset(tmp_path / "d")
    text = layout.record(0).read_bytes()
    refused = 0
    for path in _leaves(json.loads(text)):
        if path[:1] == ("samples",) and path[1:2] in ((1,), (3,)):
            continue  # like sample 0
        for other in (*OTHERS, ...):
            value = json.loads(text)
            *through, last = path
            parent = value
            for key in through:
                parent = parent[key]
            if other is ...:
                del parent[last]
            else:
                parent[last] = other
            layout.record(0).write_bytes(encode_json(seal(value)))
            try:
                record = read_shard(layout, 0)
            except UsageError as error:
                assert "is damaged" in str(error)
                refused += 1
                continue
            pyarrow.Table.from_pylist(rows_of(record), schema=schema())
    assert refused > 500


@pytest.mark.parametrize("name", ["images/00000", "images/00000/x.jpg", "a/b/c/000000000.jpg", "images/00000/000000009.jpg"])
def test_files_of_a_record_are_those_of_its_samples(tmp_path: Path, name: str) -> None:
    layout = dataset(tmp_path / "d")
    value = json.loads(layout.record(0).read_bytes())
    value["files"] = dict(sorted({**value["files"], name: 3}.items()))
    layout.record(0).write_bytes(encode_json(seal(value)))
    with pytest.raises(UsageError, match="is damaged"):
        read_shard(layout, 0)


def test_a_manifest_of_others_is_refused(tmp_path: Path) -> None:
    """A Parquet file with other columns, or with text that is none, is no manifest."""
    dataset(tmp_path / "d")
    path = Layout(tmp_path / "d", 1).manifest
    assert len(read_manifest(tmp_path / "d")) == 4
    pyarrow.parquet.write_table(pyarrow.table({"index": [1]}), path)
    with pytest.raises(UsageError, match="columns"):
        read_manifest(tmp_path / "d")
    no_text = pyarrow.array([b"\xff"]).cast(pyarrow.string(), safe=False)
    columns = [no_text if column.type == pyarrow.string() else pyarrow.nulls(1, column.type) for column in schema()]
    pyarrow.parquet.write_table(pyarrow.table(columns, schema=schema()), path)
    with pytest.raises(UsageError, match="cannot be read as a manifest"):
        read_manifest(tmp_path / "d")
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(UsageError, match="cannot be read as a manifest"):
        read_manifest(tmp_path / "d")
    path.unlink()
    with pytest.raises(UsageError, match="cannot be read as a manifest"):
        read_manifest(tmp_path / "d")
