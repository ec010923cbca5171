"""Inputs that change, or cannot be read for a moment: the run says so, and what it could not read is tried again."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from runs import files

from natocc.builder.merge import merge
from natocc.builder.part import build_part
from natocc.builder.run import Run, Totals
from natocc.core.errors import BadDataError, Reason, RunError, UsageError
from natocc.dataset.layout import Layout
from natocc.dataset.records import read_shard
from natocc.dataset.write.commit import reopen_shard
from natocc.executors import sample_worker
from natocc.io import images
from natocc.io.workspace import Workspace
from natocc.recipe.model import Recipe

FACES, SHARD = 10, 4  # more faces than a process keeps in memory
COUNT = 2 * FACES


def _write(path: Path, array: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), array)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Faces with masks and landmarks, textures: files of equal size of each."""
    rng = np.random.default_rng(1)
    for number in range(FACES):
        mask = np.zeros((64, 64), np.uint8)
        cv2.ellipse(mask, (32, 32), (12 + number, 28 - number), 0, 0, 360, 255, -1)
        _write(tmp_path / f"faces/images/{number}.bmp", rng.integers(40, 216, (64, 64, 3), dtype=np.uint8))
        _write(tmp_path / f"faces/masks/{number}.bmp", mask)
        points = "".join(f"{20 + number + index % 9}.0 {20 + index // 3}.0\n" for index in range(68))
        (tmp_path / "points").mkdir(exist_ok=True)
        (tmp_path / f"points/{number}.pts").write_text(f"version: 1\nn_points: 68\n{{\n{points}}}\n")
    for number in range(2):
        _write(tmp_path / f"dtd/{number}.bmp", rng.integers(0, 255, (80, 80, 3), dtype=np.uint8))
    return tmp_path


def _recipe() -> Recipe:
    textures = {"source": "textures", "root": "dtd"}
    shapes = {"source": "shapes", "side": 48, "textures": textures}
    faces = {"source": "labelled", "landmarks": "points", "align": {"method": "none"}}
    sets = [{"name": "one", "method": "randocc", "occluders": shapes}]
    output = {"shard_size": SHARD, "max_rejected": 1.0}
    return Recipe.model_validate({"name": "made", "seed": 1, "faces": faces, "sets": sets, "output": output})


def _run(data: Path, out: Path, count: int = COUNT) -> Run:
    return Run(_recipe(), Workspace(data, data.parent / "cache"), out, count=count, backend="threading")


def _build(
    data: Path, out: Path, count: int = COUNT, half_way: Callable[[], object] = lambda: None, overwrite: bool = False
) -> Totals:
    """A build by threads; `half_way` is called once when some samples are made."""
    called: list[object] = []

    def progress(doing: str, done: int, total: int | None) -> None:
        if doing == "making" and done >= COUNT // 2 and not called:
            called.append(half_way())

    return _run(data, out, count).build(overwrite, progress)


def _exchange(first: Path, second: Path) -> None:
    aside = first.with_name("aside")
    first.rename(aside)
    second.rename(first)
    aside.rename(second)


def _status(out: Path) -> str:
    return str(json.loads((out / "dataset.json").read_text())["status"])


EXCHANGED = {
    "pictures": ("faces/images/8.bmp", "faces/images/9.bmp", "the picture of face '8'"),
    "masks": ("faces/masks/8.bmp", "faces/masks/9.bmp", "the mask or the landmarks of face '8'"),
    "landmarks": ("points/8.pts", "points/9.pts", "the mask or the landmarks of face '8'"),
    "textures": ("dtd/0.bmp", "dtd/1.bmp", "the picture of occluder '0.bmp' of textures"),
}


@pytest.mark.parametrize("what", ["pictures", pytest.param("masks", marks=pytest.mark.slow)])
def test_what_is_exchanged_while_a_run_is_on_is_told_at_its_end(data: Path, what: str) -> None:
    first, second, told = EXCHANGED[what]
    out = data / "out"
    for half_way in (lambda: _exchange(data / first, data / second), lambda: None):
        with pytest.raises(RunError, match="inputs have changed") as caught:
            _build(data, out, half_way=half_way)
        assert any(told in line for line in caught.value.lines)
        assert caught.value.lines[-1].endswith("--overwrite")
        assert _status(out) == "building"
    assert _build(data, out, overwrite=True).made == COUNT
    assert _status(out) == "complete"


@pytest.mark.slow
@pytest.mark.parametrize("what", EXCHANGED)
def test_what_is_exchanged_between_two_runs_is_told(data: Path, what: str) -> None:
    first, second, told = EXCHANGED[what]
    _build(data, data / "out", 3 * SHARD)
    _exchange(data / first, data / second)
    with pytest.raises(RunError, match=told):
        _build(data, data / "out", COUNT)


@pytest.mark.slow
def test_what_is_written_again_with_equal_content_is_no_change(data: Path) -> None:
    def rewrite() -> None:
        for path in [*data.glob("faces/*/*"), *data.glob("points/*"), *data.glob("dtd/*")]:
            content = path.read_bytes()
            path.unlink()
            path.write_bytes(content)
            os.utime(path, ns=(1, 1))  # a clock that was set back

    assert _build(data, data / "out", half_way=rewrite).made == COUNT
    _build(data, data / "undisturbed")
    assert files(data / "out") == files(data / "undisturbed")


@pytest.mark.slow
def test_what_comes_while_a_run_is_on_is_told(data: Path) -> None:
    with pytest.raises(RunError, match="inputs have changed") as caught:
        _build(data, data / "out", half_way=lambda: (data / "dtd/2.bmp").write_bytes((data / "dtd/1.bmp").read_bytes()))
    assert any("inputs.occluders.one.files.count: 2 -> 3" in line for line in caught.value.lines)
    (data / "dtd/2.bmp").unlink()
    assert _build(data, data / "out").made == COUNT


@pytest.mark.slow
def test_parts_of_other_inputs_are_not_joined(data: Path) -> None:
    parts = [data / "a", data / "b"]
    for part, shards in zip(parts, ([0, 1], [2, 3, 4]), strict=True):
        _build(data, part)
        description = json.loads((part / "dataset.json").read_text())
        for shard in set(range(5)) - set(shards):
            (part / f"shards/{shard:05d}.json").unlink()
        assert description["status"] == "complete"
        _exchange(data / "faces/images/2.bmp", data / "faces/images/3.bmp")
    with pytest.raises(UsageError, match="not made of the same inputs") as caught:
        merge(data / "joined", parts, False, 1, lambda *_: None)
    assert any("the picture of face '2'" in line for line in caught.value.lines)
    assert not (data / "joined").exists()


@pytest.fixture
def unreadable(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Names of files that nobody may read for as long as they are here: what a disk or a server does for a moment."""
    names: set[str] = set()
    read = images.read_bytes

    def refused(path: Path, shown: str | None = None) -> bytes:
        if f"{path.parent.name}/{path.name}" in names:
            raise BadDataError(Reason.CANNOT_READ, f"{path}: permission denied")
        return read(path, shown)

    monkeypatch.setattr(images, "read_bytes", refused)
    return names


def test_what_could_not_be_read_for_a_moment_is_tried_again_by_the_next_run(data: Path, unreadable: set[str]) -> None:
    out = data / "out"
    _write_damaged(data / "faces/images/3.bmp")
    unreadable.add("images/1.bmp")
    totals = _build(data, out)
    assert dict(totals.rejected) == {"cannot-read": 2, "unreadable-image": 2}
    assert _status(out) == "complete"
    kept = {path: path.stat().st_ino for path in out.glob("images/*/*")}
    assert _build(data, out).rejected == totals.rejected, "still not"
    unreadable.clear()
    assert dict(_build(data, out).rejected) == {"unreadable-image": 2}
    assert {path: path.stat().st_ino for path in kept} == kept, "what was made is not made again"
    _build(data, data / "undisturbed")
    assert files(out) == files(data / "undisturbed")
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    assert _build(data, out).kept == COUNT
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before, "what is damaged stays rejected"


def _write_damaged(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:200])


@pytest.mark.slow
def test_no_other_texture_serves_for_one_that_cannot_be_read(data: Path, unreadable: set[str]) -> None:
    unreadable.add("dtd/0.bmp")
    totals = _build(data, data / "out")
    assert 0 < totals.rejected["cannot-read"] < COUNT
    assert list(totals.rejected) == ["cannot-read"]
    unreadable.clear()
    assert _build(data, data / "out").made == COUNT
    _build(data, data / "undisturbed")
    assert files(data / "out") == files(data / "undisturbed")


@pytest.mark.slow
def test_a_face_that_goes_while_a_run_is_on_may_come_back(data: Path) -> None:
    face, aside, out = data / "faces/images/2.bmp", data / "2.bmp", data / "out"
    with pytest.raises(RunError, match="inputs have changed") as caught:
        _build(data, out, half_way=lambda: face.rename(aside))
    assert any(line.startswith("  inputs.faces.files.count: 30 -> 29") for line in caught.value.lines)
    assert _status(out) == "building"
    assert "missing-file" in read_shard(Layout(out, SHARD), 3).rejected
    with pytest.raises(UsageError, match=r"inputs\.faces"):
        _build(data, out)
    aside.rename(face)
    assert _build(data, out).made == COUNT


@pytest.mark.slow
@pytest.mark.parametrize("step", ["staged", "opened"])
def test_a_kill_while_a_shard_is_taken_apart_costs_nothing(
    data: Path, unreadable: set[str], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    out = data / "out"
    unreadable.add("images/1.bmp")
    _build(data, out)
    layout = Layout(out, SHARD)
    record = read_shard(layout, 1)
    if step == "opened":
        reopen_shard(layout, record)
    else:
        monkeypatch.setattr(Path, "unlink", lambda path: pytest.fail("killed"))
        with pytest.raises(pytest.fail.Exception):
            reopen_shard(layout, record)
        monkeypatch.undo()
    unreadable.clear()
    assert _build(data, out).made == COUNT
    _build(data, data / "undisturbed")
    assert files(out) == files(data / "undisturbed")
    assert not layout.staging.exists()


@pytest.mark.slow
def test_a_part_stops_where_an_input_changed_while_it_was_made(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _build(data, data / "whole")
    run = Run(_recipe(), Workspace(data, data.parent / "cache"), data / "part", count=COUNT)
    face, aside = data / "faces/images/2.bmp", data / "2.bmp"
    make = Run.make

    def without_it(*arguments: Any) -> int:
        face.rename(aside)
        face.symlink_to("itself")
        try:
            return make(*arguments)
        finally:
            face.unlink()
            aside.rename(face)

    monkeypatch.setattr(Run, "make", without_it)
    with pytest.raises(RunError, match="inputs have changed since the run began"):
        build_part(run, range(5), False, lambda *_: None)


def test_workers_use_the_library_that_their_parent_opened(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(sample_worker, "Pipeline", lambda *arguments, **named: asked.append(named["libraries"]))
    sample_worker._pipeline.cache_clear()
    recipe = json.dumps(_recipe().resolved())
    sample_worker._pipeline(recipe, Workspace(data, data), (("options", data / "library"),))
    sample_worker._pipeline.cache_clear()
    assert asked == [{"options": data / "library"}]
