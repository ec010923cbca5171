"""The dataset card: what the data say stays text, and every input is named."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from natocc.builder.run import Run
from natocc.dataset.description import DatasetDescription, read_dataset
from natocc.dataset.manifest import stream_manifest
from natocc.io.images import sha256
from natocc.io.workspace import Workspace
from natocc.recipe.load import load_recipe
from natocc.report.card import card, escaped
from natocc.report.html import count_samples
from natocc.report.tally import COLUMNS, Tally

EVIL = "a|b\n# <script>alert(1)</script> [x](javascript:1) `code` *bold* ![i](http://tracker) \x1b[31m"


def _quiet(doing: str, done: int, total: int | None) -> None:
    del doing, done, total


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    out = tmp_path_factory.mktemp("card") / "small"
    edits = ("faces.align.size=64", "sets.1.occluders.textures={source: noise}", "output.shard_size=2")
    Run(load_recipe("demo", edits), Workspace(Path("data"), cache), out, count=4, backend="threading").build(False, _quiet)
    return out


def test_the_card_says_which_values_a_mirror_exchanges(built: Path) -> None:
    description = read_dataset(built).to_json()
    description["labels"]["parts"] = {"0": "background", "4": "l_eye", "5": "r_eye", "255": "ignore"}
    text = card(DatasetDescription.from_json(description), stream_manifest(built, COLUMNS))
    assert "Where a picture is mirrored, values of `parts/` change places: 4 and 5." in text


def _row(**changes: Any) -> dict[str, Any]:
    occluder = {"dataset": "coco", "item": "1", "sha256": "", "licence": None, "category": "cup"}
    row = {"set": "s", "method": "natocc", "face": "f", "identity": "i", "split": None, "status": "made", "reason": None}
    row |= {"face_dataset": "faces", "face_licence": None, "occluders": [occluder], "occlusion_ratio": 0.25}
    return row | {"width": 64, "height": 64} | changes


def test_a_build_writes_its_card(built: Path) -> None:
    text = (built / "README.md").read_text()
    description = json.loads((built / "dataset.json").read_text())
    assert text.startswith("# demo\n")
    assert "4 samples of" in text
    assert "public domain (NASA)" in text
    assert "0 background, 1 face, 255 ignore" in text
    assert description["recipe_sha256"] in text
    assert yaml.safe_load(text.split("```yaml\n")[1].split("```\n")[0]) == description["recipe"]
    assert (built / "contact_sheet.jpg").exists()


def test_the_code_of_the_card_runs(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(built)
    lines = (built / "README.md").read_text().split("## How to load it\n")[1].split("\n    from natocc.torch")[0]
    found: dict[str, Any] = {}
    exec("\n".join(line.removeprefix("    ") for line in lines.splitlines()), found)
    assert found["image"].shape[:2] == found["mask"].shape == (64, 64)


def test_the_card_depends_on_the_samples_alone(built: Path, cache: Path, tmp_path: Path) -> None:
    recipe = load_recipe("demo", ("faces.align.size=64", "sets.1.occluders.textures={source: noise}", "output.shard_size=2"))
    Run(recipe, Workspace(Path("data"), cache), tmp_path / "out", count=2, backend="threading").build(False, _quiet)
    Run(recipe, Workspace(Path("data"), cache), tmp_path / "out", count=4, backend="threading").build(False, _quiet)
    assert sha256((tmp_path / "out" / "README.md").read_bytes()) == sha256((built / "README.md").read_bytes())


def test_what_data_say_stays_text(built: Path) -> None:
    description = json.loads((built / "dataset.json").read_text())
    plain_card = card(DatasetDescription.from_json(description), [_row()])
    occluder = {"dataset": EVIL, "item": EVIL, "sha256": "", "licence": EVIL, "category": EVIL}
    rows = [
        _row(set=EVIL, identity=EVIL, split=EVIL, face_dataset=EVIL, face_licence=EVIL, occluders=[occluder]),
        _row(set=EVIL, status="rejected", reason=EVIL),
    ]
    description["labels"]["parts"] = {"1": EVIL}
    evil = DatasetDescription.from_json(description)
    text = card(dataclasses.replace(evil, recipe={**evil.recipe, "name": EVIL}), rows)
    assert "\x1b" not in text
    outside = text.split("```yaml")[0] + text.split("```\n")[-1]
    assert "<script" not in outside.replace("\\<", "")
    assert "](javascript" not in outside.replace("\\]", "")
    for line in outside.splitlines():
        if line.startswith("|"):
            assert line.replace("\\|", "").count("|") in (4, 5, 8)
    titles = [line for line in plain_card.splitlines() if line.startswith("#")]
    assert [line for line in text.splitlines() if line.startswith("#")][1:] == titles[1:]


def test_a_fence_in_the_recipe_does_not_end_it(built: Path) -> None:
    description = json.loads((built / "dataset.json").read_text())
    description["recipe"]["faces"]["root"] = "````\n# not a title"
    text = card(DatasetDescription.from_json(description), [_row()])
    assert "\n`````yaml\n" in text
    assert text.count("\n`````\n") == 1


def test_nothing_but_rejected_samples_is_a_card_too(built: Path) -> None:
    text = card(read_dataset(built), [_row(status="rejected", reason="no-face")])
    assert "0 samples" in text
    assert "no-face 1" in text
    assert "contact_sheet" not in text


def test_only_a_whole_url_is_a_link() -> None:
    assert escaped("https://example.org/a_b?c=1&d") == "<https://example.org/a_b?c=1&d>"
    assert escaped("https://example.org/> <b>") == "https://example.org/\\> \\<b\\>"
    assert escaped("javascript:alert(1)") == "javascript:alert(1)"


def test_manifest_and_records_are_counted_alike(built: Path) -> None:
    """The card counts rows of the manifest, the report those of the records, which an unfinished dataset has too."""
    of_manifest = Tally(stream_manifest(built, COLUMNS))
    of_records = count_samples(built)
    assert of_manifest.to_json() == of_records.to_json()
    assert vars(of_manifest) == vars(of_records)
    assert (of_manifest.samples, of_manifest.made) == (4, 4)


def test_samples_and_what_they_show_are_counted_apart() -> None:
    occluder = _row()["occluders"][0]
    tally = Tally([_row(occluders=[occluder, occluder]), _row(face="g", occluders=[]), _row(status="rejected", reason="no-face")])
    assert (tally.samples, tally.made, len(tally.faces), tally.identities) == (3, 2, 2, 1)
    assert (tally.categories["cup"], tally.category_uses["cup"]) == (1, 2)
    assert (tally.licences["occluder", "coco", ""], tally.licence_uses["occluder", "coco", ""]) == (1, 2)
    assert tally.occluders == {2: 1, 0: 1}


def test_confidences_are_counted_where_masks_are_estimated() -> None:
    """Also that low ones show: a mask that is not to be trusted must not hide among the others."""
    made = {"set": "a", "method": "natocc", "status": "made", "face": "f", "identity": "f", "split": None, "occluders": []}
    tally = Tally([{**made, "mask_confidence": confidence} for confidence in (0.0, 0.49, 1.0, None)])
    assert sum(tally.confidences) == 3
    assert [number for number, count in enumerate(tally.confidences) if count] == [0, 9, 19]
