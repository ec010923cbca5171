"""Parts joined into one dataset: the same bytes as if it had been made in one run."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import joblib

from natocc.builder.complete import write_complete
from natocc.builder.parts import Joinable, PartSource, check_joinable, open_source, shard_record
from natocc.builder.state import State
from natocc.core.errors import UsageError
from natocc.core.plans import Json
from natocc.core.progress import Progress
from natocc.dataset.description import read_dataset, write_dataset
from natocc.dataset.findings import Depth, Finding
from natocc.dataset.layout import FILES, FOLDERS, LOCK, Layout, dataset_file
from natocc.dataset.links import refuse_linked_folders
from natocc.dataset.manifest import write_manifest
from natocc.dataset.records import MadeShard, ShardRecord, whole_shards
from natocc.dataset.verify.shard import check_piece, pieces
from natocc.dataset.write.commit import bring_shard, take_back
from natocc.dataset.write.destination import end_runs, salvage
from natocc.dataset.write.folder import claim, clean_staging
from natocc.dataset.write.lock import locked
from natocc.io.atomic import copy_aside, disk_errors, flush
from natocc.io.images import read_bytes
from natocc.pipeline.fingerprint import say_unlike


@dataclasses.dataclass(frozen=True)
class Merged:
    """What a merge joined: samples made, and rejected by reason, with an example of each; shards in all, and how many existed."""

    made: int
    rejected: Mapping[str, int]
    shards: int
    kept: int
    seconds: float
    examples: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def to_json(self) -> dict[str, Json]:
        """As plain JSON."""
        return {
            **dataclasses.asdict(self),
            "rejected": dict(self.rejected),
            "examples": dict(self.examples),
            "seconds": round(self.seconds, 3),
        }


def merge(out: Path, parts: Sequence[Path], move: bool, jobs: int, progress: Progress) -> Merged:
    """Join parts.

    Parameters
    ----------
    out : Path
        Where the dataset goes: new, empty, a merge that was cut short, or itself a part.
    parts : sequence of Path
        Folders; each shard lies in one of them, or the same in several.
    move : bool
        Whether to take shards away from the parts once they are in `out`. Otherwise files are hard-linked, or copied where the
        file system is another.
    jobs : int
        Threads that read files against their sha256.
    progress : callable
        Is called with the state of the work.

    Raises
    ------
    UsageError
        Before anything is written: if the parts do not agree or a shard is missing; later, if a file is damaged in all that have
        its shard.
    RunError
        If writing fails (disk full, read-only, no permission); shards that exist stay whole.
    Interrupted
        If a signal came; says what is kept.
    """
    begin = time.monotonic()
    exists = dataset_file(out).exists()
    emptied = [root for root in parts if move and exists and not dataset_file(root).exists()]  # by a merge that was cut short
    others = [root for root in _once(parts) if not _same_folder(root, out) and root not in emptied]
    if not exists and not others:
        raise UsageError(f"nothing to merge into {out}: expected parts, or a folder that holds all shards")
    sources = [open_source(root) for root in ([out] if exists else []) + others]
    joinable = check_joinable(sources)
    layout = Layout(out, sources[0].layout.shard_size)
    claim(out)
    for root in others if move else []:
        refuse_linked_folders(root)
    with contextlib.ExitStack() as held:
        for root in [out, *(others if move else []), *filter(_is_husk, emptied)]:
            held.enter_context(locked(root))
        done = set(whole_shards(layout))
        complete = exists and read_dataset(out).is_complete
        if not complete:
            if len(joinable.description.processors) > 1:
                say_unlike(str(out), joinable.description.processors)
            _begin(layout, joinable, done)
        state = State(layout, joinable.samples)
        with state.kept_whatever_comes():
            for shard, holders in sorted(joinable.holders.items()):
                progress("joining", shard * layout.shard_size, joinable.samples)
                record = shard_record(holders[0], shard, joinable.samples)
                given = [source for source in holders if source.root != out]
                emptying = [source for source in sources if move and source.root != out and _has_some(source, shard)]
                # What lies there already is read only where other copies of it are to go.
                damage = _damage(layout, record, Depth.HASH if emptying else Depth.FAST, jobs) if shard in done else None
                if shard not in done or damage is not None:
                    _join(layout, given, record, jobs, [] if damage is None else [_repairable(out, damage)])
                for source in emptying:
                    _remove_joined(source.layout, record)
                state.add(MadeShard.of(record))
            if not complete:
                progress("writing the manifest", joinable.samples, joinable.samples)
                write_manifest(layout)
                write_complete(layout, joinable.description, joinable.samples, state.made, state.rejected)
            clean_staging(layout)
        for source in sources if move else []:
            if source.root != out:
                _remove_emptied(source)
    for root in (*others, *emptied) if move else ():
        _remove_folders(root)
    return Merged(state.made, state.rejected, len(joinable.holders), len(done), time.monotonic() - begin, state.examples)


def _begin(layout: Layout, joinable: Joinable, done: set[int]) -> None:
    """Mark the folder as a part that holds the shards it has; what was half done in it is undone."""
    end_runs(layout)
    take_back(layout)
    salvage(layout)
    shards = tuple(sorted(done))
    part = dataclasses.replace(joinable.description, status="part", samples=joinable.samples, shards=shards)
    write_dataset(layout.root, part)


def _once(parts: Sequence[Path]) -> list[Path]:
    """Each folder by the first of the names that lead to it."""
    return [root for number, root in enumerate(parts) if not any(_same_folder(root, other) for other in parts[:number])]


def _same_folder(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:  # one of them does not exist
        return one.absolute() == other.absolute()


def _damage(layout: Layout, record: ShardRecord, depth: Depth, jobs: int) -> Finding | None:
    """Some damage of a shard; None where all its files are as recorded."""
    work = (joblib.delayed(check_piece)(layout.root, piece, depth, {}) for piece in pieces(layout, record))
    found = joblib.Parallel(n_jobs=jobs, backend="threading", return_as="generator")(work)
    with contextlib.closing(found):
        return next(itertools.chain.from_iterable(found), None)


def _join(layout: Layout, sources: Sequence[PartSource], record: ShardRecord, jobs: int, damage: list[str]) -> None:
    """Bring one shard in: put together aside, read against its sha256, and put into its place; from the first that is sound."""
    aside = Layout(layout.staging / "merge", layout.shard_size)
    try:
        for source in sources:
            with disk_errors(aside.root):
                shutil.rmtree(aside.root, ignore_errors=True)
                for path in record.files:
                    (aside.root / path).parent.mkdir(parents=True, exist_ok=True)
                    with contextlib.suppress(FileNotFoundError):  # reported below, as any damage
                        _link_or_copy(source.root / path, aside.root / path)
            finding = _damage(aside, record, Depth.HASH, jobs)
            if finding is None:
                folders = {folder: aside.shard_folder(folder, record.shard) for folder in FOLDERS}
                existing = {folder: path for folder, path in folders.items() if path.is_dir()}
                bring_shard(layout, record.shard, existing, read_bytes(source.layout.record(record.shard)))
                return
            damage.append(_repairable(source.root, finding))
    finally:
        shutil.rmtree(aside.root, ignore_errors=True)  # the disk may be full
    clean_staging(layout)
    raise UsageError(*damage)


def _repairable(root: Path, damage: Finding) -> str:
    return f"{root}: {damage}; repair it with natocc verify {root} --repair"


def _link_or_copy(source: Path, target: Path) -> None:
    """Link a file, or copy it where links are not possible."""
    try:
        os.link(source, target, follow_symlinks=False)
    except FileNotFoundError:
        raise
    except OSError:  # another file system, one without links, or too many of them
        copy_aside(source, target, sync=False)


def _has_some(source: PartSource, shard: int) -> bool:
    """Whether a part holds a shard, or what a merge that was cut short left of it."""
    return shard in source.shards or any(source.layout.shard_folder(folder, shard).is_dir() for folder in FOLDERS)


def _remove_joined(layout: Layout, record: ShardRecord) -> None:
    """Take a shard out of a part, its record first; what is not in the record stays."""
    with disk_errors(layout.root):
        if layout.record(record.shard).exists():
            layout.record(record.shard).unlink()
            flush(layout.records)
        for name in record.files:
            (layout.root / name).unlink(missing_ok=True)
        for folder in FOLDERS:
            with contextlib.suppress(OSError):  # something else lies in it, or there is none
                layout.shard_folder(folder, record.shard).rmdir()


def _remove_emptied(source: PartSource) -> None:
    """Delete what natocc wrote into a folder whose shards have gone, beside them; a part has none of those files."""
    layout = source.layout
    clean_staging(layout)
    with disk_errors(layout.root):
        for name in FILES if source.description.is_complete else ():
            (layout.root / name).unlink(missing_ok=True)
        layout.dataset.unlink(missing_ok=True)


def _is_husk(root: Path) -> bool:
    """Whether nothing but what a merge that was cut short may leave lies in a folder."""
    return root.is_dir() and {path.name for path in root.iterdir()} <= {*FOLDERS, Layout(root, 1).records.name, LOCK}


def _remove_folders(root: Path) -> None:
    for folder in (*(root / name for name in FOLDERS), Layout(root, 1).records, root):
        with contextlib.suppress(OSError):  # something else lies in it, or there is none
            folder.rmdir()
