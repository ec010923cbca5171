"""What a COCO file holds, and where in it: read once, kept in the cache, mapped afterwards (860 000 annotations: 30 MB)."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from natocc.core.errors import RunError, UsageError
from natocc.occluders.coco.instances import Annotation, Instances, Picture, read_instances
from natocc.occluders.library.extraction import alone, library_key

_ANNOTATIONS, _PICTURES, _SUMMARY = "annotations.arrow", "pictures.arrow", "summary.json"
_VERSION = "coco index 1"


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
        ``entry``: JSON of a :class:`~natocc.occluders.coco.instances.Picture`, its licence by name.
    """

    path: Path
    categories: tuple[str, ...]
    annotations: Any
    pictures: Any

    def groups(self, wanted: set[str]) -> Sequence[npt.NDArray[np.int64]]:
        """Rows of the annotations of wanted categories, and of the lost ones, an array for each picture."""
        category = self.annotations["category"].to_numpy()
        takes = np.array([*(name in wanted for name in self.categories), True])  # the last: -1
        rows = np.flatnonzero(takes[category])
        picture = self.annotations["picture"].to_numpy()[rows]
        return np.split(rows, np.flatnonzero(np.diff(picture)) + 1) if len(rows) else []

    def picture(self, rows: npt.NDArray[np.int64]) -> tuple[Picture | None, tuple[tuple[Annotation, str], ...]]:
        """The picture that one group is of, and its annotations with the names of their categories."""
        first, count = int(rows[0]), int(rows[-1] - rows[0] + 1)
        found = self.annotations.slice(first, count).take(rows - first).to_pylist()
        at = found[0]["picture"]
        entry = None if at == len(self.pictures) else Picture(*json.loads(self.pictures["entry"][at].as_py()))
        names = ["" if each["category"] < 0 else self.categories[each["category"]] for each in found]
        annotations = [Annotation(each["number"], None, None, each["offset"], each["length"]) for each in found]
        return entry, tuple(zip(annotations, names, strict=True))


def open_index(path: Path, cache: Path) -> CocoIndex:
    """The index of a file, from `cache`, where it is made if it is not there or damaged.

    Raises
    ------
    UsageError
        As :func:`natocc.occluders.coco.instances.read_instances`.
    RunError
        If the cache cannot be written.
    """
    key = library_key(_VERSION, [path], [])
    folder = cache / "coco" / key
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
        return _mapped(path, folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with alone(folder.with_name(f".{key}.lock")):
            with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
                return _mapped(path, folder)  # another process made it while this one waited
            index, aside = read_index(path), folder.with_name(f".{key}.part")
            shutil.rmtree(aside, ignore_errors=True)
            aside.mkdir()
            _write(aside / _ANNOTATIONS, index.annotations)
            _write(aside / _PICTURES, index.pictures)
            (aside / _SUMMARY).write_text(json.dumps(_summary(index)), encoding="ascii")
            shutil.rmtree(folder, ignore_errors=True)
            aside.replace(folder)
    except OSError as error:
        raise RunError(f"cannot keep the index of {path} in {folder}: {error}") from error
    return index


def read_index(path: Path) -> CocoIndex:
    """The index of a file, read and not kept; raises as :func:`natocc.occluders.coco.instances.read_instances`."""
    import pyarrow

    instances = read_instances(path)
    numbers = sorted(instances.pictures)
    place: dict[int | None, int] = {number: at for at, number in enumerate(numbers)}
    category: dict[int | None, int] = {number: at for at, number in enumerate(instances.categories)}
    lost = len(numbers)
    of = [(place.get(each.picture, lost), category.get(each.category, -1)) for each in instances.annotations]
    keys = np.array(of, dtype=np.int32).reshape(-1, 2)
    keys[keys[:, 1] < 0, 0] = lost
    order = np.argsort(keys[:, 0], kind="stable")
    columns = {
        "number": pyarrow.array([str(each.number) for each in instances.annotations]),
        "picture": pyarrow.array(keys[:, 0]),
        "category": pyarrow.array(keys[:, 1]),
        "offset": pyarrow.array([each.offset for each in instances.annotations], pyarrow.int64()),
        "length": pyarrow.array([each.length for each in instances.annotations], pyarrow.int64()),
    }
    entries = [json.dumps(instances.pictures[number]._replace(licence=_licence(instances, number))) for number in numbers]
    pictures = pyarrow.table({"entry": pyarrow.array(entries, pyarrow.string())})
    return CocoIndex(path, tuple(instances.categories.values()), pyarrow.table(columns).take(order), pictures)


def read_annotation(path: Path, annotation: Annotation) -> Any:
    """What the file says of an annotation.

    Raises
    ------
    UsageError
        If it is not what the index was made from.
    """
    try:
        with path.open("rb") as file:
            file.seek(annotation.offset)
            value = json.loads(file.read(annotation.length))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path}: annotation {annotation.number} cannot be read again ({error}); start again") from None
    number = value.get("id") if isinstance(value, dict) else None
    if str(number) != annotation.number and not annotation.number.startswith("at-"):
        raise UsageError(f"{path} has changed: annotation {annotation.number} is not where it was; start again")
    return value


def _mapped(path: Path, folder: Path) -> CocoIndex:
    import pyarrow

    summary = json.loads((folder / _SUMMARY).read_text(encoding="ascii"))
    tables = []
    for name in (_ANNOTATIONS, _PICTURES):
        with pyarrow.memory_map(os.fsencode(folder / name)) as file:
            tables.append(pyarrow.ipc.open_file(file).read_all())
    index = CocoIndex(path, tuple(summary["categories"]), *tables)
    if summary != _summary(index):
        raise ValueError("not as it was written")
    return index


def _summary(index: CocoIndex) -> dict[str, Any]:
    sizes = {"annotations": len(index.annotations), "pictures": len(index.pictures)}
    return {"categories": list(index.categories), **sizes}


def _write(path: Path, table: Any) -> None:
    import pyarrow

    with pyarrow.OSFile(os.fsencode(path), "wb") as file, pyarrow.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table.combine_chunks())


def _licence(instances: Instances, number: int) -> str | None:
    """Licence of a picture; none where the file does not say, or names one that it does not have."""
    named = instances.pictures[number].licence
    return instances.licences.get(named) if type(named) is int else None
