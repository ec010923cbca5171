"""The README: its reference is what the code says, its shell examples run."""

from __future__ import annotations

import dataclasses
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

import natocc
from natocc.cli import main

sys.path.insert(0, str(Path(__file__).parent))
from reference import README, commands, recipe, updated  # beside this file, and not installed

TEXT = README.read_text(encoding="utf-8")
NEEDS_DATA = "<!-- needs data -->"


@dataclasses.dataclass(frozen=True)
class Example:
    """Lines of a block of code, and whether they need data that a test does not have."""

    language: str
    lines: tuple[str, ...]
    needs_data: bool

    @property
    def commands(self) -> tuple[str, ...]:
        """What is typed: lines after a ``$ ``, or all where there is none; without comments, continued lines joined."""
        prompted = [line.removeprefix("$ ") for line in self.lines if line.startswith("$ ")]
        whole = "\n".join(prompted or self.lines).replace("\\\n", " ")
        return tuple(line.strip() for line in re.sub(r"(^|\s)#.*$", "", whole, flags=re.M).splitlines() if line.strip())


def _examples(text: str) -> Iterator[Example]:
    """Fenced blocks, and indented ones that are commands; in the order in which they stand."""
    fenced = r"(?P<mark><!-- needs data -->\n+)?^```(?P<language>\w+)\n(?P<fenced>(?s:.*?))^```$"
    indented = r"(?P<mark2><!-- needs data -->\n+)?(?P<indented>(?:^    (?:\$ |natocc ).*\n)(?:^    .*\n)*)"
    for found in re.finditer(f"{fenced}|{indented}", text, re.M):
        if found["fenced"] is not None:
            yield Example(found["language"], tuple(found["fenced"].splitlines()), found["mark"] is not None)
        else:
            lines = tuple(line[4:] for line in found["indented"].splitlines())
            yield Example("sh", lines, found["mark2"] is not None)


EXAMPLES = list(_examples(TEXT))
SHELL = [(example, line) for example in EXAMPLES if example.language in ("sh", "bash", "shell") for line in example.commands]


def test_the_reference_is_current() -> None:
    """If this fails: make reference."""
    assert updated(TEXT) == TEXT


def test_the_reference_knows_every_command_and_part() -> None:
    assert all(f"`natocc {name}`" in commands() for name in main.commands)
    for word in ("celebamask", "hands", "mix", "`sets.placement.coverage`", "`max_rejected`", "`transfer`"):
        assert word in recipe()


def test_a_marker_that_is_missing_is_told() -> None:
    with pytest.raises(ValueError, match="expected <!-- commands --> and <!-- /commands --> once each"):
        updated("nothing")


def test_examples_are_found() -> None:
    marked = f"{NEEDS_DATA}\n\n    natocc build x \\\n      -n 2   # two\n"
    text = f"a\n\n{marked}\n```bash\nnatocc doctor\n```\n\n    $ make test\n    output\n"
    found = list(_examples(text))
    assert [example.commands for example in found] == [("natocc build x    -n 2",), ("natocc doctor",), ("make test",)]
    assert [example.needs_data for example in found] == [True, False, False]
    assert len(SHELL) > 3


@pytest.mark.parametrize("line", [line for example, line in SHELL if example.needs_data or line.startswith("make ")])
def test_examples_that_need_data_are_understood(line: str) -> None:
    """Options and names that were renamed are found; make's targets exist."""
    program, *arguments = shlex.split(re.split(r" (?:>|&&|\|) ", line)[0])
    if program == "natocc":
        done = CliRunner().invoke(main, [*arguments, "--help"])
        assert done.exit_code == 0, done.output
    elif program == "make":
        makefile = (README.parent / "Makefile").read_text()
        assert all(re.search(f"^{word}:", makefile, re.M) for word in arguments if "=" not in word)


@pytest.mark.slow
def test_the_other_examples_run(tmp_path: Path) -> None:
    """In order, in one folder, as somebody would who follows the README: after ``make dataset``."""
    path = str(Path(natocc.__file__).parent.parent)
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "natocc"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m natocc "$@"\n')
    command.chmod(0o755)
    env = {**os.environ, "PYTHONPATH": path, "PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}"}
    lines = [line for example, line in SHELL if not example.needs_data and not line.startswith("make ")]
    for line in ["natocc build demo -n 8 -j 2", *lines]:
        done = subprocess.run(line, shell=True, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, f"{line}: {done.stderr}"
    for example in EXAMPLES:
        if example.language == "python" and not example.needs_data:
            told = [sys.executable, "-c", "\n".join(example.lines)]
            done = subprocess.run(told, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300)
            assert done.returncode == 0, done.stderr
