"""A build whose dataset goes to a server: made in a folder of this machine, shard by shard, and brought there."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from natocc.builder.run import Mirror, Run, Totals
from natocc.core.errors import Interrupted, RecipeError, RunError, UsageError
from natocc.core.plans import Json
from natocc.core.progress import Progress
from natocc.dataset.description import read_dataset
from natocc.dataset.layout import FILES, Layout
from natocc.dataset.records import whole_shards
from natocc.dataset.write.lock import locked
from natocc.dataset.write.remote import Remote, forget_pictures, is_here
from natocc.dataset.write.remote_destination import RemoteFolder, wanted
from natocc.io.atomic import disk_errors
from natocc.io.images import sha256
from natocc.io.storage import Storage
from natocc.report.contact_sheet import files_of_contact_sheet

_KEPT = " samples are kept in "


def build_remote(run: Run, url: str, overwrite: bool, progress: Progress) -> Totals:
    """Make a dataset on a server, or what is missing of it; the bytes are those of a build on this machine.

    Each shard is made in a folder below the cache, brought to the server and deleted here; what an interrupted run left in that
    folder is gone on with. The workers of a cluster bring theirs to the server themselves. Two runs on this machine do not meet,
    two machines might: a server has no locks.

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
        Before anything is written: as for a folder, or the server, its bucket, a package or credentials are not there.
    RunError
        If the server refuses, a few tries later; shards that were brought there stay whole.
    Interrupted
        If a signal came; says what is kept.
    """
    storage = Storage(url)
    remote = Remote(storage)
    is_there = remote.claim()
    place = run.workspace.cache / "remote" / sha256(url.rstrip("/").encode())[:16]
    with disk_errors(place):
        place.mkdir(parents=True, exist_ok=True)
    with _in_words_of(storage.shown, place), locked(place):
        here = dataclasses.replace(run, out=place / "dataset")
        if is_there:
            remote.pull(Layout(here.out, run.recipe.output.shard_size), records=not overwrite)
        else:
            shutil.rmtree(here.out, ignore_errors=True)
        replaced = read_dataset(here.out) if is_there and overwrite else None
        if replaced is not None:
            remote.check_own()
        upload = _Upload(remote, url, replaced, place / "replaced")
        here = dataclasses.replace(here, mirror=upload)
        totals = here.build(overwrite, progress)
        if upload.is_begun:
            progress("bringing the manifest there", 0, None)
            try:
                for name in (*FILES, "dataset.json"):  # which says, last of all, that the dataset is complete
                    if (here.out / name).exists():
                        remote.push_file(here.out / name)
            except RunError as error:
                kept = f"all samples are kept in {storage.shown}; the same command goes on with them"
                raise RunError(*error.lines, kept) from error
        for folder in (here.out, upload.scratch):
            shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError):
        place.rmdir()
    return totals


@dataclasses.dataclass
class _Upload(Mirror):
    """Brings what is made to the server.

    Parameters
    ----------
    remote : Remote
        Where.
    url : str
        The same, for workers elsewhere.
    replaced : mapping, optional
        What ``dataset.json`` there says, if that dataset is to go.
    scratch : Path
        A folder of this machine.
    """

    remote: Remote
    url: str
    replaced: Mapping[str, Json] | None
    scratch: Path
    is_begun: bool = False

    def begun(self, layout: Layout) -> None:
        """Make ready there; bring what an interrupted run had committed only here."""
        self.is_begun = True
        if self.replaced is not None:
            self.remote.clear(self.replaced, self.scratch)
        self.remote.push_file(layout.dataset)
        self.remote.take_back()
        for shard in whole_shards(layout):
            if is_here(layout, shard):
                self.committed(layout, shard)

    def destination(self, layout: Layout) -> contextlib.AbstractContextManager[RemoteFolder]:
        """Workers elsewhere bring shards to the server themselves."""
        return wanted(self.url, layout.shard_size)

    def committed(self, layout: Layout, shard: int) -> None:
        """Bring a shard there; its files here are needed no more."""
        self.remote.push_shard(layout, shard)
        forget_pictures(layout, shard)

    def received(self, layout: Layout, shard: int) -> None:
        """Bring the record here of a shard that a worker brought there."""
        if not self.remote.fetch_record(layout, shard):
            raise RunError(f"a worker brought shard {shard} to {self.remote.storage.shown}, and its record is not there")

    def made(self, layout: Layout) -> None:
        """Fetch the few pictures that the contact sheet shows."""
        self.remote.fetch(layout, files_of_contact_sheet(layout))


@contextlib.contextmanager
def _in_words_of(shown: str, place: Path) -> Iterator[None]:
    """Errors that speak of the folder here as of the dataset speak of the server's."""
    here = place / "dataset"
    both = f"{shown} and {here}"
    try:
        yield
    except RecipeError:  # it may speak of the folder here, which then lies in one that is read
        raise
    except UsageError as error:
        raise type(error)(*(line.replace(str(here), shown).replace(str(place), shown) for line in error.lines)) from error
    except RunError as error:
        lines = [line.replace(str(here), both) if _KEPT in line else line for line in error.lines]
        raise type(error)(*lines) from error
    except Interrupted as stop:
        raise Interrupted(stop.number, str(stop.args[1]).replace(str(here), both)) from None
