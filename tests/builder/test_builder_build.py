"""Where a build goes is decided once, for the command and for Python: a folder, a URL, a part, or nowhere (a dry run)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from needed import need
from runs import files

import natocc
from natocc.dataset.description import read_dataset
from natocc.io.images import sha256

TEXTURES = "textures: {source: textures, root: 'package:skimage/data', include: [brick.png]}"
SMALL = [
    "faces.align={method: none, size: 64}",
    "output.shard_size=4",
    "sets=[{name: randocc, method: randocc}]",
    f"sets.0.occluders={{source: shapes, side: 64, {TEXTURES}}}",
]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, Any]:
    return {"edits": SMALL, "count": 6, "data": tmp_path / "data", "cache": tmp_path / "cache"}


@pytest.fixture
def memory() -> Iterator[dict[str, Any]]:
    """The files that fsspec holds in memory."""
    need("fsspec")
    from fsspec.implementations.memory import MemoryFileSystem

    MemoryFileSystem.store.clear()
    MemoryFileSystem.pseudo_dirs[:] = [""]
    yield MemoryFileSystem.store
    MemoryFileSystem.store.clear()


def test_a_url_is_no_folder(memory: dict[str, Any], here: Path, settings: dict[str, Any]) -> None:
    natocc.build("demo", "out", backend="threading", **settings)
    local = files(here / "out")
    natocc.build("demo", "memory://out", backend="threading", **settings)
    assert {name.removeprefix("/out/"): sha256(file.getvalue()) for name, file in memory.items()} == local
    assert [path.name for path in here.iterdir()] == ["out"]


@pytest.mark.parametrize("shards", ["1", 1, [1, 1]])
def test_shards_are_a_part(shards: Any, here: Path, settings: dict[str, Any]) -> None:
    assert natocc.build("demo", "part", shards=shards, **settings).made == 2
    assert read_dataset(here / "part").shards == (1,)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"shards": "0", "out": "s3://bucket/set"}, "--shards makes parts in folders: name one with -o, found s3://bucket/set"),
        ({"shards": "x"}, "expected shards such as 7 or 0-9,20, found 'x'"),
        ({"shards": [-1]}, "no shard -1"),
        ({"shards": []}, "expected shards such as 7 or 0-9,20, found none"),
        ({"shards": "7"}, "no shard 7: 6 samples make 2 shards of 4, 0 to 1"),
        ({"backend": "lokki"}, "--backend: expected loky, threading, dask or ray, found 'lokki'"),
        ({"address": "host:1"}, "expected --backend dask or ray, found loky"),
        ({"out": "ftp://host/set"}, "cannot write to ftp://host/set"),
    ],
)
def test_a_mistake_is_one_line_and_writes_nothing(
    wrong: dict[str, Any], message: str, here: Path, settings: dict[str, Any]
) -> None:
    with pytest.raises(natocc.UsageError, match=message) as caught:
        natocc.build("demo", **{**settings, **wrong})
    assert len(caught.value.lines) == 1
    assert not list(here.iterdir())


def test_a_dry_run_says_what_would_be_made_and_writes_nothing(here: Path, settings: dict[str, Any]) -> None:
    expected = natocc.dry_run("demo", "s3://nobody/asks/there", **settings)
    assert (expected.samples, expected.shards) == (6, 2)
    assert natocc.dry_run("demo", **settings) == expected
    assert not list(here.iterdir())
