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
from runs import files

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


@pytest.mark.parametrize("path", ["../precious.txt", "images/../../precious.txt", "masks/00000/000000000.png", "/precious.txt"])
def test_replay_writes_where_samples_lie_and_nowhere_else(dataset: Path, tmp_path: Path, run: object, path: str) -> None:
    """Whatever path a manifest gives to a file."""
    table, index = pyarrow.parquet.read_table(dataset / "manifest.parquet"), _index(dataset, "made")
    column = table.schema.get_field_index("images_path")
    forged = pyarrow.array([path if row == index else name for row, name in enumerate(table["images_path"].to_pylist())])
    pyarrow.parquet.write_table(table.set_column(column, "images_path", forged), dataset / "manifest.parquet")
    (tmp_path / "precious.txt").write_text("precious")
    done = run("replay", dataset, "--index", index, "-o", tmp_path / "again", code=2)  # type: ignore[operator]
    assert f"manifest.parquet is damaged: sample {index} has the images file" in done.stderr
    assert (tmp_path / "precious.txt").read_text() == "precious"
    assert not (tmp_path / "again").exists()


def test_replay_follows_no_link(dataset: Path, tmp_path: Path, run: object) -> None:
    """Neither to the files that it compares with, nor from the folder that it writes to."""
    index = _index(dataset, "made")
    image = dataset / f"images/00000/{index:09d}.jpg"
    image.rename(tmp_path / "image.jpg")
    image.symlink_to(tmp_path / "image.jpg")
    assert "different: no file on disk" in run("replay", dataset, "--index", index, code=4).stdout  # type: ignore[operator]
    (tmp_path / "again").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "again" / "images").symlink_to(tmp_path / "elsewhere")
    done = run("replay", dataset, "--index", index, "-o", tmp_path / "again", code=2)  # type: ignore[operator]
    assert "not followed; name another folder with -o" in done.stderr
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["images", "images/00000", "shards", ".staging", ".staging/00000", ".lock"])
def test_nothing_is_written_or_deleted_where_a_link_leads(dataset: Path, tmp_path: Path, run: object, folder: str) -> None:
    elsewhere, place = tmp_path / "elsewhere", dataset / folder
    place.parent.mkdir(exist_ok=True)
    if place.exists():
        place.rename(elsewhere)
    else:
        elsewhere.mkdir()
    (elsewhere / "thesis.tex").write_text("mine")
    place.symlink_to(elsewhere)
    (dataset / "contact_sheet.jpg").unlink()
    before = files(elsewhere)
    assert f"{folder}: expected no link, found one\n" in run("verify", dataset, "-j", 1, code=4).stdout  # type: ignore[operator]
    told = "a link lies there" if folder == ".lock" else "is a link to "
    # More samples, fewer of them, others, and those that are damaged.
    code = 1 if folder == ".lock" else 2
    for command in (("-n", 6), ("-n", 4, "--overwrite"), ("--overwrite", "--seed", 5)):
        done = run("build", "demo", "-o", dataset, "-j", 1, "--backend", "threading", *command, code=code)  # type: ignore[operator]
        assert told in done.stderr
    assert told in run("verify", dataset, "--repair", "-j", 1, code=code).stderr  # type: ignore[operator]
    assert files(elsewhere) == before


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
