"""Reading a COCO ``instances`` file, every value checked, at the size of train2017 (860 000 annotations)."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from natocc.core.errors import UsageError
from natocc.core.text import plain
from natocc.io.files import open_file, open_text
from natocc.occluders.coco.json_walk import JsonWalk
from natocc.occluders.coco.names import name_of_url
from natocc.occluders.coco.other_forms import (
    JSON_LINES,
    form_of_annotation,
    form_of_keys,
    form_of_list,
    form_of_value,
    what_is_wrong,
)
from natocc.occluders.coco.scalars import Id, flag, id_of

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
    picture, category : int or str, optional
        Ids; None where they are none.
    offset, length : int
        Bytes of the file.
    """

    number: str
    picture: Id | None
    category: Id | None
    offset: int
    length: int


class Instances(NamedTuple):
    """The contents of a COCO file.

    Parameters
    ----------
    pictures : mapping of int or str to PictureEntry
        By id.
    categories : mapping of int or str to str
        Names by id.
    licences : mapping of int or str to str
        URL, else name, by id.
    annotations : list of AnnotationEntry
        In the order of the file.
    painted : bool
        Whether the objects were painted with a brush: those in run lengths are all marked as crowds, and no other has an outline
        and no such mark. The mark then only says that they are run lengths.
    """

    pictures: Mapping[Id, PictureEntry]
    categories: Mapping[Id, str]
    licences: Mapping[Id, str]
    annotations: list[AnnotationEntry]
    painted: bool


def read_instances(path: Path) -> Instances:
    """Read a COCO file.

    It is read element by element, whatever the order of its lists.

    Raises
    ------
    UsageError
        If it is no JSON, or ``images``, ``annotations`` or ``categories`` are missing, given twice or of the wrong type, or an
        id is missing or appears twice among images, categories or annotations; names the file and the place in it, and the
        other form that it may be in.
    """
    pictures: dict[Id, PictureEntry] = {}
    categories: dict[Id, str] = {}
    licences: dict[Id, str] = {}
    annotations: list[AnnotationEntry] = []
    kinds: set[tuple[bool, bool | None]] = set()  # of outlines: whether in run lengths, and whether marked as a crowd
    numbers: set[str] = set()
    for key, where, entry, place in _entries(path):
        if key == "images":
            number = _checked_id(where, entry, pictures)
            name = _picture_name(where, entry)
            pictures[number] = PictureEntry(name, entry.get("height"), entry.get("width"), entry.get("license"))
        elif key == "categories":
            number = _checked_id(where, entry, categories)
            categories[number] = plain(_text(where, entry, "name"))
        elif key == "annotations":
            annotation = _annotation(len(annotations), entry, place)
            if annotation.number in numbers:
                raise UsageError(f"{where}.id: {annotation.number} appears twice")
            numbers.add(annotation.number)
            annotations.append(annotation)
            if isinstance(entry, dict) and (outline := entry.get("segmentation")):
                kinds.add((isinstance(outline, dict), flag(entry.get("iscrowd"))))
        elif isinstance(entry, dict) and (licence := id_of(entry.get("id"))) is not None:
            licences[licence] = plain(str(entry.get("url") or entry.get("name")))
    painted = (True, True) in kinds and all(marked for _, marked in kinds)
    return Instances(pictures, categories, licences, annotations, painted)


def _entries(path: Path) -> Iterator[tuple[str, str, Any, tuple[int, int]]]:
    """Entries of the lists that matter: the list's key, the place for messages, the entry, and its offset and length in bytes."""
    keys: set[str] = set()
    other_form: str | None = None
    try:
        with open_file(path) as head:
            mark = len(codecs.BOM_UTF8) if head.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8 else 0
        with open_text(path) as file:
            walk = JsonWalk(file, begin=mark)
            if walk.peek() not in ("{", ""):
                raise _other_value(path, walk)
            for key in walk.members():
                if key in keys:
                    raise UsageError(f"{path}: $.{key} is given twice")
                keys.add(key)
                if key in (*_REQUIRED, "licenses") and walk.peek() == "[":
                    for entry, place in walk.elements():
                        if key == "annotations" and (form := form_of_annotation(entry)):
                            raise UsageError(f"{path}: {walk.where}: {form}")
                        yield key, f"{path}: {walk.where}", entry, place
                    continue
                value, _ = walk.value()
                other_form = other_form or form_of_value(value)
                if key in _REQUIRED and not form_of_keys(keys):
                    raise UsageError(f"{path}: $.{key}: expected a list, found {_kind(value)}")
            if walk.peek():
                raise ValueError(JSON_LINES if walk.peek() == "{" else "more text follows")
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path}: not a readable JSON file: {what_is_wrong(path, error)}") from None
    for key in _REQUIRED:
        if key not in keys:
            form = form_of_keys(keys) or other_form or "expected a COCO instances file"
            raise UsageError(f"{path}: $.{key} is missing; {form}")


def _other_value(path: Path, walk: JsonWalk) -> UsageError:
    """What is wrong with a file that holds a list, or a single value."""
    first = next((entry for entry, _ in walk.elements()), None) if walk.peek() == "[" else walk.value()[0]
    form = form_of_list(first) if first is not None else None
    if form is None:
        form = f"expected a JSON object with images, annotations and categories, found {_kind(first)}"
    return UsageError(f"{path}: {form}")


def _checked_id(where: str, entry: Any, known: Mapping[Id, Any]) -> Id:
    """Id of an entry that has one, not yet known."""
    if not isinstance(entry, dict):
        raise UsageError(f"{where}: expected an object, found {_kind(entry)}")
    number = id_of(entry.get("id"))
    if number is None:
        raise UsageError(f"{where}.id: expected int or str, found {_kind(entry.get('id'))}")
    if number in known:
        raise UsageError(f"{where}.id: {number} appears twice")
    return number


def _text(where: str, entry: Mapping[str, Any], key: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str):
        raise UsageError(f"{where}.{key}: expected str, found {_kind(value)}")
    return value


def _picture_name(where: str, entry: Mapping[str, Any]) -> str:
    """Name of a picture's file, or the end of the address that it has in place of one, as in LVIS."""
    if entry.get("file_name") is None:
        for key in ("coco_url", "flickr_url"):
            if isinstance(entry.get(key), str):
                return name_of_url(entry[key])
    return _text(where, entry, "file_name")


def _annotation(position: int, entry: Any, place: tuple[int, int]) -> AnnotationEntry:
    number = id_of(entry.get("id")) if isinstance(entry, dict) else None
    if number is None:
        return AnnotationEntry(f"at-{position}", None, None, *place)
    return AnnotationEntry(str(number), id_of(entry.get("image_id")), id_of(entry.get("category_id")), *place)


def _kind(value: Any) -> str:
    return "nothing" if value is None else f"{type(value).__name__} {str(value)[:40]!r}"
