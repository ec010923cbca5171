"""Where a command finds its inputs and keeps what it extracts from them."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
from pathlib import Path

_log = logging.getLogger("natocc")


def data_root() -> Path:
    """The data root by default: ``NATOCC_DATA``, else ``data``."""
    return Path(os.environ.get("NATOCC_DATA") or "data")


def cache_folder(data: Path) -> Path:
    """The cache folder by default: the first of these that is nobody else's and can be written.

    ``NATOCC_CACHE`` in any case where it is set; ``natocc-cache`` beside the data root; below the user's cache folder; in the
    temporary folder, which is said on stderr: a container may have no home.
    """
    if folder := os.environ.get("NATOCC_CACHE"):
        return told_cache(Path(folder))
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111 - Path.expanduser raises without a home
    folders = [data.absolute().parent / "natocc-cache", *([Path(home) / "natocc"] if Path(home).is_absolute() else [])]
    for path in folders:
        if _can_be_written(path):
            if (owner := _other_owner(path)) is None:
                return told_cache(path)
            _log.warning("the cache %s is not used: it belongs to %s; --cache %s uses it all the same", path, owner, path)
    temporary = _temporary_folder()
    if temporary is None:
        return folders[-1]  # whoever writes to it says that it cannot be written, and what to do
    shown = " or ".join(map(str, folders))
    _log.warning("the cache cannot be %s: it is %s, a temporary folder; name one with --cache or NATOCC_CACHE", shown, temporary)
    return temporary


def told_cache(folder: Path) -> Path:
    """A cache folder that was chosen, after a line on stderr where others can change what lies in it."""
    with contextlib.suppress(OSError):
        writable = folder.stat().st_mode & 0o022
        if (owner := _other_owner(folder)) is not None:
            _log.warning("the cache %s belongs to %s, who can change what is made of it; --cache names another", folder, owner)
        elif writable:
            _log.warning("others may write to the cache %s, and change what samples are made of: chmod go-w %s", folder, folder)
    return folder


def _other_owner(folder: Path) -> str | None:
    """Who owns a folder, or a link to it, if that is neither this user nor the administrator; None of one that does not exist."""
    try:
        others = {folder.lstat().st_uid, folder.stat().st_uid} - {os.getuid(), 0}
    except OSError:
        return None
    if not others:
        return None
    import pwd

    owner = min(others)
    try:
        return pwd.getpwuid(owner).pw_name
    except KeyError:
        return f"the user {owner}"


def _can_be_written(folder: Path) -> bool:
    """Whether files can be made in a folder, or the folder itself where it does not exist yet."""
    nearest = next((path for path in (folder, *folder.parents) if os.path.lexists(path)), folder)
    return os.path.isdir(nearest) and os.access(nearest, os.W_OK | os.X_OK)  # noqa: PTH112 - no word about what is above


def _temporary_folder() -> Path | None:
    """A folder of this user's alone in the temporary folder; None where there is none: nobody else may put files in a cache."""
    import tempfile

    with contextlib.suppress(OSError):
        folder = Path(tempfile.gettempdir()) / f"natocc-cache-{os.getuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.lstat()
        if status.st_uid == os.getuid() and not status.st_mode & 0o022:
            return folder
    return None


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
        """The folders given, else those of :func:`data_root` and :func:`cache_folder`."""
        folder = data_root() if data is None else Path(data)
        return cls(folder, cache_folder(folder) if cache is None else told_cache(Path(cache)), jobs)

    def absolute(self) -> Workspace:
        """The same folders for processes whose working directory may be another."""
        return dataclasses.replace(self, data=self.data.absolute(), cache=self.cache.absolute())

    def with_jobs(self, jobs: int) -> Workspace:
        """The same folders, another number of processes."""
        return dataclasses.replace(self, jobs=jobs)
