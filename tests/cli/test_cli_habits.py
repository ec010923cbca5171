"""What people expect of a command: versions, completion, no colour where none is wanted, help with examples that work."""

from __future__ import annotations

import os
import pty
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import click
import pytest
import yaml
from click.testing import CliRunner

import natocc
from natocc.cli import main

ROOT = Path(__file__).parent.parent.parent


def _commands(group: click.Group, path: str = "natocc") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from _commands(command, f"{path} {name}")


COMMANDS = dict(_commands(main))


def _examples(command: click.Command) -> list[str]:
    return [line.strip() for line in (command.help or "").splitlines() if line.strip().startswith("natocc ")]


def test_the_version_names_what_decides_the_bytes() -> None:
    told = CliRunner().invoke(main, ["--version"]).output
    assert told.startswith(f"natocc {natocc.__version__}\nwith python ")
    for package in ("numpy", "opencv-python-headless", "pillow", "dlib-bin", "pycocotools", "scikit-image"):
        assert f" {package} {version(package)}" in told


def test_the_version_is_semantic_and_one() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", natocc.__version__)
    assert f'version = "{natocc.__version__}"' in (ROOT / "pyproject.toml").read_text()
    assert f"## {natocc.__version__}" in (ROOT / "CHANGELOG.md").read_text()
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == natocc.__version__
    assert "2205.06218" in citation["references"][0]["url"]


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_has_an_example_that_it_takes(path: str) -> None:
    """Options that were renamed are found: --help comes after the others were understood."""
    examples = _examples(COMMANDS[path])
    assert any(line.startswith(f"{path} ") or line == path for line in examples)
    for line in examples:
        arguments = shlex.split(re.split(r" (?:>|&&|\|) ", line)[0])[1:]
        done = CliRunner().invoke(main, [*arguments, "--help"])
        assert done.exit_code == 0, f"{line}: {done.output}"


@pytest.mark.parametrize("path", COMMANDS)
def test_help_ends_paragraphs_and_explains_every_option(path: str) -> None:
    for parameter in COMMANDS[path].params:
        if isinstance(parameter, click.Option):
            assert parameter.help or parameter.show_default, f"{path} {parameter.name}"


def test_exit_codes_are_in_the_help() -> None:
    told = " ".join(CliRunner().invoke(main, ["--help"]).output.split())
    codes = ("0 done", "1 failed", "2 usage or recipe", "3 more samples rejected", "4 verify or replay found", "129, 130 or 143")
    for code in codes:
        assert code in told


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_can_complete(shell: str) -> None:
    env = os.environ | {"_NATOCC_COMPLETE": f"{shell}_source"}
    code = "from natocc.cli import main; main(prog_name='natocc')"
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True, timeout=60)
    assert f"_NATOCC_COMPLETE={shell}_complete" in done.stdout


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("natocc ver", {"verify"}),
        ("natocc build --source ce", {"celebamask"}),
        ("natocc preview --occluders co", {"coco"}),
        ("natocc extract ha", {"hair", "hands"}),
        ("natocc recipes show de", {"demo", "demo-worn"}),
        ("natocc build --over", {"--overwrite"}),
    ],
)
def test_names_complete(words: str, expected: set[str], tmp_path: Path) -> None:
    from click.shell_completion import BashComplete

    *before, last = shlex.split(words)[1:]
    found = BashComplete(main, {}, "natocc", "_NATOCC_COMPLETE").get_completions(before, last)
    assert {item.value for item in found} == expected


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_no_color(no_color: str, coloured: bool) -> None:
    """https://no-color.org: on a terminal too."""
    if not no_color and int(version("rich").partition(".")[0]) < 14:
        pytest.skip("Rich 13 takes an empty NO_COLOR for a set one")
    code = "from natocc.cli.progress import progress_bar\nwith progress_bar() as tell:\n    tell('making', 1, 2)\n"
    env = {**os.environ, "TERM": "xterm-256color", "NO_COLOR": no_color}
    env.pop("CI", None)
    parent, child = pty.openpty()
    subprocess.run([sys.executable, "-c", code], stderr=child, env=env, check=True, timeout=60)
    os.close(child)
    shown = os.read(parent, 100_000).decode()
    os.close(parent)
    assert "making" in shown
    assert bool(re.search(r"\x1b\[[0-9;]*3[0-9][0-9;]*m", shown)) == coloured
