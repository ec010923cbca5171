"""Recipes: strict, edited by path, every fault one line that names the field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from natocc.cli import main
from natocc.core.errors import RecipeError
from natocc.io.paths import own_folder
from natocc.pipeline.schedule import Schedule
from natocc.recipe.edit import edit_recipe
from natocc.recipe.flags import recipe_of_flags
from natocc.recipe.load import load_recipe
from natocc.recipe.model import Recipe, validate_recipe
from natocc.recipe.text import parse_recipe

OWN = sorted(path.stem for path in own_folder("pipelines").glob("*.yaml"))


def _raw() -> dict[str, object]:
    return {
        "name": "x",
        "faces": {"source": "celebamask"},
        "sets": [{"name": "a", "method": "natocc", "occluders": {"source": "coco"}}],
    }


def test_the_papers_sets_are_there() -> None:
    assert {"demo", "c-wo-natocc", "c-wo-natocc-sot", "c-wo-randocc", "c-wo-mix"} <= set(OWN)


@pytest.mark.parametrize("name", OWN)
def test_own_recipes_validate_and_survive_json(name: str) -> None:
    recipe = load_recipe(name)
    assert Recipe.model_validate(recipe.resolved()) == recipe
    assert Recipe.model_validate(recipe.resolved()).sha256() == recipe.sha256()


@pytest.mark.parametrize(
    ("name", "samples"),
    [("c-wo-natocc", 2 * 24_602), ("c-wo-natocc-sot", 24_602), ("c-wo-randocc", 2 * 24_602), ("c-wo-mix", 12_301 + 2 * 24_602)],
)
def test_the_papers_counts(name: str, samples: int) -> None:
    recipe = load_recipe(name)
    faces = [str(number) for number in range(24_602)]
    assert len(Schedule([a_set.samples_per_face for a_set in recipe.sets], faces)) == samples


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        ("sed=3", r"unknown key 'sed' \(did you mean 'seed'\?\)"),
        ("seed=-1", "seed: expected at least 0, found -1"),
        ("seed=.nan", r"seed: .*found nan"),
        ("faces.source=celebmask", r"faces: unknown source 'celebmask' \(did you mean 'celebamask'\?\)"),
        ("faces.rot=x", r"faces: unknown key 'rot' \(did you mean 'root'\?\)"),
        ("sets.0.method=natoc", r"sets.0: unknown method 'natoc' \(did you mean 'natocc'\?\)"),
        ("sets.0.occluders.source=cocoa", r"sets.0.occluders: unknown source 'cocoa' \(did you mean 'coco'\?\)"),
        ("sets.0.occluders={}", r"sets.0.occluders: missing key 'source'"),
        ("sets.0.colour.transfer=sott", r"sets.0.colour.transfer: 'sott' is not one of .* \(did you mean 'sot'\?\)"),
        (
            "sets.0.placement.area=[2, 1]",
            r"placement.area: expected a range \[least, most\], least first, found \[2.0, 1.0\]",
        ),
        ("sets.0.placement.max_enlargement=.inf", r"sets.0.placement.max_enlargement: .*found inf"),
        ("sets=[]", r"sets: expected at least 1 item, found \[\]"),
        ("sets=5", "sets: expected a list, found 5"),
        ("output=5", "output: expected a mapping, found 5"),
        ("seed=many", "seed: expected a whole number, found 'many'"),
        ("seed=1.5", "seed: expected a whole number, found 1.5"),
        ("name=3", "name: expected text, found 3"),
        ("sets.0.placement.reach=often", "sets.0.placement.reach: expected true or false, found 'often'"),
        ("sets.0.placement.flip=", "sets.0.placement.flip: expected a number, found nothing"),
        ("sets.0.placement.area=large", r"sets.0.placement.area: expected a number or a range \[least, most\], found 'large'"),
        ("sets.0.placement.area=[1, x]", "sets.0.placement.area.1: expected a number, found 'x'"),
        ("sets.0.placement.anchors=[mouth]", r"sets.0.placement.anchors: expected a mapping, found \['mouth'\]"),
        ("sets.0.samples_per_face=0", "sets.0.samples_per_face: expected a number above 0, found 0"),
        ("output.shard_size=0", "output.shard_size: expected at least 1, found 0"),
        ("output.image.format=gif", r"output.image.format: 'gif' is not one of jpg, png"),
        ("name=../x", "name: expected text that matches"),
    ],
)
def test_a_fault_names_its_field(edit: str, message: str) -> None:
    """F16."""
    raw = _raw()
    edit_recipe(raw, [edit])
    with pytest.raises(RecipeError, match=message) as caught:
        validate_recipe(raw, "test")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1e-14", 1e-14), ("1e3", 1000.0), ("1E+3", 1000.0), ("1.5e3", 1500.0), (".5", 0.5), ("-.5e-3", -0.0005), ("1.", 1.0),
        ("1_000", 1000), ("1_000.5", 1000.5), ("-2", -2), ("+2", 2), ("010", 10), ("0x1F", 31), ("0o17", 15), ("0b11", 3),
        ("0", 0),
    ],
)  # fmt: skip
def test_numbers_are_numbers(text: str, number: float) -> None:
    """In files and in edits, as JSON, Python or YAML 1.2 write them."""
    raw = parse_recipe(f"area: {text}\nlist: [{text}]", "test")
    assert (raw["area"], raw["list"]) == (number, [number])
    assert type(raw["area"]) is type(number)
    edit_recipe(raw, [f"area={text}"])
    assert raw["area"] == number


@pytest.mark.parametrize(
    "text", ["1:30", "2024:01", "2024-01-01", "1e", "e5", ".", "1.2.3", "0x", "1__0", "_1", "12abc", "1:" * 3000 + "1"]
)
def test_what_only_looks_like_a_number_is_text(text: str) -> None:
    assert parse_recipe(f"value: {text}", "test")["value"] == text


@pytest.mark.parametrize("sets", ["5", "text", "{a: 1}", "null", "[5]", "[]"])
def test_flags_for_sets_that_are_none(sets: str, tmp_path: Path) -> None:
    """Lines of the recipe's faults, whatever stands where sets should."""
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(f"name: x\nfaces: {{source: portraits}}\nsets: {sets}\n")
    with pytest.raises(RecipeError, match="sets"):
        recipe_of_flags(str(recipe), None, None, None, None, "somewhere", None, [])
    recipe.write_text("name: x\nfaces: 5\nsets: 5\n")
    with pytest.raises(RecipeError, match="faces"):
        recipe_of_flags(str(recipe), None, None, None, "here", "somewhere", None, [])


def test_a_folder_may_have_a_colon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "2024:01").mkdir()
    recipe = recipe_of_flags(None, "folder", "shapes", None, "2024:01", None, None, [])
    assert dict(recipe.faces.locations())["root"] == str(tmp_path / "2024:01")
    recipe = recipe_of_flags(None, "folder", "shapes", None, "package:skimage/data", None, None, [])
    assert dict(recipe.faces.locations())["root"] == "package:skimage/data"


def test_two_sets_of_one_name() -> None:
    raw = _raw()
    raw["sets"] = [*raw["sets"], *raw["sets"]]  # type: ignore[misc]
    with pytest.raises(RecipeError, match="'a' names two sets"):
        validate_recipe(raw, "test")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2", "line 2.*'a' is given twice"),
        ("a: !!python/object/apply:os.system [ls]", "tags are not allowed"),
        ("a: &x [1]\nb: *x", "line 2.*aliases are not allowed"),
        ("- 1", "expected a mapping"),
        ("a: [1", "line"),
        ("", "expected a mapping"),
        ("{[1]: 2}", "a key must be a word"),
        ("a: \x00", "not valid YAML"),
    ],
)
def test_yaml_that_is_no_recipe(text: str, message: str) -> None:
    """F16: tags, aliases, keys given twice, and what is no YAML."""
    with pytest.raises(RecipeError, match=message):
        parse_recipe(text, "test")


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        ("seed", "expected path=value"),
        ("=1", "expected path=value"),
        ("sets.7.name=x", "sets: expected an index from 0 to 0 or a, found"),
        ("sets.x.name=x", "sets: expected an index from 0 to 0 or a, found"),
        ("name.x.y=1", "name is .x., which has no part .x."),
        ("seed=[", "--set"),
    ],
)
def test_an_edit_that_goes_nowhere(edit: str, message: str) -> None:
    """F16."""
    with pytest.raises(RecipeError, match=message):
        edit_recipe(_raw(), [edit])


def test_edits_by_path() -> None:
    raw = _raw()
    edit_recipe(raw, ["sets.0.colour.transfer=sot", "output.image={format: png}", "seed=7"])
    recipe = validate_recipe(raw, "test")
    assert recipe.sets[0].colour.transfer == "sot"
    assert (recipe.output.image.format, recipe.seed) == ("png", 7)


def test_randocc_has_its_own_defaults() -> None:
    raw = _raw()
    raw["sets"] = [{"name": "r", "method": "randocc"}]
    a_set = validate_recipe(raw, "test").sets[0]
    assert (a_set.occluders.source, a_set.transparency.probability, a_set.transparency.opacity) == ("shapes", 0.3, (0.4, 0.7))


def test_a_recipe_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="demo"):
        load_recipe("demmo")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(RecipeError, match="no UTF-8"):
        load_recipe(str(tmp_path / "binary.yaml"))
    (tmp_path / "large.yaml").write_text("#" * 1_000_001)
    with pytest.raises(RecipeError, match="more than"):
        load_recipe(str(tmp_path / "large.yaml"))


def test_halves_of_a_character_are_joined_or_refused() -> None:
    """YAML reads an emoji as JSON writes it as two halves; a byte of a name that is no UTF-8 is half of one, too."""

    def licence(text: str) -> Any:
        recipe = validate_recipe(
            _raw() | {"sets": [{"name": "one", "occluders": {"source": "cutouts", "licence": text}}]}, "test"
        )
        return recipe.resolved()["sets"][0]["occluders"]["licence"]

    for text in ("\ud83d\ude00", parse_recipe('a: "\\uD83D\\uDE00"', "test")["a"], "\U0001f600"):
        assert licence(text) == "\U0001f600"
    for half in ("\ud83d", "\ude00\ud83d", "/data/\udcff"):
        with pytest.raises(RecipeError, match=r"sets\.0\.occluders\.licence: expected a text, found half a character"):
            licence(half)


@pytest.mark.parametrize("address", ["https://me:SECRET@host/terms", "https://host/terms?token=SECRET", "s3://SECRET@bucket"])
def test_no_credentials_stand_in_a_recipe(address: str) -> None:
    """It becomes part of dataset.json, the card and the report."""
    raw = _raw()
    for given in (address, f"see {address}"):
        raw["sets"] = [{"name": "one", "occluders": {"source": "cutouts", "licence": given}}]
        with pytest.raises(RecipeError, match=r"sets\.0\.occluders\.licence: .*without password, key or token") as told:
            validate_recipe(raw, "test")
        assert "SECRET" not in str(told.value)


def test_recipes_tell_their_command() -> None:
    for name in OWN:
        assert (own_folder("pipelines") / f"{name}.yaml").read_text().startswith("#")
        assert yaml.safe_load((own_folder("pipelines") / f"{name}.yaml").read_text())["name"] == name


@pytest.mark.parametrize("value", ["text", 3, -1, 1.5, True, None, [], {}, [1, 2], {"a": 1}, float("nan"), 2**70, "x" * 5000])
def test_f16_anything_in_the_place_of_anything(value: object) -> None:
    """F16: whatever a field is given, it is taken or refused in lines that name the field."""
    for path in ("name", "seed", "faces", "faces.align", "faces.align.size", "faces.include", "sets", "sets.0", "sets.0.name",
                 "sets.0.samples_per_face", "sets.0.occluders", "sets.0.placement.area", "sets.0.colour", "splits", "output",
                 "output.shard_size", "output.masks", "output.image.quality", "output.max_rejected"):  # fmt: skip
        raw = _raw()
        edit_recipe(raw, [f"{path}=0"])
        *through, last = path.split(".")
        here: Any = raw
        for key in through:
            here = here[int(key)] if isinstance(here, list) else here[key]
        here[int(last) if isinstance(here, list) else last] = value
        try:
            recipe = validate_recipe(raw, "test")
        except RecipeError as error:
            for line in str(error).splitlines():
                assert line.startswith(f"recipe test: {path.split('.')[0]}")
            continue
        assert Recipe.model_validate_json(json.dumps(recipe.resolved())).sha256() == recipe.sha256()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: !!int '3'", "tags are not allowed"),
        ("a: !!set {b}", "tags are not allowed"),
        ("a: ! b", "tags are not allowed"),
        ("a: 0x" + "f" * 5000, "too large"),
        ("a: " + "9" * 30, "too large"),
        ("a: " + "9" * 5000, "not valid YAML"),
        ("a: " + "[" * 51 + "]" * 51, "nested too deeply"),
        ("a: 1\n---\nb: 2", "document"),
        ("a: {<<: {b: 1}}", "line 1"),
    ],
)
def test_f16_yaml_that_hides_something(text: str, message: str) -> None:
    """F16: tags of every kind, numbers that Python cannot print, nesting, a second document, merge keys."""
    with pytest.raises(RecipeError, match=message) as caught:
        parse_recipe(text, "test")
    assert len(str(caught.value)) < 500


def test_f16_an_edit_is_one_value() -> None:
    """F16: what follows it in another line would be dropped."""
    with pytest.raises(RecipeError, match="expected one value"):
        edit_recipe(_raw(), ["seed=3\nother: 4"])


@pytest.mark.parametrize("jobs", ["-1", "x", "1.5"])
def test_f16_jobs_are_a_count(jobs: str) -> None:
    """F16: 0 means all cores, and says so; less, or no number, is refused."""
    done = CliRunner().invoke(main, ["build", "demo", "-j", jobs])
    assert done.exit_code == 2
    assert "--jobs" in done.output


@pytest.mark.parametrize("out", ["photos", "photos/out", "photos/a/../out", "elsewhere/../photos/x", "linked/x"])
def test_f16_an_output_inside_what_is_read_is_refused(tmp_path: Path, out: str) -> None:
    """F16: the next build would take its pictures for input."""
    for folder in ("photos", "elsewhere"):
        (tmp_path / folder).mkdir()
    (tmp_path / "linked").symlink_to(tmp_path / "photos")
    raw = _raw()
    raw["faces"] = {"source": "folder", "root": "photos"}
    recipe = validate_recipe(raw, "test")
    with pytest.raises(RecipeError, match=r"faces\.root: .*photos holds the output"):
        recipe.check_output(tmp_path, tmp_path / out)
    recipe.check_output(tmp_path, tmp_path / "out")
    recipe.check_output(tmp_path, tmp_path / "photos2")
    raw["sets"] = [{"name": "r", "method": "randocc", "occluders": {"source": "shapes", "textures": {"source": "textures"}}}]
    with pytest.raises(RecipeError, match=r"sets\.0\.occluders\.textures\.root: .*dtd holds the output"):
        validate_recipe(raw, "test").check_output(tmp_path, tmp_path / "dtd" / "out")


def test_a_cache_is_no_input(tmp_path: Path) -> None:
    recipe = load_recipe("demo", ["faces={source: folder, root: photos}"])
    (tmp_path / "photos" / "cache").mkdir(parents=True)
    recipe.check_cache(tmp_path, tmp_path / "photos" / "cache")  # empty, or to be made: natocc tags it
    recipe.check_cache(tmp_path, tmp_path / "photos" / "new")
    (tmp_path / "photos" / "cache" / "face.jpg").write_bytes(b"")
    for cache in ("photos", "photos/cache"):
        with pytest.raises(RecipeError, match=r"holds the cache .*--cache or NATOCC_CACHE"):
            recipe.check_cache(tmp_path, tmp_path / cache)
    (tmp_path / "photos" / "cache" / "CACHEDIR.TAG").write_bytes(b"")
    recipe.check_cache(tmp_path, tmp_path / "photos" / "cache")
    kept = tmp_path / "photos" / "used" / "equal"  # each folder of a cache has a tag
    kept.mkdir(parents=True)
    (kept / "CACHEDIR.TAG").write_bytes(b"")
    (tmp_path / "photos" / "used" / ".key.lock").write_bytes(b"")
    recipe.check_cache(tmp_path, tmp_path / "photos" / "used")


def test_locations_are_known_by_their_type() -> None:
    """Optional ones and those in a list too; a folder below another location is none, whatever its name."""
    raw = _raw()
    raw["faces"] = {"source": "labelled", "images": "pictures", "landmarks": "points.csv"}
    edit_recipe(raw, ["sets.0.occluders.annotations=[a.json, b.json]", "sets.0.occluders.upscale={model: x4.onnx}"])
    assert dict(validate_recipe(raw, "test").locations()) == {
        "faces.root": "faces",
        "faces.landmarks": "points.csv",
        "sets.0.occluders.root": "coco",
        "sets.0.occluders.annotations.0": "a.json",
        "sets.0.occluders.annotations.1": "b.json",
        "sets.0.occluders.upscale.model": "x4.onnx",
    }
