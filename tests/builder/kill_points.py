"""Kills a run at every point where it touches the disk, goes on, and compares; run by ``test_run_kill_points.py``.

A process of its own, because it forks: each try is a child that sends itself SIGKILL before its n-th open, rename, deletion or
new folder. So a file may also be left empty: opened, and killed before it was written to.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import shutil
import signal
import sys
from collections.abc import Callable, Generator, Iterable, Sequence
from pathlib import Path

from natocc.builder.state import State
from natocc.core.errors import Reason
from natocc.core.plans import Plan
from natocc.core.samples import Rejection, SampleRecord
from natocc.dataset.description import DatasetDescription, write_dataset
from natocc.dataset.layout import Layout
from natocc.dataset.records import read_shards
from natocc.dataset.write.folder import claim, clean_staging, prepare
from natocc.dataset.write.growing_manifest import growing_manifest
from natocc.dataset.write.lock import locked
from natocc.dataset.write.own_folder import OwnFolder
from natocc.dataset.write.seal import seal_if_staged
from natocc.dataset.write.staging import stage_sample
from natocc.executors.processes import Made
from natocc.executors.shard_worker import fill_shards
from natocc.io.images import sha256
from natocc.pipeline.schedule import SampleSpec

os.fsync = lambda _: None  # what a kill leaves in the page cache is not lost, and it takes long

EVENTS = {"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link"}
COUNT, SHARD = 4, 3
DESCRIPTION = DatasetDescription({"name": "x", "output": {"shard_size": SHARD}}, "", {}, {}, {})
_BOX = {"face_left": 0, "face_top": 0, "face_width": 8, "face_height": 8}
_PIXELS = {"face_pixels": 64, "visible_pixels": 64, "width": 8, "height": 8}
MEASURES = {"occlusion_ratio": 0.5, "mask_estimated": 0, **_PIXELS, **_BOX}


@dataclasses.dataclass(frozen=True)
class Pretenders:
    """A crew that stages bytes for pictures and seals shards."""

    layout: Layout
    count: int

    def run(self, pieces: Iterable[Sequence[SampleSpec]]) -> Generator[Made, None, None]:
        for piece in pieces:
            for spec in piece:
                stage(self.layout, spec.index)
            shard = self.layout.shard_of(piece[0].index)
            yield piece, seal_if_staged(self.layout, self.layout.indices(shard, self.count))


def run(root: Path, count: int = COUNT) -> None:
    """What a run does to the disk, in its order."""
    layout = Layout(root, SHARD)
    state = State(layout, count)
    claim(root)
    with locked(root):
        if layout.dataset.exists():
            state.look()
            state.recover()
        else:
            prepare(root, overwrite=False)
        write_dataset(root, DESCRIPTION)
        schedule = [SampleSpec(index, 0, "f", index) for index in range(count)]
        wanted = [state.indices(shard) for shard in state.missing]
        crew = functools.partial(Pretenders, count=count)
        with growing_manifest(layout, state.all_shards, state.whole) as manifest:
            for made in fill_shards(OwnFolder(layout), wanted, schedule, crew, most=2):
                manifest.tell(made)
        clean_staging(layout)
        write_dataset(root, dataclasses.replace(DESCRIPTION, status="complete", samples=count))


def stage(layout: Layout, index: int) -> None:
    """A sample; each third is rejected."""
    if index % 3 == 2:
        rejection = Rejection(Reason.NO_FACE, "face", "none")
        stage_sample(layout, SampleRecord(index, "s", "natocc", "f", index, "f", rejection=rejection), {})
    else:
        content = {"images": (".jpg", b"image %d" % index), "masks": (".png", b"mask %d" % index)}
        stage_sample(layout, SampleRecord(index, "s", "natocc", "f", index, "f", plan=Plan((), 1), measures=MEASURES), content)


def killed_at(step: int, root: Path, work: Callable[[], object]) -> bool:
    """Whether `work`, in a child, was killed before its `step`-th event below `root`; else it was shorter than that."""
    child = os.fork()
    if child == 0:
        seen = 0

        def hook(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal seen
            if event in EVENTS and str(arguments[0]).startswith(str(root)):
                if seen == step:
                    os.kill(os.getpid(), signal.SIGKILL)
                seen += 1

        sys.addaudithook(hook)
        with contextlib.suppress(BaseException):
            work()
            os._exit(0)
        os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the run failed"
    return os.WIFSIGNALED(status)


def check_whole(layout: Layout) -> None:
    """Every shard that has a record is whole."""
    for record in read_shards(layout):
        paths = record.paths()
        for sample in record.samples:
            assert {
                folder: sha256((layout.root / path).read_bytes()) for folder, path in paths.get(sample.index, {}).items()
            } == dict(sample.files)


def files(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def main(base: Path) -> None:
    """A run from nothing, and one that adds to a complete one, killed at each step."""
    run(base / "reference")
    expected = files(base / "reference")
    for before in (0, 1):
        step = 0
        while True:
            root = base / "killed"
            shutil.rmtree(root, ignore_errors=True)
            if before:
                run(root, before)
            if not killed_at(step, root, functools.partial(run, root)):
                break
            check_whole(Layout(root, SHARD))
            run(root)
            assert files(root) == expected, f"killed at step {step} of a run that found {before} samples"
            step += 1
        print(f"{step} steps with {before} samples there")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
