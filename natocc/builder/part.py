"""Some shards of a dataset, made by themselves: a part, which ``natocc merge`` joins with the others.

Several machines may each make a part in a folder of its own, or all in one folder: they hold its lock together, and each shard is
committed under a lock of that shard.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import signal
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence

from natocc.builder.run import Run, Totals, open_recipe
from natocc.core.errors import DiskError, Interrupted, RunError, UsageError
from natocc.core.plans import Json
from natocc.core.progress import Progress
from natocc.dataset.description import read_dataset, write_dataset
from natocc.dataset.layout import LOCKS, Layout, dataset_file
from natocc.dataset.records import read_shard, whole_shards
from natocc.dataset.shard_ranges import show_ranges
from natocc.dataset.write.commit import take_back
from natocc.dataset.write.destination import end_runs, running, salvage
from natocc.dataset.write.folder import claim, prepare
from natocc.dataset.write.lock import BusyError, locked, shared, step_lock
from natocc.dataset.write.staging import is_staged
from natocc.executors.cluster import CLUSTERS, connected
from natocc.executors.cluster_base import Cluster
from natocc.executors.shard_worker import MadeShard, make_shards
from natocc.pipeline.fingerprint import check_agrees


def build_part(run: Run, shards: Sequence[int], overwrite: bool, progress: Progress) -> Totals:
    """Make shards, or what is missing of them, into a part.

    Parameters
    ----------
    run : Run
        What the whole dataset is, and the part's folder.
    shards : sequence of int
        Which of its shards to make here.
    overwrite : bool
        Whether the dataset or part that lies in the folder may go.
    progress : Progress
        Is told how it goes.

    Returns
    -------
    totals : Totals
        Of these shards.

    Raises
    ------
    UsageError
        Before anything is written: as in a build, and if there are no such shards.
    RunError, Interrupted
        As in a build.
    """
    if run.backend == "threading":
        raise UsageError("--shards makes samples in processes: expected another --backend than threading")
    with connected(run.backend, run.address) if run.backend in CLUSTERS else contextlib.nullcontext() as cluster:
        return _build_part(run, shards, overwrite, progress, cluster)


def _build_part(run: Run, shards: Sequence[int], overwrite: bool, progress: Progress, cluster: Cluster | None) -> Totals:
    begin = time.monotonic()
    run.recipe.check_output(run.data, run.out)
    progress("opening sources", 0, None)
    opened = open_recipe(run.recipe, run.data, run.cache, run.count, run.jobs)
    layout = Layout(run.out.absolute(), run.recipe.output.shard_size)
    part = _Part(layout, opened.described, len(opened.schedule), tuple(shards))
    part.check_known()
    claim(run.out)
    try:
        with locked(run.out):
            part.begin_alone(overwrite)
    except BusyError:
        if overwrite:
            raise
    with shared(run.out), part.kept_whatever_comes():
        part.begin()
        with running(layout) as destination:
            job = run.shard_job(opened.described, part.samples, destination)
            kept, done = part.kept(), sum(len(part.indices(shard)) for shard in part.there())

            def tell(more: int) -> None:
                nonlocal done
                done += more
                progress("making", done, part.wanted)

            tell(0)
            if cluster is None:
                finished = list(make_shards(job, part.shards, run.jobs, tell))
            else:
                cluster.check(job)
                finished = list(_counted(cluster.run(job, part.shards), part, tell))
        part.end()
    part.tidy()
    return _totals(finished, time.monotonic() - begin, kept)


@dataclasses.dataclass(frozen=True)
class _Part:
    """A part on disk: `shards` of a dataset of `samples`."""

    layout: Layout
    described: Mapping[str, Json]
    samples: int
    shards: tuple[int, ...]

    @property
    def wanted(self) -> int:
        """Samples of the shards."""
        return sum(len(self.indices(shard)) for shard in self.shards)

    def indices(self, shard: int) -> range:
        size = self.layout.shard_size
        return range(shard * size, min((shard + 1) * size, self.samples))

    def check_known(self) -> None:
        count = math.ceil(self.samples / self.layout.shard_size)
        unknown = [shard for shard in self.shards if shard >= count]
        if unknown:
            told = f"{self.samples} samples make {count} shards of {self.layout.shard_size}, 0 to {count - 1}"
            raise UsageError(f"no shard {show_ranges(unknown)}: {told}")

    def begin_alone(self, overwrite: bool) -> None:
        """Look at the folder while nobody else may: what was half done is taken back, what killed workers staged is kept."""
        root = self.layout.root
        if overwrite or not dataset_file(root).exists():
            prepare(root, overwrite)
            self._write(())
            return
        self._check()
        end_runs(self.layout)
        take_back(self.layout)
        salvage(self.layout)

    def begin(self) -> None:
        """Mark the folder as a part, unless another has done so."""
        with step_lock(self.layout, "dataset"):
            if not self.layout.dataset.exists():
                self._write(())
            self._check()
            if read_dataset(self.layout.root)["status"] == "building":
                self._write(whole_shards(self.layout))

    def there(self) -> list[int]:
        """Which of the shards are whole."""
        whole = set(whole_shards(self.layout)) & set(self.shards)
        return [shard for shard in sorted(whole) if len(read_shard(self.layout, shard).samples) == len(self.indices(shard))]

    def kept(self) -> int:
        """Samples of the shards that are there: in whole shards, or staged."""
        whole = self.there()
        staged = [index for shard in {*self.shards} - {*whole} for index in self.indices(shard) if is_staged(self.layout, index)]
        return len(staged) + sum(len(self.indices(shard)) for shard in whole)

    def end(self) -> None:
        """Say which shards the folder holds now, those of others too."""
        with step_lock(self.layout, "dataset"):
            if read_dataset(self.layout.root)["status"] == "part":
                self._write(whole_shards(self.layout))

    def tidy(self) -> None:
        """Delete the staging area if nothing is in it and nobody else is at the folder."""
        with contextlib.suppress(BusyError, OSError), locked(self.layout.root):
            for folder in (self.layout.staging / LOCKS, self.layout.staging):
                folder.rmdir()

    @contextlib.contextmanager
    def kept_whatever_comes(self) -> Iterator[None]:
        """When the block is left by an error, say what is kept and how to go on."""
        try:
            yield
        except KeyboardInterrupt as stop:
            number = stop.number if isinstance(stop, Interrupted) else signal.SIGINT
            raise Interrupted(number, self._kept()) from None
        except RunError as error:
            kind = DiskError if isinstance(error, DiskError) else RunError
            raise kind(*error.lines, self._kept()) from error

    def _kept(self) -> str:
        asked = f"the {self.wanted} samples of shards {show_ranges(self.shards)}"
        return f"{self.kept()} of {asked} are kept in {self.layout.root}; the same command goes on with them"

    def _check(self) -> None:
        """Refuse a folder that holds shards of another dataset, or of one that is as long as it will be."""
        root = self.layout.root
        there = read_dataset(root)
        check_agrees(root, there, self.described)
        samples = there.get("samples")
        if there["status"] != "building" and samples != self.samples:
            raise UsageError(
                f"{root} holds shards of a dataset of {samples} samples, this is one of {self.samples}: name another folder"
            )
        whole = whole_shards(self.layout)
        if whole and read_shard(self.layout, whole[-1]).samples[-1].index >= self.samples:
            raise UsageError(f"{root} holds samples beyond the {self.samples} asked for: name another folder, or use --overwrite")

    def _write(self, shards: Sequence[int]) -> None:
        told = {"samples": self.samples, "shards": show_ranges(shards)}
        write_dataset(self.layout, {"status": "part", **self.described, **told})


def _counted(made: Generator[MadeShard, None, None], part: _Part, tell: Callable[[int], None]) -> Iterator[MadeShard]:
    """Shards as they come from a cluster, those told that were not there before."""
    there = set(part.there())
    with contextlib.closing(made) as shards:
        for shard in shards:
            if shard.shard not in there:
                tell(len(part.indices(shard.shard)))
            yield shard


def _totals(finished: Sequence[MadeShard], seconds: float, kept: int) -> Totals:
    rejected = sum((Counter(made.rejected) for made in finished), Counter[str]())
    return Totals(sum(made.made for made in finished), dict(sorted(rejected.items())), seconds, kept)
