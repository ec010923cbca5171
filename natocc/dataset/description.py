"""dataset.json: what a dataset is, and that a folder is natocc's."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from natocc.core.errors import UsageError
from natocc.core.plans import Json
from natocc.core.versions import __version__
from natocc.dataset.layout import dataset_file
from natocc.dataset.shard_ranges import parse_ranges, show_ranges
from natocc.io.atomic import encode_json, read_json, write_aside
from natocc.io.files import exists, is_dir
from natocc.io.sealed_json import seal

FORMAT = 1
"""Of the folder as a whole; a reader refuses a newer one."""

Status: TypeAlias = Literal["building", "part", "complete"]
"""``part``: some shards of a dataset, made by themselves."""


@dataclasses.dataclass(frozen=True)
class Counts:
    """Samples of a complete dataset that were made, and those that were rejected, by reason."""

    made: int
    rejected: Mapping[str, int]


@dataclasses.dataclass(frozen=True)
class DatasetDescription:
    """What ``dataset.json`` says.

    Parameters
    ----------
    recipe : mapping
        Resolved, as plain JSON.
    recipe_sha256 : str
        Of the recipe.
    versions : mapping of str to str
        Of what decides the bytes: packages, Python, the kind of machine.
    inputs : mapping
        Faces and occluders, by counts and sha256; see :func:`natocc.pipeline.fingerprint.describe`.
    labels : mapping of str to mapping
        Folder of label maps to value to name.
    status : str
        One of :data:`Status`.
    samples : int, optional
        Rejected ones too, of the whole dataset. Of one that is being built it may be a leftover; see :attr:`sample_count`.
    counts : Counts, optional
        Of a complete dataset.
    shards : tuple of int, optional
        Of a part: those that its folder holds.
    natocc : str
        The version that built it.
    """

    recipe: Mapping[str, Any]
    recipe_sha256: str
    versions: Mapping[str, str]
    inputs: Mapping[str, Any]
    labels: Mapping[str, Mapping[str, str]]
    status: Status = "building"
    samples: int | None = None
    counts: Counts | None = None
    shards: tuple[int, ...] | None = None
    natocc: str = __version__

    @property
    def name(self) -> str:
        """Of the recipe."""
        return str(self.recipe["name"])

    @property
    def shard_size(self) -> int:
        """Samples in a shard."""
        return int(self.recipe["output"]["shard_size"])

    @property
    def is_complete(self) -> bool:
        """Whether the build came to its end."""
        return self.status == "complete"

    @property
    def sample_count(self) -> int | None:
        """How many samples there are, or will be when all parts are joined; None while that is not known."""
        return None if self.status == "building" else self.samples

    def lasting(self) -> dict[str, Json]:
        """What stays the same from the first file of a build to the last, as plain JSON."""
        content = {name: getattr(self, name) for name in ("recipe", "recipe_sha256", "versions", "inputs", "labels")}
        return {"natocc": self.natocc, "format": FORMAT, **content}

    def fingerprint(self) -> dict[str, Json]:
        """What decides the bytes of a dataset, as plain JSON."""
        return {"natocc": self.natocc, "recipe": self.recipe, "versions": self.versions, "inputs": self.inputs}

    def to_json(self) -> dict[str, Json]:
        """As ``dataset.json`` has it, without the seal."""
        content: dict[str, Json] = {"natocc": self.natocc, "format": FORMAT, "status": self.status, **self.lasting()}
        if self.samples is not None:
            content["samples"] = self.samples
        if self.counts is not None:
            content["counts"] = {"made": self.counts.made, "rejected": dict(sorted(self.counts.rejected.items()))}
        if self.shards is not None:
            content["shards"] = show_ranges(self.shards)
        return content

    def to_bytes(self) -> bytes:
        """The file's bytes: the last key is the sha256 of all before it (:func:`natocc.io.sealed_json.seal`)."""
        return encode_json(seal(self.to_json()), indent=2)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> DatasetDescription:
        """Inverse of :meth:`to_json`.

        Raises
        ------
        ValueError
            For the first key that is missing or not of its kind.
        """
        _expect(value.get("status") in get_args(Status), value, "status", f"one of {', '.join(get_args(Status))}")
        _expect(isinstance(value.get("natocc"), str), value, "natocc", "a version")
        recipe = value.get("recipe")
        _expect(isinstance(recipe, dict) and isinstance(recipe.get("name"), str), value, "recipe", "a recipe with a name")
        output = value["recipe"].get("output")
        size = output.get("shard_size") if isinstance(output, dict) else None
        _expect(_is_count(size) and size != 0, value, "recipe", "a recipe with an output.shard_size in it")
        _expect(isinstance(value.get("recipe_sha256"), str), value, "recipe_sha256", "a text")
        _expect(_is_texts(value.get("versions")), value, "versions", "names and versions")
        _expect(isinstance(value.get("inputs"), dict), value, "inputs", "a mapping")
        labels = value.get("labels")
        _expect(isinstance(labels, dict) and all(map(_is_texts, labels.values())), value, "labels", "names of values, by folder")
        samples, counts, shards = (value.get(key) for key in ("samples", "counts", "shards"))
        _expect(samples is None or _is_count(samples), value, "samples", "a number")
        _expect(counts is None or _is_counts(counts), value, "counts", "made and rejected")
        _expect(shards is None or isinstance(shards, str), value, "shards", "numbers such as 0-2,7")
        return cls(
            recipe=value["recipe"],
            recipe_sha256=value["recipe_sha256"],
            versions=value["versions"],
            inputs=value["inputs"],
            labels=value["labels"],
            status=value["status"],
            samples=samples,
            counts=None if counts is None else Counts(counts["made"], counts["rejected"]),
            shards=None if shards is None else _parsed(shards),
            natocc=value["natocc"],
        )


def write_dataset(root: Path, description: DatasetDescription) -> None:
    """Write ``dataset.json`` into a folder, replacing the one before.

    Raises
    ------
    DiskError
        If writing fails (disk full, read-only, no permission).
    """
    write_aside(dataset_file(root), description.to_bytes())


def read_dataset(root: Path, shown: str | None = None) -> DatasetDescription:
    """What :func:`write_dataset` wrote.

    Parameters
    ----------
    root : Path
        The dataset's folder.
    shown : str, optional
        How messages name it; `root` unless given.

    Raises
    ------
    UsageError
        If `root` is no folder, holds no ``dataset.json``, or one that is damaged, not natocc's, or of a newer format.
    """
    shown = shown or str(root)
    if not is_dir(root):
        raise UsageError(f"no folder {shown}; expected a dataset that natocc built")
    if not exists(dataset_file(root)):
        raise UsageError(f"{shown} is not a natocc dataset: it holds no dataset.json")
    path = f"{shown}/{dataset_file(root).name}"
    content = read_json(dataset_file(root), path)
    if not isinstance(content.get("natocc"), str) or not isinstance(content.get("format"), int):
        keys = ", ".join([*map(repr, list(content)[:5]), *(["..."] if len(content) > 5 else [])])
        raise UsageError(f"{path} is not natocc's: expected the keys 'natocc' and 'format', found {keys or 'none'}")
    if content["format"] != FORMAT:
        raise UsageError(f"{path} has format {content['format']}, written by natocc {content['natocc']}; this one reads {FORMAT}")
    try:
        return DatasetDescription.from_json(content)
    except ValueError as error:
        raise UsageError(f"{path} is damaged: {error}") from None


def _expect(holds: bool, value: Mapping[str, Any], key: str, expected: str) -> None:
    if not holds:
        found = repr(value[key]) if key in value else "none"
        raise ValueError(f"expected {key} to be {expected}, found {found if len(found) <= 60 else f'{found[:57]}...'}")


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_texts(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())


def _is_counts(value: object) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("rejected"), dict):
        return False
    return all(map(_is_count, (value.get("made"), *value["rejected"].values())))


def _parsed(shards: str) -> tuple[int, ...]:
    try:
        return parse_ranges(shards) if shards else ()
    except UsageError as error:
        raise ValueError(str(error)) from None
