"""A first recipe, commented, for the data that lie below a data root."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from natocc.io.paths import own_folder
from natocc.recipe.discover import folders, sources

_FACES = ("celebamask", "labelled", "folder", "portraits")  # the better masks first
_SETS = {
    "hands": ("hands", "", "    colour: {transfer: sot}  # none, reinhard, histogram, sot: hands take on the skin's colours\n"),
    "coco": ("objects", "", "    colour: {shift: [0, 0.3]}  # towards the picture's white point and exposure\n"),
    "cutouts": ("cutouts", "", ""),
    "shapes": ("shapes", "    method: randocc\n", "    samples_per_face: 0.5  # of every second face\n"),
}
"""Occluders to the name of their set, its method, and what else is said of it."""

_TOLD_APART = ("coco", "hands")
"""Occluders whose layout is like no other."""

_USUAL = ("CelebAMask-HQ", "faces", "photos", "coco", "hands", "cutouts", "dtd")
"""Where sources look unless a recipe says otherwise: what lies there is said to be nothing else."""

_NOTHING_FOUND = "{source: shapes, textures: {source: mix, of: [{source: noise}, {source: flat}]}}"


def first_recipe(data: Path, cache: Path, name: str) -> str:
    """Text of a recipe.

    Parameters
    ----------
    data, cache : Path
        As for a build; what lies there is looked at by name only.
    name : str
        Of the recipe.

    Returns
    -------
    text : str
        YAML that validates: the faces with the best masks, and a set of every kind of occluder that there is. Where there are no
        faces, the demo's portraits; where there are no occluders, shapes with made textures. What else was found stands beside
        in comments.
    """
    found = list(_found(data, cache))
    faces = sorted((each for each in found if each["kind"] == "faces"), key=_rank)
    sets: dict[str, dict[str, Any]] = {}
    for each in found:
        # Any pictures can be cutouts or textures: elsewhere than where they are looked for, that is only said.
        if each["kind"] == "occluders" and each["source"] in _SETS and (each["root"] is None or each["source"] in _TOLD_APART):
            sets.setdefault(each["source"], each)
    used = [*faces[:1], *sets.values()]
    others = [each for each in found if each not in used and each["source"] != "portraits"]
    schema = own_folder("pipelines") / "recipe.schema.json"
    lines = [
        f"# yaml-language-server: $schema={schema.resolve()}",
        f"# Written by natocc init for what lies in {json.dumps(str(data))}.",
        f"name: {name}",
        "seed: 1  # of every random decision: the same seed, the same bytes",
        "faces:",
        f"  source: {faces[0]['source']}  # {_count(faces[0])}",
        *([] if faces[0]["root"] is None else [f"  root: {json.dumps(faces[0]['root'], ensure_ascii=False)}"]),
        "  # include: faces.txt  # only these: one id or file name a line",
        "  align: {method: ffhq, size: 512}  # none: pictures are aligned already, and kept as they are",
        "sets:  # each is one sample of each face unless it says otherwise",
    ]
    for kind in (kind for kind in _SETS if kind in sets):
        set_name, method, more = _SETS[kind]
        lines += [
            f"  - name: {set_name}",
            *method.splitlines(),
            f"    occluders: {{{_keys(sets[kind])}}}  # {_count(sets[kind])}",
        ]
        lines += more.splitlines()
    if not sets:
        lines += ["  - name: shapes", "    method: randocc", f"    occluders: {_NOTHING_FOUND}"]
    if others:
        lines.append("# Also found:")
        lines += [f"#   {each['kind']}: {{{_keys(each)}}}  # {_count(each)}" for each in others]
    lines += [
        "# splits: {train: 0.8, val: 0.1, test: 0.1}  # no person and no occluder's picture in two of them",
        "output:",
        "  shard_size: 1000",
        "  image: {format: jpg, quality: 95}",
        "  masks: [face]  # and amodal, occluder, matte, parts",
    ]
    return "\n".join(lines) + "\n"


def _found(data: Path, cache: Path) -> Iterator[dict[str, Any]]:
    """What can be read, at the place where it is looked for first, then in any other folder."""
    for each in sources(data, cache):
        if "count" in each:
            yield {**each, "root": None}
    for folder in folders(data, cache):
        if folder["folder"] not in _USUAL:
            for each in folder["as"]:
                yield {**each, "root": folder["folder"]}


def _rank(faces: dict[str, Any]) -> tuple[int, bool, int]:
    known = faces["source"] in _FACES
    return _FACES.index(faces["source"]) if known else len(_FACES), faces["root"] is not None, -faces["count"]


def _keys(found: dict[str, Any]) -> str:
    """Such as ``source: folder, root: "photos of us"``."""
    if found["root"] is None:
        return f"source: {found['source']}"
    root = json.dumps(found["root"], ensure_ascii=False)
    if found["source"] == "shapes":
        return f"source: shapes, textures: {{source: textures, root: {root}}}"
    return f"source: {found['source']}, root: {root}"


def _count(found: dict[str, Any]) -> str:
    return f"{found['count']} {found['what']}"
