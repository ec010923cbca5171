"""``extract`` and ``doctor``, and where the cache lies."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from natocc.cli import main
from natocc.io.images import read_rgb


def _run(*arguments: object, code: int = 0) -> Result:
    done = CliRunner().invoke(main, [str(each) for each in arguments], env={"NATOCC_CACHE": None, "NATOCC_DATA": None})
    assert done.exit_code == code, done.output
    return done


@pytest.mark.slow
def test_extract_tells_what_came_of_it(real_data: Path, cache: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    done = _run("extract", "coco", "--data", real_data, "--cache", cache, "-j", 2, "-o", sheet)
    assert "cup" in done.output
    assert "too-small, such as instances_" in done.output
    assert read_rgb(sheet)[0].shape[1] > 1000
    counts = json.loads(_run("extract", "coco", "--data", real_data, "--cache", cache, "--json").output)
    assert counts[0]["cutouts"] == sum(counts[0]["categories"].values()) > 150


def test_extract_of_a_recipe_and_of_nothing(tmp_path: Path) -> None:
    done = _run("extract", "demo", "--cache", tmp_path)
    assert "made on demand" in done.output
    assert "rocket" in done.output
    assert "no recipe" in _run("extract", "cocoa", code=2).output
    assert "expected COCO's layout" in _run("extract", "coco", "--data", tmp_path / "none", "--cache", tmp_path, code=2).output


def test_doctor_names_what_is_there_and_what_is_missing(real_data: Path, tmp_path: Path) -> None:
    told = _run("doctor", "--data", real_data, "--cache", tmp_path).output
    assert "faces celebamask: 33 faces" in told
    assert "folder fasseg-multipose can be read as: faces labelled (78 faces)" in told
    assert "occluders cutouts: no folder" in _run("doctor", "--data", tmp_path / "none", "--cache", tmp_path).output
    found = json.loads(_run("doctor", "--data", tmp_path / "none", "--cache", tmp_path, "--json").output)
    assert found["models"] == "found"
    assert [each["source"] for each in found["sources"] if "count" in each] == ["portraits", "hair", "veils", "worn"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_the_cache_of_a_data_root_that_cannot_be_written_is_the_users(tmp_path: Path) -> None:
    (tmp_path / "read-only" / "data").mkdir(parents=True)
    (tmp_path / "read-only").chmod(0o555)
    done = CliRunner().invoke(
        main, ["doctor", "--data", str(tmp_path / "read-only" / "data")], env={"XDG_CACHE_HOME": str(tmp_path)}
    )
    assert f"cache {tmp_path / 'natocc'}" in done.output


def test_the_cache_lies_beside_the_data(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    assert f"cache {tmp_path / 'natocc-cache'}" in _run("doctor", "--data", tmp_path / "data").output
    assert f"cache {tmp_path / 'x'}" in _run("doctor", "--data", tmp_path / "data", "--cache", tmp_path / "x").output
