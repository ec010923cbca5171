"""A dataset of natocc's as an export sees it: its samples one after another, where their files lie, which split they are of."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import functools
import logging
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from natocc.core.errors import BadDataError, UsageError
from natocc.core.samples import IGNORE, Mask
from natocc.dataset.description import DatasetDescription
from natocc.dataset.layout import FOLDERS, PICTURES, Layout
from natocc.dataset.links import refuse_links_above
from natocc.dataset.manifest import Row, own_file, schema, stream_manifest
from natocc.dataset.open import open_dataset
from natocc.dataset.splits import Splits, few_people
from natocc.faces.classes import flip_pairs
from natocc.io.equal_files import one_for_all
from natocc.io.images import MOST_PIXELS, read_bytes, read_labels

_log = logging.getLogger("natocc")

_SPLIT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
"""Splits become folders."""
_ORDER = ("train", "val", "test")


@dataclasses.dataclass(frozen=True)
class SourceSample:
    """A sample that was made.

    Parameters
    ----------
    index : int
        Its number in the dataset.
    split : str
        ``train`` in a dataset without splits.
    files : mapping of str to Path
        Folder (``images``, ``masks``) to its file.
    row : Row
        Its row of the manifest, but for the plan.
    """

    index: int
    split: str
    files: Mapping[str, Path]
    row: Row

    @property
    def stem(self) -> str:
        """Of its files."""
        return f"{self.index:09d}"

    @property
    def categories(self) -> list[str]:
        """Of its occluders, by the order of the plan."""
        return [str(occluder["category"]) for occluder in self.row["occluders"] or ()]

    def sha256(self, folder: str) -> str:
        """Of a file's bytes, as the manifest has it."""
        return str(self.row[f"{folder}_sha256"])

    def read(self, folder: str) -> bytes:
        """Bytes of a file.

        Raises
        ------
        UsageError
            If it cannot be read.
        """
        with _readable(self.files[folder]):
            return read_bytes(self.files[folder])

    def plane(self, folder: str) -> Mask:
        """(H, W) uint8 of a label map; raises as :meth:`read`."""
        with _readable(self.files[folder]):
            return read_labels(self.files[folder], MOST_PIXELS)


@dataclasses.dataclass(frozen=True)
class SourceDataset:
    """A complete dataset, and which of its samples are wanted.

    Parameters
    ----------
    root : Path
        Its folder.
    description : DatasetDescription
        ``dataset.json``.
    counts : mapping of str to int
        Samples of each split that is wanted, in the order in which splits are named: train, val, test, others by name.
    has_splits : bool
        Whether the dataset says so itself; otherwise everything is ``train``, or as `shares` have it.
    shares : Splits, optional
        Shares of people, for a dataset without splits.
    same : mapping of str to str
        People who share a photograph with another, to that one.
    """

    root: Path
    description: DatasetDescription
    counts: Mapping[str, int]
    has_splits: bool
    shares: Splits | None = None
    same: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @functools.cached_property
    def most_landmarks(self) -> int:
        """The largest number of landmarks that a face has, of whatever split; the manifest is read for it, once."""
        rows = stream_manifest(self.root, ["status", "landmarks"])
        return max((len(row["landmarks"] or ()) for row in rows if row["status"] == "made"), default=0)

    @classmethod
    def open(cls, root: Path, splits: tuple[str, ...] | None = None, shares: Splits | None = None) -> SourceDataset:
        """Look at what is there; no file of a sample is opened.

        Parameters
        ----------
        root : Path
            The dataset's folder.
        splits : tuple of str, optional
            Those that are wanted; all unless given.
        shares : Splits, optional
            How a dataset without splits is divided, by who the faces are. Occluders are not divided.

        Raises
        ------
        UsageError
            If it is no dataset, unfinished or damaged, has no such split, has splits already, or holds no sample.
        """
        opened = open_dataset(root)
        if opened.finding is not None:
            raise UsageError(f"{root}: {opened.finding}; natocc verify --repair")
        if not opened.description.is_complete:
            raise UsageError(f"{root} is unfinished: run the command that began it again to resume")
        samples: collections.Counter[str] = collections.Counter()
        has_splits = False
        same = _same_people(root) if shares is not None else {}
        people: set[str] = set()
        for row in stream_manifest(root, ["status", "split", "identity", "face"]):
            if row["status"] == "made":
                has_splits = has_splits or row["split"] is not None
                people.add(_person(row, same) if shares is not None else "")
                samples[_split(row, shares, same)] += 1
        if has_splits and shares is not None:
            raise UsageError(f"{root} has splits of its own ({', '.join(_sorted(samples))}): leave the shares out")
        if not samples:
            raise UsageError(f"{root} holds no sample: every one was rejected; natocc stats {root} says why")
        for name in samples:
            if not _SPLIT.fullmatch(name):
                raise UsageError(f"{Layout(root, 1).manifest} is damaged: it has a split {name!r}; natocc verify --repair")
        for split in splits or ():
            if split not in samples:
                existing = ", ".join(f"{name} ({samples[name]})" for name in _sorted(samples))
                raise UsageError(f"{root} has no split {split!r}; it has {existing}")
        if shares is not None and (empty := [name for name in shares.names if name not in samples]):
            _log.warning("%s", few_people(empty, len(people)))
        counts = {name: samples[name] for name in _sorted(samples) if splits is None or name in splits}
        return cls(root, opened.description, counts, has_splits, shares, same)

    @property
    def name(self) -> str:
        """Of its recipe."""
        return self.description.name

    @property
    def recipe_sha256(self) -> str:
        """Of the resolved recipe."""
        return self.description.recipe_sha256

    @property
    def folders(self) -> tuple[str, ...]:
        """Those that the samples have files in."""
        there = {"images", *self.description.labels, *(["clean"] if self.description.has_clean else [])}
        return tuple(folder for folder in FOLDERS if folder in there)

    @property
    def image_suffix(self) -> str:
        """``.jpg`` or ``.png``."""
        return self.description.image_suffix

    def __len__(self) -> int:
        return sum(self.counts.values())

    def classes(self, folder: str) -> dict[int, str]:
        """Names of the values in a folder of label maps, ascending, without the value that is to be ignored.

        Raises
        ------
        UsageError
            If the dataset has no such masks.
        """
        labels = self.description.labels.get(folder)
        if labels is None:
            existing = ", ".join(folder for folder in self.folders if folder not in PICTURES)
            raise UsageError(f"{self.root} has no {folder!r}: it has {existing}; output.masks in a recipe says which are made")
        named = {int(value): str(name) for value, name in labels.items() if value.isdecimal()}
        return {value: named[value] for value in sorted(named) if value != IGNORE}

    def flip_pairs(self, folder: str) -> tuple[tuple[int, int], ...]:
        """Values of a folder of label maps that change places where pictures are mirrored; raises as :meth:`classes`."""
        return flip_pairs(self.classes(folder))

    def categories(self) -> set[str]:
        """Of the occluders of all samples, whatever their split."""
        rows = stream_manifest(self.root, ["status", "occluders"])
        return {str(occluder["category"]) for row in rows if row["status"] == "made" for occluder in row["occluders"] or ()}

    def samples(self) -> Iterator[SourceSample]:
        """Samples of the splits that are wanted, by index; rejected ones are left out.

        Raises
        ------
        UsageError
            If the manifest is damaged, or a folder of the samples is a link.
        """
        seen: set[Path] = set()
        columns = [name for name in schema().names if name != "plan"]  # long, and no export needs it
        for row in stream_manifest(self.root, columns):
            if row["status"] != "made" or (split := _split(row, self.shares, self.same)) not in self.counts:
                continue
            files = {folder: self.root / own_file(self.root, row, folder) for folder in self.folders}
            for place in {path.parent for path in files.values()} - seen:
                refuse_links_above(self.root, place)
                seen.add(place)
            yield SourceSample(int(row["index"]), split, files, row)


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Whatever is wrong with a file of the dataset, links out of it among that, is one line."""
    if path.is_symlink():
        raise UsageError(f"{path} is not a regular file; natocc verify --repair")
    try:
        yield
    except BadDataError as error:
        raise UsageError(f"{error.detail}; natocc verify --repair") from None


def _split(row: Row, shares: Splits | None, same: Mapping[str, str]) -> str:
    if row["split"] is not None:
        return str(row["split"])
    return shares.of("face", _person(row, same)) if shares else "train"


def _person(row: Row, same: Mapping[str, str]) -> str:
    person = str(row["identity"] or row["face"])
    return same.get(person, person)


def _same_people(root: Path) -> dict[str, str]:
    """People of a dataset who share a photograph, byte for byte, with another, to that one."""
    people: dict[str, set[str]] = collections.defaultdict(set)
    for row in stream_manifest(root, ["status", "identity", "face", "face_source_sha256"]):
        if row["status"] == "made":
            people[str(row["face_source_sha256"])].add(_person(row, {}))
    return one_for_all(sorted(group) for group in people.values() if len(group) > 1)


def _sorted(splits: Mapping[Any, int]) -> list[str]:
    return sorted(splits, key=lambda name: (_ORDER.index(name) if name in _ORDER else len(_ORDER), name))
