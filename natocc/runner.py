"""Shards over joblib: pieces of a shard are made by workers, whole shards are committed here."""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import platform
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import cv2
import joblib

from natocc.faces.landmarks import check_models
from natocc.outputs import encode, label_maps
from natocc.pipeline import Pipeline, SampleSpec, Schedule
from natocc.plans import Json
from natocc.recipe import Recipe
from natocc.report.contact_sheet import dataset_contact_sheet
from natocc.samples import SampleRecord
from natocc.shards.dataset import write_dataset
from natocc.shards.layout import Layout
from natocc.shards.manifest import write_manifest
from natocc.shards.prepare import clean_staging, prepare
from natocc.shards.writer import commit_shard, stage_files

_MOST_IN_PIECE = 32
_PIECES_A_WORKER = 4
_BYTES_A_PIXEL = {"jpg": 0.45, "png": 1.9}
_MASK_BYTES_A_PIXEL = 0.02


class Progress(Protocol):
    """Is told what a build does, how many samples are done, and of how many (None: unknown)."""

    def __call__(self, doing: str, done: int, total: int | None) -> None: ...


@dataclasses.dataclass(frozen=True)
class Totals:
    """What a build made.

    Parameters
    ----------
    made : int
        Samples on disk.
    rejected : mapping of str to int
        Samples rejected, by reason.
    seconds : float
        Wall time.
    """

    made: int
    rejected: Mapping[str, int]
    seconds: float

    @property
    def rejected_share(self) -> float:
        """Rejected samples over all."""
        rejected = sum(self.rejected.values())
        return rejected / max(1, rejected + self.made)

    def to_json(self) -> dict[str, Json]:
        """The totals as plain JSON."""
        return {"made": self.made, "rejected": dict(self.rejected), "seconds": round(self.seconds, 3)}


@dataclasses.dataclass(frozen=True)
class Run:
    """A recipe, this machine's folders, and how hard to work.

    Parameters
    ----------
    recipe : Recipe
        What to build.
    data, cache, out : Path
        Where inputs lie, where libraries are kept, where the dataset goes.
    count : int, optional
        Samples in all; None means what the recipe's sets say.
    jobs : int
        Workers. The bytes do not depend on it.
    backend : str
        joblib's: ``loky`` (processes) or ``threading``.
    """

    recipe: Recipe
    data: Path
    cache: Path
    out: Path
    count: int | None = None
    jobs: int = 1
    backend: str = "loky"

    def build(self, overwrite: bool, progress: Progress) -> Totals:
        """Make the dataset.

        Parameters
        ----------
        overwrite : bool
            Whether a dataset that lies in the folder may go.
        progress : Progress
            Is told how it goes.

        Returns
        -------
        totals : Totals
            What was made and what was rejected.

        Raises
        ------
        UsageError
            Before anything is written: data missing, folder not empty.
        RunError
            If models are missing or the disk refuses; shards that were committed stay whole.
        """
        begin = time.monotonic()
        jobs = self.jobs
        progress("opening sources", 0, None)
        check_models(self.recipe.faces.align.points)
        pipeline = Pipeline(self.recipe, self.data, self.cache, jobs)
        schedule = pipeline.schedule(self.count)
        layout = Layout(self.out, self.recipe.output.shard_size)
        described = self._description(pipeline.faces.classes)
        prepare(self.out, overwrite)
        write_dataset(layout, {"status": "building", **described})
        made, rejected = 0, Counter[str]()
        for shard, records, seconds in self._shards(layout, schedule, jobs, progress):
            commit_shard(layout, shard, records, seconds)
            made += sum(record.rejection is None for record in records)
            rejected.update(record.rejection.reason for record in records if record.rejection)
        progress("writing the manifest", len(schedule), len(schedule))
        write_manifest(layout)
        if made:
            dataset_contact_sheet(layout)
        clean_staging(layout)
        counts = {"made": made, "rejected": dict(sorted(rejected.items()))}
        write_dataset(layout, {"status": "complete", **described, "samples": len(schedule), "counts": counts})
        return Totals(made, dict(rejected), time.monotonic() - begin)

    def _description(self, classes: Mapping[int, str]) -> dict[str, Json]:
        return {
            "recipe": self.recipe.resolved(),
            "recipe_sha256": self.recipe.sha256(),
            "versions": versions(),
            "labels": label_maps(self.recipe.output, classes),
        }

    def _shards(
        self, layout: Layout, schedule: Schedule, jobs: int, progress: Progress
    ) -> Iterator[tuple[int, list[SampleRecord], float]]:
        """Shards in the order in which they become whole: number, records by index, seconds of work."""
        pieces = list(_pieces(len(schedule), layout.shard_size, jobs))
        missing = Counter(layout.shard_of(piece[0]) for piece in pieces)
        waiting: dict[int, list[tuple[list[SampleRecord], float]]] = {}
        recipe = json.dumps(self.recipe.resolved())
        work = (
            joblib.delayed(_make_piece)(recipe, self.data, self.cache, layout, [schedule[index] for index in piece])
            for piece in pieces
        )
        # One native thread a worker: the workers are the parallelism, and threads inside them would fight for the cores.
        native = {"inner_max_num_threads": 1} if self.backend == "loky" and jobs > 1 else {}
        done = 0
        progress("making", 0, len(schedule))
        with joblib.parallel_config(backend=self.backend, **native):
            for result in joblib.Parallel(n_jobs=jobs, batch_size=1, return_as="generator_unordered")(work):
                records, seconds = result
                shard = layout.shard_of(records[0].index)
                waiting.setdefault(shard, []).append((records, seconds))
                done += len(records)
                progress("making", done, len(schedule))
                if len(waiting[shard]) == missing[shard]:
                    whole = waiting.pop(shard)
                    rows = sorted((row for rows, _ in whole for row in rows), key=lambda row: row.index)
                    yield shard, rows, sum(seconds for _, seconds in whole)


def expected(recipe: Recipe, data: Path, cache: Path, count: int | None) -> dict[str, Json]:
    """What a build would make: faces, samples of each set, shards, and about how many bytes; reads no picture.

    Raises
    ------
    UsageError
        If the faces are missing.
    """
    faces = recipe.faces.open(data, cache)
    ids = faces.ids()
    schedule = Schedule([a_set.samples_per_face for a_set in recipe.sets], ids, count)
    samples = Counter(schedule[index].set_index for index in range(len(schedule)))
    side = recipe.faces.align.size or 1024
    pixel = _BYTES_A_PIXEL[recipe.output.image.format] + _MASK_BYTES_A_PIXEL
    return {
        "source": recipe.faces.source,
        "faces": len(ids),
        "sets": [
            {"name": a_set.name, "method": a_set.method, "occluders": a_set.occluders.source, "samples": samples[index]}
            for index, a_set in enumerate(recipe.sets)
        ],
        "samples": len(schedule),
        "shards": math.ceil(len(schedule) / recipe.output.shard_size),
        "bytes": int(len(schedule) * side * side * pixel),
    }


def versions() -> dict[str, str]:
    """What decides the bytes beside recipe and inputs: versions, and the architecture, whose last bits may differ."""
    from importlib.metadata import version

    packages = ("dlib-bin", "numpy", "opencv-python-headless", "pillow", "pycocotools")
    return {"machine": platform.machine(), "python": platform.python_version(), **{name: version(name) for name in packages}}


def _pieces(count: int, shard_size: int, jobs: int) -> Iterator[range]:
    """Runs of indices that one worker makes: none crosses a shard, and there are enough of them to keep all busy."""
    size = max(1, min(_MOST_IN_PIECE, math.ceil(count / (jobs * _PIECES_A_WORKER))))
    for first in range(0, count, shard_size):
        end = min(first + shard_size, count)
        for start in range(first, end, size):
            yield range(start, min(start + size, end))


def _make_piece(
    recipe: str, data: Path, cache: Path, layout: Layout, specs: Sequence[SampleSpec]
) -> tuple[list[SampleRecord], float]:
    """Make samples and lay their files aside; runs in a worker."""
    cv2.setNumThreads(1)
    begin = time.monotonic()
    pipeline, piece = _pipeline(recipe, data, cache), f"{specs[0].index:09d}"
    records = [_make_one(pipeline, layout, piece, spec) for spec in specs]
    return records, time.monotonic() - begin


@functools.lru_cache(maxsize=1)
def _pipeline(recipe: str, data: Path, cache: Path) -> Pipeline:
    """A worker's pipeline, opened once for all its pieces."""
    return Pipeline(Recipe.model_validate_json(recipe), data, cache)


def _make_one(pipeline: Pipeline, layout: Layout, piece: str, spec: SampleSpec) -> SampleRecord:
    sample = pipeline.make_sample(spec)
    if sample.face is None or sample.composite is None:
        return sample.record
    files = encode(sample.face, sample.composite, pipeline.faces.classes, pipeline.recipe.output)
    return dataclasses.replace(sample.record, files=stage_files(layout, piece, spec.index, files))
