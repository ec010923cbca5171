"""``natocc recipes``, its schema, ``natocc init``, and edits by path."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from click.testing import CliRunner, Result

from natocc.cli import main
from natocc.core.errors import RecipeError
from natocc.io.paths import own_folder
from natocc.recipe.edit import edit_recipe
from natocc.recipe.load import load_recipe
from natocc.recipe.model import validate_recipe
from natocc.recipe.schema import recipe_schema
from natocc.recipe.text import own_recipes


def _run(*arguments: object, code: int = 0) -> Result:
    done = CliRunner().invoke(main, [str(each) for each in arguments])
    assert done.exit_code == code, done.output
    return done


@pytest.fixture(scope="module")
def checker() -> Any:
    schema = recipe_schema(plugins=False)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_list_names_each_with_its_sets() -> None:
    told = _run("recipes").output
    assert "c-wo-mix         shapes (shapes), hands (hands), objects (coco)\n" in told
    assert "The demo: two public-domain portraits" in told
    found = json.loads(_run("recipes", "--json").output)
    assert [each["name"] for each in found] == list(own_recipes())
    assert all(each["what"] and "\n" not in each["what"] for each in found)


def test_show_prints_the_file_or_every_setting() -> None:
    assert _run("recipes", "show", "demo").output == own_recipes()["demo"].read_text()
    assert json.loads(_run("recipes", "show", "demo", "--resolved").output) == load_recipe("demo").resolved()
    assert "no recipe file 'demmo'" in _run("recipes", "show", "demmo", code=2).output
    assert "did you mean 'demo'" in _run("recipes", "show", "demmo", code=2).output


def test_the_schema_that_is_shipped_is_current() -> None:
    """If this fails: make schema."""
    assert json.loads((own_folder("pipelines") / "recipe.schema.json").read_text()) == recipe_schema(plugins=False)


def test_every_key_of_the_schema_is_explained() -> None:
    schema = recipe_schema(plugins=False)
    models = {"Recipe": schema, **schema["$defs"]}
    assert not [
        f"{name}.{key}"
        for name, each in models.items()
        for key, value in each["properties"].items()
        if not value.get("description")
    ]
    assert "x-part-of" not in json.dumps(schema)
    assert "x-name-of" not in json.dumps(schema)


@pytest.mark.parametrize("name", own_recipes())
def test_recipes_name_the_schema_and_validate_by_it(name: str, checker: Any) -> None:
    text = own_recipes()[name].read_text()
    assert text.startswith("# yaml-language-server: $schema=recipe.schema.json\n")
    checker.validate(yaml.safe_load(text))
    checker.validate(load_recipe(name).resolved())


@pytest.mark.parametrize(
    ("edit", "valid"),
    [
        ("seed=3", True),
        ("sets.0.colour.shift=0", True),
        ("sets.0.colour.shift=[0, 0.3]", True),
        ("sets.0.colour.transfer=sot", True),
        ("sets.0.colour.transfer=sott", False),
        ("sets.0.blend.method={alpha: 1, poisson: 2}", True),
        ("sets.0.blend.method=alfa", False),
        ("sets.0.placement={anchors: {mouth: 1}, count: 2}", True),
        ("sets.0.placement={anchors: {moth: 1}}", False),
        ("sets.0.method=randoc", False),
        ("sets.0.transparency.opacity=1.5", False),
        ("faces={source: celebamask, unoccluded: by-parts}", True),
        ("faces={source: celebamask, faces: all}", False),
        ("faces={source: folder, faces: all, align: {size: 256}}", True),
        ("faces.source=celebmask", False),
        ("sets.0.occluders={source: shapes, textures: {source: mix, of: [{source: noise}]}}", True),
        ("sets.0.occluders={source: shapes, textures: {source: mix, of: [{source: nois}]}}", False),
        ("sets.0.occluders={source: hands, categories: [cup]}", False),
        ("output.shard_size=0", False),
        ("outputs={}", False),
        ("splits={train: 1, val: 0, test: 0}", True),
    ],
)
def test_the_schema_takes_what_natocc_takes(edit: str, valid: bool, checker: Any) -> None:
    raw = {"name": "x", "faces": {"source": "celebamask"}, "sets": [{"name": "a", "occluders": {"source": "coco"}}]}
    edit_recipe(raw, [edit])
    assert checker.is_valid(raw) == valid
    if valid:
        validate_recipe(raw, "test")
    else:
        with pytest.raises(RecipeError):
            validate_recipe(raw, "test")


def test_init_writes_a_recipe_for_what_is_there(real_data: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine one.yaml"
    _run("init", path, "--data", real_data, "--cache", tmp_path / "cache")
    text = path.read_text()
    recipe = load_recipe(str(path))
    assert (recipe.name, recipe.faces.source) == ("mine-one", "celebamask")
    assert [(each.name, each.occluders.source if each.occluders else None) for each in recipe.sets] == [
        ("clean", None),
        ("hands", "hands"),
        ("objects", "coco"),
        ("held", "coco"),
        ("cutouts", "cutouts"),
        ("worn", "worn"),
        ("shapes", "shapes"),
    ]
    assert '#   faces: {source: labelled, root: "fasseg-multipose"}  # 78 faces\n' in text
    schema = json.loads(Path(text.splitlines()[0].partition("$schema=")[2]).read_text())
    jsonschema.Draft202012Validator(schema).validate(yaml.safe_load(text))
    assert "exists and is not replaced" in _run("init", path, code=2).output
    assert path.read_text() == text
    _run("build", path, "--data", real_data, "--cache", tmp_path / "cache", "--dry-run")


def test_init_where_nothing_is_there_makes_something_anyway(tmp_path: Path) -> None:
    _run("init", tmp_path / "recipe.yaml", "--data", tmp_path / "none", "--cache", tmp_path / "cache")
    recipe = load_recipe(str(tmp_path / "recipe.yaml"))
    assert (recipe.faces.source, [each.name for each in recipe.sets]) == ("portraits", ["clean", "worn", "shapes"])
    assert "cannot write" in _run("init", tmp_path / "no" / "folder.yaml", code=1).output


@pytest.mark.parametrize("folder", ["our photos: 1", "人脸", 'a "b" {{ c }}', "x\u2028y\x85z", "<é> & 'it'"])
def test_init_takes_photographs_in_a_folder_of_any_name(tmp_path: Path, folder: str) -> None:
    for name in (folder, f"{folder} too"):  # the second stands in a comment
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.jpg").write_bytes(b"")
    _run("init", tmp_path / "recipe.yaml", "--data", tmp_path, "--cache", tmp_path / "cache")
    assert load_recipe(str(tmp_path / "recipe.yaml")).faces.model_dump()["root"] == folder


@pytest.mark.parametrize(
    ("edit", "path", "value"),
    [
        ("sets.b.colour.transfer=sot", ("sets", 1, "colour", "transfer"), "sot"),
        ("sets.0.name=c", ("sets", 0, "name"), "c"),
        ("splits.train=1", ("splits", "train"), 1),
        ("sets.1={name: z}", ("sets", 1, "name"), "z"),
        ("output.masks=[face, parts]", ("output", "masks"), ["face", "parts"]),
    ],
)
def test_edits_by_index_and_by_name(edit: str, path: tuple[str | int, ...], value: object) -> None:
    raw: dict[str, Any] = {"splits": None, "sets": [{"name": "a"}, {"name": "b"}]}
    edit_recipe(raw, [edit])
    here: Any = raw
    for key in path:
        here = here[key]
    assert here == value


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        ("sets.2.name=x", "sets: expected an index from 0 to 1 or a or b, found '2'"),
        ("sets.-1.name=x", "sets: expected an index from 0 to 1 or a or b, found '-1'"),
        ("name.x=1", "name is 'demo', which has no part 'x'"),
        ("sets.0.name.x.y=1", "sets.0.name is 'a', which has no part 'x'"),
        ("sets..name=x", "expected path=value, such as output.shard_size=100"),
        ("none.0=x", "none: the list is empty, found '0'"),
    ],
)
def test_an_edit_that_finds_no_place_says_what_there_is(edit: str, message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        edit_recipe({"name": "demo", "none": [], "sets": [{"name": "a"}, {"name": "b"}]}, [edit])
    assert str(caught.value) == f"--set {edit!r}: {message}"


def test_an_unknown_key_names_the_nearest() -> None:
    told = _run("build", "demo", "--set", "sets.natocc.colur.transfer=sot", "--dry-run", code=2).output
    assert "sets.0: unknown key 'colur' (did you mean 'colour'?)" in told


def test_names_of_recipes_complete_in_the_shell() -> None:
    env = {"_NATOCC_COMPLETE": "bash_complete", "COMP_WORDS": "natocc build c-wo-n", "COMP_CWORD": "2"}
    code = "from natocc.cli import main; main(prog_name='natocc')"
    done = subprocess.run([sys.executable, "-c", code], env=os.environ | env, capture_output=True, text=True, timeout=60)
    assert set(done.stdout.splitlines()) == {"plain,c-wo-natocc-sot", "plain,c-wo-natocc"}
