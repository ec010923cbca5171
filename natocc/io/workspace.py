"""Where a command finds its inputs and keeps what it extracts from them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from natocc.io.paths import cache_folder, data_root


@dataclasses.dataclass(frozen=True)
class Workspace:
    """Folders and processes that opening a recipe needs.

    Parameters
    ----------
    data : Path
        The data root: where inputs lie.
    cache : Path
        Where what takes long to extract or to detect is kept.
    jobs : int
        Processes for that, 1 or more.
    """

    data: Path
    cache: Path
    jobs: int = 1

    @classmethod
    def at(cls, data: str | Path | None = None, cache: str | Path | None = None, jobs: int = 1) -> Workspace:
        """The folders given, else those of :func:`natocc.io.paths.data_root` and :func:`natocc.io.paths.cache_folder`."""
        folder = data_root() if data is None else Path(data)
        return cls(folder, cache_folder(folder) if cache is None else Path(cache), jobs)

    def absolute(self) -> Workspace:
        """The same folders for processes whose working directory may be another."""
        return dataclasses.replace(self, data=self.data.absolute(), cache=self.cache.absolute())

    def with_jobs(self, jobs: int) -> Workspace:
        """The same folders, another number of processes."""
        return dataclasses.replace(self, jobs=jobs)
