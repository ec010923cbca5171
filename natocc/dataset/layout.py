"""Where everything of a dataset lies."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from natocc.core.errors import UsageError

FOLDERS = ("images", "masks", "occluders", "amodal", "mattes", "parts", "kinds", "regions", "clean")
"""The folders that hold one file a sample, split into shards."""

PICTURES = ("images", "clean")
"""Those of them that hold pictures; the others hold masks."""

CARD, CONTACT_SHEET = "README.md", "contact_sheet.jpg"
FILES = ("manifest.parquet", CARD, CONTACT_SHEET, "report.html")
"""What natocc writes beside them, ``dataset.json`` aside."""

OF_THE_DESKTOP = (".DS_Store", "Thumbs.db", "desktop.ini")
"""What file managers leave in a folder that somebody looked at: no damage."""

LOCK = ".lock"
"""Held by a run that writes; never deleted by anybody else."""

LOCKS = "locks"
"""Folder in the staging area: a lock for each shard that workers are committing."""

WORKER, RUN = "worker-", "run-"
"""Names in the staging area begin so: folders of workers that commit by themselves, and files of the runs that want shards."""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
"""Of a dataset and of a set: it goes into names of files."""

SHARD_NAME = re.compile(r"[0-9]{5}|[1-9][0-9]{5,}")
SAMPLE_NAME = re.compile(r"(?:[0-9]{9}|[1-9][0-9]{9,})\.(jpg|png)")
RECORD_NAME = re.compile(r"([0-9]{5}|[1-9][0-9]{5,})\.json")

MOST_SHARD_SIZE = 100_000
"""Samples in a shard."""
MOST_SHARDS = 1_000_000
"""Shards of a dataset. What says that it has more is not believed: lists of them would fill the memory."""


@dataclasses.dataclass(frozen=True)
class Layout:
    """Paths of a dataset; touches nothing.

    Parameters
    ----------
    root : Path
        The dataset's folder.
    shard_size : int
        Samples in a shard, 1 or more; the last shard may hold fewer.
    shown : str
        How messages name the place: a URL where the folder only stands in for a server's; `root` by default.

    Examples
    --------
    >>> layout = Layout(Path("out"), shard_size=1000)
    >>> layout.file("masks", 12345, ".png").as_posix()
    'out/masks/00012/000012345.png'
    """

    root: Path
    shard_size: int
    shown: str = dataclasses.field(default="", compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "shown", self.shown or str(self.root))
        if self.shard_size < 1:
            raise ValueError(f"shard_size must be 1 or more, got {self.shard_size}")

    def show(self, path: Path) -> str:
        """How messages name a path below the root."""
        return f"{self.shown}/{path.relative_to(self.root).as_posix()}"

    def shard_of(self, index: int) -> int:
        """Number of the shard that holds sample `index`."""
        return index // self.shard_size

    def indices(self, shard: int, count: int) -> range:
        """Samples of a shard of a dataset of `count`."""
        return range(shard * self.shard_size, min((shard + 1) * self.shard_size, count))

    def shard_folder(self, folder: str, shard: int) -> Path:
        """Such as ``images/00000``."""
        return self.root / folder / f"{shard:05d}"

    def file(self, folder: str, index: int, suffix: str) -> Path:
        """Such as ``images/00000/000000000.jpg``."""
        return self.shard_folder(folder, self.shard_of(index)) / f"{index:09d}{suffix}"

    def record(self, shard: int) -> Path:
        """Such as ``shards/00000.json``: where it exists, its shard is whole."""
        return self.records / f"{shard:05d}.json"

    @property
    def records(self) -> Path:
        """Folder of the shard records."""
        return self.root / "shards"

    @property
    def manifest(self) -> Path:
        """One row a sample."""
        return self.root / "manifest.parquet"

    @property
    def dataset(self) -> Path:
        """What the dataset is: written first, completed last."""
        return dataset_file(self.root)

    @property
    def contact_sheet(self) -> Path:
        """Samples to look at."""
        return self.root / CONTACT_SHEET

    @property
    def card(self) -> Path:
        """What the dataset is, for people."""
        return self.root / CARD

    @property
    def staging(self) -> Path:
        """Where shards are put together; natocc's alone, gone when nothing is being built."""
        return self.root / ".staging"


def shard_count(samples: int, shard_size: int) -> int:
    """How many shards hold so many samples.

    Raises
    ------
    UsageError
        If they are more than :data:`MOST_SHARDS`.
    """
    shards = -(-samples // shard_size)
    if shards > MOST_SHARDS:
        raise UsageError(
            f"{samples} samples in shards of {shard_size} (output.shard_size) are {shards} shards; expected at most {MOST_SHARDS}"
        )
    return shards


def dataset_file(root: Path) -> Path:
    """``dataset.json`` of a dataset whose shard size is not known yet: it says so."""
    return root / "dataset.json"
