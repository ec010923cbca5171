"""Where everything lies in a COCO file: read once, kept in the cache, mapped afterwards (860 000 annotations: 30 MB)."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from natocc.core.errors import UsageError
from natocc.core.plans import Json
from natocc.io.cache import FolderCache
from natocc.io.files import open_file
from natocc.io.images import file_sha256
from natocc.io.sealed_json import is_sealed, sealed_line
from natocc.io.tables import map_table, write_table
from natocc.occluders.coco.instances import AnnotationEntry, Instances, PictureEntry, read_instances
from natocc.occluders.coco.scalars import Id, id_of
from natocc.occluders.library.extraction import library_key

_ANNOTATIONS, _PICTURES, _SUMMARY = "annotations.arrow", "pictures.arrow", "summary.json"
_VERSION = "coco index 4"


@dataclasses.dataclass(frozen=True, eq=False)
class CocoIndex:
    """Annotations of a COCO file by the picture that they are of, pictures by id.

    Parameters
    ----------
    path : Path
        The file.
    categories : tuple of str
        Names; two ids may have one name.
    annotations : pyarrow.Table
        ``number`` (text), ``picture`` (row of `pictures`), ``category`` (place in `categories`), ``offset`` and ``length`` in
        bytes. Those whose picture or category the file does not know, or that are no objects, come last, with one more than the
        last row as picture; -1 is the category of those without one.
    pictures : pyarrow.Table
        ``entry``: JSON of a :class:`~natocc.occluders.coco.instances.PictureEntry`, its licence by name.
    painted : bool
        See :class:`~natocc.occluders.coco.instances.Instances`.
    """

    path: Path
    categories: tuple[str, ...]
    annotations: Any
    pictures: Any
    painted: bool

    def groups(self, wanted: set[str]) -> Sequence[npt.NDArray[np.int64]]:
        """Rows of the annotations of wanted categories, and of the lost ones, an array for each picture."""
        category = self.annotations["category"].to_numpy()
        takes = np.array([*(name in wanted for name in self.categories), True])  # the last: -1
        rows = np.flatnonzero(takes[category])
        picture = self.annotations["picture"].to_numpy()[rows]
        return np.split(rows, np.flatnonzero(np.diff(picture)) + 1) if len(rows) else []

    def all_of(self, rows: npt.NDArray[np.int64]) -> tuple[AnnotationEntry, ...]:
        """Every annotation of the picture that one group is of, whatever its category."""
        pictures = self.annotations["picture"].to_numpy()
        first, end = np.searchsorted(pictures, pictures[rows[0]] + np.arange(2))
        return self._entries(self.annotations.slice(first, end - first).to_pylist())

    @staticmethod
    def _entries(rows: list[dict[str, Any]]) -> tuple[AnnotationEntry, ...]:
        return tuple(AnnotationEntry(row["number"], None, None, row["offset"], row["length"]) for row in rows)

    def picture(self, rows: npt.NDArray[np.int64]) -> tuple[PictureEntry | None, tuple[tuple[AnnotationEntry, str], ...]]:
        """The picture that one group is of, and its annotations with the names of their categories."""
        first, count = int(rows[0]), int(rows[-1] - rows[0] + 1)
        entries = self.annotations.slice(first, count).take(rows - first).to_pylist()
        place = entries[0]["picture"]
        picture = None if place == len(self.pictures) else PictureEntry(*json.loads(self.pictures["entry"][place].as_py()))
        names = ["" if entry["category"] < 0 else self.categories[entry["category"]] for entry in entries]
        return picture, tuple(zip(self._entries(entries), names, strict=True))


def open_index(path: Path, cache: Path) -> CocoIndex:
    """The index of a file, from `cache`, where it is made if there is none or a damaged one.

    Raises
    ------
    UsageError
        As :func:`natocc.occluders.coco.instances.read_instances`.
    RunError
        If the cache can be neither read nor written.
    """
    kept = FolderCache(cache / "coco", lambda folder: _map_index(path, folder))
    key = library_key(_VERSION, [path], [])
    return kept.get(key, lambda folder: _write_index(read_index(path), folder))


def read_index(path: Path) -> CocoIndex:
    """The index of a file, read and not kept; raises as :func:`natocc.occluders.coco.instances.read_instances`."""
    import pyarrow

    instances = read_instances(path)
    numbers = sorted(instances.pictures, key=lambda number: (isinstance(number, str), number))
    row_of: dict[Id | None, int] = {number: row for row, number in enumerate(numbers)}
    category_of: dict[Id | None, int] = {number: place for place, number in enumerate(instances.categories)}
    lost = len(numbers)
    pairs = [(row_of.get(entry.picture, lost), category_of.get(entry.category, -1)) for entry in instances.annotations]
    keys = np.array(pairs, dtype=np.int32).reshape(-1, 2)
    keys[keys[:, 1] < 0, 0] = lost
    order = np.argsort(keys[:, 0], kind="stable")
    columns = {
        "number": pyarrow.array([str(entry.number) for entry in instances.annotations]),
        "picture": pyarrow.array(keys[:, 0]),
        "category": pyarrow.array(keys[:, 1]),
        "offset": pyarrow.array([entry.offset for entry in instances.annotations], pyarrow.int64()),
        "length": pyarrow.array([entry.length for entry in instances.annotations], pyarrow.int64()),
    }
    entries = [json.dumps(instances.pictures[number]._replace(licence=_licence(instances, number))) for number in numbers]
    pictures = pyarrow.table({"entry": pyarrow.array(entries, pyarrow.string())})
    return CocoIndex(path, tuple(instances.categories.values()), pyarrow.table(columns).take(order), pictures, instances.painted)


def read_annotation(path: Path, annotation: AnnotationEntry) -> Any:
    """An annotation as the file has it.

    Raises
    ------
    UsageError
        If it is not what the index was made from.
    """
    try:
        with open_file(path) as file:
            file.seek(annotation.offset)
            value = json.loads(file.read(annotation.length))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path}: annotation {annotation.number} cannot be read again ({error}); start again") from None
    number = id_of(value.get("id")) if isinstance(value, dict) else None
    if str(number) != annotation.number and not annotation.number.startswith("at-"):
        raise UsageError(f"{path} has changed: annotation {annotation.number} is not where it was; start again")
    return value


def _write_index(index: CocoIndex, folder: Path) -> None:
    write_table(folder / _ANNOTATIONS, index.annotations)
    write_table(folder / _PICTURES, index.pictures)
    (folder / _SUMMARY).write_bytes(sealed_line(_summary(index, folder)))


def _map_index(path: Path, folder: Path) -> CocoIndex:
    line = (folder / _SUMMARY).read_bytes()
    if not is_sealed(line):
        raise ValueError(f"{_SUMMARY} is not what was written")
    summary = json.loads(line)
    for name in (_ANNOTATIONS, _PICTURES):
        if file_sha256(folder / name) != summary[name]:
            raise ValueError(f"{name} is not what was written")
    tables = map_table(folder / _ANNOTATIONS), map_table(folder / _PICTURES)
    return CocoIndex(path, tuple(summary["categories"]), *tables, summary["painted"])


def _summary(index: CocoIndex, folder: Path) -> dict[str, Json]:
    tables: dict[str, Json] = {name: file_sha256(folder / name) for name in (_ANNOTATIONS, _PICTURES)}
    return {**tables, "categories": list(index.categories), "painted": index.painted}


def _licence(instances: Instances, number: Id) -> str | None:
    """Licence of a picture; none where the file does not say, or names one that it does not have."""
    named = id_of(instances.pictures[number].licence)
    return None if named is None else instances.licences.get(named)
