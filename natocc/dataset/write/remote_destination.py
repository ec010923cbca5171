"""Workers that bring the shards that they make to a server themselves, wherever they run; each stages on a disk of its own."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from natocc.core.errors import RunError
from natocc.core.rejections import may_be_made
from natocc.dataset.layout import RUN, Layout
from natocc.dataset.records import MadeShard, ShardRecord, read_shard
from natocc.dataset.write.commit import commit_shard
from natocc.dataset.write.remote import STAGING, Remote, forget_pictures
from natocc.dataset.write.seal import SealedShard
from natocc.io.atomic import disk_errors
from natocc.io.storage import Storage


@dataclasses.dataclass(frozen=True)
class RemoteFolder:
    """A dataset on a server, for workers; see :class:`natocc.dataset.write.destination.Destination`.

    Parameters
    ----------
    url : str
        Of the dataset; each worker finds credentials where its own machine has them.
    shard_size : int
        Samples in a shard.
    run : str
        Name of the run, from :func:`wanted`.
    """

    url: str = dataclasses.field(repr=False)
    shard_size: int
    run: str

    def committed(self, indices: range) -> ShardRecord | None:
        """Record of the shard of these samples, if it is there; a shorter one was the last of fewer samples, and one of which
        samples may be made now is made again."""
        with tempfile.TemporaryDirectory(prefix="natocc-") as folder:
            layout = Layout(Path(folder), self.shard_size)
            shard = layout.shard_of(indices[0])
            if not _remote(self.url).fetch_record(layout, shard):
                return None
            record = read_shard(layout, shard)
        return record if len(record.samples) == len(indices) and not may_be_made(record.rejected) else None

    @contextlib.contextmanager
    def scratch(self, shards: Sequence[range]) -> Iterator[Layout]:
        """A folder among the temporary files of this machine."""
        with disk_errors(Path(tempfile.gettempdir())):
            root = Path(tempfile.mkdtemp(prefix="natocc-"))
        try:
            layout = Layout(root, self.shard_size)
            with disk_errors(layout.staging):
                layout.staging.mkdir()
            yield layout
        finally:
            shutil.rmtree(root, ignore_errors=True)

    def check_wanted(self) -> None:
        """Raise :class:`~natocc.core.errors.RunError` if the run that asked for shards has ended."""
        storage = _remote(self.url).storage
        if f"{RUN}{self.run}" not in storage.names(STAGING):
            raise RunError(f"the run that asked for shards has ended, or this machine sees another {storage.shown}")

    def commit(self, scratch: Layout, indices: range, sealed: SealedShard | None) -> MadeShard:
        """Bring the shard there, its record last. Without locks two workers may bring the same one: they bring the same bytes."""
        self.check_wanted()
        existing = self.committed(indices)
        if existing is None:
            made = commit_shard(scratch, indices, sealed=sealed)
            _remote(self.url).push_shard(scratch, made.shard)
        else:
            made = MadeShard.of(existing)
        forget_pictures(scratch, made.shard)
        return made


@contextlib.contextmanager
def wanted(url: str, shard_size: int) -> Iterator[RemoteFolder]:
    """A place on a server that wants shards, until the block is left: a file there says so.

    Raises
    ------
    RunError
        If the server refuses.
    """
    folder = RemoteFolder(url, shard_size, secrets.token_hex(8))
    storage = _remote(url).storage
    word = f"{STAGING}/{RUN}{folder.run}"
    with tempfile.NamedTemporaryFile(prefix="natocc-") as file:
        file.write(b"shards are wanted\n")
        file.flush()
        storage.put(Path(file.name), word)
    try:
        yield folder
    finally:
        with contextlib.suppress(RunError):
            storage.delete([word])


@functools.lru_cache(maxsize=1)
def _remote(url: str) -> Remote:
    """One connection a process."""
    return Remote(Storage(url))
