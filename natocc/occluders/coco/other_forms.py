"""Files that somebody takes for COCO's: each form is recognised and named, with what to do."""

from __future__ import annotations

from collections.abc import Set
from pathlib import Path
from typing import Any

from natocc.io.files import is_file
from natocc.io.magic import describe_file

_AS_COCO = "export or convert it as COCO instances (images, annotations, categories)"
JSON_LINES = f"this is JSON Lines, a JSON value a line: {_AS_COCO}"
_VIA = f"this is the form of the VGG Image Annotator (VIA): {_AS_COCO}"

_BY_KEYS: tuple[tuple[frozenset[str], str], ...] = tuple(
    (frozenset(keys.split()), what)
    for keys, what in (
        (
            "image annotations",
            "this is the form of SA-1B, a JSON a picture, with image in place of images: join them into one instances file "
            "(images, annotations, and a category for all)",
        ),
        ("shapes imagePath", f"this is LabelMe's form, a JSON a picture: {_AS_COCO}"),
        ("_via_settings", _VIA),
        ("objects size tags", f"this is Supervisely's form, a JSON a picture: {_AS_COCO}"),
        ("imgHeight objects", f"this is Cityscapes' form, a JSON a picture: {_AS_COCO}"),
        ("type features", f"this is GeoJSON: {_AS_COCO}"),
        (
            "images info categories",
            "the images alone, as of COCO's test sets, have no objects to cut out: name an instances file",
        ),
    )
)


def form_of_keys(keys: Set[str]) -> str | None:
    """What a JSON object is by its keys, if not COCO's instances; None where that is not known."""
    if {"images", "annotations"} <= keys:
        return None
    return next((what for known, what in _BY_KEYS if known <= keys), None)


def form_of_value(value: Any) -> str | None:
    """What a JSON object is by the value of a key that COCO does not have; None where that is not known."""
    if isinstance(value, dict) and "regions" in value:
        return _VIA
    if isinstance(value, dict) and {"images", "annotations"} <= value.keys():
        return "its splits are in one file: name a file for each"
    return None


def form_of_annotation(entry: Any) -> str | None:
    """What a COCO file is by one of its annotations, if not instances; None where it may be."""
    if not isinstance(entry, dict) or "segmentation" in entry:
        return None
    if "segments_info" in entry:
        return "this is COCO's panoptic form, whose masks are in PNGs: name an instances file"
    if "caption" in entry:
        return "this is COCO's captions, which have no outlines: name an instances file"
    return None


def form_of_list(first: Any) -> str | None:
    """What a JSON list is by its first entry; None where that is not known."""
    if not isinstance(first, dict):
        return None
    if "image_id" in first:
        return f"this is a list of results, as detectors write them: {_AS_COCO}"
    if "annotations" in first and ("data" in first or "completions" in first):
        return f"this is Label Studio's own JSON: {_AS_COCO}"
    if "annotations" in first and "image" in first:
        return f"this is CreateML's form: {_AS_COCO}"
    return None


def what_is_wrong(path: Path, error: Exception) -> str:
    """Why a file cannot be read as JSON: what it is, else what the reader met."""
    if is_file(path) and path.stat().st_size == 0:
        return "it is empty (0 bytes)"
    encoding = f"it is no UTF-8, save it as such ({error})" if isinstance(error, UnicodeDecodeError) else None
    return describe_file(path) or encoding or str(error)
