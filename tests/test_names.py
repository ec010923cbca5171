"""Names as people give them, through a whole build: unique ids, origins that survive the manifest (fault F8)."""

from __future__ import annotations

import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from natocc.builder.run import Run
from natocc.core.errors import BadDataError, Reason
from natocc.dataset.manifest import read_manifest
from natocc.io.images import encode_jpeg, encode_png
from natocc.io.workspace import Workspace
from natocc.recipe.edit import edit_recipe
from natocc.recipe.model import validate_recipe

NAMES = [
    "with space", " leading space", "-leading-dash", "--help", "顔の写真", "😀👋🏽", "ünïcode", "a" * 251, "dots.in.name",
    "#hash", "a;b&c$d", "Upper", "upper", unicodedata.normalize("NFC", "é"), unicodedata.normalize("NFD", "é"), "line\nbreak",
    "quote'\"", "\x1b[31mred", "<script>", "x#1", "under/a folder/x", "tab\t", "\u202eright to left", "nul\u2400",
]  # fmt: skip
ROWS, COLUMNS = np.mgrid[:96, :80]
FACE = np.dstack([2 * COLUMNS + 40, 2 * ROWS, COLUMNS + ROWS]).astype(np.uint8)
MASK = ((ROWS - 48) ** 2 + (COLUMNS - 40) ** 2 < 34**2).astype(np.uint8)
DISC = ((ROWS - 48) ** 2 + (COLUMNS - 40) ** 2 < 30**2).astype(np.uint8) * np.uint8(255)
OBJECT = np.dstack([np.full((96, 80, 3), (200, 30, 40), np.uint8), DISC])


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _data(root: Path) -> Path:
    for name in NAMES:
        _put(root / "faces" / "images" / f"{name}.jpg", encode_jpeg(FACE, 90))
        _put(root / "faces" / "masks" / f"{name}.png", encode_png(MASK))
        _put(root / "cutouts" / f"{name}.png", encode_png(OBJECT))
    return root


def _run(data: Path, out: Path, *edits: str) -> Run:
    raw = {
        "name": "names",
        "faces": {"source": "labelled", "align": {"method": "none"}},
        "sets": [{"name": "a", "occluders": {"source": "cutouts"}, "samples_per_face": 3}],
        "output": {"max_rejected": 1},
    }
    edit_recipe(raw, edits)
    return Run(validate_recipe(raw, "test"), Workspace(data, data / "cache"), out)


def test_f8_ids_and_origins_survive_a_build(tmp_path: Path) -> None:
    """F8: spaces, CJK, emoji, 255 bytes, dashes, case, NFC and NFD, control characters."""
    data = _data(tmp_path / "data")
    _run(data, tmp_path / "out").build(False, lambda *_: None)
    rows = read_manifest(tmp_path / "out")
    assert {row["face"] for row in rows} == set(NAMES)
    made = [row for row in rows if row["status"] == "made"]
    assert len(made) == len(rows) == 3 * len(NAMES)
    assert {row["face_item"] for row in made} == set(NAMES)
    items = {occluder["item"] for row in made for occluder in row["occluders"]}
    assert len(items) > len(NAMES) / 2
    assert items <= {f"{name}.png" for name in NAMES}


def test_f8_a_name_that_is_no_text_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    """F8: a manifest holds text. The file is named, so that it can be renamed; nothing is left out in silence."""
    data = _data(tmp_path / "data")
    for folder, suffix in (("faces/images", b".jpg"), ("cutouts", b".png")):
        bad = Path(os.fsdecode(os.fsencode(data / folder) + b"/\xff\xfe" + suffix))
        try:
            bad.write_bytes(encode_png(OBJECT))
        except OSError:
            pytest.skip("this file system has names in UTF-8 only")
        done = _natocc(tmp_path, "--data", "data", "-o", "out")
        assert done.returncode == 2
        assert "not valid UTF-8; rename it" in done.stderr
        assert not (tmp_path / "out").exists()
        bad.unlink()


def test_f8_a_root_that_is_no_text_serves(tmp_path: Path) -> None:
    """F8: data, cache and dataset in folders whose names are no text; reasons tell their paths with escapes."""
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe"))
    try:
        odd.mkdir()
    except OSError:
        pytest.skip("this file system has names in UTF-8 only")
    data = _data(odd / "data")
    (data / "faces" / "masks" / "upper.png").unlink()
    (data / "faces" / "images" / "Upper.jpg").write_bytes(b"no picture")
    (data / "cutouts" / "broken.png").write_bytes(b"no picture")
    done = _natocc(odd, "--data", str(data), "-o", str(odd / "out"), "--set", "output.max_rejected=1")
    assert done.returncode == 0, done.stderr
    rows = read_manifest(odd / "out")
    reasons = {row["face"]: row["reason"] for row in rows if row["status"] == "rejected"}
    assert reasons == {"upper": "no-mask", "Upper": "unreadable-image"}
    assert any("\\udcff" in row["detail"] for row in rows if row["status"] == "rejected")


def test_f8_a_reason_is_text() -> None:
    """F8: what is told of a file goes into manifests, JSON and terminals."""
    error = BadDataError(Reason.MISSING_FILE, "no file \udcff\udcfe.jpg 顔")
    assert error.detail == "no file \\udcff\\udcfe.jpg 顔"
    assert str(error) == f"missing-file: {error.detail}"


def _natocc(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    flags = ("--source", "labelled", "--occluders", "cutouts", "--set", "faces.align.method=none", "-j", "1")
    return subprocess.run(
        [sys.executable, "-m", "natocc", "build", *flags, *arguments],
        capture_output=True,
        text=True,
        errors="surrogateescape",
        cwd=folder,
        env={**os.environ, "NATOCC_CACHE": str(folder / "cache"), "PYTHONPATH": os.pathsep.join(sys.path)},
        timeout=120,
        check=False,
    )
