"""What an export says of a sample beside its pictures: the same in JSON, Parquet and what ``datasets`` calls features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from natocc.core.plans import Json
from natocc.exports.reader import SourceSample

_VALUES: Mapping[str, str] = {
    "index": "int64",
    "split": "string",
    "set": "string",
    "method": "string",
    "face": "string",
    "variant": "int64",
    "identity": "string",
    "occlusion_ratio": "float64",
    "width": "int64",
    "height": "int64",
    "source": "string",
    "licence": "string",
}
_LISTS: Mapping[str, str] = {
    "box": "int64",
    "categories": "string",
    "occluder_sources": "string",
    "occluder_licences": "string",
    "landmarks_hidden": "bool",
}
DESCRIBED: Mapping[str, str] = {
    "source": "dataset of the face's picture",
    "licence": "of the face's picture",
    "occlusion_ratio": "share of the face that is covered",
    "box": "of the whole face: left, top, width, height, px",
    "categories": "of the occluders, the one in front last",
    "occluder_sources": "dataset of each occluder's picture",
    "occluder_licences": "of each occluder's picture",
    "landmarks": "x and y of each, px; none where the face has none",
    "landmarks_hidden": "whether something covers each landmark",
}
"""Columns that need words, and those words."""


def described(sample: SourceSample) -> dict[str, Json]:
    """What most training scripts want to know about a sample, as plain JSON."""
    row = sample.row
    occluders, landmarks = row["occluders"] or (), row["landmarks"] or ()
    box = [row[f"face_{side}"] for side in ("left", "top", "width", "height")]
    own: dict[str, Json] = {
        "split": sample.split,
        "source": row["face_dataset"],
        "licence": row["face_licence"],
        "box": None if None in box else box,
        "categories": list(sample.categories),
        "occluder_sources": [occluder["dataset"] for occluder in occluders],
        "occluder_licences": [occluder["licence"] for occluder in occluders],
        "landmarks": [[landmark["x"], landmark["y"]] for landmark in landmarks],
        "landmarks_hidden": [landmark["hidden"] for landmark in landmarks],
    }
    return {**{name: row[name] for name in _VALUES if name not in own}, **own}


def arrow_fields() -> list[tuple[str, Any]]:
    """Columns and their types, as ``pyarrow.schema`` takes them."""
    import pyarrow

    values = [(name, pyarrow.type_for_alias(kind)) for name, kind in _VALUES.items()]
    lists = [(name, pyarrow.list_(pyarrow.type_for_alias(kind))) for name, kind in _LISTS.items()]
    return [*values, *lists, ("landmarks", pyarrow.list_(pyarrow.list_(pyarrow.float64())))]


def features() -> dict[str, Json]:
    """Columns as ``datasets`` has them in the metadata of Parquet files."""
    values: dict[str, Json] = {name: {"dtype": kind, "_type": "Value"} for name, kind in _VALUES.items()}
    lists: dict[str, Json] = {name: _list_of({"dtype": kind, "_type": "Value"}) for name, kind in _LISTS.items()}
    return {**values, **lists, "landmarks": _list_of(_list_of({"dtype": "float64", "_type": "Value"}))}


def _list_of(feature: Json) -> Json:
    return {"feature": feature, "_type": "List"}
