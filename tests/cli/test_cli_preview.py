"""``natocc preview``: the sheet, settings compared, and plans."""

from __future__ import annotations

import functools
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image as PillowImage

import natocc
from natocc.cli import main
from natocc.core.errors import RecipeError
from natocc.io.images import read_rgb
from natocc.io.paths import package_folder
from natocc.recipe.load import load_recipe
from natocc.recipe.text import parse_recipe, recipe_text


def _run(cache: Path, out: Path, *arguments: object, code: int = 0) -> Result:
    command = ["preview", "--cache", cache, "-o", out, *arguments]
    done = CliRunner().invoke(main, [str(each) for each in command])
    assert done.exit_code == code, (done.output, done.exception)
    return done


def test_a_sheet_holds_the_photograph_the_face_and_every_sample_above_its_masks(cache: Path, tmp_path: Path) -> None:
    done = _run(cache, tmp_path / "sheet.png", "--count", 4, "--seed", 3, "--show-plan", "--set", "colour.transfer=sot")
    told = json.loads(done.stdout)
    assert [each["index"] for each in told] == [0, 1, 2, 3]
    assert {each["set"] for each in told} == {"natocc", "randocc"}
    assert {part["look"]["transfer"] for each in told for part in each["plan"]["occluders"]} == {"sot"}
    assert all(each["measures"]["occlusion_ratio"] > 0 for each in told)
    assert str(tmp_path / "sheet.png") in done.stderr
    # Photograph, aligned face and four samples: two groups of two rows, of five columns.
    assert read_rgb(tmp_path / "sheet.png")[0].shape == ((256 + 18 + 4) * 4 + 4, (256 + 4) * 5 + 4, 3)


def test_settings_are_compared_on_the_same_samples(cache: Path, tmp_path: Path) -> None:
    common = ("--count", 2, "--show-plan", "--set", "faces.align.size=96")
    vary = json.loads(_run(cache, tmp_path / "a.png", *common, "--vary", "colour.transfer=none,reinhard").stdout)
    assert [each["setting"] for each in vary] == ["colour.transfer=none"] * 2 + ["colour.transfer=reinhard"] * 2
    for one, other in zip(vary[:2], vary[2:], strict=True):
        assert one["plan"]["occluders"][0]["placement"] == other["plan"]["occluders"][0]["placement"]
        assert one["measures"] == other["measures"]
    alone = json.loads(_run(cache, tmp_path / "b.png", *common, "--set", "colour.transfer=reinhard").stdout)
    assert [each["plan"] for each in alone] == [each["plan"] for each in vary[2:]]  # what rows share changes nothing
    assert read_rgb(tmp_path / "a.png")[0].shape == ((256 + 18 + 4) * 2 + 4, (256 + 4) * 2 + 4, 3)
    ranges = _run(cache, tmp_path / "c.png", "--count", 1, "--show-plan", "--vary", "light.shading=[0, 0],[1, 1]").stdout
    assert [each["plan"]["occluders"][0]["look"]["shading"] for each in json.loads(ranges)] == [0, 1]


@pytest.mark.parametrize(
    "vary", ["colour.transfer", "colour.transfer=", "=x", "colour.transfer=[", "colour.transfer=no-such,sot"]
)
def test_what_cannot_be_compared_is_refused(cache: Path, tmp_path: Path, vary: str) -> None:
    done = _run(cache, tmp_path / "x.png", "--vary", vary, code=2)
    assert all(line.startswith("natocc: ") for line in done.stderr.splitlines())
    assert not (tmp_path / "x.png").exists()


def test_a_key_of_sets_is_that_of_every_set() -> None:
    recipe = load_recipe("demo", ["placement.reach=true", "name=mine", "sets.1.placement.reach=false"])
    assert [a_set.placement.reach for a_set in recipe.sets] == [True, False]
    assert recipe.name == "mine"
    with pytest.raises(RecipeError, match="did you mean 'colour'"):
        load_recipe("demo", ["color.transfer=sot"])


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A photograph in a folder of its own."""
    path = tmp_path / "photos" / "me.png"
    path.parent.mkdir()
    shutil.copy(package_folder("skimage") / "data" / "astronaut.png", path)
    return path


def test_only_the_named_file_is_looked_at(photo: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever lies beside it, and whatever its suffix."""
    (photo.parent / "below").mkdir()
    Path(os.fsdecode(os.fsencode(photo.parent / "below") + b"/caf\xe9.jpg")).write_bytes(b"x")

    for call in ("scandir", "listdir"):
        monkeypatch.setattr(f"os.{call}", functools.partial(_not_in, photo.parent, getattr(os, call)))
    for name in ("jfif", "JPG", "", "txt", "tar.gz"):
        other = photo.with_name(f"other.{name}" if name else "other")
        shutil.copy(photo, other)
        _run(cache, tmp_path / "sheet.png", other, "--count", 1, "--set", "faces.align.size=96")
    latin = Path(os.fsdecode(os.fsencode(photo.parent) + b"/caf\xe9.png"))
    shutil.copy(photo, latin)
    link = tmp_path / "link.png"
    link.symlink_to(photo)
    for other in (latin, link):
        _run(cache, tmp_path / "sheet.png", other, "--count", 1, "--set", "faces.align.size=96")


def _not_in(folder: Path, listing: Callable[..., Any], path: str | bytes | int | Path = ".") -> Any:
    """Lists another folder than that of the photograph."""
    assert isinstance(path, int) or not Path(os.fsdecode(path)).absolute().is_relative_to(folder), path
    return listing(path)


def test_what_is_no_photograph_is_one_line(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("hello")
    os.mkfifo(tmp_path / "fifo.jpg")
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    PillowImage.new("RGB", (40, 40)).save(tmp_path / "a.gif")
    for name in ("folder.jpg", "empty.jpg", "text.jpg", "fifo.jpg", "loop.jpg", "a.gif", "missing.jpg", "x" * 300 + ".jpg"):
        done = _run(cache, tmp_path / "sheet.png", tmp_path / name, code=2)
        assert len(done.stderr.splitlines()) == 1
        assert name in done.stderr
        assert not (tmp_path / "sheet.png").exists()


def test_the_photograph_is_never_written_over(photo: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = photo.read_bytes()
    (tmp_path / "link.png").symlink_to(photo)
    (tmp_path / "hard.png").hardlink_to(photo)
    (tmp_path / "linked").symlink_to(photo.parent)
    recipe = tmp_path / "mine.yaml"
    recipe.write_text(recipe_text("demo")[0])
    monkeypatch.chdir(tmp_path)
    spellings = [photo, "photos/me.png", "photos/../photos/./me.png", "link.png", "hard.png", "linked/me.png", recipe]
    for out in spellings:
        done = _run(cache, Path(out), photo, "--recipe", recipe, "--count", 1, code=2)
        assert "-o" in done.stderr
    assert photo.read_bytes() == before
    assert recipe.read_text() == recipe_text("demo")[0]


def test_a_recipe_rules_the_photograph(photo: Path, cache: Path, tmp_path: Path) -> None:
    """Its sets, occluders and alignment; neither its faces nor its splits."""
    raw = parse_recipe(recipe_text("demo")[0], "demo")
    raw["faces"] = {"source": "celebamask", "root": "nowhere", "align": {"size": 96}}
    raw["sets"] = [{**raw["sets"][1], "name": "only", "transparency": {"probability": 1}}]
    raw["splits"] = {"train": 0.5, "val": 0.25, "test": 0.25}
    recipe = tmp_path / "mine.yaml"
    recipe.write_text(json.dumps(raw))
    done = _run(cache, tmp_path / "a.png", photo, "--recipe", recipe, "--count", 2, "--show-plan", "--seed", 5)
    samples = json.loads(done.stdout)
    assert {sample["set"] for sample in samples} == {"only"}
    assert {sample["measures"]["width"] for sample in samples} == {96}
    edits = ["seed=5"]
    sheet = natocc.preview(photo, recipe=recipe, count=2, edits=edits, cache=cache)
    np.testing.assert_array_equal(sheet, natocc.preview(photo, recipe=raw, count=2, edits=edits, cache=cache))
    np.testing.assert_array_equal(sheet, read_rgb(tmp_path / "a.png")[0])
    _run(cache, tmp_path / "b.png", photo, "--recipe", "demo", "--count", 1)
    missing = _run(cache, tmp_path / "c.png", "--recipe", recipe, "--count", 1, code=2)
    assert "nowhere" in missing.stderr
    both = _run(cache, tmp_path / "c.png", photo, "--recipe", "demo", "--occluders", "shapes", code=2)
    assert "--set" in both.stderr
