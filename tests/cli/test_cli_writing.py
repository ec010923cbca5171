"""Files that the user names: written whole or not at all, in place of files alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner
from runs import little_room

from natocc.cli import main

pytestmark = pytest.mark.slow


def _writes(command: str, path: Path, cache: Path) -> tuple[int, str]:
    """Exit code and last line of a command that writes to `path`."""
    arguments = {
        "preview": ["preview", "--count", "1", "--set", "faces.align.size=64", "-o", path, "--cache", cache],
        "extract": ["extract", "demo", "-o", path, "--cache", cache, "-j", "1"],
        "init": ["init", path, "--data", path.parent / "data", "--cache", cache],
    }[command]
    done = CliRunner().invoke(main, list(map(str, arguments)))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, (done.stderr.splitlines() or [""])[-1]


@pytest.mark.parametrize("command", ["preview", "extract"])
def test_what_does_not_fit_leaves_what_was_there(command: str, tmp_path: Path, cache: Path) -> None:
    path = tmp_path / "sheet.png"
    path.write_text("good")
    CliRunner().invoke(main, ["extract", "demo", "--cache", str(cache), "-j", "1"])  # what is kept is not what is tried
    with little_room(100):
        code, told = _writes(command, path, cache)
    assert (code, told) == (1, f"natocc: cannot write {path}: File too large; name another file with -o")
    assert path.read_text() == "good"
    assert list(tmp_path.iterdir()) == [path]
    path.unlink()
    os.mkfifo(path)
    code, told = _writes(command, path, cache)
    assert (code, told) == (1, f"natocc: cannot write {path}: no regular file lies there; name another file with -o")


def test_half_a_recipe_is_none(tmp_path: Path, cache: Path) -> None:
    path = tmp_path / "recipe.yaml"
    with little_room(100):
        assert _writes("init", path, cache) == (1, f"natocc: cannot write {path}: File too large; name another file")
    assert list(tmp_path.iterdir()) == []
    path.symlink_to(tmp_path / "elsewhere.yaml")
    code, told = _writes("init", path, cache)
    assert code == 2
    assert told.endswith("exists and is not replaced; name another file")
    assert not (tmp_path / "elsewhere.yaml").exists()
