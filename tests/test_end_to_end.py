"""The main job, through the command line, on real input."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest
from PIL import Image as PillowImage

from natocc.builder.run import Run
from natocc.compose.render import render
from natocc.core.plans import Plan
from natocc.io.images import encode_png, read_labels, read_rgb, sha256
from natocc.io.workspace import Workspace
from natocc.pipeline import sample as pipeline
from natocc.pipeline.encode import encode
from natocc.pipeline.sample import Pipeline
from natocc.pipeline.schedule import SampleSpec
from natocc.recipe.load import load_recipe
from natocc.recipe.model import Recipe

Natocc = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def natocc(cache: Path) -> Natocc:
    def run(*arguments: object, code: int = 0) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "natocc", *map(str, arguments)]
        done = subprocess.run(
            command, capture_output=True, text=True, env={**os.environ, "NATOCC_CACHE": str(cache)}, timeout=300, check=False
        )
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        return done

    return run


@pytest.fixture(scope="session")
def demo(natocc: Natocc, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("demo") / "out"
    natocc("build", "demo", "-o", out, "-j", 2)
    return out


def _rows(out: Path) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = pyarrow.parquet.read_table(out / "manifest.parquet").to_pylist()
    return rows


def _bytes(out: Path) -> dict[str, str]:
    """sha256 of everything: nothing may depend on how the work was shared out."""
    return {path.relative_to(out).as_posix(): sha256(path.read_bytes()) for path in sorted(out.rglob("*")) if path.is_file()}


def _check_dataset(out: Path) -> None:
    """The counts in the manifest match the files; every mask has the labels, its picture's size and its row's ratio."""
    rows = _rows(out)
    made = [row for row in rows if row["status"] == "made"]
    assert [row["index"] for row in rows] == list(range(len(rows)))
    for folder in ("images", "masks"):
        on_disk = {path.relative_to(out).as_posix() for path in out.glob(f"{folder}/*/*")}
        assert on_disk == {row[f"{folder}_path"] for row in made}
        for row in made:
            assert sha256((out / str(row[f"{folder}_path"])).read_bytes()) == row[f"{folder}_sha256"]
    for row in made:
        with PillowImage.open(out / str(row["masks_path"])) as picture:
            assert picture.mode == "L"
        mask, image = read_labels(out / str(row["masks_path"])), read_rgb(out / str(row["images_path"]))[0]
        assert mask.shape == image.shape[:2] == (row["height"], row["width"])
        assert set(np.unique(mask)) <= {0, 1, 255}
        visible = int(np.count_nonzero(mask == 1))
        assert visible == row["visible_pixels"]
        assert row["occlusion_ratio"] == pytest.approx(1 - visible / int(str(row["face_pixels"])))
        assert row["face_source_sha256"]
        assert row["occluders"]
    description = json.loads((out / "dataset.json").read_text())
    assert description["status"] == "complete"
    assert description["counts"]["made"] == len(made)
    recipe = Recipe.model_validate(description["recipe"])
    assert recipe.sha256() == description["recipe_sha256"]
    assert description["labels"] == {"masks": {"0": "background", "1": "face", "255": "ignore"}}
    assert {path.name for path in out.iterdir()} == {
        "images", "masks", "shards", "manifest.parquet", "dataset.json", "contact_sheet.jpg", "README.md",
    }  # fmt: skip


def test_the_demo(demo: Path) -> None:
    rows = _rows(demo)
    assert len(rows) >= 64
    assert {row["method"] for row in rows} == {"natocc", "randocc"}
    assert {row["face"] for row in rows} == {"astronaut", "grace_hopper"}
    assert all(row["status"] == "made" for row in rows)
    assert {(row["height"], row["width"]) for row in rows} == {(256, 256)}
    assert len({row["images_sha256"] for row in rows}) == len(rows)
    _check_dataset(demo)


@pytest.mark.parametrize("how", [("-j", 1), ("-j", 2, "--backend", "threading")])
def test_the_bytes_do_not_depend_on_the_workers(natocc: Natocc, demo: Path, tmp_path: Path, how: tuple[object, ...]) -> None:
    natocc("build", "demo", "-o", tmp_path / "out", *how)
    assert _bytes(tmp_path / "out") == _bytes(demo)


def test_the_bytes_do_not_depend_on_shards_locale_or_count(natocc: Natocc, demo: Path, tmp_path: Path) -> None:
    environment = {"LC_ALL": "C", "TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "7"}
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        natocc("build", "demo", "-o", tmp_path / "out", "-n", 20, "--set", "output.shard_size=7", "-j", 2)
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)
    few, all_rows = _rows(tmp_path / "out"), _rows(demo)
    assert len(list((tmp_path / "out" / "shards").iterdir())) == 3
    for row, other in zip(few, all_rows, strict=False):
        assert (row["images_sha256"], row["masks_sha256"], row["plan"]) == (
            other["images_sha256"],
            other["masks_sha256"],
            other["plan"],
        )


def test_another_seed_is_another_dataset(natocc: Natocc, demo: Path, tmp_path: Path) -> None:
    natocc("build", "demo", "-o", tmp_path / "out", "-n", 4, "--seed", 2)
    assert all(row["plan"] != other["plan"] for row, other in zip(_rows(tmp_path / "out"), _rows(demo), strict=False))


def test_a_plan_makes_its_sample_again(demo: Path, cache: Path) -> None:
    recipe = load_recipe("demo")
    opened = Pipeline(recipe, Workspace(Path("data"), cache))
    names = [a_set.name for a_set in recipe.sets]
    for row in _rows(demo)[::9]:
        spec = SampleSpec(int(str(row["index"])), names.index(str(row["set"])), str(row["face"]), int(str(row["variant"])))
        face, composite = opened.replay(spec, Plan.from_json(json.loads(str(row["plan"]))))
        files = encode(face, composite, opened.faces.classes, recipe.output)
        assert {f"{folder}_sha256": sha256(data) for folder, (_, data) in files.items()}.items() <= row.items()


@pytest.mark.slow
def test_what_lies_in_the_folder_is_safe(natocc: Natocc, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    done = natocc("build", "demo", "-o", tmp_path / "mine", "--overwrite", code=2)
    assert "thesis.txt" in done.stderr
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"
    natocc("build", "demo", "-o", tmp_path / "out", "-n", 2)
    assert "--overwrite" in natocc("build", "demo", "-o", tmp_path / "out", "-n", 2, "--seed", 9, code=2).stderr
    (tmp_path / "out" / "notes.txt").write_text("keep")
    natocc("build", "demo", "-o", tmp_path / "out", "-n", 3, "--overwrite")
    assert (tmp_path / "out" / "notes.txt").read_text() == "keep"
    assert len(_rows(tmp_path / "out")) == 3


@pytest.mark.slow
def test_coco_on_celebamask(natocc: Natocc, real_data: Path, tmp_path: Path) -> None:
    common = ("build", "--source", "celebamask", "--occluders", "coco", "--data", real_data, "-o", tmp_path / "out")
    natocc(*common, "-n", 40, "--set", "faces.align.size=256", "-j", 2)
    _check_dataset(tmp_path / "out")
    rows = _rows(tmp_path / "out")
    assert len({row["face"] for row in rows}) == 33
    assert sum(row["status"] == "made" for row in rows) >= 38


@pytest.mark.slow
@pytest.mark.parametrize(
    ("recipe", "samples"), [("c-wo-natocc", 66), ("c-wo-natocc-sot", 33), ("c-wo-randocc", 66), ("c-wo-mix", 16 + 66)]
)
def test_the_papers_sets_on_real_data(natocc: Natocc, real_data: Path, tmp_path: Path, recipe: str, samples: int) -> None:
    done = natocc("build", recipe, "--data", real_data, "-o", tmp_path / "out", "-j", 2, "--json")
    totals = json.loads(done.stdout)
    assert totals["made"] + sum(totals["rejected"].values()) == samples
    assert totals["made"] >= 0.95 * samples
    _check_dataset(tmp_path / "out")


@pytest.mark.slow
def test_bad_faces_are_rejected_and_counted(natocc: Natocc, tmp_path: Path) -> None:
    """A broken picture, a face without a mask and a picture without a face: rows with reasons, the rest is made, exit code 3."""
    root = tmp_path / "data" / "CelebAMask-HQ"
    pictures, masks = root / "CelebA-HQ-img", root / "CelebAMask-HQ-mask-anno" / "0"
    pictures.mkdir(parents=True)
    masks.mkdir(parents=True)
    import skimage.data

    portrait = skimage.data.astronaut()
    face = np.zeros((512, 512), np.uint8)
    face[70:190, 170:270] = 255
    for number in range(4):
        PillowImage.fromarray(portrait if number != 3 else np.full_like(portrait, 90)).save(pictures / f"{number}.jpg")
        if number != 2:
            PillowImage.fromarray(face).save(masks / f"{number:05d}_skin.png")
    whole = (pictures / "1.jpg").read_bytes()
    (pictures / "1.jpg").write_bytes(whole[: len(whole) // 2])
    occluders = json.dumps({"source": "coco", "annotations": ["asset:demo/occluders.json"], "images": "package:skimage/data"})
    done = natocc(
        "build", "--source", "celebamask", "--data", tmp_path / "data", "-o", tmp_path / "out", "-n", 8, "--occluders", "coco",
        "--set", f"sets.0.occluders={occluders}", "--set", "sets.0.occluders.categories=[all]", code=3,
    )  # fmt: skip
    assert "75.0% of the samples were rejected" in done.stderr
    rows = _rows(tmp_path / "out")
    reasons = {str(row["face"]): row["reason"] for row in rows}
    assert reasons == {"0": None, "1": "unreadable-image", "2": "no-mask", "3": "no-face"}
    assert all(row["detail"] for row in rows if row["status"] == "rejected")
    assert len(list((tmp_path / "out").glob("images/*/*"))) == 2
    for reason in ("unreadable-image", "no-mask", "no-face"):
        assert f"2 {reason}" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("build", "--source", "celebamask", "--occluders", "coco"), r"no folder .*CelebAMask-HQ; expected CelebA-HQ-img/N.jpg"),
        (("build", "--source", "celebmask"), r"unknown source 'celebmask' \(did you mean 'celebamask'\?\)"),
        (("build",), "name a recipe, or faces with --source"),
        (("build", "demmo"), "no recipe file 'demmo'.*demo"),
        (("build", "demo", "--source", "folder"), "edit a recipe file's with --set"),
        (("build", "demo", "--set", "output.shardsize=3"), "did you mean 'shard_size'"),
        (("build", "demo", "--seed", "-1"), "seed: "),
        (("preview", "nothing.jpg"), "no photograph nothing.jpg"),
    ],
)
def test_a_users_mistake_is_one_line(natocc: Natocc, tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    done = natocc(*arguments, "--data", tmp_path / "data", "-o", tmp_path / "out", code=2)
    lines = [line for line in done.stderr.splitlines() if line.startswith("natocc: ")]
    assert len(lines) == 1
    assert re.search(message, lines[0])
    assert not (tmp_path / "out").exists()


def test_a_dry_run_writes_nothing(natocc: Natocc, tmp_path: Path) -> None:
    done = natocc("build", "demo", "-o", tmp_path / "out", "--dry-run", "--json")
    assert json.loads(done.stdout)["samples"] == 64
    assert [each["samples"] for each in json.loads(done.stdout)["sets"]] == [32, 32]
    assert "64 samples" in natocc("build", "demo", "-o", tmp_path / "out", "--dry-run").stdout
    assert not (tmp_path / "out").exists()


def test_preview_of_a_photograph(natocc: Natocc, tmp_path: Path) -> None:
    import skimage.data

    (tmp_path / "a photo.png").write_bytes(encode_png(skimage.data.astronaut()))
    natocc("preview", tmp_path / "a photo.png", "-o", tmp_path / "sheet.png", "--count", 4)
    first = read_rgb(tmp_path / "sheet.png")[0]
    assert first.std() > 30
    natocc("preview", tmp_path / "a photo.png", "-o", tmp_path / "other.png", "--count", 4, "--seed", 9)
    assert (read_rgb(tmp_path / "other.png")[0] != first).any()
    (tmp_path / "grey.png").write_bytes(encode_png(np.full((200, 200, 3), 128, np.uint8)))
    assert "no-face" in natocc("preview", tmp_path / "grey.png", "-o", tmp_path / "no.png", code=1).stderr
    assert not (tmp_path / "no.png").exists()


def test_a_bug_is_a_traceback_and_an_uncommitted_shard(monkeypatch: pytest.MonkeyPatch, cache: Path, tmp_path: Path) -> None:
    """Not a rejection: what natocc itself gets wrong is never counted as the data's fault."""
    made = 0

    def broken(*arguments: object) -> object:
        nonlocal made
        made += 1
        if made == 6:
            raise ZeroDivisionError("a bug")
        return render(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(pipeline, "render", broken)
    recipe = load_recipe("demo", ["output.shard_size=4"])
    run = Run(recipe, Workspace(Path("data"), cache), tmp_path / "out", count=12, backend="threading")
    with pytest.raises(ZeroDivisionError):
        run.build(overwrite=False, progress=lambda *_: None)
    assert [path.name for path in (tmp_path / "out" / "shards").iterdir()] == ["00000.json"]
    assert {path.parent.name for path in (tmp_path / "out").glob("images/*/*")} == {"00000"}
    assert json.loads((tmp_path / "out" / "dataset.json").read_text())["status"] == "building"


def test_help_comes_before_anything_heavy_is_imported() -> None:
    code = (
        "import sys; from natocc.cli import main; main(['--help'], standalone_mode=False); "
        "heavy = {'numpy', 'cv2', 'dlib', 'pydantic', 'pyarrow', 'joblib', 'PIL', 'rich'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
