"""``natocc preview``: the sheet, settings compared, plans, and pictures in the terminal."""

from __future__ import annotations

import base64
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from natocc.cli import main
from natocc.cli.terminal_pictures import inline_picture, protocol_of
from natocc.core.errors import RecipeError
from natocc.io.images import read_rgb
from natocc.recipe.load import load_recipe

NO_TERMINAL = dict.fromkeys(("TERM_PROGRAM", "KITTY_WINDOW_ID", "LC_TERMINAL", "TMUX")) | {"TERM": "xterm-256color"}


def _run(cache: Path, out: Path, *arguments: object, code: int = 0) -> Result:
    command = ["preview", "--cache", cache, "-o", out, *arguments]
    done = CliRunner().invoke(main, [str(each) for each in command], env=NO_TERMINAL)
    assert done.exit_code == code, (done.output, done.exception)
    return done


def test_a_sheet_holds_the_photograph_the_face_and_every_sample_above_its_masks(cache: Path, tmp_path: Path) -> None:
    done = _run(cache, tmp_path / "sheet.png", "--count", 4, "--seed", 3, "--show-plan", "--set", "colour.transfer=sot")
    told = json.loads(done.stdout)
    assert [each["index"] for each in told] == [0, 1, 2, 3]
    assert {each["set"] for each in told} == {"natocc", "randocc"}
    assert {part["look"]["transfer"] for each in told for part in each["plan"]["occluders"]} == {"sot"}
    assert all(each["measures"]["occlusion_ratio"] > 0 for each in told)
    assert str(tmp_path / "sheet.png") in done.stderr
    # Photograph, aligned face and four samples: two groups of two rows, of five columns.
    assert read_rgb(tmp_path / "sheet.png")[0].shape == ((256 + 18 + 4) * 4 + 4, (256 + 4) * 5 + 4, 3)


def test_settings_are_compared_on_the_same_samples(cache: Path, tmp_path: Path) -> None:
    common = ("--count", 2, "--show-plan", "--set", "faces.align.size=96")
    vary = json.loads(_run(cache, tmp_path / "a.png", *common, "--vary", "colour.transfer=none,reinhard").stdout)
    assert [each["setting"] for each in vary] == ["colour.transfer=none"] * 2 + ["colour.transfer=reinhard"] * 2
    for one, other in zip(vary[:2], vary[2:], strict=True):
        assert one["plan"]["occluders"][0]["placement"] == other["plan"]["occluders"][0]["placement"]
        assert one["measures"] == other["measures"]
    alone = json.loads(_run(cache, tmp_path / "b.png", *common, "--set", "colour.transfer=reinhard").stdout)
    assert [each["plan"] for each in alone] == [each["plan"] for each in vary[2:]]  # what rows share changes nothing
    assert read_rgb(tmp_path / "a.png")[0].shape == ((256 + 18 + 4) * 2 + 4, (256 + 4) * 2 + 4, 3)
    ranges = _run(cache, tmp_path / "c.png", "--count", 1, "--show-plan", "--vary", "light.shading=[0, 0],[1, 1]").stdout
    assert [each["plan"]["occluders"][0]["look"]["shading"] for each in json.loads(ranges)] == [0, 1]


@pytest.mark.parametrize(
    "vary", ["colour.transfer", "colour.transfer=", "=x", "colour.transfer=[", "colour.transfer=no-such,sot"]
)
def test_what_cannot_be_compared_is_refused(cache: Path, tmp_path: Path, vary: str) -> None:
    done = _run(cache, tmp_path / "x.png", "--vary", vary, code=2)
    assert all(line.startswith("natocc: ") for line in done.stderr.splitlines())
    assert not (tmp_path / "x.png").exists()


def test_a_key_of_sets_is_that_of_every_set() -> None:
    recipe = load_recipe("demo", ["placement.reach=true", "name=mine", "sets.1.placement.reach=false"])
    assert [a_set.placement.reach for a_set in recipe.sets] == [True, False]
    assert recipe.name == "mine"
    with pytest.raises(RecipeError, match="did you mean 'colour'"):
        load_recipe("demo", ["color.transfer=sot"])


def test_a_terminal_that_shows_pictures_is_known() -> None:
    known = ({"TERM": "xterm-kitty"}, "kitty"), ({"TERM_PROGRAM": "iTerm.app"}, "iterm2"), ({"LC_TERMINAL": "iTerm2"}, "iterm2")
    for environment, protocol in known:
        assert protocol_of(environment) == protocol
        assert protocol_of({**environment, "TMUX": "/tmp/x"}) is None
    assert protocol_of({}) is None


@pytest.mark.parametrize("size", [1, 3072, 3073, 10_000])
def test_what_a_terminal_is_sent_is_the_picture(size: int) -> None:
    png = bytes(number % 251 for number in range(size))
    pieces = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", inline_picture(png, "kitty", 80))
    assert base64.b64decode("".join(piece for _, piece in pieces)) == png
    assert [keys[-3:] for keys, _ in pieces] == ["m=1"[-3:]] * (len(pieces) - 1) + ["m=0"]
    assert all(len(piece) <= 4096 for _, piece in pieces)
    found = re.fullmatch(r"\x1b\]1337;File=[^:]*:([^\x07]*)\x07\n", inline_picture(png, "iterm2", 80))
    assert found is not None
    assert base64.b64decode(found[1]) == png


@pytest.mark.parametrize(("flags", "shown"), [([], True), (["--no-show"], False)])
def test_the_sheet_is_shown_on_a_real_terminal(cache: Path, tmp_path: Path, flags: list[str], shown: bool) -> None:
    terminal, inner = pty.openpty()
    command = [
        sys.executable,
        "-m",
        "natocc",
        "preview",
        "--count",
        "1",
        "--cache",
        str(cache),
        "-o",
        str(tmp_path / "p.png"),
        *flags,
    ]
    environment = {key: value for key, value in os.environ.items() if key not in NO_TERMINAL} | {"TERM": "xterm-kitty"}
    with subprocess.Popen(command, stdout=inner, stderr=subprocess.DEVNULL, env=environment) as process:
        os.close(inner)
        told = b""
        while True:
            try:
                piece = os.read(terminal, 65536)
            except OSError:  # the other side is closed
                break
            if not piece:
                break
            told += piece
    os.close(terminal)
    assert process.returncode == 0
    assert (b"\x1b_G" in told) == shown
    if shown:
        sent = "".join(re.findall(r"\x1b_G[^;]*;([^\x1b]*)\x1b\\", told.decode()))
        assert base64.b64decode(sent) == (tmp_path / "p.png").read_bytes()


def test_elsewhere_no_picture_is_printed(cache: Path, tmp_path: Path) -> None:
    assert "\x1b" not in _run(cache, tmp_path / "p.png", "--count", 1, "--set", "faces.align.size=96").output
    assert "not known to show pictures" in _run(cache, tmp_path / "p.png", "--show", code=2).stderr
