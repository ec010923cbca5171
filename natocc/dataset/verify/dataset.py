"""Is a dataset what was written? Every damage is reported; nothing is changed."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Collection, Generator, Iterable, Iterator
from pathlib import Path

import joblib

from natocc.core.progress import Progress
from natocc.dataset.description import DatasetDescription
from natocc.dataset.findings import Depth, Finding, Kind, Verified
from natocc.dataset.layout import FOLDERS, OF_THE_DESKTOP, RECORD_NAME, SAMPLE_NAME, SHARD_NAME, Layout, shard_count
from natocc.dataset.links import links
from natocc.dataset.open import open_dataset
from natocc.dataset.records import ShardRecord, whole_shards
from natocc.dataset.verify.beside import card_findings, strangers
from natocc.dataset.verify.contents import Labels
from natocc.dataset.verify.manifest import manifest_findings
from natocc.dataset.verify.shard import (
    DatasetFiles,
    Piece,
    check_samples,
    pieces,
    shown_sample,
    sound_record,
    unexpected_files,
)
from natocc.io.atomic import disk_errors, final_name
from natocc.workers.crew import Crew

_MOST_MISSING = 1000
"""Shards whose record is missing, each told by itself; more of them are one line."""


def verify_folder(root: Path, depth: Depth, jobs: int, progress: Progress, files: DatasetFiles | None = None) -> Verified:
    """Look for damage.

    Parameters
    ----------
    root : Path
        A dataset's folder, or one with its ``dataset.json``, its manifest and its records.
    depth : Depth
        How thoroughly.
    jobs : int
        Threads that hash, or processes that decode.
    progress : callable
        Called with what is being done, samples done, and how many there are.
    files : DatasetFiles, optional
        Where all other files lie, if not in `root`, and how messages name that place.

    Returns
    -------
    verified : Verified
        With every damage.

    Raises
    ------
    UsageError
        If the folder is no dataset, or nothing in it says how it lies on disk.
    RunError
        If a folder cannot be listed.
    """
    files = files or DatasetFiles(root)
    opened = open_dataset(root, files.shown)
    layout, description = opened.layout, opened.description
    findings = [] if opened.finding is None else [opened.finding]
    with disk_errors(root):
        existing = whole_shards(layout)
        expected = _expected(description, existing)
        shards, stray = _shards(layout, expected, existing)
        findings += stray
        seen = _Seen()
        findings += _check(layout, files, description, shards, depth, jobs, seen, progress)
        findings += _unexpected_folders(files, expected, set(seen.shards), description.is_complete)
        findings += strangers(layout, files, description.is_complete)
        findings += card_findings(layout, description, depth) if description.is_complete else []
        told = {finding.path for finding in findings if finding.kind not in (Kind.EXTRA, Kind.LEFTOVER)}
        linked = {path.relative_to(root).as_posix() for path in links(root)} - told
        findings = [finding for finding in findings if finding.path not in linked]
        findings += [Finding(Kind.EXTRA, path, "no link", "one") for path in linked]
        if description.is_complete:
            progress("verifying the manifest", 0, None)
            assert description.samples is not None  # a complete dataset says so
            findings += manifest_findings(layout, seen.shards, description.samples, description, depth)
    findings.sort(key=lambda finding: (finding.path, finding.index or 0))
    return Verified(description.status, len(seen.shards), seen.samples, seen.files, seen.bytes, tuple(findings))


class _Seen:
    """What has been looked at."""

    def __init__(self) -> None:
        self.shards: list[int] = []
        self.samples = self.files = self.bytes = 0

    def add(self, record: ShardRecord) -> None:
        self.shards.append(record.shard)
        self.samples += len(record.samples)
        self.files += len(record.files)
        self.bytes += sum(record.files.values())


def _expected(description: DatasetDescription, existing: list[int]) -> Collection[int]:
    """The shards that should have records."""
    if description.status == "part":
        return {*existing, *(description.shards or ())}
    if description.sample_count is None:
        return existing
    return range(shard_count(description.sample_count, description.shard_size))


def _shards(layout: Layout, expected: Collection[int], existing: list[int]) -> tuple[list[int], list[Finding]]:
    """The shards that are looked at; records that should not be there, or are missing and too many to be told one by one."""

    def record(shard: int) -> str:
        return f"shards/{layout.record(shard).name}"

    there = set(existing)
    missing = sorted(shard for shard in expected if shard not in there)
    findings = [
        Finding(Kind.EXTRA, record(shard), f"{len(expected)} shards", f"a record of shard {shard}", shard)
        for shard in existing
        if shard not in expected
    ]
    if more := missing[_MOST_MISSING:]:
        findings.append(Finding(Kind.RECORD, record(more[0]), f"the records of {len(more)} more shards", "none"))
    return sorted([*there.intersection(expected), *missing[:_MOST_MISSING]]), findings


def _check(
    layout: Layout,
    files: DatasetFiles,
    description: DatasetDescription,
    shards: list[int],
    depth: Depth,
    jobs: int,
    seen: _Seen,
    progress: Progress,
) -> list[Finding]:
    """Records, files and what lies beside them, shard by shard; one record in memory at a time."""
    findings: list[Finding] = []
    samples, labels = description.sample_count, description.labels

    def work() -> Iterator[Piece]:
        for shard in shards:
            last = None if samples is None else min((shard + 1) * layout.shard_size, samples) - 1
            record = sound_record(layout, shard, last)
            if isinstance(record, Finding):
                findings.append(record)
                continue
            seen.add(record)
            findings.extend(unexpected_files(files, record))
            yield from pieces(layout, record)

    progress("verifying", 0, samples)
    done = 0
    with contextlib.closing(_checked(files, depth, labels, jobs, work())) as checked:
        for damage, count in checked:
            findings += damage
            done += count
            progress("verifying", done, samples)
    return findings


def _checked(
    files: DatasetFiles, depth: Depth, labels: Labels, jobs: int, work: Iterable[Piece]
) -> Generator[tuple[list[Finding], int], None, None]:
    """Findings of each piece, and how many samples it has."""
    if depth == Depth.DEEP and jobs > 1 and files.in_processes:  # decoding and counting hardly let go of the interpreter
        crew = Crew(functools.partial(check_samples, files.root, depth, labels), jobs, shown_sample)
        with contextlib.closing(crew.run(piece.each() for piece in work)) as done:
            for piece in done:
                yield piece.result, len(piece.items)
        return

    def check(piece: Piece) -> tuple[list[Finding], int]:
        return files.check(piece, depth, labels), len(piece.samples)

    parallel = joblib.Parallel(jobs, backend="threading", return_as="generator", pre_dispatch="2 * n_jobs")
    yield from parallel(joblib.delayed(check)(piece) for piece in work)


def _unexpected_folders(files: DatasetFiles, expected: Collection[int], sound: set[int], complete: bool) -> Iterator[Finding]:
    """What lies where shards lie and is none of theirs. While a dataset is built, shards may lie there without a record."""
    for folder in FOLDERS:
        for entry in files.names(folder):
            ours = bool(SHARD_NAME.fullmatch(entry)) and files.is_folder(f"{folder}/{entry}")
            if entry in OF_THE_DESKTOP or (ours and int(entry) in sound):
                continue  # looked at with its record
            known = ours and (int(entry) in expected or not complete)
            names = [name for name in files.names(f"{folder}/{entry}") if not (known and SAMPLE_NAME.fullmatch(name))]
            for path in [f"{folder}/{entry}/{name}" for name in names] or ([] if known else [f"{folder}/{entry}"]):
                yield Finding(Kind.EXTRA, path, "no such file", "one that no record names")
    for entry in files.names("shards"):
        if entry not in OF_THE_DESKTOP and not RECORD_NAME.fullmatch(entry):
            kind = Kind.EXTRA if final_name(entry) == entry else Kind.LEFTOVER
            yield Finding(kind, f"shards/{entry}", "records of shards only", "another file")
