"""Switches of a recipe in pairs: each two settings of different switches meet in one build of the demo."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

import natocc
from natocc.dataset.findings import Depth
from natocc.dataset.manifest import read_manifest
from natocc.dataset.verify.dataset import verify_folder
from natocc.io.images import read_labels
from natocc.io.workspace import Workspace
from natocc.pipeline.replay import replay_sample
from natocc.recipe.text import parse_recipe, recipe_text

SWITCHES: Mapping[str, tuple[str, ...]] = {
    "align": ("faces.align.method=ffhq", "faces.align.method=none"),
    "border": ("", "faces.align.border=reflect", "faces.align.border=constant"),
    "landmarks": ("faces.align.landmarks=false", "faces.align.landmarks=true"),
    "coverage": ("", "placement.coverage={range: [0.1, 0.4]}", "placement.occlusion=[0.05, 0.5]"),
    "count": ("placement.count=1", "placement.count=2", "placement.count=[1, 3]"),
    "anchors": ("", "placement.anchors={mouth: 1, eyes: 1, border: 1}"),
    "reach": ("placement.reach=false", "placement.reach=true"),
    "transfer": ("colour.transfer=none", "colour.transfer=skin", "colour.transfer=reinhard", "colour.transfer=sot"),
    "blend": ("blend.method=alpha", "blend.method=poisson"),
    "shadow": ("light.shadow=0", "light.shadow=1"),
    "defocus": ("optics.defocus=0", "optics.defocus=1"),
    "motion": ("optics.motion=0", "optics.motion=1"),
    "jpeg": ("", "optics.jpeg=[60, 90]"),
    "transparency": (
        "", "transparency={probability: 1, label: ignore}", "transparency={probability: 0.5, label: threshold}",
        "transparency={probability: 1, label: opaque}",
    ),
    "finish": ("", "finish={flip: 1, blur: [0.1, 1]}", "finish={jpeg: [50, 80], brightness: [-20, 20]}"),
    "masks": (
        "output.masks=[face]", "output.masks=[face, amodal, occluder, matte, parts, kinds, regions]",
        "output.masks=[amodal, parts]",
        "output.masks=[kinds]",
    ),
    "clean": ("output.clean=false", "output.clean=true"),
    "sets": ("occluded", "occluded, clean"),
    "bits": ("output.matte_bits=8", "output.matte_bits=16"),
    "image": ("output.image.format=jpg", "output.image.format=png"),
    "splits": ("", "splits={train: 0.5, val: 0, test: 0.5}"),
    "jobs": ("jobs=1", "jobs=2", "jobs=threads"),
    "shards": ("output.shard_size=3", "output.shard_size=100"),
}  # fmt: skip

Row = dict[str, str]

ROWS = 24
"""Of :func:`table`, known without making it."""


def pairs_of(row: Row) -> set[tuple[str, str, str, str]]:
    """Every two switches and their settings."""
    return {(one, row[one], other, row[other]) for one, other in itertools.combinations(SWITCHES, 2)}


def allowed(row: Row) -> bool:
    """Whether natocc takes these together."""
    covers = row["coverage"].startswith("placement.coverage")
    return not (covers and ("label: ignore" in row["transparency"] or "label: threshold" in row["transparency"]))


@functools.cache
def table() -> list[Row]:
    """Few rows in which all pairs occur that are allowed: greedily, the row that adds most of some drawn ones."""
    rng = natocc.generator(1, "pairs")
    names = list(SWITCHES)
    drawn = [row for _ in range(4000) if allowed(row := {name: str(rng.choice(SWITCHES[name])) for name in names})]
    left = set().union(*map(pairs_of, drawn))
    rows: list[Row] = []
    while left:
        best = max(drawn, key=lambda row: len(pairs_of(row) & left))
        rows.append(best)
        left -= pairs_of(best)
    return rows


def test_the_table_holds_every_pair() -> None:
    assert len(table()) == ROWS
    met = set().union(*map(pairs_of, table()))
    for one, other in itertools.combinations(SWITCHES, 2):
        for first, second in itertools.product(SWITCHES[one], SWITCHES[other]):
            covers = "placement.coverage" in first + second
            assert (one, first, other, second) in met or (covers and ("ignore" in second or "threshold" in second))


@pytest.mark.slow
@pytest.mark.parametrize("number", range(ROWS))
def test_a_build_of_each_row_holds_together(number: int, tmp_path: Path, cache: Path) -> None:
    row = table()[number]
    edits = [
        "faces.align.size=96",
        "sets.natocc.samples_per_face=4",
        "sets.randocc.samples_per_face=4",
        "output.max_rejected=0.5",
    ]
    edits += [setting for name, setting in row.items() if setting and name not in ("jobs", "sets")]
    jobs = {"jobs=1": 1, "jobs=2": 2, "jobs=threads": 2}[row["jobs"]]
    backend = "threading" if row["jobs"] == "jobs=threads" else "loky"
    out = tmp_path / "out"
    recipe = parse_recipe(recipe_text("demo")[0], "demo")
    if row["sets"] == "occluded, clean":
        recipe["sets"].append({"name": "bare", "method": "none", "samples_per_face": 2})
    totals = natocc.build(recipe, out, cache=cache, edits=edits, jobs=jobs, backend=backend)
    assert totals.made + sum(totals.rejected.values()) == 16 + 4 * (row["sets"] == "occluded, clean")
    assert totals.made >= 8, totals.rejected
    verified = verify_folder(out, Depth.DEEP, 1, lambda *_: None)
    assert not verified.findings, verified.findings
    made = [row for row in read_manifest(out) if row["status"] == "made"]
    for sample in made[:3]:
        for file in replay_sample(out, sample, Workspace(tmp_path, cache)):
            assert file.same, file.verdict
    if made[0]["masks_path"]:
        labels = np.concatenate([np.unique(read_labels(out / str(sample["masks_path"]))) for sample in made])
        assert set(labels.tolist()) <= {0, 1, 255}
