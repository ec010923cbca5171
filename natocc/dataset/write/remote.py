"""A dataset on object storage or an SFTP server: the same files under the same names, and a shard's record comes last.

There, too, whoever reads by records sees whole shards only. What is there of a shard without a record is taken back by the next
run. There are no locks: that one run at a time writes there is up to the user.
"""

from __future__ import annotations

import dataclasses
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from natocc.core.errors import RunError, UsageError
from natocc.core.plans import Json
from natocc.dataset.description import DatasetDescription, read_dataset, write_dataset
from natocc.dataset.layout import FILES, FOLDERS, RECORD_NAME, RUN, SAMPLE_NAME, SHARD_NAME, Layout, dataset_file
from natocc.dataset.records import read_shard, whole_shards
from natocc.io.atomic import disk_errors, final_name, write_aside
from natocc.io.storage import Storage

_DATASET = "dataset.json"

STAGING = ".staging"
"""Folder there with a file for each run that wants shards of workers elsewhere."""


@dataclasses.dataclass(frozen=True)
class Remote:
    """What natocc does with a dataset on a server.

    Parameters
    ----------
    storage : Storage
        The dataset's folder.
    """

    storage: Storage

    def claim(self) -> bool:
        """Whether a dataset of natocc's lies there.

        Raises
        ------
        UsageError
            If the server or the bucket cannot be reached, or there are somebody's files and no dataset.
        """
        names = self.storage.check()
        if _DATASET in names:
            return True
        foreign = [name for name in names if final_name(name) != _DATASET]
        if foreign:
            shown = self.storage.shown
            raise UsageError(f"{shown} is not empty and no natocc dataset: it holds {foreign[0]!r}; name another place with -o")
        return False

    def pull(self, layout: Layout, records: bool = True) -> None:
        """Bring records here, so that a run in this folder can resume; pictures stay where they are.

        What an earlier run made here and had not yet brought there is kept, if it is of the same dataset.

        Parameters
        ----------
        layout : Layout
            A folder of this machine that is natocc's alone.
        records : bool
            Whether to bring more than ``dataset.json``.

        Raises
        ------
        UsageError
            If ``dataset.json`` there is damaged or not natocc's.
        RunError
            If the disk or the server refuses.
        """
        data = self.storage.get(_DATASET)
        if data is None:
            raise RunError(f"{self.storage.shown}/{_DATASET} was there and is gone: is another run at work?")
        before = _lasting(layout.root)
        write_aside(layout.dataset, data)
        description = read_dataset(layout.root, layout.shown)
        if before != description.lasting():
            with disk_errors(layout.root):
                shutil.rmtree(layout.root)
                layout.records.mkdir(parents=True)
            write_aside(layout.dataset, data)
        if not records:
            return
        with disk_errors(layout.root):
            layout.records.mkdir(exist_ok=True)
        sizes = self._records()
        for shard in sorted({*sizes, *whole_shards(layout)}):
            self._pull_record(layout, shard, sizes.get(shard))
        if description.is_complete and layout.manifest.name in self.storage.names(""):
            # Its place is held: it may be large, and a run that adds anything writes it anew.
            write_aside(layout.manifest, b"")

    def _pull_record(self, layout: Layout, shard: int, size: int | None) -> None:
        path = layout.record(shard)
        known = path.exists()
        if known and is_here(layout, shard):
            if size is None or self.storage.get(_relative(layout, path)) != path.read_bytes():
                return  # committed here, not yet there
        elif size is not None and not (known and path.stat().st_size == size):
            self.fetch_record(layout, shard)
        elif size is None:
            with disk_errors(path):
                path.unlink()
        forget_pictures(layout, shard)

    def take_back(self) -> None:
        """Delete what an interrupted run left: its marker that it wants shards, and files of shards that have no record."""
        self.storage.delete(f"{STAGING}/{name}" for name in self.storage.names(STAGING) if name.startswith(RUN))
        whole = self._records()
        for folder in FOLDERS:
            for name in self.storage.names(folder):
                if SHARD_NAME.fullmatch(name) and int(name) not in whole:
                    self.storage.delete(path for path in self.storage.sizes(f"{folder}/{name}") if not _is_foreign(path))

    def push_shard(self, layout: Layout, shard: int) -> None:
        """Bring a shard there that is committed here: its files first, its record last, so that the upload is the commit.

        Raises
        ------
        RunError
            If the server refuses. Then there is no record there.
        """
        name = _relative(layout, layout.record(shard))
        if layout.record(shard).name in self.storage.names("shards"):
            self.storage.delete([name])  # of the same shard when the dataset was smaller
        self.storage.put_all({path: layout.root / path for path in read_shard(layout, shard).files})
        self.storage.put(layout.record(shard), name)

    def push_file(self, path: Path) -> None:
        """Bring a file there that lies in the dataset's folder itself, such as ``dataset.json``."""
        self.storage.put(path, path.name)

    def fetch_record(self, layout: Layout, shard: int) -> bool:
        """Bring a shard's record here, and say whether there is one."""
        path = layout.record(shard)
        data = self.storage.get(_relative(layout, path))
        if data is not None:
            write_aside(path, data)
        return data is not None

    def fetch(self, layout: Layout, names: Iterable[str]) -> None:
        """Bring files here that are not."""
        for name in names:
            path = layout.root / name
            if not path.exists():
                data = self.storage.get(name)
                if data is None:
                    raise RunError(f"{self.storage.shown}/{name} is missing, and the record of its shard is there")
                write_aside(path, data)

    def check_own(self) -> None:
        """Refuse to overwrite where something that natocc did not write would have to go.

        Raises
        ------
        UsageError
            Naming it; nothing has been deleted.
        """
        for path in self._all():
            if _is_foreign(path):
                shown = self.storage.shown
                raise UsageError(
                    f"{shown}/{path} is not natocc's and would have to go: move it out of {shown} before --overwrite"
                )

    def clear(self, description: DatasetDescription, scratch: Path) -> None:
        """Delete the dataset, known by its names; files beside it stay, and so does ``dataset.json``, marked ``building``.

        Parameters
        ----------
        description : DatasetDescription
            What ``dataset.json`` there says.
        scratch : Path
            A folder of this machine.
        """
        with disk_errors(scratch):
            scratch.mkdir(parents=True, exist_ok=True)
        write_dataset(scratch, dataclasses.replace(description, status="building"))
        self.push_file(dataset_file(scratch))
        paths = [path for path in self._all() if not _is_foreign(path)]
        records = [path for path in paths if path.startswith("shards/")]  # first: nobody takes the rest for whole
        for some in (records, set(paths) - set(records), FILES):
            self.storage.delete(some)

    def _records(self) -> dict[int, int]:
        """Number of each shard that is whole there, and the size of its record."""
        sizes = {path.rpartition("/")[2]: size for path, size in self.storage.sizes("shards").items()}
        return {int(match[1]): size for name, size in sizes.items() if (match := RECORD_NAME.fullmatch(name))}

    def _all(self) -> Iterator[str]:
        for folder in ("shards", *FOLDERS):
            yield from self.storage.sizes(folder)


def is_here(layout: Layout, shard: int) -> bool:
    """Whether all files of a shard that is committed are in this folder; a look at their sizes only."""
    if not any(layout.shard_folder(folder, shard).exists() for folder in FOLDERS):
        return False
    paths = {layout.root / path: size for path, size in read_shard(layout, shard).files.items()}
    return all(path.is_file() and path.stat().st_size == size for path, size in paths.items())


def forget_pictures(layout: Layout, shard: int) -> None:
    """Delete a shard's files here, its record aside."""
    with disk_errors(layout.root):
        for folder in FOLDERS:
            if layout.shard_folder(folder, shard).exists():
                shutil.rmtree(layout.shard_folder(folder, shard))


def _lasting(root: Path) -> dict[str, Json] | None:
    """What a dataset here says of itself, but for how far it is."""
    try:
        return read_dataset(root).lasting()
    except UsageError:
        return None


def _is_foreign(path: str) -> bool:
    """Whether natocc would not have written a file of this name, in the folders that an overwrite empties."""
    folder, *middle, name = path.split("/")
    own: re.Pattern[str] = RECORD_NAME if folder == "shards" else SAMPLE_NAME
    between = not middle if folder == "shards" else len(middle) == 1 and SHARD_NAME.fullmatch(middle[0]) is not None
    return not between or own.fullmatch(final_name(name)) is None


def _relative(layout: Layout, path: Path) -> str:
    return path.relative_to(layout.root).as_posix()
