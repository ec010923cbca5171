"""A first recipe, commented, for the data below a data root."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jinja2 import Environment

from natocc.core.errors import UsageError
from natocc.core.text import plain
from natocc.io.paths import own_folder
from natocc.recipe.discover import folders, sources

_FACES = ("celebamask", "labelled", "folder", "portraits")  # the better masks first
_SETS = ("hands", "coco", "cutouts", "shapes")
_DISTINCT = ("coco", "hands")
"""Occluders whose layout is like no other. Any pictures can be cutouts or textures, so elsewhere these are only listed."""

_ALWAYS = ("portraits", "worn")
"""Sources that need no data, so that there is nothing to say of them."""

_USUAL = ("CelebAMask-HQ", "faces", "photos", "coco", "hands", "cutouts", "dtd")
"""Where sources look unless a recipe says otherwise: these folders are not tried as anything else."""


def first_recipe(data: Path, cache: Path, name: str) -> str:
    """Text of a recipe, from the template ``pipelines/starter.yaml.jinja``.

    Parameters
    ----------
    data, cache : Path
        As for a build; only the names of the files there are read.
    name : str
        Name of the recipe.

    Returns
    -------
    text : str
        YAML that validates: the faces with the best masks, and a set of every kind of occluder, as the recipe natocc
        has it. Without faces, the demo's portraits; without textures, procedural ones. Other sources stand in comments.

    Raises
    ------
    UsageError
        If there are no faces, and the packages that ship the demo's portraits are not installed.
    """
    entries = list(_entries(data, cache))
    faces = min((entry for entry in entries if entry["kind"] == "faces"), key=_rank, default=None)
    if faces is None:
        raise UsageError(
            f"no faces below {data}: say where they are with --data, or pip install 'natocc[demo]' for two portraits"
        )
    sets: dict[str, dict[str, Any]] = {}
    for entry in entries:
        if entry["kind"] == "occluders" and entry["source"] in _SETS and (not entry["root"] or entry["source"] in _DISTINCT):
            sets.setdefault(entry["source"], entry)
    used = [faces, *sets.values()]
    others = [entry for entry in entries if entry not in used and entry["source"] not in _ALWAYS]
    pipelines = own_folder("pipelines")
    environment = Environment(trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    environment.filters["quoted"] = lambda text: plain(json.dumps(text, ensure_ascii=False))
    template = environment.from_string((pipelines / "starter.yaml.jinja").read_text(encoding="utf-8"))
    schema = (pipelines / "recipe.schema.json").resolve()
    return template.render(schema=schema, data=str(data), name=name, faces=faces, sets=sets, others=others)


def _entries(data: Path, cache: Path) -> Iterator[dict[str, Any]]:
    """Every source that can be read, at its usual place first, then in any other folder."""
    for entry in sources(data, cache):
        if "count" in entry:
            yield {**entry, "root": None}
    for folder in folders(data, cache):
        if folder["folder"] not in _USUAL:
            for entry in folder["as"]:
                yield {**entry, "root": folder["folder"]}


def _rank(faces: dict[str, Any]) -> tuple[int, bool, int]:
    known = faces["source"] in _FACES
    return _FACES.index(faces["source"]) if known else len(_FACES), faces["root"] is not None, -faces["count"]
