"""Is ``dataset.json`` what natocc wrote, and where not, what did it say? The manifest carries a copy."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path

from natocc.core.errors import BadDataError, UsageError
from natocc.core.plans import Json
from natocc.dataset.description import read_dataset
from natocc.dataset.findings import Finding, Kind
from natocc.dataset.layout import Layout, dataset_file
from natocc.dataset.manifest import read_manifest_head
from natocc.dataset.shard_ranges import parse_ranges
from natocc.io.atomic import encode_json, write_aside
from natocc.io.images import read_bytes, sha256
from natocc.io.sealed_json import seal


@dataclasses.dataclass(frozen=True)
class Description:
    """What a dataset is.

    Parameters
    ----------
    content : mapping
        ``dataset.json``, or what the manifest's copy gives of it.
    trusted : bool
        Whether it is what natocc wrote; without that nothing may be made again from its recipe.
    finding : Finding, optional
        What is wrong with the file.
    """

    content: Mapping[str, Json]
    trusted: bool
    finding: Finding | None

    @property
    def complete(self) -> bool:
        """Whether the build came to its end."""
        return bool(self.content["status"] == "complete")

    @property
    def samples(self) -> int | None:
        """How many samples there are, or will be when all parts are joined; not known while it is built."""
        samples = self.content.get("samples")
        return samples if self.content["status"] != "building" and isinstance(samples, int) else None

    @property
    def part(self) -> tuple[int, ...] | None:
        """Which shards a part holds; None for what is no part."""
        if self.content["status"] != "part":
            return None
        try:
            return parse_ranges(str(self.content["shards"])) if self.content.get("shards") else ()
        except UsageError:
            return ()  # the seal tells that it is damaged

    def layout(self, root: Path) -> Layout:
        """Where everything lies."""
        return Layout(root, self.content["recipe"]["output"]["shard_size"])


def open_dataset(root: Path) -> Description:
    """Read and judge ``dataset.json``; where it is damaged, fall back on the copy in the manifest.

    Raises
    ------
    UsageError
        If neither says what the dataset is.
    """
    try:
        content = read_dataset(root)
    except UsageError as error:
        copy = _copy(root)
        if copy is None:
            raise
        found = "none" if not dataset_file(root).exists() else str(error)
        return Description(copy, True, _finding(found))
    why = _doubt(root, content)
    if why is None:
        return Description(content, True, None)
    copy = _copy(root)
    if copy is not None:
        return Description(copy, True, _finding(why))
    if not _usable(content):
        raise UsageError(f"{dataset_file(root)} is damaged: {why}; nothing says how the dataset lies on disk")
    return Description(content, False, _finding(why))


def write_description(root: Path, description: Description, made: int, rejected: Mapping[str, int]) -> None:
    """Write ``dataset.json`` of a complete dataset again.

    Raises
    ------
    RunError
        If the disk refuses.
    """
    counts = {"made": made, "rejected": dict(sorted(rejected.items()))}
    content = {key: value for key, value in description.content.items() if key not in ("samples", "counts", "sha256")}
    write_aside(dataset_file(root), _encoded({**content, "samples": description.samples, "counts": counts}))


def _doubt(root: Path, content: Mapping[str, Json]) -> str | None:
    """Why a dataset.json that can be read is not what natocc wrote; None where it is."""
    if not _usable(content):
        return "no recipe with an output.shard_size in it"
    digest = sha256(json.dumps(content["recipe"], sort_keys=True).encode())
    if content.get("recipe_sha256") != digest:
        return f"a recipe with sha256 {digest}, where recipe_sha256 says {content.get('recipe_sha256')}"
    if content["status"] == "building":
        return None  # still to be sealed
    if content.get("sha256") != seal(content)["sha256"]:
        return "content that its last key, sha256, does not confirm"
    try:
        as_written = read_bytes(dataset_file(root)) == _encoded(content)
    except BadDataError as error:
        return error.detail
    return None if as_written else "the same content, written in another way"


def _encoded(content: Mapping[str, Json]) -> bytes:
    return encode_json(seal(content), indent=2)


def _usable(content: Mapping[str, Json]) -> bool:
    recipe = content.get("recipe")
    output = recipe.get("output") if isinstance(recipe, dict) else None
    size = output.get("shard_size") if isinstance(output, dict) else None
    return isinstance(size, int) and not isinstance(size, bool) and size >= 1


def _copy(root: Path) -> dict[str, Json] | None:
    """The description of a complete dataset as its manifest has it."""
    try:
        head = read_manifest_head(root)
    except UsageError:
        return None
    content = dict(head.description)
    if not _usable(content) or content.get("recipe_sha256") != sha256(json.dumps(content["recipe"], sort_keys=True).encode()):
        return None
    first: dict[str, Json] = {key: content.pop(key) for key in ("natocc", "format") if key in content}
    return {**first, "status": "complete", **content, "samples": head.rows}


def _finding(found: str) -> Finding:
    return Finding(Kind.DATASET, "dataset.json", "the file that natocc wrote", found)
