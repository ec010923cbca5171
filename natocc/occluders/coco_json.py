"""Reading a COCO ``instances`` file, doubting all of it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from natocc.errors import UsageError


@dataclasses.dataclass(frozen=True)
class Instances:
    """What a COCO file says.

    Parameters
    ----------
    images : mapping of int to mapping
        Entries of ``images`` by id; the other keys are as the file has them.
    categories : mapping of int to str
        Names by id.
    licences : mapping of int to str
        URL, else name, by id.
    annotations : list
        As the file has them: nothing about them is checked.
    """

    images: Mapping[int, Mapping[str, Any]]
    categories: Mapping[int, str]
    licences: Mapping[Any, str]
    annotations: list[Any]


def read_instances(path: Path) -> Instances:
    """Read a COCO file.

    Raises
    ------
    UsageError
        If it is no JSON, or ``images``, ``annotations`` or ``categories`` are missing or of the wrong type, or an id is missing
        or appears twice among images, categories or annotations; names the file and the place in it.
    """
    try:
        content = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path}: not a readable JSON file: {error}") from None
    if not isinstance(content, dict):
        raise UsageError(f"{path}: expected a JSON object with images, annotations and categories, found {_kind(content)}")
    images = _by_id(path, content, "images", "file_name")
    categories = _by_id(path, content, "categories", "name")
    annotations = _entries(path, content, "annotations")
    _check_unique(path, annotations)
    licences = content.get("licenses")
    named = [entry for entry in licences if isinstance(entry, dict)] if isinstance(licences, list) else []
    return Instances(
        images,
        {id_: entry["name"] for id_, entry in categories.items()},
        {entry["id"]: str(entry.get("url") or entry.get("name")) for entry in named if type(entry.get("id")) is int},
        annotations,
    )


def _entries(path: Path, content: dict[str, Any], key: str) -> list[Any]:
    if key not in content:
        raise UsageError(f"{path}: $.{key} is missing; expected a COCO instances file")
    if not isinstance(content[key], list):
        raise UsageError(f"{path}: $.{key}: expected a list, found {_kind(content[key])}")
    return content[key]  # type: ignore[no-any-return]


def _by_id(path: Path, content: dict[str, Any], key: str, text_key: str) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for position, entry in enumerate(_entries(path, content, key)):
        where = f"{path}: $.{key}[{position}]"
        if not isinstance(entry, dict):
            raise UsageError(f"{where}: expected an object, found {_kind(entry)}")
        for name, kind in (("id", int), (text_key, str)):
            if type(entry.get(name)) is not kind:
                raise UsageError(f"{where}.{name}: expected {kind.__name__}, found {_kind(entry.get(name))}")
        if entry["id"] in found:
            raise UsageError(f"{where}.id: {entry['id']} appears twice")
        found[entry["id"]] = entry
    return found


def _check_unique(path: Path, annotations: list[Any]) -> None:
    seen: set[int] = set()
    for position, entry in enumerate(annotations):
        if isinstance(entry, dict) and type(entry.get("id")) is int:
            if entry["id"] in seen:
                raise UsageError(f"{path}: $.annotations[{position}].id: {entry['id']} appears twice")
            seen.add(entry["id"])


def _kind(value: Any) -> str:
    return "nothing" if value is None else f"{type(value).__name__} {str(value)[:40]!r}"
