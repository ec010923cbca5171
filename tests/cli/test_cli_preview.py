"""``natocc preview``: the sheet, settings compared, and plans."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from natocc.cli import main
from natocc.core.errors import RecipeError
from natocc.io.images import read_rgb
from natocc.recipe.load import load_recipe


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
