"""A build whose dataset goes to a server: made in a folder of this machine, and uploaded shard by shard."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
from collections.abc import Iterator
from pathlib import Path

from natocc.builder.run import Run, Totals
from natocc.builder.target import Target
from natocc.core.errors import RunError
from natocc.core.progress import Progress
from natocc.dataset.description import DatasetDescription, read_dataset
from natocc.dataset.layout import FILES, Layout
from natocc.dataset.records import MadeShard, whole_shards
from natocc.dataset.write.destination import Destination
from natocc.dataset.write.lock import BusyError, locked
from natocc.dataset.write.own_folder import OwnFolder
from natocc.dataset.write.remote import Remote, forget_pictures, is_here
from natocc.dataset.write.remote_destination import wanted as shards_wanted
from natocc.dataset.write.seal import SealedShard
from natocc.io.cache import make_folder
from natocc.io.images import sha256
from natocc.io.storage import Storage
from natocc.report.contact_sheet import files_of_contact_sheet


def build_remote(run: Run, url: str, overwrite: bool, progress: Progress) -> Totals:
    """Make a dataset on a server, or what is missing of it; the bytes are those of a build on this machine.

    Each shard is made in a folder below the cache, uploaded and deleted here; what an interrupted run left in that folder is
    used. The workers of a cluster upload theirs themselves. Two runs on this machine exclude each other; two machines do not: a
    server has no locks.

    Parameters
    ----------
    run : Run
        What to build, and how; its folder is not used.
    url : str
        Where the dataset goes, such as ``s3://bucket/folder``.
    overwrite, progress
        See :meth:`natocc.builder.run.Run.build`.

    Returns
    -------
    totals : Totals
        What was made and what was rejected, now and before.

    Raises
    ------
    UsageError
        Before anything is written: as for a folder, or the server, its bucket, a package or credentials are missing.
    RunError
        If the server refuses, a few tries later; shards that were uploaded stay whole.
    Interrupted
        If a signal came; says what is kept.
    """
    storage = Storage(url)
    remote = Remote(storage)
    exists = remote.claim()
    place = run.workspace.cache / "remote" / sha256(url.rstrip("/").encode())[:16]
    make_folder(place)
    with _locked(place, storage.shown):
        here = dataclasses.replace(run, out=place / "dataset")
        layout = Layout(here.out, run.recipe.output.shard_size, storage.shown)
        if exists:
            remote.pull(layout, records=not overwrite)
        else:
            shutil.rmtree(here.out, ignore_errors=True)
        replaced = read_dataset(here.out) if exists and overwrite else None
        if replaced is not None:
            remote.check_own()
        server = _Server(layout, remote, url, replaced, place / "replaced")
        totals = here.build(overwrite, progress, server)
        if server.is_begun:
            progress("uploading the manifest", 0, None)
            try:
                for name in (*FILES, "dataset.json"):  # which says, last of all, that the dataset is complete
                    if (here.out / name).exists():
                        remote.push_file(here.out / name)
            except RunError as error:
                kept = f"all samples are kept in {storage.shown}; run the same command again to resume"
                raise RunError(*error.lines, kept) from error
        for folder in (here.out, server.scratch):
            shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError):
        place.rmdir()
    return totals


@dataclasses.dataclass
class _Server(Target):
    """A folder here whose dataset is uploaded to a server.

    Parameters
    ----------
    remote : Remote
        The dataset's folder on the server.
    url : str
        The same, for workers elsewhere.
    replaced : DatasetDescription, optional
        What ``dataset.json`` on the server says, if that dataset is to be replaced.
    scratch : Path
        A folder of this machine.
    """

    remote: Remote
    url: str = dataclasses.field(repr=False)
    replaced: DatasetDescription | None
    scratch: Path
    is_begun: bool = False

    @property
    def kept_in(self) -> str:
        """The server, and the folder here, where samples wait that are not in a whole shard yet."""
        return f"{self.layout.shown} and {self.layout.root}"

    def begin(self) -> None:
        """Prepare the server; upload what an interrupted run had committed only here."""
        self.is_begun = True
        if self.replaced is not None:
            self.remote.clear(self.replaced, self.scratch)
        self.remote.push_file(self.layout.dataset)
        self.remote.take_back()
        for shard in whole_shards(self.layout):
            if is_here(self.layout, shard):
                _push(self.remote, self.layout, shard)

    def destination(self) -> contextlib.AbstractContextManager[Destination]:
        """This process commits a shard here and uploads it at once."""
        return contextlib.nullcontext(_UploadedFolder(self.layout, self.remote))

    def shared_destination(self) -> contextlib.AbstractContextManager[Destination]:
        """Workers elsewhere upload shards themselves."""
        return shards_wanted(self.url, self.layout.shard_size)

    def received(self, shard: int) -> None:
        """Fetch the record of a shard that a worker uploaded."""
        if not self.remote.fetch_record(self.layout, shard):
            raise RunError(f"a worker uploaded shard {shard} to {self.layout.shown}, and its record is missing there")

    def made(self) -> None:
        """Fetch the few pictures that the contact sheet shows."""
        self.remote.fetch(self.layout, files_of_contact_sheet(self.layout))


@dataclasses.dataclass(frozen=True)
class _UploadedFolder(OwnFolder):
    """A folder whose shards go to a server as soon as they are whole."""

    remote: Remote

    def commit(self, scratch: Layout, indices: range, sealed: SealedShard | None) -> MadeShard:
        made = super().commit(scratch, indices, sealed)
        _push(self.remote, self.layout, made.shard)
        return made


def _push(remote: Remote, layout: Layout, shard: int) -> None:
    """Upload a shard; its files here are needed no more."""
    remote.push_shard(layout, shard)
    forget_pictures(layout, shard)


@contextlib.contextmanager
def _locked(place: Path, shown: str) -> Iterator[None]:
    """Hold the lock of the folder that stands in for a server's, and name the server to whom it refuses."""
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(locked(place))
        except BusyError:
            raise BusyError(f"another run is writing to {shown}: wait until it is done, or stop it") from None
        yield
