"""Reading a COCO ``instances`` file, every value checked, at the size of train2017 (860 000 annotations)."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from natocc.core.errors import UsageError
from natocc.core.text import plain
from natocc.occluders.coco.json_walk import JsonWalk

_REQUIRED = ("images", "annotations", "categories")


class PictureEntry(NamedTuple):
    """An entry of ``images``: where the picture is, and what else the file says of it, unchecked."""

    file_name: str
    height: Any
    width: Any
    licence: Any


class AnnotationEntry(NamedTuple):
    """An entry of ``annotations``: ids, and where it lies in the file; its outline is read when it is needed.

    Parameters
    ----------
    number : str
        Its id, or ``at-POSITION`` where it has none; the other ids are then None too.
    picture, category : int, optional
        Ids; None where they are no integers.
    offset, length : int
        Bytes of the file.
    """

    number: str
    picture: int | None
    category: int | None
    offset: int
    length: int


class Instances(NamedTuple):
    """The contents of a COCO file.

    Parameters
    ----------
    pictures : mapping of int to PictureEntry
        By id.
    categories : mapping of int to str
        Names by id.
    licences : mapping of int to str
        URL, else name, by id.
    annotations : list of AnnotationEntry
        In the order of the file.
    """

    pictures: Mapping[int, PictureEntry]
    categories: Mapping[int, str]
    licences: Mapping[int, str]
    annotations: list[AnnotationEntry]


def read_instances(path: Path) -> Instances:
    """Read a COCO file.

    It is read element by element, whatever the order of its lists.

    Raises
    ------
    UsageError
        If it is no JSON, or ``images``, ``annotations`` or ``categories`` are missing, given twice or of the wrong type, or an
        id is missing or appears twice among images, categories or annotations; names the file and the place in it.
    """
    pictures: dict[int, PictureEntry] = {}
    categories: dict[int, str] = {}
    licences: dict[int, str] = {}
    annotations: list[AnnotationEntry] = []
    numbers: set[str] = set()
    for key, where, entry, place in _entries(path):
        if key == "images":
            number = _checked_id(where, entry, "file_name", pictures)
            pictures[number] = PictureEntry(entry["file_name"], entry.get("height"), entry.get("width"), entry.get("license"))
        elif key == "categories":
            number = _checked_id(where, entry, "name", categories)
            categories[number] = plain(entry["name"])
        elif key == "annotations":
            annotation = _annotation(len(annotations), entry, place)
            if annotation.number in numbers:
                raise UsageError(f"{where}.id: {annotation.number} appears twice")
            numbers.add(annotation.number)
            annotations.append(annotation)
        elif isinstance(entry, dict) and type(entry.get("id")) is int:
            licences[entry["id"]] = plain(str(entry.get("url") or entry.get("name")))
    return Instances(pictures, categories, licences, annotations)


def _entries(path: Path) -> Iterator[tuple[str, str, Any, tuple[int, int]]]:
    """Entries of the lists that matter: the list's key, the place for messages, the entry, and its offset and length in bytes."""
    keys: set[str] = set()
    try:
        with path.open("rb") as head:
            mark = len(codecs.BOM_UTF8) if head.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8 else 0
        with path.open(encoding="utf-8-sig", newline="") as file:
            walk = JsonWalk(file, begin=mark)
            if walk.peek() not in ("{", ""):
                kind = _kind(walk.value()[0])
                raise UsageError(f"{path}: expected a JSON object with images, annotations and categories, found {kind}")
            for key in walk.members():
                if key in keys:
                    raise UsageError(f"{path}: $.{key} is given twice")
                keys.add(key)
                if key in (*_REQUIRED, "licenses") and walk.peek() == "[":
                    for entry, place in walk.elements():
                        yield key, f"{path}: {walk.where}", entry, place
                    continue
                value, _ = walk.value()
                if key in _REQUIRED:
                    raise UsageError(f"{path}: $.{key}: expected a list, found {_kind(value)}")
            if walk.peek():
                raise ValueError("more text follows")
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path}: not a readable JSON file: {error}") from None
    for key in _REQUIRED:
        if key not in keys:
            raise UsageError(f"{path}: $.{key} is missing; expected a COCO instances file")


def _checked_id(where: str, entry: Any, text_key: str, known: Mapping[int, Any]) -> int:
    """Id of an entry that has one, not yet known, and a text under `text_key`."""
    if not isinstance(entry, dict):
        raise UsageError(f"{where}: expected an object, found {_kind(entry)}")
    for name, kind in (("id", int), (text_key, str)):
        if type(entry.get(name)) is not kind:
            raise UsageError(f"{where}.{name}: expected {kind.__name__}, found {_kind(entry.get(name))}")
    number: int = entry["id"]
    if number in known:
        raise UsageError(f"{where}.id: {number} appears twice")
    return number


def _annotation(position: int, entry: Any, place: tuple[int, int]) -> AnnotationEntry:
    if not isinstance(entry, dict) or type(entry.get("id")) is not int:
        return AnnotationEntry(f"at-{position}", None, None, *place)
    return AnnotationEntry(str(entry["id"]), _id(entry.get("image_id")), _id(entry.get("category_id")), *place)


def _id(value: Any) -> int | None:
    return value if type(value) is int else None


def _kind(value: Any) -> str:
    return "nothing" if value is None else f"{type(value).__name__} {str(value)[:40]!r}"
