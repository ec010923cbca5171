"""Damage repaired: exactly what is damaged is made again, and only if it comes out as it was."""

from __future__ import annotations

import contextlib
import functools
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from natocc.builder.complete import write_complete
from natocc.core.errors import BadDataError, Reason, UsageError
from natocc.core.progress import Progress
from natocc.core.samples import Origin, Rejection, SampleRecord
from natocc.dataset.description import write_dataset
from natocc.dataset.findings import Finding, Kind
from natocc.dataset.layout import FOLDERS, RECORD_NAME, SAMPLE_NAME, SHARD_NAME
from natocc.dataset.links import link_on_the_way
from natocc.dataset.manifest import Row, read_manifest, write_manifest
from natocc.dataset.open import open_dataset
from natocc.dataset.records import read_shard, read_shards
from natocc.dataset.verify.shard import pieces
from natocc.dataset.write.commit import commit_shard
from natocc.dataset.write.folder import clean_staging
from natocc.dataset.write.staging import read_staged, stage_sample
from natocc.executors.processes import Processes, Threads
from natocc.executors.sample_worker import Damaged, Remaking, remake_files
from natocc.io.atomic import disk_errors, final_name, write_aside
from natocc.io.images import sha256
from natocc.io.workspace import Workspace
from natocc.pipeline.sample import Pipeline
from natocc.recipe.model import validate_recipe
from natocc.report.card import card_of
from natocc.report.contact_sheet import sheet_of
from natocc.workers.crew import TIME_LIMIT, Crew

_SAMPLES_A_PIECE = 8
_Item = TypeVar("_Item")
_NO_RECIPE = "the recipe in dataset.json is not the one that it was built with, and no copy of that is left"
_PART_NAME = re.compile(r"\..+\.part")


class Repair:
    """Repairs a dataset; every step writes aside and renames, so that a repair that is killed can be started again.

    Parameters
    ----------
    root : Path
        The dataset's folder; nobody else writes to it.
    findings : sequence of Finding
        From :func:`natocc.dataset.verify.dataset.verify_folder`.
    workspace : Workspace
        Where inputs lie and where libraries are kept; its processes make samples, too.
    progress : callable
        Is called with the state of the work.

    Attributes
    ----------
    left : dict of str to str
        Path to why it was left as it is.
    """

    def __init__(self, root: Path, findings: Sequence[Finding], workspace: Workspace, progress: Progress) -> None:
        self.left: dict[str, str] = {}
        self._root, self._workspace, self._progress = root, workspace, progress
        self._of = defaultdict[Kind, list[Finding]](list)
        for finding in findings:
            self._of[finding.kind].append(finding)
        opened = open_dataset(root)
        self._description, self._layout, self._trusted = opened.description, opened.layout, opened.trusted
        self._opened: Pipeline | None = None

    def run(self) -> None:
        """Repair what can be repaired.

        Raises
        ------
        UsageError
            If inputs are missing.
        RunError
            If writing fails (disk full, read-only, no permission).
        """
        self._remove()
        for finding in self._of[Kind.CONTENT]:
            self.left[finding.path] = "its bytes are those that were recorded: it was made so"
        if self._of[Kind.FILE]:
            self._repair_files()
        for finding in self._of[Kind.RECORD]:
            self._repair_shard(finding)
        if self._description.is_complete:
            self._repair_descriptions()

    def _pipeline(self) -> Pipeline | None:
        """The recipe opened on this machine; None where the recipe cannot be trusted."""
        if self._opened is None and self._trusted:
            self._progress("opening sources", 0, None)
            recipe = validate_recipe(self._description.recipe, "in dataset.json")
            recipe.faces.align.check_models(self._workspace.data)
            self._opened = Pipeline(recipe, self._workspace)
        return self._opened

    def _remove(self) -> None:
        """Delete what natocc wrote and nothing names; somebody else's files stay."""
        for finding in self._of[Kind.EXTRA] + self._of[Kind.LEFTOVER]:
            path = self._root / finding.path
            with disk_errors(path):
                ours = link_on_the_way(self._root, path) is None  # what a link leads to is not of the dataset
                if path == self._layout.staging and ours:
                    clean_staging(self._layout)
                elif ours and _own_name(finding.path) and path.is_file():
                    path.unlink()
                    _remove_empty(path.parent)
                elif not (ours and _own_folder(finding.path) and _remove_empty(path)):
                    self.left[finding.path] = "natocc did not write it: move it away"

    def _repair_files(self) -> None:
        """Make damaged files again from the plans in their records."""
        wanted = {finding.path for finding in self._of[Kind.FILE]}
        damaged: list[Damaged] = []
        for shard in sorted({finding.shard for finding in self._of[Kind.FILE] if finding.shard is not None}):
            for piece in pieces(self._layout, read_shard(self._layout, shard)):
                for record, files in piece.samples:
                    if chosen := [file for file in files if file.path in wanted]:
                        damaged.append((record, chosen))
        if self._pipeline() is None:
            self.left |= dict.fromkeys(wanted, _NO_RECIPE)
            return
        self._progress("making damaged samples again", 0, len(damaged))
        work = functools.partial(remake_files, Remaking(json.dumps(self._description.recipe), self._workspace, self._root))
        crew = Crew(work, self._workspace.jobs, _shown)
        count = 0
        with contextlib.closing(crew.run(_pieces(damaged))) as done:
            for some in done:
                self.left |= some.result
                count += len(some.items)
                self._progress("making damaged samples again", count, len(damaged))

    def _repair_shard(self, finding: Finding) -> None:
        """Make a whole shard again whose record is lost or damaged, from the recipe."""
        count, shard = self._description.sample_count, finding.shard
        if count is None or shard is None:
            self.left[finding.path] = "the dataset is unfinished: delete the record, and a build makes the shard"
            return
        pipeline = self._pipeline()
        if pipeline is None:
            self.left[finding.path] = _NO_RECIPE
            return
        if self._strangers(shard):
            self.left[finding.path] = "something that natocc did not write lies among its samples: move it away"
            return
        indices = self._layout.indices(shard, count)
        rows = self._reference(indices)
        rejected = [_rejected(row) for row in rows.values() if row["status"] == "rejected"]
        known = {record.index for record in rejected}
        schedule = pipeline.schedule(count)
        specs = [schedule[index] for index in indices if index not in known]
        self._progress(f"making shard {shard} again", 0, len(indices))
        clean_staging(self._layout)
        jobs = self._workspace.jobs
        crew = Processes(pipeline, self._layout, jobs, TIME_LIMIT) if jobs > 1 else Threads(pipeline, self._layout, jobs)
        for _ in crew.run(_pieces(specs)):
            pass
        for record in rejected:
            stage_sample(self._layout, record, {})
        records, _ = read_staged(self._layout, shard)
        other = sorted(index for index, record in records.items() if index in rows and not _agrees(record, rows[index]))
        if other:
            samples = ", ".join(str(index) for index in other)
            why = "inputs, versions or the processor changed"
            self.left[finding.path] = f"made again, samples {samples} are not as the manifest says: {why}"
        else:
            commit_shard(self._layout, indices)
        clean_staging(self._layout)

    def _strangers(self, shard: int) -> bool:
        """Whether something lies in a shard's folders that may not be deleted."""
        folders = [self._layout.shard_folder(folder, shard) for folder in FOLDERS]
        return any(not SAMPLE_NAME.fullmatch(path.name) for folder in folders if folder.is_dir() for path in folder.iterdir())

    def _reference(self, indices: range) -> dict[int, Row]:
        """Rows of the manifest by index, with which what is made again must agree; none where the manifest is damaged too."""
        if self._of[Kind.MANIFEST]:
            return {}
        try:
            return {row["index"]: row for row in read_manifest(self._root, indices[0], indices[-1])}
        except UsageError:
            return {}

    def _repair_descriptions(self) -> None:
        """Make ``dataset.json`` and the manifest again from the records."""
        lost = any(finding.path in self.left for finding in self._of[Kind.RECORD])
        dataset, manifest = self._of[Kind.DATASET], self._of[Kind.MANIFEST]
        if lost:
            why = "it is made from the records, and one of them is lost"
            self.left |= {finding.path: why for finding in dataset + manifest + self._of[Kind.CARD]}
            return
        if dataset and not self._trusted:
            self.left[dataset[0].path] = "the manifest, which has a copy of it, is lost or damaged too"
            return
        if dataset:
            write_dataset(self._root, self._description)  # of which the manifest is made
        if manifest or self._of[Kind.RECORD]:
            self._progress("writing the manifest", 0, None)
            write_manifest(self._layout)
        if dataset:
            made, rejected = 0, Counter[str]()
            for record in read_shards(self._layout):
                made += record.made
                rejected.update(record.rejected)
            try:
                write_complete(self._layout, self._description, made + rejected.total(), made, rejected)
            except (BadDataError, UsageError) as error:
                self.left[dataset[0].path] = f"the contact sheet, for which it answers, cannot be made: {error}"
        else:
            self._repair_cards()

    def _repair_cards(self) -> None:
        """Make the card and the contact sheet again, each if it comes out as it was."""
        for finding in self._of[Kind.CARD]:
            path, stated = self._root / finding.path, (self._description.files or {})[finding.path]
            try:
                content = card_of(self._layout, self._description) if path == self._layout.card else sheet_of(self._layout)
            except (BadDataError, UsageError) as error:
                self.left[finding.path] = f"what it is made of is damaged, too: {error}"
                continue
            if (digest := sha256(content)) == stated:
                write_aside(path, content)
            else:
                self.left[finding.path] = f"made again it has sha256 {digest}: other versions made it"


def _shown(damaged: Damaged) -> str:
    return f"sample {damaged[0].index}"


def _pieces(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    return (items[start : start + _SAMPLES_A_PIECE] for start in range(0, len(items), _SAMPLES_A_PIECE))


def _own_name(path: str) -> bool:
    """Whether natocc gives files such names in such places."""
    folder, _, name = path.rpartition("/")
    if folder in ("", "shards") and _PART_NAME.fullmatch(name):
        return True
    name = final_name(name)  # a repair may have been killed
    if folder == "shards":
        return bool(RECORD_NAME.fullmatch(name))
    above, _, shard = folder.partition("/")
    return above in FOLDERS and bool(SHARD_NAME.fullmatch(shard) and SAMPLE_NAME.fullmatch(name))


def _own_folder(path: str) -> bool:
    """Whether natocc gives folders such names in such places."""
    above, _, shard = path.partition("/")
    return above in FOLDERS and SHARD_NAME.fullmatch(shard) is not None


def _remove_empty(folder: Path) -> bool:
    """Delete a folder of a shard with nothing in it; says whether it could."""
    try:
        folder.rmdir()
    except OSError:
        return False
    return True


def _rejected(row: Row) -> SampleRecord:
    """Record of a rejected sample from its row, which holds all of it: what was not made need not be made again."""
    origin = None
    if row["face_dataset"] is not None:
        origin = Origin(row["face_dataset"], row["face_item"], row["face_source_sha256"], row["face_licence"])
    return SampleRecord(
        index=row["index"],
        set_name=row["set"],
        method=row["method"],
        face=row["face"],
        variant=row["variant"],
        identity=row["identity"],
        split=row["split"],
        face_origin=origin,
        face_labels_sha256=row["face_labels_sha256"],
        detector=row["detector"],
        rejection=Rejection(Reason(row["reason"]), row["stage"], row["detail"]),
    )


def _agrees(record: SampleRecord, row: Row) -> bool:
    """Whether a sample's files are those of its row."""
    return {folder: row[f"{folder}_sha256"] for folder in FOLDERS if row[f"{folder}_sha256"] is not None} == dict(record.files)
