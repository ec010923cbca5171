"""The READMEs: generated parts are what the code says, links lead somewhere, recipes are valid, examples run."""

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
from needed import need

import natocc
from natocc.cli import main
from natocc.recipe.model import validate_recipe
from natocc.recipe.schema import recipe_schema
from natocc.recipe.text import parse_recipe

sys.path.insert(0, str(Path(__file__).parent))
from reference import GENERATED, ROOT, commands, exports, files, keys, updated  # beside this file, and not installed

READMES = (
    "README.md",
    "pipelines/README.md",
    "pipelines/benchmarks/README.md",
    "natocc/README.md",
    "tests/README.md",
    "tests/bench/README.md",
)
TEXTS = {name: (ROOT / name).read_text(encoding="utf-8") for name in READMES}
NEEDS_DATA = "<!-- needs data -->"
MOST_BYTES = 14_000


@dataclasses.dataclass(frozen=True)
class Example:
    """Lines of a block of code, and whether they need data that a test does not have."""

    language: str
    lines: tuple[str, ...]
    needs_data: bool

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(self.lines)

    @property
    def commands(self) -> tuple[str, ...]:
        """What is typed: lines after a ``$ ``, or all where there is none; without comments, continued lines joined."""
        prompted = [line.removeprefix("$ ") for line in self.lines if line.startswith("$ ")]
        whole = "\n".join(prompted or self.lines).replace("\\\n", " ")
        return tuple(line.strip() for line in re.sub(r"(^|\s)#.*$", "", whole, flags=re.M).splitlines() if line.strip())


def _examples(text: str) -> Iterator[Example]:
    """Fenced blocks, and indented ones that are commands; in the order in which they stand."""
    fenced = r"(?P<mark><!-- needs data -->\n+)?^```(?P<language>\w+)\n(?P<fenced>(?s:.*?))^```$"
    indented = r"(?P<mark2><!-- needs data -->\n+)?(?P<indented>(?:^    (?:\$ |natocc |make ).*\n)(?:^    .*\n|\n(?=    ))*)"
    for match in re.finditer(f"{fenced}|{indented}", text, re.M):
        if match["fenced"] is not None:
            yield Example(match["language"], tuple(match["fenced"].splitlines()), match["mark"] is not None)
        else:
            lines = tuple(line[4:] for line in match["indented"].splitlines())
            yield Example("sh", lines, match["mark2"] is not None)


EXAMPLES = [example for text in TEXTS.values() for example in _examples(text)]
SHELL = [(example, line) for example in EXAMPLES if example.language == "sh" for line in example.commands]


@pytest.mark.parametrize("name", GENERATED)
def test_the_generated_parts_are_current(name: str) -> None:
    """If this fails: make reference."""
    assert updated(name, TEXTS[name]) == TEXTS[name]


def test_the_reference_knows_every_command_part_and_file() -> None:
    assert all(f"`natocc {name}`" in commands() for name in main.commands)
    for word in ("celebamask", "hands", "mix", "`sets.placement.coverage`", "`max_rejected`", "`transfer`"):
        assert word in keys()
    assert "`segmentation`" in exports()
    assert "(compose/pose.py)" in files()


def test_every_part_of_a_recipe_is_described_once() -> None:
    titles = re.findall(r"^\*\*(`.*?`)", keys(), re.M)
    assert len(titles) == len(set(titles))
    properties = [model["properties"] for model in recipe_schema(plugins=False)["$defs"].values()]
    assert {name for fields in properties for name in fields} <= set(re.findall(r"`(\w+)`", keys())) | {"source", "method"}


def test_a_marker_that_is_missing_is_an_error() -> None:
    with pytest.raises(ValueError, match="expected <!-- commands --> and <!-- /commands --> once each"):
        updated("README.md", "nothing")


def test_the_first_readme_is_short() -> None:
    assert len(TEXTS["README.md"].encode()) <= MOST_BYTES


@pytest.mark.parametrize("name", READMES)
def test_links_lead_to_files_and_headings(name: str) -> None:
    """Relative ones; so a file that is moved is moved in the READMEs, too."""
    wrong = []
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", TEXTS[name], flags=re.S)):
        path, _, heading = target.partition("#")
        file = (ROOT / name).parent / path if path else ROOT / name
        if "://" in target or not file.exists() or (heading and heading not in _anchors(file)):
            wrong.append(target)
    assert not wrong


def _anchors(file: Path) -> set[str]:
    """What hosting sites call the headings of a file."""
    headings = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_examples_are_found() -> None:
    marked = f"{NEEDS_DATA}\n\n    natocc build x \\\n      -n 2   # two\n"
    text = f"a\n\n{marked}\n```bash\nnatocc doctor\n```\n\n    $ make test\n    output\n\n    $ make check\n"
    examples = list(_examples(text))
    assert [example.commands for example in examples] == [
        ("natocc build x    -n 2",),
        ("natocc doctor",),
        ("make test", "make check"),
    ]
    assert [example.needs_data for example in examples] == [True, False, False]
    assert len(SHELL) > 20


@pytest.mark.parametrize("line", dict.fromkeys(line for _, line in SHELL))
def test_commands_are_understood(line: str) -> None:
    """Options and names that were renamed are noticed; make's targets exist."""
    program, *arguments = shlex.split(re.split(r" (?:>|&&|\|) ", line)[0])
    if program == "natocc":
        done = CliRunner().invoke(main, [*arguments, "--help"])
        assert done.exit_code == 0, done.output
    else:
        assert program == "make"
        makefile = (ROOT / "Makefile").read_text()
        assert all(re.search(f"^{word}:", makefile, re.M) for word in arguments if "=" not in word)


RECIPES = [example.text for example in EXAMPLES if example.language == "yaml"]


@pytest.mark.parametrize("text", RECIPES)
def test_recipes_are_valid(text: str) -> None:
    validate_recipe(parse_recipe(text, "README"), "README")
    need("jsonschema")
    import jsonschema

    jsonschema.Draft202012Validator(recipe_schema()).validate(parse_recipe(text, "README"))


@pytest.mark.slow
def test_the_other_examples_run(tmp_path: Path) -> None:
    """In order, in one folder that is empty at first, as somebody would who follows the READMEs."""
    path = str(Path(natocc.__file__).parent.parent)
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "natocc"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m natocc "$@"\n')
    command.chmod(0o755)
    env = {**os.environ, "PYTHONPATH": path, "PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}"}
    for line in [line for example, line in SHELL if not example.needs_data and not line.startswith("make ")]:
        done = subprocess.run(line, shell=True, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, f"{line}: {done.stderr}"
    for example in EXAMPLES:
        if example.language == "python" and not example.needs_data:
            code = [sys.executable, "-c", example.text]
            done = subprocess.run(code, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300)
            assert done.returncode == 0, done.stderr
