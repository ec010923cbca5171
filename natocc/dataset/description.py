"""dataset.json: what a dataset is, and that a folder is natocc's."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeGuard, get_args

from natocc.core.addresses import has_credentials
from natocc.core.errors import UsageError
from natocc.core.nesting import is_flat
from natocc.core.plans import Json
from natocc.core.versions import __version__
from natocc.dataset.layout import CARD, CONTACT_SHEET, FOLDERS, MOST_SHARD_SIZE, NAME, PICTURES, dataset_file, shard_count
from natocc.dataset.shard_ranges import parse_ranges, show_ranges
from natocc.io.atomic import encode_json, read_json, write_aside
from natocc.io.files import exists, is_dir
from natocc.io.sealed_json import seal

FORMAT = 1
"""Of the folder as a whole; a reader refuses a newer one."""

Status: TypeAlias = Literal["building", "part", "complete"]
"""``part``: some shards of a dataset, made by themselves."""

VOUCHED = (CARD, CONTACT_SHEET)
"""The files beside the samples that ``dataset.json`` answers for, by their sha256."""

_VALUE = re.compile(r"n|between|0|[1-9][0-9]{0,4}")
_MOST = {"mattes": 2**16 - 1}  # of a folder's values; of others 255
_DEEPEST = 20  # mappings and lists within each other; natocc's recipes have 6


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
    files : mapping of str to str, optional
        Of a complete dataset: the sha256 of each of :data:`VOUCHED` that it has.
    shards : tuple of int, optional
        Of a part: those that its folder holds.
    natocc : str
        The version that built it.
    processors : tuple of str
        Those that made samples, see :func:`natocc.io.processor.processor`; sorted. Where they are unlike, a sample's bytes depend
        on which of them made it.
    """

    recipe: Mapping[str, Any]
    recipe_sha256: str
    versions: Mapping[str, str]
    inputs: Mapping[str, Any]
    labels: Mapping[str, Mapping[str, str]]
    status: Status = "building"
    samples: int | None = None
    counts: Counts | None = None
    files: Mapping[str, str] | None = None
    shards: tuple[int, ...] | None = None
    natocc: str = __version__
    processors: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Of the recipe."""
        return str(self.recipe["name"])

    @property
    def shard_size(self) -> int:
        """Samples in a shard."""
        return int(self.recipe["output"]["shard_size"])

    @property
    def image_suffix(self) -> str:
        """Of the pictures: ``.jpg`` or ``.png``."""
        return f".{self._output('image', {}).get('format', 'jpg')}"

    @property
    def masks(self) -> tuple[str, ...]:
        """The kinds of masks that the recipe asks for."""
        return tuple(self._output("masks", ()))

    @property
    def has_clean(self) -> bool:
        """Whether the picture without occluders lies beside each sample."""
        return bool(self._output("clean", False))

    @property
    def split_by(self) -> str | None:
        """Whose shares divide the faces: ``hash`` or ``owner``; None for a dataset without splits."""
        return None if self.recipe.get("splits") is None else str(self.recipe["splits"].get("faces", "hash"))

    def _output(self, key: str, usual: Any) -> Any:
        return self.recipe["output"].get(key, usual)

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
        first: dict[str, Json] = {
            "natocc": self.natocc,
            "format": FORMAT,
            "recipe": self.recipe,
            "recipe_sha256": self.recipe_sha256,
        }
        last: dict[str, Json] = {"inputs": self.inputs, "labels": self.labels}
        return {**first, "versions": self.versions, "processors": list(self.processors), **last}

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
        if self.files is not None:
            content["files"] = dict(sorted(self.files.items()))
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
        _check_recipe(value)
        _expect(isinstance(value.get("recipe_sha256"), str), value, "recipe_sha256", "a text")
        _expect(_is_texts(value.get("versions")), value, "versions", "names and versions")
        processors = value.get("processors", [])
        _expect(isinstance(processors, list) and all(isinstance(text, str) for text in processors), value, "processors", "a list")
        _expect(isinstance(value.get("inputs"), dict) and is_flat(value["inputs"], _DEEPEST), value, "inputs", "a mapping")
        _expect(_is_labels(value.get("labels")), value, "labels", "names of values, by folder")
        samples, counts, files, shards = (value.get(key) for key in ("samples", "counts", "files", "shards"))
        _expect(_is_count(samples) or (samples is None and value["status"] == "building"), value, "samples", "a number")
        _expect(counts is None or _is_counts(counts), value, "counts", "made and rejected")
        _in_shards(samples or 0, value["recipe"]["output"]["shard_size"])
        _expect(files is None or (_is_texts(files) and set(files) <= {*VOUCHED}), value, "files", f"{CARD} and {CONTACT_SHEET}")
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
            files=files,
            shards=None if shards is None else _parsed(shards),
            natocc=value["natocc"],
            processors=tuple(processors),
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
    if not isinstance(content.get("natocc"), str) or type(content.get("format")) is not int:
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


def _check_recipe(value: Mapping[str, Any]) -> None:
    """That the recipe says in its own words what readers of a dataset ask it; a build or a repair validates all of it."""

    def expect(holds: bool, expected: str) -> None:
        _expect(holds, value, "recipe", f"a recipe with {expected}")

    recipe = value.get("recipe")
    expect(isinstance(recipe, dict) and is_flat(recipe, _DEEPEST), "a name and an output")
    recipe = value["recipe"]
    expect(isinstance(recipe.get("name"), str) and NAME.fullmatch(recipe["name"]) is not None, "a name such as c-wo-mix")
    output = recipe.get("output")
    size = output.get("shard_size") if isinstance(output, dict) else None
    expect(_is_count(size) and 0 < size <= MOST_SHARD_SIZE, f"an output.shard_size of 1 to {MOST_SHARD_SIZE} in it")
    image, masks = output.get("image", {}), output.get("masks", [])
    expect(isinstance(image, dict) and image.get("format", "jpg") in ("jpg", "png"), "output.image.format jpg or png")
    expect(isinstance(masks, list) and all(isinstance(mask, str) for mask in masks), "names in output.masks")
    expect(not any(map(has_credentials, _texts(recipe))), "no password, key or token in an address")
    expect(recipe.get("splits") is None or isinstance(recipe["splits"], dict), "splits that are a mapping, or none")


def _texts(value: object) -> Iterator[str]:
    """Every text in a part of a recipe."""
    if isinstance(value, str):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts(item)


def _is_labels(value: object) -> bool:
    """Folders of masks, each with names of values: numbers in decimal that its files can hold, ``n`` or what lies ``between``."""
    if not isinstance(value, dict) or not value.keys() <= {*FOLDERS} - {*PICTURES}:
        return False
    if not all(_is_texts(names) and all(map(_VALUE.fullmatch, names)) for names in value.values()):
        return False
    return all(int(name) <= _MOST.get(folder, 255) for folder, names in value.items() for name in names if name.isdecimal())


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def _is_texts(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())


def _is_counts(value: object) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("rejected"), dict):
        return False
    return all(map(_is_count, (value.get("made"), *value["rejected"].values())))


def _in_shards(samples: int, shard_size: int) -> None:
    try:
        shard_count(samples, shard_size)
    except UsageError as error:
        raise ValueError(str(error)) from None


def _parsed(shards: str) -> tuple[int, ...]:
    try:
        return parse_ranges(shards) if shards else ()
    except UsageError as error:
        raise ValueError(str(error)) from None
