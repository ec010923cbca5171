"""Is ``dataset.json`` what natocc wrote, and where not, what did it say? The manifest carries a copy."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from natocc.core.errors import BadDataError, UsageError
from natocc.dataset.description import DatasetDescription, read_dataset
from natocc.dataset.findings import Finding, Kind
from natocc.dataset.layout import Layout, dataset_file
from natocc.dataset.manifest import read_manifest_head
from natocc.io.images import read_bytes, sha256


@dataclasses.dataclass(frozen=True)
class OpenedDataset:
    """A dataset that lies in a folder.

    Parameters
    ----------
    layout : Layout
        Where everything lies.
    description : DatasetDescription
        ``dataset.json``, or what the manifest's copy gives of it.
    trusted : bool
        Whether it is what natocc wrote; without that nothing may be made again from its recipe.
    finding : Finding, optional
        What is wrong with the file.
    """

    layout: Layout
    description: DatasetDescription
    trusted: bool
    finding: Finding | None


def open_dataset(root: Path, shown: str | None = None) -> OpenedDataset:
    """Read and judge ``dataset.json``; where it is damaged, fall back on the copy in the manifest.

    Parameters
    ----------
    root : Path
        The dataset's folder.
    shown : str, optional
        How messages name it; `root` unless given.

    Raises
    ------
    UsageError
        If neither says what the dataset is.
    """
    shown = shown or str(root)
    try:
        written = read_dataset(root, shown)
    except UsageError as error:
        copy = _copy(root)
        if copy is None:
            raise
        return _opened(root, shown, copy, "none" if not dataset_file(root).exists() else str(error), trusted=True)
    why = _doubt(root, written)
    copy = None if why is None else _copy(root)
    return _opened(root, shown, copy or written, why, trusted=why is None or copy is not None)


def _opened(root: Path, shown: str, description: DatasetDescription, why: str | None, trusted: bool) -> OpenedDataset:
    finding = None if why is None else Finding(Kind.DATASET, "dataset.json", "the file that natocc wrote", why)
    return OpenedDataset(Layout(root, description.shard_size, shown), description, trusted, finding)


def _doubt(root: Path, description: DatasetDescription) -> str | None:
    """Why a dataset.json that can be read is not what natocc wrote; None where it is."""
    digest = _sha256(description.recipe)
    if description.recipe_sha256 != digest:
        return f"a recipe with sha256 {digest}, where recipe_sha256 says {description.recipe_sha256}"
    if description.status == "building":
        return None  # still to be sealed
    try:
        as_written = read_bytes(dataset_file(root)) == description.to_bytes()
    except BadDataError as error:
        return error.detail
    if not as_written:
        return "other bytes than its last key, sha256, confirms"
    return "no sha256 of the card" if description.is_complete and description.files is None else None


def _copy(root: Path) -> DatasetDescription | None:
    """The description of a complete dataset as its manifest has it."""
    try:
        head = read_manifest_head(root)
        copy = DatasetDescription.from_json({**head.description, "status": "complete", "samples": head.rows})
    except (UsageError, ValueError):
        return None
    return copy if copy.recipe_sha256 == _sha256(copy.recipe) else None


def _sha256(recipe: Mapping[str, Any]) -> str:
    return sha256(json.dumps(recipe, sort_keys=True).encode())
