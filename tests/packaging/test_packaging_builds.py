"""Wheel and sdist: built, looked into, installed into an environment without natocc, and run."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
from packaging.version import Version

import natocc

ROOT = Path(__file__).parent.parent.parent
TOP = ("natocc", "assets", "pipelines")


def _run(*command: object, cwd: Path | None = None, **env: str) -> str:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "NATOCC", "PIP_"))}
    done = subprocess.run([str(each) for each in command], cwd=cwd, env=clean | env, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sdist")
    _run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", folder, cwd=ROOT)
    return next(folder.glob("*.tar.gz"))


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the sdist: what installers make where there is no wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    _run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "-w", folder, sdist)
    return next(folder.glob("*.whl"))


def _names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if not name.endswith("/")}


@pytest.mark.slow
def test_the_wheel_holds_natocc_and_what_it_reads(wheel: Path, tmp_path: Path) -> None:
    names = _names(wheel)
    sources = {path.relative_to(ROOT).as_posix() for path in (ROOT / "natocc").rglob("*") if path.is_file()}
    assert {name for name in sources if "__pycache__" not in name} <= names
    assert "natocc/py.typed" in names
    for folder in ("assets/demo", "pipelines"):
        assert {f"natocc/{path.relative_to(ROOT).as_posix()}" for path in (ROOT / folder).rglob("*") if path.is_file()} <= names
    assert {name.split("/")[0] for name in names} == {"natocc", f"natocc-{natocc.__version__}.dist-info"}
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if "test" in name.lower() or name.endswith((".pyc", ".jpg"))]
    assert wheel.stat().st_size < 2_000_000
    _run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "-w", tmp_path, ROOT)
    assert _names(next(tmp_path.glob("*.whl"))) == names


@pytest.mark.slow
def test_the_sdist_holds_sources_and_no_tests(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    files = ("CHANGELOG.md", "CITATION.cff", "LICENSE", "README.md", "pyproject.toml", "PKG-INFO")
    assert set(files) <= names
    assert "pipelines/recipe.schema.json" in names
    assert {name.split("/")[0] for name in names} <= {*TOP, *files, "tests", ".gitignore"}
    assert {name for name in names if name.startswith("tests/") and "." in name} == {"tests/README.md", "tests/bench/README.md"}
    assert {"natocc/README.md", "pipelines/README.md", "assets/gallery.jpg", "assets/preview.jpg"} <= names


@pytest.mark.slow
def test_it_runs_where_nothing_but_its_dependencies_is(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=False)
    python = tmp_path / "venv" / "bin" / "python"
    # The wheel first, then a path to the dependencies that are installed here: no index is asked.
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index", "--no-compile")
    _run(*pip, wheel)
    site = next((tmp_path / "venv" / "lib").glob("python*/site-packages"))
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    natocc_command = tmp_path / "venv" / "bin" / "natocc"
    assert str(site) in _run(python, "-c", "import natocc; print(natocc.__file__)", cwd=tmp_path)
    assert _run(natocc_command, "--version", cwd=tmp_path).startswith(f"natocc {natocc.__version__}\n")
    assert "c-wo-mix" in _run(natocc_command, "recipes", cwd=tmp_path)
    assert _run(natocc_command, "recipes", "schema", cwd=tmp_path) == (ROOT / "pipelines" / "recipe.schema.json").read_text()
    _run(natocc_command, "build", "demo", "-n", 2, "-j", 1, cwd=tmp_path)
    assert len(list((tmp_path / "out" / "demo").glob("images/*/*.jpg"))) == 2
    _run(natocc_command, "verify", "out/demo", "--deep", "-j", 1, cwd=tmp_path)


def test_the_oldest_versions_that_are_allowed_are_those_that_are_tested() -> None:
    """``make test-oldest`` installs tests/oldest.txt."""
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [*wanted["dependencies"], *wanted["optional-dependencies"]["demo"]]
    floors = {name.lower(): Version(version) for name, version in (line.split(">=") for line in lines)}
    pins = [line.split("==") for line in (ROOT / "tests" / "oldest.txt").read_text().splitlines() if line[0] != "#"]
    pinned = {name.lower(): Version(version) for name, version in pins}
    assert floors == {name: pinned.get(name) for name in floors}
