"""A run says why: what was rejected, for which reason, one example, and the key that helps; the same to whoever calls build()."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from click.testing import CliRunner, Result

import natocc
from natocc.cli import main
from natocc.core.errors import Reason, UsageError
from natocc.core.progress import progress_to
from natocc.core.rejections import ADVICE, MOST, explained
from natocc.faces import SOURCES as FACES
from natocc.io.images import encode_png
from natocc.occluders import SOURCES as OCCLUDERS
from natocc.occluders.library.extraction import open_library
from natocc.recipe.model import NatOccSet

NOISE = ("--method", "randocc", "--set", "sets.0.occluders.textures.source=noise", "--set", "faces.align.method=none")


def _run(*arguments: object, code: int = 0) -> Result:
    done = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert done.exit_code == code, (done.output, done.exception)
    return done


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    """Two faces that serve, and eight that do not, for four reasons."""
    root = tmp_path / "faces"
    for folder in ("images", "masks"):
        (root / folder).mkdir(parents=True)
    rows, columns = np.mgrid[:96, :96]
    picture = np.stack([rows * 2, columns * 2, rows + columns], axis=2).astype(np.uint8)
    mask = ((rows - 48) ** 2 + (columns - 48) ** 2 < 900).astype(np.uint8)

    def add(name: str, data: bytes, labels: np.ndarray | None) -> None:
        (root / "images" / f"{name}.png").write_bytes(data)
        if labels is not None:
            (root / "masks" / f"{name}.png").write_bytes(encode_png(labels))

    for name in ("a", "b"):
        add(name, encode_png(picture), mask)
    for index in range(3):
        add(f"maskless{index}", encode_png(picture), None)
    for index in range(2):
        add(f"empty{index}", encode_png(picture), mask * 0)
        add(f"broken{index}", b"no picture", mask)
    add("tall", encode_png(picture), mask[:, :40])
    return root


def test_every_reason_has_advice() -> None:
    assert set(ADVICE) == set(Reason)
    for reason in Reason:
        (line,) = explained({reason: 2}, {reason: "a.jpg: x"})
        assert line == f"2 {reason}, such as a.jpg: x; {ADVICE[reason]}"
    assert explained({"later": 1}, {}) == ("1 later",)
    assert explained({}, {}) == ()


def test_a_failed_build_says_why_on_its_last_lines(faces: Path, tmp_path: Path) -> None:
    command = ("build", "--source", "labelled", "--source-root", faces, *NOISE, "-j", 1, "--backend", "threading")
    command = (*command, "--cache", tmp_path / "cache", "-o", tmp_path / "out")
    done = _run(*command, code=3)
    first, *reasons, others = done.stderr.splitlines()[-MOST - 2 :]
    assert "80.0% of the samples were rejected, more than the 10.0% that output.max_rejected allows" in first
    assert [line.split(",")[0] for line in reasons] == ["natocc: 3 no-mask", "natocc: 2 empty-mask", "natocc: 2 unreadable-image"]
    for line, name, key in zip(
        reasons, ("maskless0", "empty0.png", "broken0.png"), ("mask_suffix", "face_classes", "exclude"), strict=True
    ):
        assert name in line
        assert key in line
    assert others == "natocc: others: 1 size-mismatch"
    again = _run(*command, code=3)  # complete: from the records
    assert again.stderr.splitlines()[-MOST - 2 :] == done.stderr.splitlines()[-MOST - 2 :]
    totals = json.loads(_run(*command, "--json", code=3).stdout)
    assert set(totals["examples"]) == set(totals["rejected"]) == {"no-mask", "empty-mask", "unreadable-image", "size-mismatch"}
    allowed = _run(*command, "--max-rejected", 1).stdout.splitlines()
    assert allowed[1].startswith("  rejected: 3 no-mask, such as ")
    assert allowed[-1] == "  rejected: 1 size-mismatch"
    assert "every one" not in done.output


def test_those_who_call_build_see_examples_too(faces: Path, tmp_path: Path) -> None:
    recipe = {
        "name": "x",
        "faces": {"source": "labelled", "root": str(faces), "align": {"method": "none"}},
        "sets": [{"name": "r", "method": "randocc", "occluders": {"source": "shapes", "textures": {"source": "noise"}}}],
        "output": {"shard_size": 4},
    }
    made = natocc.build(recipe, tmp_path / "out", cache=tmp_path / "cache", backend="threading")
    assert made.rejected["no-mask"] == 3
    assert "maskless" in made.examples["no-mask"]
    assert 0 < made.preparing < made.seconds
    part = natocc.build(recipe, tmp_path / "part", cache=tmp_path / "cache", shards="0-2")
    assert part.examples == made.examples
    merged = _run("merge", tmp_path / "merged", tmp_path / "part")
    assert "  rejected: 3 no-mask, such as " in merged.stdout


def test_an_extraction_that_gives_nothing_says_why(tmp_path: Path) -> None:
    (tmp_path / "cutouts").mkdir()
    for index in range(3):
        (tmp_path / "cutouts" / f"{index}.png").write_bytes(encode_png(np.full((200, 200, 3), 90, np.uint8)))
    (tmp_path / "cutouts" / "broken.png").write_bytes(b"x")
    done = _run("extract", "cutouts", "--occluders-root", tmp_path / "cutouts", "--cache", tmp_path / "cache", code=2)
    lines = [line for line in done.stderr.splitlines() if line.startswith("natocc: ")]
    assert "no object can serve as an occluder" in lines[0]
    assert lines[1].startswith("natocc: 3 no-mask, such as ")
    assert lines[2].startswith("natocc: 1 unreadable-image, such as ")


def test_extraction_shows_its_progress(tmp_path: Path) -> None:
    calls: list[tuple[str, int, int | None]] = []
    with progress_to(lambda *call: calls.append(call)):
        natocc.open_occluders("cutouts", root=str(_cutouts(tmp_path)), cache=tmp_path / "cache")
    (doing,) = {call[0] for call in calls}
    assert "extracting" in doing
    assert [call[1:] for call in calls] == [(0, 70), (32, 70), (64, 70), (70, 70)]
    calls.clear()
    with progress_to(lambda *call: calls.append(call)):
        natocc.open_occluders("cutouts", root=str(_cutouts(tmp_path)), cache=tmp_path / "cache")
    assert not calls  # it is kept
    with pytest.raises(UsageError):
        open_library(tmp_path / "cache", "0" * 32, "nothing", list, 1)


def test_its_time_is_not_that_of_making(tmp_path: Path) -> None:
    root = _cutouts(tmp_path)
    command = (
        "build",
        "--source",
        "portraits",
        "--occluders",
        "cutouts",
        "--occluders-root",
        root,
        "--cache",
        tmp_path / "cache",
    )
    done = _run(*command, "-n", 2, "-j", 1, "--backend", "threading", "-o", tmp_path / "out", "--json", "--max-rejected", 1)
    totals = json.loads(done.stdout)
    assert 0 < totals["preparing"] < totals["seconds"]
    assert "extracting occluders from the pictures of" in done.stderr


def _cutouts(tmp_path: Path) -> Path:
    root = tmp_path / "cutouts"
    root.mkdir(exist_ok=True)
    cup = np.zeros((120, 100, 4), np.uint8)
    cup[20:100, 20:80] = (200, 40, 40, 255)
    for index in range(70):
        if not (root / f"{index}.png").exists():
            (root / f"{index}.png").write_bytes(encode_png(cup))
    return root


@pytest.mark.parametrize(
    ("occluders", "line"),
    [
        ("coco", "expected COCO's layout"),
        ("hands", "expected images/ and masks/"),
        ("cutouts", "expected pictures with an alpha channel"),
        ("shapes", "expected pictures by class"),
    ],
)
def test_a_dry_run_finds_what_a_build_would_miss(occluders: str, line: str, tmp_path: Path) -> None:
    """In the same words, and with the same exit code."""
    command = ("build", "--source", "portraits", "--occluders", occluders, "--data", tmp_path, "--cache", tmp_path / "cache")
    dry = _run(*command, "-o", tmp_path / "out", "--dry-run", code=2).stderr.splitlines()[-1]
    assert line in dry
    assert dry == _run(*command, "-o", tmp_path / "out", code=2).stderr.splitlines()[-1]


def test_the_size_that_a_dry_run_tells_counts_the_masks(faces: Path, tmp_path: Path) -> None:
    def size(*edits: str) -> int:
        command = ["build", "--source", "labelled", "--source-root", faces, *NOISE, "--set", "faces.align.size=512"]
        expected = json.loads(_run(*command, *(f"--set={edit}" for edit in edits), "--dry-run", "--json").stdout)
        return int(expected["bytes"])

    one, four, deep = (size(f"output.masks={masks}") for masks in ("[face]", "[face,amodal,occluder,matte]", "[face,matte]"))
    assert one < deep < four
    assert deep < size("output.masks=[face,matte]", "output.matte_bits=16")


def test_advice_names_keys_that_recipes_have() -> None:
    tables = {"faces": FACES, "occluders": OCCLUDERS}
    for advice in ADVICE.values():
        for key in re.findall(r"\b(?:faces|occluders|placement)(?:\.[a-z_]+)+", advice):
            kind, *path = key.split(".")
            models = [NatOccSet.model_fields["placement"].annotation] if kind == "placement" else list(tables[kind].values())
            assert any(_has(model, path) for model in models), key


def _has(model: Any, path: list[str]) -> bool:
    for part in get_args(model):
        if _has(part, path):
            return True
    fields = getattr(model, "model_fields", {})
    return path[0] in fields and (len(path) == 1 or _has(fields[path[0]].annotation, path[1:]))
