"""A benchmark on faces drawn by rule, striped like no face: training on covered ones has to show."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from drawn_faces import draw_cutouts, draw_faces, recipe
from needed import need

from natocc.cli import main
from natocc.evaluation.counts import FIELDS
from natocc.training.benchmark_table import Results, benchmark_table
from natocc.training.options import Benchmark

OPTIONS = {
    "name": "drawn",
    "sets": [
        {"name": "clean", "pictures": [{"faces": {"source": "labelled", "root": "faces"}}]},
        {"name": "natocc", "extends": "clean", "pictures": [{"recipe": "train.yaml", "weight": 40}]},
    ],
    "networks": [{"name": "small", "encoder": "tu-mobilenetv3_small_100"}],
    "training": {"side": 64, "steps": 70, "batch": 8, "learning_rate": 0.003, "checkpoint_steps": 35},
    "truths": [{"name": "covered", "recipe": "truth.yaml"}],
}


def _options(**changes: object) -> Benchmark:
    return Benchmark.model_validate({**OPTIONS, **changes})


def _counts(both: int, missed: int, pictures: int = 4) -> np.ndarray:  # type: ignore[type-arg]
    counts = np.zeros((pictures, len(FIELDS)), np.int64)
    counts[:, 0], counts[:, 2], counts[:, 3], counts[:, 4], counts[:, 7] = both, missed, 100, 10, 10
    return counts


def test_a_table_says_mean_deviation_and_difference() -> None:
    options = _options(seeds=[0, 1], truths=[{"name": "a", "folder": "a"}, {"name": "b", "folder": "b"}])
    results = Results(options)
    for name, seed, both in (("clean", 0, 60), ("clean", 1, 70), ("natocc", 0, 80), ("natocc", 1, 90)):
        for truth in "ab":
            results.add(name, "small", seed, truth, _counts(both, 100 - both))
    recall = results.summary("natocc", "small", "a", "recall")
    assert recall.mean == pytest.approx(0.85)
    assert recall.deviation == pytest.approx(0.1 / np.sqrt(2))
    assert recall.difference.value == pytest.approx(0.2)
    assert recall.difference.low == pytest.approx(0.2)  # all pictures alike: nothing is left to chance
    text = benchmark_table(results)
    assert "| trained on | a | b |" in text
    assert "| 85.0 ± 7.1 (+20.0; +20.0 to +20.0) |" in text
    assert "65.0 ± 7.1 |" in text
    rows = results.to_json()
    assert len(rows) == 4
    json.dumps(rows, allow_nan=False)


def test_own_benchmarks_are_listed() -> None:
    done = CliRunner().invoke(main, ["benchmark", "--list"])
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["small", "smoke", "table2"]
    assert "name a benchmark" in CliRunner().invoke(main, ["benchmark"]).stderr


@pytest.mark.slow
def test_covered_faces_teach_what_clean_ones_do_not(tmp_path: Path) -> None:
    need("torch", "lightning", "segmentation_models_pytorch", "onnx")
    draw_faces(tmp_path / "faces", 40)
    draw_faces(tmp_path / "test-faces", 30, seed=9)
    draw_cutouts(tmp_path / "cutouts", 12)
    draw_cutouts(tmp_path / "test-cutouts", 12, seed=9)
    recipe(tmp_path / "train.yaml", "train", "faces", "cutouts")
    recipe(tmp_path / "truth.yaml", "truth", "test-faces", "test-cutouts", seed=2)
    (tmp_path / "drawn.yaml").write_text(json.dumps(OPTIONS))
    arguments = ("benchmark", "drawn.yaml", "--data", ".", "--cache", "cache", "-o", "out", "-j", "1", "--accelerator", "cpu")

    def run(*more: str, code: int = 0) -> tuple[str, str]:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "natocc", *arguments, *more]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=570, check=False)
        assert done.returncode == code, done.stderr
        return done.stdout, done.stderr

    table, _ = run()
    report = json.loads((tmp_path / "out" / "benchmark.json").read_text())
    rows = {row["set"]: row["measures"] for row in report["results"]}
    assert rows["natocc"]["leak"]["difference"]["high"] < -0.05  # of 0.7
    assert rows["natocc"]["miou"]["difference"]["low"] > 0
    assert (tmp_path / "out" / "table.md").read_text() == table
    assert report["sets"]["natocc"][1]["recipe_sha256"]
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "runs").rglob("*.onnx")}
    assert len(kept) == 2
    again, progress = run()
    assert again == table
    assert "training" not in progress
    assert kept == {path: path.stat().st_mtime_ns for path in kept}
    assert "another training" in run("--set", "training.steps=71", code=2)[1]
    assert "did you mean 'unet'" in run("--set", "networks.0.architecture=unett", code=2)[1]
    assert "no recipe file" in run("--set", "truths.0.recipe=none.yaml", code=2)[1]
