"""The direction of imports: the house stands on it."""

from __future__ import annotations

import ast
from pathlib import Path

import natocc

PACKAGE = Path(natocc.__file__).parent

# Lower floors first. Rooms on one floor that are wings do not know each other; those of the hall build on one another in order.
FLOORS = [
    {"described", "errors", "parts", "plain_text"},
    {"plans", "plugins", "stopping", "versions"},
    {"samples"},
    {"seeds"},
    {"options", "locations", "sizes"},
    {"codecs"},
    {"images", "splits"},
    {"faces", "occluders", "compose", "shards"},
    {"recipe_text"},
    {"recipe_edit"},
    {"recipe", "report", "exports", "tensors"},
    {"measures", "recipe_flags", "recipe_schema", "torch"},
    {"outputs"},
    {"arrays", "pipeline", "inputs"},
    {"transform", "showing", "identity", "estimate", "finding", "making", "resume", "remake", "finishing"},
    {"originals", "repair", "replay", "first_recipe", "opening", "part_sources"},
    {"workers", "merging"},
    {"sharding"},
    {"cluster"},
    {"runner"},
    {"part_build", "remote_run"},
    {"api", "cli"},
    {"__main__"},
]
FLOOR = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}


def _room(module: str) -> str:
    return module.removeprefix("natocc.").split(".")[0]


def _imports(path: Path) -> set[str]:
    """Rooms that a file imports from, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {_room(alias.name) for alias in node.names if alias.name.startswith("natocc.")}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            if node.module == "natocc":
                found |= {alias.name for alias in node.names if not alias.name.startswith("__")}
            elif node.module and node.module.startswith("natocc."):
                found.add(_room(node.module))
    return found


def _files() -> dict[Path, str]:
    return {
        path: path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        for path in PACKAGE.rglob("*.py")
        if path != PACKAGE / "__init__.py"
    }


def test_every_room_has_a_floor() -> None:
    assert set(_files().values()) == set(FLOOR)


def test_imports_go_down_only() -> None:
    upward = [
        f"{path.relative_to(PACKAGE)} imports {target}"
        for path, room in _files().items()
        for target in _imports(path)
        if target != room and FLOOR[target] >= FLOOR[room]
    ]
    assert not upward


def test_nobody_but_seeds_makes_a_generator() -> None:
    makers = ("default_rng", "RandomState", "np.random.seed", "PCG64", "import random")
    guilty = [
        f"{path.relative_to(PACKAGE)}: {maker}"
        for path, room in _files().items()
        for maker in makers
        if room != "seeds" and maker in path.read_text(encoding="utf-8")
    ]
    assert not guilty


def test_no_room_needs_a_scroll_bar() -> None:
    long = {str(path.relative_to(PACKAGE)): len(path.read_text(encoding="utf-8").splitlines()) for path in _files()}
    assert not {name: lines for name, lines in long.items() if lines > 350}
