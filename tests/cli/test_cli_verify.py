"""``verify`` and ``replay`` as a script sees them: lines, JSON, exit codes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet
import pytest
from click.testing import CliRunner, Result

from natocc.cli import main
from natocc.io.images import sha256

EVIL = "a\nb\x1b[31m<script>.png"


@pytest.fixture(scope="module")
def runner(cache: Path) -> CliRunner:
    return CliRunner(env={"NATOCC_CACHE": str(cache), "NATOCC_DATA": None})


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, runner: CliRunner) -> Path:
    """Five samples in two shards; sample 3 of a set that cannot place anything is rejected."""
    root = tmp_path_factory.mktemp("cli-verify") / "built"
    edits = ("faces.align.size=64", "output.shard_size=3", "sets.1.placement.occlusion=[0.79,0.8]", "sets.1.placement.attempts=1")
    arguments = ["build", "demo", "-o", str(root), "-n", "5", "-j", "1", "--backend", "threading", "--max-rejected", "1"]
    done = runner.invoke(main, [*arguments, *(word for edit in edits for word in ("--set", edit))])
    assert done.exit_code == 0, done.output
    return root


@pytest.fixture
def dataset(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "out"))


@pytest.fixture
def run(runner: CliRunner) -> object:
    def invoke(*arguments: object, code: int = 0) -> Result:
        done = runner.invoke(main, [str(each) for each in arguments])
        assert done.exit_code == code, done.output
        return done

    return invoke


def _rows(root: Path) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = pyarrow.parquet.read_table(root / "manifest.parquet").to_pylist()
    return rows


def _index(root: Path, status: str) -> int:
    return next(int(str(row["index"])) for row in _rows(root) if row["status"] == status)


@pytest.mark.parametrize("how", [("--fast",), (), ("--deep",), ("-j", 2), ("--deep", "-j", 2)])
def test_a_sound_dataset_is_exit_0_and_no_line(dataset: Path, run: object, how: tuple[object, ...]) -> None:
    done = run("verify", dataset, *how)  # type: ignore[operator]
    assert done.stdout == ""
    assert "5 samples" in done.stderr


def test_damage_is_exit_4_repair_is_exit_0(dataset: Path, run: object) -> None:
    path = f"masks/00000/{_index(dataset, 'made'):09d}.png"
    before = (dataset / path).read_bytes()
    (dataset / path).write_bytes(before[:-1])
    done = run("verify", dataset, "-j", 1, code=4)  # type: ignore[operator]
    assert done.stdout == f"{path}: expected {len(before)} bytes, found {len(before) - 1} bytes\n"
    found = json.loads(run("verify", dataset, "--json", "-j", 1, code=4).stdout)  # type: ignore[operator]
    assert [(each["path"], each["kind"], each["shard"]) for each in found["damage"]] == [(path, "file", 0)]
    assert (found["depth"], found["status"], found["samples"]) == ("hash", "complete", 5)
    done = run("verify", dataset, "--repair", "-j", 1)  # type: ignore[operator]
    assert done.stdout == f"{path}: repaired\n"
    assert (dataset / path).read_bytes() == before
    run("verify", dataset, "--deep")  # type: ignore[operator]


def test_a_name_that_is_evil_stays_on_its_line(dataset: Path, run: object) -> None:
    (dataset / "masks" / "00000" / EVIL).write_text("mine")
    done = run("verify", dataset, code=4)  # type: ignore[operator]
    assert len(done.stdout.splitlines()) == 1
    assert "\x1b" not in done.output
    assert "a\\nb\\x1b[31m<script>" in done.stdout
    assert "left: natocc did not write it" in run("verify", dataset, "--repair", "-j", 1, code=4).stdout  # type: ignore[operator]
    shutil.move(dataset, dataset.parent / EVIL)
    done = run("verify", dataset.parent / EVIL, code=4)  # type: ignore[operator]
    assert len(done.stdout.splitlines()) == 1
    assert all("\x1b" not in line for line in done.output.splitlines())


def test_an_unfinished_dataset_says_so(dataset: Path, run: object) -> None:
    content = json.loads((dataset / "dataset.json").read_text())
    (dataset / "dataset.json").write_text(json.dumps({**content, "status": "building"}))
    (dataset / "shards/00001.json").unlink()
    assert "is unfinished: verified the 1 shard " in run("verify", dataset).stdout  # type: ignore[operator]


def test_mistakes_are_exit_2_and_one_line(tmp_path: Path, run: object) -> None:
    assert "choose one" in run("verify", tmp_path, "--fast", "--deep", code=2).output  # type: ignore[operator]
    done = run("verify", tmp_path / EVIL, code=2)  # type: ignore[operator]
    assert done.stderr.startswith("natocc: no folder ")
    assert len(done.stderr.splitlines()) == 1
    assert "is not a natocc dataset" in run("verify", tmp_path, code=2).output  # type: ignore[operator]
    assert "is not a natocc dataset" in run("replay", tmp_path, "--index", 0, code=2).output  # type: ignore[operator]


def test_replay_makes_every_sample_again(dataset: Path, tmp_path: Path, run: object) -> None:
    for row in _rows(dataset):
        done = run("replay", dataset, "--index", row["index"], "-o", tmp_path / "again")  # type: ignore[operator]
        if row["status"] == "rejected":
            assert "was rejected (no-placement, plan): no acceptable placement" in done.stdout
            continue
        assert done.stdout == "".join(f"{row[f'{folder}_path']}: same\n" for folder in ("images", "masks"))
        for folder in ("images", "masks"):
            assert sha256((tmp_path / "again" / str(row[f"{folder}_path"])).read_bytes()) == row[f"{folder}_sha256"]
    assert {row["status"] for row in _rows(dataset)} == {"made", "rejected"}
    assert "has no sample 5" in run("replay", dataset, "--index", 5, code=2).output  # type: ignore[operator]


def test_replay_says_what_is_different(dataset: Path, run: object) -> None:
    index = _index(dataset, "made")
    (dataset / f"masks/00000/{index:09d}.png").unlink()
    image = dataset / f"images/00000/{index:09d}.jpg"
    image.write_bytes(image.read_bytes() + b"x")
    lines = run("replay", dataset, "--index", index, code=4).stdout.splitlines()  # type: ignore[operator]
    assert "different: the file was changed" in lines[0]
    assert "different: no file on disk" in lines[1]
    told = json.loads(run("replay", dataset, "--index", index, "--json", code=4).stdout)  # type: ignore[operator]
    assert [each["same"] for each in told["files"]] == [False, False]


def test_replay_needs_the_recipe_that_it_was_built_with(dataset: Path, run: object) -> None:
    content = (dataset / "dataset.json").read_text()
    (dataset / "dataset.json").write_text(content.replace('"seed": 1', '"seed": 2'))
    run("replay", dataset, "--index", _index(dataset, "made"))  # type: ignore[operator]  # the manifest has a copy
    rejected = json.loads(run("replay", dataset, "--index", _index(dataset, "rejected"), "--json").stdout)  # type: ignore[operator]
    assert rejected["rejected"] == "no-placement"


def test_f33_what_decides_the_bytes_is_recorded(dataset: Path) -> None:
    content = json.loads((dataset / "dataset.json").read_text())
    packages = {"python", "machine", "numpy", "opencv-python-headless", "pillow", "dlib-bin", "pycocotools", "simplejpeg"}
    assert packages <= set(content["versions"])
    assert all(isinstance(version, str) and version for version in content["versions"].values())
    assert content["natocc"]


def test_progress_and_findings_do_not_mix(dataset: Path, cache: Path) -> None:
    """As in a pipe: stdout has findings alone."""
    (dataset / f"masks/00000/{_index(dataset, 'made'):09d}.png").unlink()
    command = [sys.executable, "-m", "natocc", "verify", str(dataset), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 4
    assert len(json.loads(done.stdout)["damage"]) == 1
    assert "verifying" in done.stderr
