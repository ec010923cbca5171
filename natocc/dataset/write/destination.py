"""Workers that commit shards themselves, many at once, wherever they run: each stages in a folder that is its own.

A run keeps a file in the staging area for as long as it wants shards, so that workers on other machines, which no signal of its
parent reaches, know when to stop.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from natocc.core.errors import DiskError, RunError
from natocc.dataset.layout import RUN, SHARD_NAME, WORKER, Layout
from natocc.dataset.records import MadeShard, ShardRecord
from natocc.dataset.write.commit import commit_shard
from natocc.dataset.write.lock import shard_lock
from natocc.dataset.write.own_folder import committed
from natocc.dataset.write.seal import SealedShard
from natocc.dataset.write.staging import staged_folder, sweep_staging
from natocc.io.atomic import disk_errors


class Destination(Protocol):
    """Where a worker brings the shards that it makes; small, since it travels with every shard.

    Its methods are called in the order of: :meth:`committed`; if there is no record, samples are staged in :meth:`scratch`, with
    :meth:`check_wanted` every few of them; :meth:`commit`.
    """

    def committed(self, indices: range) -> ShardRecord | None:
        """Record of the shard of these samples, if it is whole and there already."""
        ...

    def scratch(self, shards: Sequence[range]) -> contextlib.AbstractContextManager[Layout]:
        """A folder to stage the samples of these shards in, which nobody else uses; some may be staged there already."""
        ...

    def check_wanted(self) -> None:
        """Raise :class:`~natocc.core.errors.RunError` if the run that asked for shards has ended."""
        ...

    def commit(self, scratch: Layout, indices: range, sealed: SealedShard | None) -> MadeShard:
        """Bring what was staged into the dataset, its record last; what another worker committed meanwhile stays as it is.

        `sealed` is what a worker has made of it, if one has.
        """
        ...


@dataclasses.dataclass(frozen=True)
class SharedFolder:
    """A dataset in a folder that the parent and all workers see at the same path.

    Parameters
    ----------
    layout : Layout
        Of the dataset.
    run : str
        Name of the run, from :func:`running`.
    """

    layout: Layout
    run: str

    def committed(self, indices: range) -> ShardRecord | None:
        """See :class:`Destination` and :func:`natocc.dataset.write.own_folder.committed`."""
        return committed(self.layout, indices)

    @contextlib.contextmanager
    def scratch(self, shards: Sequence[range]) -> Iterator[Layout]:
        """See :class:`Destination`.

        What an earlier run staged of the shards is moved in. When the block is left by an error, what is staged then is moved
        back, so that the next run can use it.
        """
        numbers = [self.layout.shard_of(indices[0]) for indices in shards]
        with disk_errors(self.layout.staging):
            self.layout.staging.mkdir(exist_ok=True)
            root = Path(tempfile.mkdtemp(prefix=f"{WORKER}{socket.gethostname()}-{os.getpid()}-", dir=self.layout.staging))
        scratch = Layout(root, self.layout.shard_size)
        try:
            with disk_errors(scratch.staging):
                scratch.staging.mkdir()
            _move(numbers, self.layout, scratch)
            sweep_staging(scratch, max((indices[-1] + 1 for indices in shards), default=0))
            yield scratch
        except DiskError:  # it may be full: nothing is moved back
            raise
        except BaseException:
            _move(numbers, scratch, self.layout)
            raise
        finally:
            shutil.rmtree(root, ignore_errors=True)

    def check_wanted(self) -> None:
        """See :class:`Destination`."""
        if not _marker(self.layout, self.run).exists():
            raise RunError(f"the run that asked for shards has ended, or this machine does not see {self.layout.root}")

    def commit(self, scratch: Layout, indices: range, sealed: SealedShard | None) -> MadeShard:
        """See :class:`Destination` and :func:`natocc.dataset.write.commit.commit_shard`."""
        shard = self.layout.shard_of(indices[0])
        with shard_lock(self.layout, shard):
            self.check_wanted()
            existing = self.committed(indices)
            if existing is None:
                return commit_shard(self.layout, indices, scratch, sealed)
            shutil.rmtree(staged_folder(scratch, shard), ignore_errors=True)
            return MadeShard.of(existing)


@contextlib.contextmanager
def running(layout: Layout) -> Iterator[SharedFolder]:
    """A folder that wants shards, until the block is left.

    Raises
    ------
    RunError
        If writing fails (disk full, read-only, no permission).
    """
    folder = SharedFolder(layout, secrets.token_hex(8))
    marker = _marker(layout, folder.run)
    with disk_errors(marker):
        layout.staging.mkdir(exist_ok=True)
        marker.touch()
    try:
        yield folder
    finally:
        with contextlib.suppress(OSError):
            marker.unlink(missing_ok=True)


def end_runs(layout: Layout) -> None:
    """Let the workers of runs that were killed know that nobody wants their shards any more.

    Raises
    ------
    RunError
        If writing fails (disk full, read-only, no permission).
    """
    with disk_errors(layout.staging):
        for marker in layout.staging.glob(f"{RUN}*"):
            marker.unlink(missing_ok=True)


def salvage(layout: Layout) -> None:
    """Move back what workers staged that were killed, and delete the rest that they left; nobody else uses the dataset.

    Raises
    ------
    RunError
        If writing fails (disk full, read-only, no permission).
    """
    for root in sorted(layout.staging.glob(f"{WORKER}*")):
        scratch = Layout(root, layout.shard_size)
        with disk_errors(root):
            _move([int(place.name) for place in scratch.staging.glob("*") if SHARD_NAME.fullmatch(place.name)], scratch, layout)
            shutil.rmtree(root)


def _move(shards: Sequence[int], source: Layout, target: Layout) -> None:
    """Move what is staged of shards; what is staged at the target already stays as it is."""
    for shard in shards:
        with contextlib.suppress(OSError):
            staged_folder(source, shard).rename(staged_folder(target, shard))


def _marker(layout: Layout, run: str) -> Path:
    return layout.staging / f"{RUN}{run}"
