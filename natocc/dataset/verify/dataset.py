"""Is a dataset what was written? Every damage is found and told; nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import joblib

from natocc.core.progress import Progress
from natocc.dataset.findings import Depth, Finding, Kind, Verified
from natocc.dataset.layout import FILES, FOLDERS, RECORD_NAME, SAMPLE_NAME, SHARD_NAME, Layout
from natocc.dataset.open import Description, open_dataset
from natocc.dataset.records import ShardRecord, whole_shards
from natocc.dataset.verify.manifest import manifest_findings
from natocc.dataset.verify.shard import Files, pieces, sound_record, strangers
from natocc.io.atomic import disk_errors, final_name


def verify(root: Path, depth: Depth, jobs: int, progress: Progress, files: Files | None = None) -> Verified:
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
        Is told what is done, samples done, and how many there are.
    files : Files, optional
        Where all else lies, if not there.

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
    description = open_dataset(root)
    layout, files = description.layout(root), files or Files(root)
    findings = [] if description.finding is None else [description.finding]
    with disk_errors(root):
        shards, stray = _shards(layout, description)
        findings += stray
        seen = _Seen()
        findings += _check(layout, files, description, shards, depth, jobs, seen, progress)
        findings += _strange_folders(files, shards, set(seen.shards), description.complete)
        findings += _leftovers(layout, files, description.complete)
        if description.complete:
            progress("verifying the manifest", 0, None)
            samples = description.samples if description.samples is not None else seen.last + 1
            findings += manifest_findings(layout, seen.shards, samples, description.content, depth)
    findings.sort(key=lambda finding: (finding.path, finding.index or 0))
    status = str(description.content["status"])
    return Verified(status, len(seen.shards), seen.samples, seen.files, seen.bytes, tuple(findings))


class _Seen:
    """What has been looked at."""

    def __init__(self) -> None:
        self.shards: list[int] = []
        self.last = -1
        self.samples = self.files = self.bytes = 0

    def add(self, record: ShardRecord) -> None:
        self.shards.append(record.shard)
        self.last = record.samples[-1].index
        self.samples += len(record.samples)
        self.files += len(record.files)
        self.bytes += sum(record.files.values())


def _shards(layout: Layout, description: Description) -> tuple[list[int], list[Finding]]:
    """The shards that should be there, and records beside them that should not."""
    there = whole_shards(layout)
    samples = description.samples
    if description.part is not None:
        return sorted({*there, *description.part}), []
    if samples is None:
        return (list(range(there[-1] + 1)) if description.complete and there else there), []
    should = list(range(-(-samples // layout.shard_size)))
    beyond = [shard for shard in there if shard >= len(should)]
    return should, [
        Finding(Kind.EXTRA, f"shards/{layout.record(shard).name}", f"{len(should)} shards", f"a record of shard {shard}", shard)
        for shard in beyond
    ]


def _check(
    layout: Layout,
    files: Files,
    description: Description,
    shards: list[int],
    depth: Depth,
    jobs: int,
    seen: _Seen,
    progress: Progress,
) -> list[Finding]:
    """Records, files and what lies beside them, shard by shard; one record in memory at a time."""
    findings: list[Finding] = []
    samples, labels = description.samples, description.content.get("labels") or {}

    def work() -> Iterator[object]:
        for shard in shards:
            last = None if samples is None else min((shard + 1) * layout.shard_size, samples) - 1
            record = sound_record(layout, shard, last)
            if isinstance(record, Finding):
                findings.append(record)
                continue
            seen.add(record)
            findings.extend(strangers(files, record))
            yield from (joblib.delayed(files.check)(piece, depth, labels) for piece in pieces(layout, record))

    # Hashing lets go of the interpreter; decoding and counting hardly do.
    backend = "loky" if depth == Depth.DEEP and jobs > 1 and files.in_processes else "threading"
    progress("verifying", 0, samples)
    done = 0
    for found in joblib.Parallel(n_jobs=jobs, backend=backend, return_as="generator", pre_dispatch="2 * n_jobs")(work()):
        findings += found
        done += 64
        progress("verifying", min(done, samples) if samples else done, samples)
    return findings


def _strange_folders(files: Files, shards: list[int], sound: set[int], complete: bool) -> Iterator[Finding]:
    """What lies where shards lie and is none of theirs. While a dataset is built, shards may lie there without a record."""
    for folder in FOLDERS:
        for entry in files.names(folder):
            ours = bool(SHARD_NAME.fullmatch(entry)) and files.is_folder(f"{folder}/{entry}")
            if ours and int(entry) in sound:
                continue  # looked at with its record
            known = ours and (int(entry) in shards or not complete)
            names = [name for name in files.names(f"{folder}/{entry}") if not (known and SAMPLE_NAME.fullmatch(name))]
            for path in [f"{folder}/{entry}/{name}" for name in names] or ([] if ours else [f"{folder}/{entry}"]):
                yield Finding(Kind.EXTRA, path, "no such file", "one that no record names")
    for entry in files.names("shards"):
        if not RECORD_NAME.fullmatch(entry):
            kind = Kind.EXTRA if final_name(entry) == entry else Kind.LEFTOVER
            yield Finding(kind, f"shards/{entry}", "records of shards only", "another file")


def _leftovers(layout: Layout, files: Files, complete: bool) -> Iterator[Finding]:
    """What a run that was interrupted left behind; a run that goes on may still need it."""
    if not complete:
        return
    there = files.names("")
    if layout.staging.name in there:
        yield Finding(Kind.LEFTOVER, layout.staging.name, "no staging area in a complete dataset", "one")
    for name in there:
        if final_name(name) != name and final_name(name) in (*FILES, layout.dataset.name):
            yield Finding(Kind.LEFTOVER, name, "no half-written file", "one")
