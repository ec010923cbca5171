"""Plug-ins of other packages: a package with one of each kind, really installed, and packages that are broken."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet
import pytest

import natocc

EXAMPLE = Path(__file__).parent / "natocc_example"
RECIPE = """\
name: example
faces: {source: ovals, faces: 3, align: {method: none}}
sets:
  - name: discs
    occluders: {source: discs, radius: 30}
    colour: {transfer: mean}
    blend: {method: {hard: 1, alpha: 1}}
  - name: stripes
    method: randocc
    occluders: {source: shapes, textures: {source: mix, of: [{source: stripes}, {source: flat}]}}
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder into which the example package was installed."""
    folder = tmp_path_factory.mktemp("site")
    install = ("install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target", str(folder), str(EXAMPLE))
    subprocess.run([sys.executable, "-m", "pip", *install], check=True, timeout=120)
    return folder


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """The natocc command, with folders of packages before the others."""

    def command(*arguments: object, site: Path, code: int = 0) -> subprocess.CompletedProcess[str]:
        path = [str(site), str(Path(natocc.__file__).parent.parent)]
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(path), "NATOCC_CACHE": str(tmp_path / "cache")}
        told = [sys.executable, "-m", "natocc", *map(str, arguments)]
        done = subprocess.run(told, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert done.returncode == code, done.stdout + done.stderr
        return done

    return command


def _package(site: Path, name: str, module: str, entry_points: str, version: str = "1.0") -> Path:
    """A package as installers leave it: a module and its metadata."""
    site.mkdir(exist_ok=True)
    (site / f"{name}.py").write_text(module)
    metadata = site / f"{name}-{version}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (metadata / "entry_points.txt").write_text(entry_points)
    return site


def test_a_plugin_of_every_kind_makes_a_dataset(installed: Path, run: Run, tmp_path: Path) -> None:
    (tmp_path / "example.yaml").write_text(RECIPE)
    run("build", "example.yaml", "-o", "out", "-j", 2, site=installed)
    described = json.loads((tmp_path / "out" / "dataset.json").read_text())
    assert described["counts"] == {"made": 6, "rejected": {}}
    assert described["versions"]["natocc-example"] == "1.0"
    rows = pyarrow.parquet.read_table(tmp_path / "out" / "manifest.parquet").to_pylist()
    plans = [json.loads(row["plan"]) for row in rows if row["set"] == "discs"]
    assert {plan["occluders"][0]["look"]["transfer"] for plan in plans} == {"mean"}
    assert "hard" in {plan["occluders"][0]["blend"] for plan in plans}
    run("verify", "out", "--deep", "-j", 1, site=installed)
    run("export", "out", "--to", "listing", "--set", "header=false", "-o", "listed", site=installed)
    listed = (tmp_path / "listed" / "list.csv").read_text().splitlines()
    assert len(listed) == 6
    assert all((tmp_path / "listed" / name).is_file() for line in listed for name in line.split(",")[1:])
    assert run("replay", "out", "--index", 0, site=installed).stdout.splitlines()[0].endswith(": same")


def test_without_the_package_its_names_are_unknown(run: Run, tmp_path: Path) -> None:
    (tmp_path / "example.yaml").write_text(RECIPE)
    told = run("build", "example.yaml", "-o", "out", site=tmp_path / "none", code=2).stderr
    assert "faces: unknown source 'ovals'" in told
    assert "sets.0.colour.transfer: 'mean' is not one of none, skin, histogram, reinhard, sot" in told
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_another_version_is_another_dataset(installed: Path, run: Run, tmp_path: Path) -> None:
    """A dataset is not gone on with by another version of what made it, and replay says which one it was."""
    (tmp_path / "example.yaml").write_text(RECIPE)
    run("build", "example.yaml", "-o", "out", "-n", 2, "-j", 1, site=installed)
    newer = tmp_path / "newer"
    newer.mkdir()
    (newer / "natocc_example").symlink_to(installed / "natocc_example")
    metadata = newer / "natocc_example-2.0.dist-info"
    metadata.mkdir()
    for file in ("METADATA", "entry_points.txt"):
        text = next(installed.glob("*.dist-info")).joinpath(file).read_text()
        (metadata / file).write_text(text.replace("Version: 1.0", "Version: 2.0"))
    told = run("build", "example.yaml", "-o", "out", "-j", 1, site=newer, code=2).stderr
    assert 'versions.natocc-example: "1.0" -> "2.0"' in told
    assert 'versions.natocc-example: "1.0" -> "2.0"' in run("replay", "out", "--index", 0, site=newer).stderr


def test_doctor_lists_them(installed: Path, run: Run) -> None:
    told = run("doctor", site=installed).stdout
    for line in ("natocc.faces 'ovals'", "natocc.occluders 'discs'", "natocc.textures 'stripes'", "natocc.exports 'listing'"):
        assert f"plug-in {line} of natocc-example 1.0" in told
    assert "faces ovals: 4 faces" in told


@pytest.mark.slow
def test_a_broken_plugin_is_one_line_and_breaks_nothing(run: Run, tmp_path: Path) -> None:
    site = _package(
        tmp_path / "site",
        "broken",
        "import nothing_such",
        "[natocc.blends]\nbroken = broken:blend\n[natocc.faces]\nlost = broken:Lost\n[natocc.blend]\nx = broken:blend\n",
    )
    _package(
        site, "odd", "number = 3\nclass Odd: pass\n", "[natocc.blends]\nodd = odd:number\n[natocc.occluders]\nodd = odd:Odd\n"
    )
    _package(site, "thief", "def blend(*_): pass\n", "[natocc.blends]\nalpha = thief:blend\n")
    reason = "natocc.blends 'broken' of broken 1.0 cannot be imported: ModuleNotFoundError: No module named 'nothing_such'"
    told = run("build", "demo", "--set", "sets.0.blend.method=broken", "-o", "out", site=site, code=2).stderr
    assert told == f"natocc: recipe demo: sets.0.blend.method: {reason}\n"
    told = run("build", "demo", "--set", "sets.0.blend.method=odd", "-o", "out", site=site, code=2).stderr
    assert "natocc.blends 'odd': expected a function, found 3" in told
    told = run("build", "demo", "--set", "sets.0.occluders={source: odd}", "-o", "out", site=site, code=2).stderr
    assert "natocc.occluders 'odd' of odd 1.0: expected a subclass of OccluderOptions" in told
    told = run("doctor", site=site).stdout
    assert f"plug-in {reason}" in told
    assert "plug-in natocc.blends 'alpha' of thief 1.0: refused, 'alpha' is natocc's own" in told
    assert "natocc.blend 'x' of broken 1.0: no such group" in told
    assert "faces portraits: 2 faces" in told
    run("build", "demo", "-n", 2, "-j", 1, "-o", "out", site=site)


def test_two_packages_of_one_name_are_told(run: Run, tmp_path: Path) -> None:
    site = _package(tmp_path / "site", "one", "def blend(*_): pass\n", "[natocc.blends]\nsame = one:blend\n")
    _package(site, "two", "def blend(*_): pass\n", "[natocc.blends]\nsame = two:blend\n", version="2.0")
    told = run("build", "demo", "--set", "sets.0.blend.method=same", "-o", "out", site=site, code=2).stderr
    assert "two packages add natocc.blends 'same': one 1.0, two 2.0; uninstall one" in told
