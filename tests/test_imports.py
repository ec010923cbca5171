"""The direction of imports: the house stands on it."""

from __future__ import annotations

import ast
import graphlib
from collections.abc import Iterator
from pathlib import Path

import natocc

PACKAGE = Path(natocc.__file__).parent

# Lower floors first; rooms on one floor do not know each other.
FLOORS = (
    {"core"},
    {"io", "plugins"},
    {"workers"},
    {"faces", "occluders", "compose", "dataset"},
    {"recipe", "report", "exports", "augment"},
    {"pipeline", "torch", "albumentations", "evaluation"},
    {"executors"},
    {"builder"},
    {"training"},
    {"api", "cli"},
    {"__init__", "__main__"},
)
FLOOR = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}

# Within a room, folders and files that the others there stand on: nothing of the rest of the room may be imported from them.
GROUND = {
    "dataset": ("layout", "shard_ranges", "findings"),
    "faces": ("classes",),
    "occluders": ("cutting", "source"),
    "exports": ("format", "own_files", "reader", "writer"),
    "executors": ("sample_worker",),
}


def _files() -> Iterator[tuple[str, Path]]:
    """Every module by its dotted name below natocc, as it is imported: a package by its folder's name."""
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts), path


MODULES = dict(_files())


def _imports(path: Path) -> set[str]:
    """Modules of natocc that a file imports, also inside functions; what names a function's module stands for that module."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            if name == "natocc" or name.startswith("natocc."):
                below = name.removeprefix("natocc").removeprefix(".") or "__init__"
                found.add(below if below in MODULES else below.rpartition(".")[0] or "__init__")
    return found


def _room(module: str) -> str:
    return module.split(".")[0]


def test_every_room_has_a_floor() -> None:
    assert {_room(module) for module in MODULES} == set(FLOOR)


def test_imports_go_down_only() -> None:
    upward = [
        f"{module} imports {target}"
        for module, path in MODULES.items()
        for target in _imports(path)
        if _room(target) != _room(module) and FLOOR[_room(target)] >= FLOOR[_room(module)]
    ]
    assert not [each for each in upward if not each.startswith("__init__ ")]


def test_no_circle() -> None:
    """Not even inside a room, in a function, or for types alone."""
    graph = {module: _imports(path) - {module} for module, path in MODULES.items() if module != "__init__"}
    graphlib.TopologicalSorter(graph).prepare()


def test_the_ground_of_a_room_knows_nothing_of_what_stands_on_it() -> None:
    wrong = [
        f"{module} imports {target}"
        for room, ground in GROUND.items()
        for module, path in MODULES.items()
        if module.startswith(tuple(f"{room}.{name}" for name in ground))
        for target in _imports(path)
        if _room(target) == room and target != room and not target.startswith(tuple(f"{room}.{name}" for name in ground))
    ]
    assert not wrong


def test_few_modules_lie_loose() -> None:
    loose = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__", "__main__"}
    assert len(loose) <= 4, loose


def test_nobody_but_seeds_makes_a_generator() -> None:
    makers = ("default_rng", "RandomState", "np.random.seed", "PCG64", "import random")
    guilty = [
        f"{module}: {maker}"
        for module, path in MODULES.items()
        for maker in makers
        if module != "core.seeds" and maker in path.read_text(encoding="utf-8")
    ]
    assert not guilty


def test_no_room_needs_a_scroll_bar() -> None:
    long = {module: len(path.read_text(encoding="utf-8").splitlines()) for module, path in MODULES.items()}
    assert not {name: lines for name, lines in long.items() if lines > 320}
