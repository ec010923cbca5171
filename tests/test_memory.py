"""Memory of a worker does not grow with the data: neither listings nor indices are copied into each (fault F34)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from natocc.core.errors import BadDataError, Reason
from natocc.core.samples import Cutout, Origin
from natocc.io.sealed_json import seal
from natocc.occluders.library.extraction import open_library, write_index

MEASURE = """
import pathlib, sys, time
import numpy, pyarrow, pyarrow.compute, pyarrow.ipc
from natocc.faces.sources.folder import FolderFaces
from natocc.occluders.library.library import Library
from natocc.pipeline.occluders import divided
from natocc.core.seeds import generator
from natocc.dataset.splits import Splits
def own():
    return int(pathlib.Path("/proc/self/status").read_text().split("RssAnon:")[1].split()[0]) / 1024
root = pathlib.Path(sys.argv[1])
if sys.argv[2] == "faces":
    FolderFaces(source="folder", root="few").open(root, root)
    before = own()
    kept = FolderFaces(source="folder", root="many").open(root, root)
else:
    divided(Library(root / "few"), Splits(train=0.8, val=0, test=0.2))
    before = own()
    library = Library(root / "many")
    for seed in range(200):
        library.draw(generator(seed))
    kept = library if sys.argv[2] == "library" else divided(library, Splits(train=0.8, val=0, test=0.2))
print(own() - before)
"""


def _grown(root: Path, what: str) -> float:
    """By how many MB of its own a fresh process grows when it opens what is large."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(root), what],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        timeout=120,
        check=True,
    )
    return float(done.stdout)


def _library(path: Path, count: int) -> None:
    """The index of a library of `count` cutouts, seven a picture as in COCO, without their files."""
    rows = [
        {
            "item": f"instances_train2017/{number:07d}",
            "file": f"{number // 3000:05d}/{number % 3000:06d}.png",
            "category": "cup",
            "dataset": "coco",
            "sha256": f"{number // 7:064x}",
            "licence": "http://creativecommons.org/licenses/by/2.0/",
            "points_to": None,
            "width": 100,
            "height": 100,
        }
        for number in range(count)
    ]
    path.mkdir()
    write_index(path / "index.arrow", rows)
    summary = {"version": 3, "name": "x", "cutouts": count, "categories": {"cup": count}, "refused": {}, "examples": {}}
    (path / "summary.json").write_text(json.dumps(seal(summary)), encoding="ascii")


def test_f34_a_listing_is_names_alone(tmp_path: Path) -> None:
    """F34: 10 000 of them take about a MB."""
    for folder, count in (("few", 10), ("many", 10_000)):
        (tmp_path / folder).mkdir()
        for number in range(count):
            os.close(os.open(tmp_path / folder / f"{number}.jpg", os.O_CREAT | os.O_WRONLY))
    assert _grown(tmp_path, "faces") < 10


def test_f34_an_index_is_mapped_and_not_copied(tmp_path: Path) -> None:
    """F34: 100 000 cutouts, 20 MB of index: of its own a worker has nearly nothing, with splits eight bytes a cutout."""
    _library(tmp_path / "few", 700)
    _library(tmp_path / "many", 100_000)
    assert (tmp_path / "many" / "index.arrow").stat().st_size > 15_000_000
    assert _grown(tmp_path, "library") < 3
    assert _grown(tmp_path, "splits") < 40  # what Arrow's allocator keeps of the pass over it, mostly


class Heavy:
    """A picture whose annotations take a megabyte, and which writes down how much memory its process has used."""

    def __init__(self, number: int, told: Path) -> None:
        self.number, self.told = number, told
        self.annotations = np.random.Generator(np.random.PCG64(number)).bytes(1_000_000)

    def objects(self) -> Iterator[Cutout | BadDataError]:
        # Not what `resource` says: to a process that has begun another program, that counts what its parent had then.
        peak = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
        (self.told / str(os.getpid())).write_text(str(peak))
        if self.number:
            yield BadDataError(Reason.CROWD, str(self.number))
        else:
            matte = np.full((9, 9), 255, np.uint8)
            yield Cutout(np.zeros((9, 9, 3), np.uint8), matte, "box", Origin("d", "0", "0" * 64))


def test_f34_a_worker_of_an_extraction_holds_its_chunk_alone(tmp_path: Path) -> None:
    """F34: 480 MB of annotations in the parent, 32 MB of them at a time in a worker."""
    told = tmp_path / "told"
    told.mkdir()
    open_library(tmp_path / "few", "key", "n", lambda: [Heavy(number, told) for number in range(64)], 2)
    few = max(float(path.read_text()) for path in told.iterdir())
    open_library(tmp_path / "many", "key", "n", lambda: [Heavy(number, told) for number in range(480)], 2)
    many = max(float(path.read_text()) for path in told.iterdir())
    assert many < few + 120


PLANNED = """
import contextlib, pathlib, types
import natocc.builder.run
from natocc.dataset.layout import Layout
from natocc.dataset.write.own_folder import OwnFolder
from natocc.executors.shard_worker import fill_shards
from natocc.pipeline.schedule import Schedule
schedule = Schedule([40.0], [str(number) for number in range(30_000)], 1_000_000)
layout, planned = Layout(pathlib.Path("nowhere"), 1000), []
def run(pieces):
    planned.append(sum(map(len, pieces)))
    yield [], None
crew = types.SimpleNamespace(run=run)
shards = [layout.indices(shard, len(schedule)) for shard in range(1000)]
assert not list(fill_shards(OwnFolder(layout), shards, schedule, lambda scratch: crew, 32))
assert planned == [1_000_000]
print(int(pathlib.Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024)
"""


def test_a_million_planned_samples_fit_into_the_parent() -> None:
    """300 MB, everything that a build loads included."""
    done = subprocess.run(
        [sys.executable, "-c", PLANNED],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        timeout=120,
        check=True,
    )
    assert float(done.stdout) < 300


ROWS = """
import io, pathlib, sys
from natocc.core.errors import Reason
from natocc.core.samples import Rejection, SampleRecord
from natocc.dataset.description import DatasetDescription
from natocc.dataset.manifest import write_rows
from natocc.dataset.records import ShardRecord
def record(shard):
    rejection = Rejection(Reason.NO_FACE, "face", "none")
    rows = (SampleRecord(shard * 100 + at, "s", "natocc", str(at), 0, "x" * 200, rejection=rejection) for at in range(100))
    return ShardRecord(shard, tuple(rows), {})
class Nowhere(io.RawIOBase):
    def writable(self): return True
    def write(self, data): return len(data)
write_rows(map(record, range(int(sys.argv[1]))), DatasetDescription({}, "", {}, {}, {}), Nowhere())
print(int(pathlib.Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024)
"""


def test_a_manifest_is_written_shard_by_shard() -> None:
    """Twenty times as many shards: what grows is the table of contents alone."""
    peaks = []
    for shards in (20, 400):
        done = subprocess.run([sys.executable, "-c", ROWS, str(shards)], capture_output=True, text=True, timeout=120, check=True)
        peaks.append(float(done.stdout))
    assert peaks[1] < peaks[0] + 60
