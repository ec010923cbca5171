"""``import natocc``: its names, how little it imports, and what the commands do, as functions."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import natocc
from natocc.cli import main
from natocc.core.samples import SampleRecord
from natocc.dataset.description import read_dataset
from natocc.io.images import read_rgb
from natocc.io.paths import package_folder
from natocc.io.workspace import cache_folder, data_root


def test_importing_it_imports_nothing_heavy() -> None:
    code = "import sys, natocc; print(sorted({name.split('.')[0] for name in sys.modules} & {*sys.argv[1:]}))"
    heavy = ["numpy", "cv2", "pydantic", "PIL", "dlib", "pyarrow", "torch", "joblib", "click", "yaml"]
    assert subprocess.run([sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_every_name_is_there_and_none_is_a_module_too() -> None:
    """A module of the same name would take the place of a function as soon as somebody imports it."""
    for name in natocc.__all__:
        value, module = getattr(natocc, name), importlib.import_module(f"natocc.{natocc._WHERE[name]}")
        assert value is getattr(module, name)
        assert value.__module__ == module.__name__ or name == "Location"  # an alias, whose module is that of str
        assert name in dir(natocc)
        assert importlib.util.find_spec(f"natocc.{name}") is None, f"natocc.{name} is a module"
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        natocc.nothing  # noqa: B018


@pytest.mark.slow
def test_type_checkers_know_the_names(tmp_path: Path) -> None:
    """py.typed: a strict mypy sees signatures, not Any."""
    (tmp_path / "use.py").write_text(
        "import numpy as np\nimport natocc\n"
        "image = np.zeros((9, 9, 3), np.uint8)\n"
        "composite = natocc.occlude(image, image[..., 0], image, rng=1)\n"
        "reveal_type(composite)\nreveal_type(natocc.build)\n"
        "done = natocc.Occlude(image)(image=image, mask=image)\nreveal_type(done)\n"
        'natocc.occlude(image, image, "x", rng="y")\n'
    )
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir", str(tmp_path / "cache")]
    path = str(Path(natocc.__file__).parent.parent)
    done = subprocess.run([*command, "use.py"], cwd=tmp_path, env={"MYPYPATH": path}, capture_output=True, text=True, timeout=300)
    assert "natocc.core.samples.Composite" in done.stdout, done.stdout
    assert "natocc.builder.run.Totals" in done.stdout
    assert 'Argument "rng" to "occlude" has incompatible type "str"' in done.stdout


def test_build_and_go_on(tmp_path: Path) -> None:
    told: list[str] = []
    totals = natocc.build(
        "demo", tmp_path / "a", count=2, edits=["faces.align.size=96"], cache=tmp_path / "cache",
        progress=lambda doing, done, total: told.append(doing), backend="threading",
    )  # fmt: skip
    assert totals.made == 2
    assert "making" in told
    recipe = natocc.load_recipe("demo", ["faces.align.size=96"])
    assert natocc.build(recipe, tmp_path / "a", count=2, cache=tmp_path / "cache").kept == 2
    resolved = read_dataset(tmp_path / "a").recipe
    assert natocc.build(resolved, tmp_path / "b", count=2, cache=tmp_path / "cache", jobs=2, backend="threading").made == 2
    pictures = [sorted((tmp_path / name / "images").rglob("*.jpg")) for name in "ab"]
    assert [path.read_bytes() for path in pictures[0]] == [path.read_bytes() for path in pictures[1]]
    with pytest.raises(natocc.UsageError, match="differs from the one asked for"):
        natocc.build(recipe, tmp_path / "a", count=2, edits=["seed=9"], cache=tmp_path / "cache")


def test_preview_of_a_file_and_of_its_array(tmp_path: Path) -> None:
    photograph = package_folder("skimage") / "data" / "astronaut.png"
    sheet = natocc.preview(photograph, count=2, cache=tmp_path, edits=["faces.align.size=128"])
    assert sheet.dtype == np.uint8
    assert sheet.ndim == 3
    image, _ = read_rgb(photograph)
    assert natocc.preview(image, count=2, cache=tmp_path, edits=["faces.align.size=128"]).shape == sheet.shape
    with pytest.raises(natocc.BadDataError, match="no-face"):
        natocc.preview(np.zeros((200, 200, 3), np.uint8), count=1, cache=tmp_path)


def test_preview_compares_and_tells_what_it_shows(tmp_path: Path) -> None:
    """With the same sheet as the command's."""
    told: list[tuple[str, SampleRecord]] = []
    settings = {"edits": ["faces.align.size=96"], "vary": "colour.transfer=none,reinhard", "cache": tmp_path / "cache"}
    sheet = natocc.preview(count=2, record=lambda setting, record: told.append((setting, record)), **settings)
    assert [setting for setting, _ in told] == ["colour.transfer=none"] * 2 + ["colour.transfer=reinhard"] * 2
    assert told[0][1].plan is not None
    assert told[0][1].measures == told[2][1].measures
    command = ["preview", "--count", "2", "--set", "faces.align.size=96", "--vary", settings["vary"]]
    done = CliRunner().invoke(main, [*command, "--cache", str(tmp_path / "cache"), "-o", str(tmp_path / "sheet.png")])
    assert done.exit_code == 0, done.output
    np.testing.assert_array_equal(read_rgb(tmp_path / "sheet.png")[0], sheet)


def test_folders_are_those_of_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NATOCC_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("NATOCC_CACHE", raising=False)
    (tmp_path / "data").mkdir()
    assert (data_root(), cache_folder(data_root())) == (tmp_path / "data", tmp_path / "natocc-cache")
    monkeypatch.setenv("NATOCC_CACHE", str(tmp_path / "kept"))
    assert cache_folder(data_root()) == tmp_path / "kept"
    with pytest.raises(natocc.UsageError, match=f"no folder {tmp_path}/data/hands"):
        natocc.open_occluders("hands")


def test_occluders_by_name(tmp_path: Path) -> None:
    (tmp_path / "cutouts" / "cup").mkdir(parents=True)
    from PIL import Image

    rgba = np.zeros((120, 120, 4), np.uint8)
    rgba[20:100, 20:100] = (9, 200, 30, 255)
    Image.fromarray(rgba).save(tmp_path / "cutouts" / "cup" / "1.png")
    source = natocc.open_occluders("cutouts", data=tmp_path, cache=tmp_path / "cache", rules={"min_sharpness": 0})
    assert source.cutout(source.draw(natocc.generator(0))).category == "cup"
    with pytest.raises(natocc.RecipeError, match=r"unknown source 'cutout' \(did you mean 'cutouts'"):
        natocc.open_occluders("cutout")
    with pytest.raises(natocc.RecipeError, match=r"unknown key 'rot' \(did you mean 'root'"):
        natocc.open_occluders("cutouts", rot="x")
