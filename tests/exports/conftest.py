"""One small dataset of the demo's faces and occluders for all exports, and the packages that read them back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from exports.reading_back import invoke
from natocc.builder.run import Run
from natocc.exports.reader import SourceDataset
from natocc.io.workspace import Workspace
from natocc.recipe.load import load_recipe

EDITS = (
    "name=small",
    "faces.align.size=80",
    "sets.0.samples_per_face=3",
    "sets.1.samples_per_face=3",
    "sets.1.occluders.textures={source: noise}",
    "sets.1.transparency={probability: 0.5, label: ignore}",
    "splits={train: 0.5, val: 0.25, test: 0.25}",
    "output={shard_size: 5, masks: [face, amodal, occluder, matte, parts]}",
)


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> SourceDataset:
    """Twelve samples of two people, in two splits, some with pixels to ignore."""
    out = tmp_path_factory.mktemp("exports") / "small"
    run = Run(load_recipe("demo", EDITS), Workspace(Path("data"), cache, 2), out, backend="threading")
    run.build(overwrite=False, progress=lambda *_: None)
    return SourceDataset.open(out)


@pytest.fixture(scope="session")
def undivided(dataset: SourceDataset, tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """The same recipe without splits and further masks, its pictures PNG."""
    out = tmp_path_factory.mktemp("undivided") / "whole"
    recipe = load_recipe("demo", [*EDITS, "splits=null", "name=whole", "output.image.format=png", "output.masks=[face]"])
    Run(recipe, Workspace(Path("data"), cache), out, count=4, backend="threading").build(False, lambda *_: None)
    return out


@pytest.fixture
def exported(dataset: SourceDataset, tmp_path: Path) -> Callable[..., Path]:
    """Exports the dataset through the command line."""

    def run(name: str, *arguments: object) -> Path:
        target = tmp_path / f"{name}-{len(list(tmp_path.iterdir()))}"
        told = json.loads(invoke("export", dataset.root, "--to", name, "-o", target, "--json", *arguments).stdout)
        assert told["to"] == name
        return target

    return run
