"""Kinds of occluders as a label map, and the pictures without occluders beside the samples."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest
from click.testing import CliRunner

import natocc
from natocc.cli import main
from natocc.compose.hold import HOLDING
from natocc.core.plans import OccluderPlan, Placement, Plan
from natocc.dataset.findings import Depth, Kind
from natocc.dataset.manifest import read_manifest
from natocc.dataset.verify.dataset import verify_folder
from natocc.exports.instances import FACE
from natocc.exports.reader import SourceDataset, SourceSample
from natocc.io.images import encode_png, read_labels, read_plane, read_rgb
from natocc.io.workspace import Workspace
from natocc.pipeline.kinds import kind_values
from natocc.pipeline.replay import replay_sample
from natocc.recipe.load import load_recipe
from natocc.recipe.model import validate_recipe
from natocc.recipe.text import parse_recipe, recipe_text

EDITS = (
    "faces.align.size=80",
    "sets.randocc.occluders.textures={source: mix, of: [{source: noise}, {source: flat}]}",
    "sets.randocc.transparency={probability: 0.6, label: ignore}",
    "sets.randocc.placement.count=2",
    "sets.natocc.light.shadow=1",
    "output={shard_size: 3, masks: [face, occluder, kinds, matte, amodal], clean: true, image: {format: png}}",
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """Eight samples of the demo, some with shapes that are to be ignored."""
    out = tmp_path_factory.mktemp("kinds") / "out"
    natocc.build("demo", out, cache=cache, edits=EDITS, count=8)
    return out


@pytest.fixture(scope="module")
def samples(built: Path) -> list[SourceSample]:
    return list(SourceDataset.open(built).samples())


def _table(root: Path) -> dict[str, str]:
    told: dict[str, str] = json.loads((root / "dataset.json").read_text())["labels"]["kinds"]
    return told


def _invoke(*arguments: object, code: int = 0) -> str:
    done = CliRunner().invoke(main, [str(each) for each in arguments])
    assert done.exit_code == code, (done.output, done.exception)
    return done.output


def test_a_pixel_has_the_kind_of_the_occluder_in_front(built: Path, samples: list[SourceSample]) -> None:
    table = _table(built)
    values = {name: int(value) for value, name in table.items()}
    assert (table["0"], table["255"]) == ("nothing", "ignore")
    assert list(table.values())[1:-1] == sorted(list(table.values())[1:-1])
    ignored = 0
    for sample in samples:
        kinds, numbers = sample.plane("kinds"), sample.plane("occluders")
        names = ["nothing", *("shape" if sample.row["set"] == "randocc" else each for each in sample.categories)]
        expected = np.array([values[name] for name in names])[numbers]
        known = kinds != 255
        assert (kinds[known] == expected[known]).all()
        assert (numbers[~known] > 0).all()
        assert (sample.plane("masks")[~known & (sample.plane("amodal") == 1)] == 255).all()
        ignored += int((~known).any())
    assert ignored


def test_the_table_is_decided_by_the_inputs_not_by_the_samples(built: Path, tmp_path: Path, cache: Path) -> None:
    """One sample, or a part of the shards made elsewhere, has the table of all."""
    natocc.build("demo", tmp_path / "one", cache=cache, edits=EDITS, count=1)
    assert _table(tmp_path / "one") == _table(built)
    for shards in ("0", "1-2"):
        natocc.build("demo", tmp_path / shards, cache=cache, edits=EDITS, count=8, shards=shards)
    _invoke("merge", tmp_path / "all", tmp_path / "0", tmp_path / "1-2")
    for path in (path for path in built.rglob("*") if path.is_file()):
        assert path.read_bytes() == (tmp_path / "all" / path.relative_to(built)).read_bytes(), path


def test_the_clean_picture_is_the_sample_where_nothing_lies(built: Path, samples: list[SourceSample]) -> None:
    differ = 0
    for sample, row in zip(samples, read_manifest(built), strict=True):
        image, clean = (read_rgb(sample.files[folder])[0] for folder in ("images", "clean"))
        if all(part.look.shadow is None for part in Plan.from_json(json.loads(row["plan"])).occluders):
            outside = read_plane(sample.files["mattes"]) == 0
            assert (image[outside] == clean[outside]).all()
        differ += int((image != clean).any())
    assert differ == len(samples)
    by_face: dict[str, set[bytes]] = {}
    for sample in samples:  # no finish: one picture a face, whatever lies on it
        by_face.setdefault(str(sample.row["face"]), set()).add(sample.read("clean"))
    assert all(len(pictures) == 1 for pictures in by_face.values())


def test_the_clean_picture_has_the_finish_and_the_format_of_the_sample(tmp_path: Path, cache: Path) -> None:
    finish = "finish={flip: 1, blur: 2, brightness: 0.1, jpeg: 50}"
    sets = "sets=[{name: clean, method: none}]"
    natocc.build("demo", tmp_path / "out", cache=cache, edits=[sets, EDITS[0], finish, "output.clean=true"])
    for sample in SourceDataset.open(tmp_path / "out").samples():  # nothing covers the face: the two are the same file
        assert sample.files["clean"].suffix == ".jpg"
        assert sample.read("clean") == sample.read("images")


def test_verify_finds_damage_and_replay_makes_all_files_again(built: Path, tmp_path: Path, cache: Path) -> None:
    assert not verify_folder(built, Depth.DEEP, 1, lambda *_: None).findings
    rows = read_manifest(built)
    for row in rows:
        files = replay_sample(built, row, Workspace(Path("data"), cache))
        assert {"kinds", "clean"} <= {file.folder for file in files}
        assert all(file.same for file in files)
    shutil.copytree(built, tmp_path / "out")
    (tmp_path / "out" / rows[0]["kinds_path"]).write_bytes(encode_png(np.ones((80, 80), np.uint8)))
    (tmp_path / "out" / rows[1]["clean_path"]).unlink()
    found = verify_folder(tmp_path / "out", Depth.HASH, 1, lambda *_: None).findings
    assert {(finding.kind, finding.folder) for finding in found} == {(Kind.FILE, "kinds"), (Kind.FILE, "clean")}
    _invoke("verify", tmp_path / "out", "--repair", "--cache", cache)
    assert not verify_folder(tmp_path / "out", Depth.DEEP, 1, lambda *_: None).findings


def test_a_report_shows_the_clean_picture_as_the_source(built: Path, tmp_path: Path) -> None:
    _invoke("report", built, "-o", tmp_path / "report.html")
    assert 'id="source-0"' in (tmp_path / "report.html").read_text()
    card = (built / "README.md").read_text()
    assert "`clean/`" in card
    assert "`kinds/`" in card


def test_coco_has_the_kinds_as_categories(built: Path, samples: list[SourceSample], tmp_path: Path) -> None:
    pytest.importorskip("pycocotools.mask")
    told = _invoke("export", built, "--to", "coco", "-o", tmp_path / "coco")
    assert "clean/ is left out: coco has no place for it" in told
    content: dict[str, Any] = json.loads((tmp_path / "coco/annotations/instances_train.json").read_text())
    names = {category["id"]: category["name"] for category in content["categories"]}
    assert list(names.values()) == [FACE, *list(_table(built).values())[1:-1]]
    used = {names[each["category_id"]] for each in content["annotations"]}
    assert "shape" in used
    assert not used & {"noise", "flat"}


@pytest.mark.parametrize(("to", "option"), [("mmseg", "labels=kinds"), ("yolo-seg", "semantic=kinds")])
def test_label_maps_are_exported_with_their_table(built: Path, tmp_path: Path, to: str, option: str) -> None:
    _invoke("export", built, "--to", to, "-o", tmp_path / "out", "--set", option)
    text = (tmp_path / "out" / ("dataset.py" if to == "mmseg" else "semantic.yaml")).read_text()
    assert all(name in text for name in list(_table(built).values())[:-1])
    masks = sorted((tmp_path / "out").rglob("*.png"))
    masks = [path for path in masks if path.parts[-3] in ("ann_dir", "label_maps")]
    assert [path.read_bytes() for path in masks] == [sample.read("kinds") for sample in SourceDataset.open(built).samples()]


def test_hf_and_webdataset_take_the_clean_pictures(built: Path, samples: list[SourceSample], tmp_path: Path) -> None:
    import tarfile

    told = _invoke("export", built, "--to", "hf", "-o", tmp_path / "hf")
    assert "left out" not in told
    rows = pyarrow.parquet.read_table(tmp_path / "hf/data/train/metadata.parquet").to_pylist()
    assert (tmp_path / "hf/data/train" / rows[0]["clean_file_name"]).read_bytes() == samples[0].read("clean")
    _invoke("export", built, "--to", "webdataset", "-o", tmp_path / "wds")
    with tarfile.open(tmp_path / "wds/train/000000.tar") as tar:
        member = tar.extractfile(f"{samples[0].stem}.clean.png")
        assert member is not None
        assert member.read() == samples[0].read("clean")


def test_torch_gives_the_clean_picture_where_it_is_asked_for(built: Path, samples: list[SourceSample], tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from natocc.torch import OccludedFaces

    image, kinds, clean = OccludedFaces(built, labels="kinds", clean=True)[0]
    assert (image != clean).any()
    assert (clean.numpy() == read_rgb(samples[0].files["clean"])[0].transpose(2, 0, 1)).all()
    assert (kinds.numpy() == read_labels(samples[0].files["kinds"])).all()
    assert len(OccludedFaces(built)[0]) == 2


def test_what_natocc_draws_has_the_kinds_that_it_can_draw(tmp_path: Path, cache: Path) -> None:
    """Hair is one kind; of what is worn and of veils those that have a weight."""
    sets = [
        {"name": "worn", "occluders": {"source": "worn", "kinds": {"surgical": 1, "sunglasses": 1, "cap": 0}}},
        {"name": "hair", "occluders": {"source": "hair"}},
        {"name": "veils", "occluders": {"source": "veils", "kinds": {"net": 1, "veil": 1, "smoke": 0}}},
    ]
    raw = parse_recipe(recipe_text("demo")[0], "demo") | {"sets": sets, "output": {"masks": ["kinds", "occluder"]}}
    raw["faces"]["align"]["size"] = 128
    natocc.build(raw, tmp_path / "out", cache=cache)
    table = _table(tmp_path / "out")
    assert list(table.values()) == ["nothing", "hair", "net", "sunglasses", "surgical", "veil", "ignore"]
    for sample in SourceDataset.open(tmp_path / "out").samples():
        kind = "hair" if sample.row["set"] == "hair" else sample.categories[0]
        seen = {table[str(value)] for value in np.unique(sample.plane("kinds")[sample.plane("occluders") == 1])}
        assert seen <= {kind}


def test_the_hand_that_holds_a_thing_has_the_kind_of_hands() -> None:
    raw = parse_recipe(recipe_text("demo")[0], "demo")
    raw["sets"][0] |= {"placement": {"hold": {"mouth": 1}}, "held_by": {"source": "shapes", "textures": {"source": "flat"}}}
    a_set = validate_recipe(raw, "test").sets[0]
    places = [Placement((1, 0, 0, 0, 1, 0), False, anchor) for anchor in ("mouth", HOLDING)]
    plan = Plan(tuple(OccluderPlan({}, place) for place in places), 1)
    assert kind_values(("flat", "mug", "shape"), a_set, plan, ["mug", "flat"]) == (2, 3)


def test_a_source_that_does_not_know_its_kinds_is_refused_and_so_are_too_many(
    monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    from natocc.occluders.shapes.source import ShapesOccluders
    from natocc.pipeline.sample import Pipeline

    pipeline = Pipeline(load_recipe("demo", EDITS), Workspace(Path("data"), cache))
    monkeypatch.setattr(ShapesOccluders, "kinds_of", lambda *_: ())
    with pytest.raises(natocc.UsageError, match="source 'shapes' of set 'randocc' does not say which kinds"):
        _ = pipeline.kinds
    monkeypatch.setattr(ShapesOccluders, "kinds_of", lambda *_: tuple(map(str, range(300))))
    with pytest.raises(natocc.UsageError, match="room for 254"):
        _ = pipeline.kinds
