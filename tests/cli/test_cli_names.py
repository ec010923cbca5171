"""F35: names that others chose break no line, reach no terminal raw, and stop no build."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from click.testing import CliRunner, Result
from PIL import Image as PillowImage

from natocc.cli import main
from natocc.core.text import plain
from natocc.dataset.manifest import read_manifest
from natocc.io.images import read_rgb
from natocc.report.contact_sheet import Tile, contact_sheet

EVIL = "a\nb\x1b[31m<script>\u2028\x85c"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A portrait, a broken one, a cutout and a broken one, in folders and files of such names."""
    faces, cutouts = tmp_path / "data" / "photos", tmp_path / "data" / "cutouts" / EVIL
    faces.mkdir(parents=True)
    cutouts.mkdir(parents=True)
    PillowImage.fromarray(skimage.data.astronaut()).save(faces / f"{EVIL}.png")
    (faces / f"{EVIL}-broken.png").write_text("x")
    cup = np.zeros((120, 100, 4), np.uint8)
    cup[20:100, 20:80] = (200, 40, 40, 255)
    cup[30:60, 30:60, :3] = (20, 140, 40)
    PillowImage.fromarray(cup).save(cutouts / f"{EVIL}.png")
    (cutouts / f"{EVIL}-broken.png").write_text("x")
    return tmp_path / "data"


def _run(data: Path, *arguments: object, code: int = 0) -> Result:
    """In colour, as on a terminal: click takes no escape sequence out."""
    environment = {"NATOCC_CACHE": str(data.parent / "cache"), "NATOCC_DATA": str(data)}
    done = CliRunner().invoke(main, [str(each) for each in arguments], env=environment, color=True)
    assert done.exit_code == code, (done.output, done.exception)
    assert not any(character in done.output for character in "\x1b\u2028\x85")
    assert not any(line.startswith("b") for line in done.output.splitlines())
    return done


def test_f35_a_build_tells_and_keeps_such_names(data: Path, tmp_path: Path) -> None:
    arguments = ("build", "--source", "folder", "--occluders", "cutouts", "-n", 4, "-j", 1, "--backend", "threading")
    edits = ("--set", "faces.align.size=96", "--set", "sets.0.placement.max_enlargement=9")
    out = tmp_path / f"out {EVIL}"
    assert len(_run(data, *arguments, *edits, "-o", out, "--dry-run").stdout.split("\n")) == 4
    done = _run(data, *arguments, *edits, "-o", out, "--max-rejected", 1)
    assert done.stdout.splitlines()[-1].startswith("  rejected: 2 unreadable-image, such as ")
    rows = read_manifest(out)
    assert {row["face"] for row in rows} == {f"{EVIL}.png", f"{EVIL}-broken.png"}
    assert [row["occluders"][0]["item"] for row in rows if row["status"] == "made"] == [f"{EVIL}/{EVIL}.png"] * 2
    assert read_rgb(out / "contact_sheet.jpg")[0].size
    rejected = next(row["index"] for row in rows if row["status"] == "rejected")
    assert len(_run(data, "replay", out, "--index", rejected).stdout.split("\n")) == 2
    _run(data, "replay", out, "--index", 1 - rejected)
    _run(data, "verify", out, "--deep", "-j", 1)


def test_f35_other_commands(data: Path, tmp_path: Path) -> None:
    lines = _run(data, "extract", "cutouts", "-o", tmp_path / f"{EVIL}.png").stdout.split("\n")
    assert len(lines) == 5
    assert json.loads(_run(data, "extract", "cutouts", "--json").stdout)[0]["categories"] == {plain(EVIL): 1}
    (data / EVIL).mkdir()
    _run(data, "doctor")
    _run(data, "preview", data / "photos" / f"{EVIL}.png", "--count", 1, "--occluders", "cutouts", "-o", tmp_path / "p.png")
    for command in (("preview", data / "photos" / f"{EVIL}-broken.png"), ("preview", EVIL), ("build", EVIL)):
        done = _run(data, *command, "-o", tmp_path / "p", code=2)
        assert len(done.stderr.split("\n")) == 2
    for edit in (f"{EVIL}=1", f"name={EVIL}", f"seed: {EVIL}", f"sets.0.name={EVIL}"):
        assert len(_run(data, "build", "demo", "--set", edit, code=2).stderr.split("\n")) == 2


def test_f35_a_caption_is_one_line() -> None:
    tile = np.zeros((20, 20, 3), np.uint8)
    assert contact_sheet([Tile(tile, EVIL), Tile(tile, "\n"), Tile(tile, "")], columns=2).shape[2] == 3
