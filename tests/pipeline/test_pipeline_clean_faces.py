"""Sets of method none: the faces as they are, everywhere where samples with occluders go."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

import natocc
from natocc.cli import main
from natocc.dataset.findings import Depth
from natocc.dataset.manifest import read_manifest
from natocc.dataset.verify.dataset import verify_folder
from natocc.evaluation.datasets import open_dataset_pictures
from natocc.exports.reader import SourceDataset
from natocc.io.images import read_labels, read_rgb
from natocc.io.workspace import Workspace
from natocc.pipeline.replay import replay_sample
from natocc.pipeline.sample import Pipeline
from natocc.recipe.edit import edit_recipe
from natocc.recipe.model import Recipe, validate_recipe
from natocc.recipe.text import parse_recipe, recipe_text


def _recipe(*, clean: dict[str, Any] | None = None, **output: Any) -> dict[str, Any]:
    """The demo at 80 px with a set of clean faces after its own."""
    raw = parse_recipe(recipe_text("demo")[0], "demo")
    raw["faces"]["align"]["size"] = 80
    raw["sets"].append({"name": "clean", "method": "none", **(clean or {})})
    raw["sets"][0]["samples_per_face"] = raw["sets"][1]["samples_per_face"] = 1
    raw["output"] = {"shard_size": 4, "image": {"format": "png"}, "masks": ["face", "amodal", "occluder", "matte", "parts"]}
    raw["output"] |= output
    return raw


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """Two samples of each set, and two more of clean faces."""
    out = tmp_path_factory.mktemp("clean") / "out"
    natocc.build(_recipe(clean={"samples_per_face": 2}), out, cache=cache)
    return out


def _invoke(*arguments: object) -> Result:
    done = CliRunner().invoke(main, [str(each) for each in arguments])
    assert done.exit_code == 0, (done.output, done.exception)
    return done


def _clean(root: Path) -> list[dict[str, Any]]:
    return [row for row in read_manifest(root) if row["set"] == "clean"]


def test_the_sample_is_the_aligned_face_and_its_own_mask(built: Path, cache: Path) -> None:
    rows = _clean(built)
    assert [(row["method"], row["status"], row["variant"]) for row in rows] == [("none", "made", n) for n in (0, 0, 1, 1)]
    pipeline = Pipeline(validate_recipe(_recipe(), "test"), Workspace(Path("data"), cache))
    for row in rows:
        face = pipeline.aligned(str(row["face"]))
        assert np.array_equal(read_rgb(built / str(row["images_path"]))[0], face.image)
        for folder in ("masks", "amodal"):
            assert np.array_equal(read_labels(built / str(row[f"{folder}_path"])), face.face_mask)
        for folder in ("occluders", "mattes"):
            assert not read_labels(built / str(row[f"{folder}_path"])).any()
        assert face.parts is not None
        assert np.array_equal(read_labels(built / str(row["parts_path"])), face.parts)
        assert row["occlusion_ratio"] == 0 == row["eyes_occluded"]
        assert not row["occluders"]
        assert not any(landmark["hidden"] for landmark in row["landmarks"])


def test_the_dataset_verifies_and_every_sample_is_made_again(built: Path, cache: Path) -> None:
    assert not verify_folder(built, Depth.DEEP, 1, lambda *_: None).findings
    for row in _clean(built):
        assert all(file.same for file in replay_sample(built, row, Workspace(Path("data"), cache)))
    inputs = json.loads((built / "dataset.json").read_text())["inputs"]
    assert list(inputs["occluders"]) == ["natocc", "randocc"]


def test_clean_faces_change_nothing_of_the_other_sets(built: Path, tmp_path: Path, cache: Path) -> None:
    without = _recipe()
    without["sets"].pop()
    natocc.build(without, tmp_path / "out", cache=cache)
    kept = {(row["set"], row["face"]): row["images_sha256"] for row in read_manifest(built) if row["set"] != "clean"}
    assert kept == {(row["set"], row["face"]): row["images_sha256"] for row in read_manifest(tmp_path / "out")}


def test_a_run_goes_on_where_it_stopped_and_takes_the_first_samples(built: Path, tmp_path: Path, cache: Path) -> None:
    recipe = _recipe(clean={"samples_per_face": 2})
    for count in (3, 5, None):
        natocc.build(recipe, tmp_path / "out", cache=cache, count=count, jobs=2, backend="threading")
    rows, again = read_manifest(built), read_manifest(tmp_path / "out")
    assert [row["images_sha256"] for row in again] == [row["images_sha256"] for row in rows]


def test_the_finish_is_applied_and_masks_are_mirrored_with_the_face(tmp_path: Path, cache: Path) -> None:
    raw = _recipe(clean={"finish": {"flip": 1, "brightness": 0.1, "jpeg": 60}})
    raw["sets"] = raw["sets"][2:]
    natocc.build(raw, tmp_path / "out", cache=cache)
    assert not verify_folder(tmp_path / "out", Depth.DEEP, 1, lambda *_: None).findings
    pipeline = Pipeline(validate_recipe(_recipe(), "test"), Workspace(Path("data"), cache))
    for row in _clean(tmp_path / "out"):
        face = pipeline.aligned(str(row["face"]))
        assert np.array_equal(read_labels(tmp_path / "out" / str(row["masks_path"])), face.face_mask[:, ::-1])
        made = read_rgb(tmp_path / "out" / str(row["images_path"]))[0]
        assert made.mean() > face.image.mean() + 15
        assert all(file.same for file in replay_sample(tmp_path / "out", row, Workspace(Path("data"), cache)))


def test_shares_and_splits(tmp_path: Path, cache: Path) -> None:
    raw = _recipe(clean={"samples_per_face": 0.5}) | {"splits": {"train": 0.5, "val": 0, "test": 0.5}}
    natocc.build(raw, tmp_path / "out", cache=cache)
    assert len(_clean(tmp_path / "out")) == 1
    people = {row["identity"]: {other["split"] for other in read_manifest(tmp_path / "out")} for row in _clean(tmp_path / "out")}
    assert all(splits <= {"train", "test"} for splits in people.values())


@pytest.mark.parametrize("name", ["coco", "hf", "mmseg", "torch", "webdataset", "yolo-seg"])
def test_every_export_takes_them(built: Path, tmp_path: Path, name: str) -> None:
    pytest.importorskip({"coco": "pycocotools.mask", "torch": "torch"}.get(name, "json"))
    further = ("--set", "occluders=true") if name == "yolo-seg" else ()
    told = json.loads(_invoke("export", built, "--to", name, "-o", tmp_path / "export", "--json", *further).stdout)
    assert sum(told["samples"].values()) == 8


def test_reports_and_tables_count_them(built: Path, tmp_path: Path) -> None:
    stats = json.loads(_invoke("stats", built, "--json").stdout)
    assert stats["sets"]["clean"] == {"method": "none", "made": 4, "rejected": 0, "mean_ratio": 0}
    assert stats["occluders_a_sample"]["0"] == 4
    _invoke("report", built, "-o", tmp_path / "report.html")
    assert "not occluded at all" in (tmp_path / "report.html").read_text()
    assert "| clean | none | 4 | 0 |" in (built / "README.md").read_text()
    pictures = open_dataset_pictures(built)
    clean = [pictures.about(sample.stem) for sample in SourceDataset.open(built).samples() if sample.row["set"] == "clean"]
    assert {(about.coverage, about.kinds, about.part) for about in clean} == {(0.0, (), "clean")}
    for file in (built / "masks").rglob("*.png"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    told = json.loads(_invoke("evaluate", tmp_path, "--truth", built, "--json").stdout)
    assert told["groups"]["part"]["clean"]["pictures"] == 4


def test_a_dry_run_and_a_preview_say_that_nothing_lies_on_the_face(tmp_path: Path, cache: Path) -> None:
    recipe = tmp_path / "mine.json"
    recipe.write_text(json.dumps(_recipe()))
    told = _invoke("build", recipe, "--dry-run", "--cache", cache).output
    assert "clean: 2 samples, nothing laid on the faces" in told
    _invoke("preview", "--recipe", recipe, "--count", 3, "--cache", cache, "-o", tmp_path / "sheet.png")
    shown = _invoke("preview", "--method", "none", "--count", 1, "--cache", cache, "-o", tmp_path / "one.png", "--show-plan")
    assert json.loads(shown.stdout)[0]["plan"]["occluders"] == []
    clean = _recipe()
    clean["sets"] = clean["sets"][2:]
    recipe.write_text(json.dumps(clean))
    assert "nothing to extract" in _invoke("extract", recipe, "--cache", cache).stdout


@pytest.mark.parametrize(
    ("key", "value"),
    [("placement", {}), ("colour", {"transfer": "sot"}), ("occluders", {"source": "coco"}), ("transparency", {})],
)
def test_a_key_that_needs_occluders_is_refused(key: str, value: Any) -> None:
    with pytest.raises(natocc.RecipeError, match=f"sets.2: method none lays nothing on the faces: leave out '{key}'"):
        validate_recipe(_recipe(clean={key: value}), "test")


def test_edits_of_every_set_leave_out_clean_faces_unless_they_know_the_key() -> None:
    raw = _recipe()
    recipe = validate_recipe(raw, "test")
    assert Recipe.model_validate(recipe.resolved()) == recipe
    edit_recipe(raw, ["colour.transfer=sot", "occluders.root=x", "finish.flip=1", "samples_per_face=3"])
    assert [a_set.get("colour") for a_set in raw["sets"]] == [{"transfer": "sot"}] * 2 + [None]
    assert [a_set["finish"] for a_set in raw["sets"]] == [{"flip": 1}] * 3
    assert [a_set["samples_per_face"] for a_set in raw["sets"]] == [3] * 3
    assert "occluders" not in raw["sets"][2]
