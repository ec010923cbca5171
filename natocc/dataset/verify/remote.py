"""Is a dataset on a server what was written? Files are checked here, a few at a time, and not kept."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

from natocc.core.progress import Progress
from natocc.dataset.description import VOUCHED
from natocc.dataset.findings import Depth, Finding, Verified
from natocc.dataset.layout import RECORD_NAME, Layout, dataset_file
from natocc.dataset.verify.contents import Labels
from natocc.dataset.verify.dataset import verify_folder
from natocc.dataset.verify.shard import DatasetFiles, Piece, check_piece
from natocc.io.atomic import disk_errors
from natocc.io.storage import Storage

_LISTINGS = 256  # of one shard in one folder; a shard's are asked for again and again, and nobody goes back to an earlier one


def verify_remote(storage: Storage, depth: Depth, jobs: int, progress: Progress) -> Verified:
    """Look for damage; nothing is changed there.

    The manifest and the records are kept in a temporary folder while it lasts; ``TMPDIR`` says where.

    Parameters
    ----------
    storage : Storage
        The dataset's folder.
    depth : Depth
        How thoroughly. ``FAST`` asks for listings only; otherwise every file is fetched once.
    jobs : int
        Threads that fetch and look.
    progress : callable
        See :func:`natocc.dataset.verify.dataset.verify_folder`.

    Returns
    -------
    verified : Verified
        With every damage.

    Raises
    ------
    UsageError
        If the server cannot be reached, or no dataset is there.
    RunError
        If the server refuses, a few tries later.
    """
    names = storage.check()
    with tempfile.TemporaryDirectory(prefix="natocc-verify-") as scratch:
        layout = Layout(Path(scratch) / "dataset", 1)
        with disk_errors(layout.root):
            layout.records.mkdir(parents=True)
            progress("fetching the records", 0, None)
            records = [f"shards/{name}" for name in storage.names("shards") if RECORD_NAME.fullmatch(name)]
            heads = [name for name in (dataset_file(layout.root).name, layout.manifest.name, *VOUCHED) if name in names]
            storage.get_all({name: layout.root / name for name in (*heads, *records)})
            return verify_folder(layout.root, depth, jobs, progress, _RemoteFiles(storage, Path(scratch)))


class _RemoteFiles(DatasetFiles):
    """Files on a server.

    Parameters
    ----------
    storage : Storage
        The dataset's folder.
    scratch : Path
        A folder here.
    """

    in_processes = False  # one connection

    def __init__(self, storage: Storage, scratch: Path) -> None:
        super().__init__(scratch, storage.shown)
        self._storage = storage
        self._staging = Layout(scratch, 1).staging.name
        self._sizes = functools.lru_cache(_LISTINGS)(storage.sizes)

    def names(self, folder: str) -> list[str]:
        """See :class:`DatasetFiles`; where a server has folders, an empty staging area is none."""
        if "/" not in folder:
            names = self._storage.names(folder)
            return [name for name in names if name != self._staging or self._storage.sizes(name)]
        below = (path[len(folder) + 1 :].partition("/")[0] for path in self._sizes(folder))
        return sorted({name for name in below if name})  # none where a file has the folder's name

    def is_folder(self, path: str) -> bool:
        """See :class:`DatasetFiles`."""
        return not self._storage.is_file(path)

    def check(self, piece: Piece, depth: Depth, labels: Labels) -> list[Finding]:
        """See :class:`DatasetFiles`."""
        files = [file for _, files in piece.samples for file in files]
        sizes: dict[str, int] = {}
        for folder in sorted({file.folder for file in files}):
            sizes |= self._sizes(f"{folder}/{piece.shard:05d}")
        with disk_errors(self.root), tempfile.TemporaryDirectory(dir=self.root) as place:
            fetched = {}
            for file in files:
                if file.path not in sizes:
                    continue
                path = Path(place) / file.path
                path.parent.mkdir(parents=True, exist_ok=True)
                if depth == Depth.FAST or sizes[file.path] != file.size:
                    with path.open("wb") as sparse:
                        sparse.truncate(sizes[file.path])  # nothing but its size is going to be looked at
                else:
                    fetched[file.path] = path
            self._storage.get_all(fetched)
            return check_piece(Path(place), piece, depth, labels)
