"""Croissant 1.0: what a dataset on the Hub holds, for tools that do not know it [1]_.

.. [1] M. Akhtar et al., "Croissant: A Metadata Format for ML-Ready Datasets", DEEM 2024; mlcommons.org/croissant/1.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from natocc.core.plans import Json
from natocc.core.text import plain
from natocc.exports.described import DESCRIBED, features
from natocc.exports.reader import SourceDataset

_TERMS = (
    "citeAs", "column", "extract", "field", "fileProperty", "fileObject", "fileSet", "format", "includes", "isLiveDataset",
    "jsonPath", "key", "md5", "parentField", "path", "recordSet", "references", "regex", "repeated", "replace", "separator",
    "source", "subField", "transform",
)  # fmt: skip
_CONTEXT: Mapping[str, Json] = {
    **{name: f"cr:{name}" for name in _TERMS},
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "sc": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "samplingRate": "cr:samplingRate",
}
_TYPES = {"int64": "sc:Integer", "float64": "sc:Float", "bool": "sc:Boolean", "string": "sc:Text"}
_CITATION = (
    "@inproceedings{voo2022delving, title={Delving into High-Quality Synthetic Face Occlusion Segmentation Datasets}, "
    "author={Voo, Kenny T. R. and Jiang, Liming and Loy, Chen Change}, booktitle={CVPR Workshops}, year={2022}}"
)


def croissant(dataset: SourceDataset, columns: Mapping[str, str], style: str) -> dict[str, Json]:
    """The description, as plain JSON.

    Parameters
    ----------
    dataset : SourceDataset
        What is exported.
    columns : mapping of str to str
        Columns of pictures, and their folders.
    style : str
        ``parquet``, pictures are in the rows; or ``imagefolder``, their paths are.
    """
    parquet = style == "parquet"
    rows: dict[str, Json] = {"@type": "cr:FileSet", "@id": "rows", "name": "rows"}
    rows["encodingFormat"] = "application/x-parquet"
    rows["includes"] = "data/*.parquet" if parquet else "data/*/metadata.parquet"
    fields = [_picture(column, folder, parquet) for column, folder in columns.items()]
    fields += [_field(name, feature) for name, feature in features().items()]
    return {
        "@context": dict(_CONTEXT),
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": plain(dataset.name),
        "description": "Faces under synthetic occlusion, with exact masks.",
        "license": "other: column licence has that of each face, occluder_licences those of its occluders",
        "citeAs": _CITATION,
        "version": "1.0.0",
        "distribution": [rows],
        "recordSet": [{"@type": "cr:RecordSet", "@id": "samples", "name": "samples", "field": fields}],
    }


def path_column(column: str) -> str:
    """What ``datasets`` calls the column of paths that becomes a column of pictures."""
    return "file_name" if column == "image" else f"{column}_file_name"


def _picture(column: str, folder: str, parquet: bool) -> dict[str, Json]:
    what = f"{folder}/ of the dataset"
    if parquet:
        found: dict[str, Json] = {"extract": {"column": column}, "transform": {"jsonPath": "bytes"}}
        return _named(column, what, "sc:ImageObject", found)
    name = path_column(column)
    return _named(name, f"{what}; path from where metadata.parquet lies", "sc:Text", {"extract": {"column": name}})


def _field(name: str, feature: Any) -> dict[str, Json]:
    depth = 0
    while feature["_type"] == "List":
        depth, feature = depth + 1, feature["feature"]
    field = _named(name, DESCRIBED.get(name, name), _TYPES[feature["dtype"]], {"extract": {"column": name}})
    return {**field, "repeated": True} if depth else field


def _named(name: str, what: str, kind: str, found: Mapping[str, Json]) -> dict[str, Json]:
    source: dict[str, Json] = {"fileSet": {"@id": "rows"}, **found}
    return {"@type": "cr:Field", "@id": f"samples/{name}", "name": name, "description": what, "dataType": kind, "source": source}
