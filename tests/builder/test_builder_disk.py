"""F27: a disk that refuses is one line that names the path; what was finished is whole, and the run goes on once it can."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from runs import Runs, files

from natocc.dataset.layout import Layout
from natocc.dataset.records import read_shards
from natocc.io.images import sha256

Disk = Callable[[str], Path]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A tmpfs of its own with the options given; called again, it is mounted anew with others and keeps its files."""
    place = tmp_path / "disk"

    def mount(options: str) -> Path:
        again = ",remount" if place.exists() else ""
        place.mkdir(exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", options + again, "tmpfs", str(place)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            pytest.skip("there is no mount")
        if done.returncode:
            pytest.skip(f"a tmpfs cannot be mounted: {done.stderr.strip()}")
        return place

    yield mount
    if place.exists():
        subprocess.run(["umount", str(place)], capture_output=True, check=False)


def _check_shards(out: Path, size: int) -> int:
    """Samples in whole shards, all of whose files are what their records say; nothing else lies about."""
    count, named = 0, set()
    for record in read_shards(Layout(out, size)):
        count += len(record.samples)
        for index, paths in record.paths().items():
            digests = next(sample.files for sample in record.samples if sample.index == index)
            assert {folder: sha256((out / path).read_bytes()) for folder, path in paths.items()} == digests
            named |= set(paths.values())
    shards = {path.relative_to(out).as_posix() for path in out.glob("shards/*")}
    assert set(files(out)) == named | shards | {"dataset.json"}
    return count


@pytest.mark.slow
def test_f27_a_disk_that_is_full(runs: Runs, disk: Disk, tmp_path: Path) -> None:
    out = disk("size=500k") / "out"
    common = ("build", runs.recipe(72), "-j", 2, "-o")
    told = runs.run(*common, out, expect=1)
    lines = [line for line in told.splitlines() if line.startswith("natocc: ")]
    assert lines[0].startswith(f"natocc: cannot write {out}")
    assert lines[0].endswith(": No space left on device")
    kept = _check_shards(out, 8)
    assert 8 <= kept < 72
    assert lines[1] == f"natocc: {kept} of 72 samples are kept in {out}; run the same command again to resume"
    assert len(lines) == 2
    assert "Traceback" not in told
    disk("size=4m")
    runs.run(*common, out)
    runs.run(*common, tmp_path / "reference", "--backend", "threading")
    assert files(out) == files(tmp_path / "reference")
    # Nothing can be written at all: neither to what is there, nor beside it.
    disk("ro")
    told = runs.run("build", runs.recipe(72), "-n", 80, "-o", out, expect=1)
    assert f"natocc: cannot write {out}: read-only, or no permission; name another folder with -o" in told
    told = runs.run(*common, out.parent / "other", expect=1)
    assert f"natocc: cannot make the folder {out.parent}/other: Read-only file system" in told


@pytest.mark.slow
def test_f27_files_that_may_not_be_large_enough(runs: Runs, tmp_path: Path) -> None:
    """A quota for workers alone, which ends a write in its middle."""
    code = """if True:
        import resource, sys
        if "--process-name" in sys.orig_argv:
            resource.setrlimit(resource.RLIMIT_FSIZE, (600, 600))"""
    out = tmp_path / "out"
    told = runs.run("build", runs.recipe(8), "-o", out, "-j", 2, code=code, expect=1)
    assert f"natocc: cannot write {out}/.staging/00000/images/" in told
    assert "File too large" in told
    assert set(files(out)) == {"dataset.json"}


def test_f27_too_many_open_files(runs: Runs, tmp_path: Path) -> None:
    code = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))"
    told = runs.run("build", runs.recipe(64), "-o", tmp_path / "out", "-j", 8, code=code, expect=1)
    assert "natocc: cannot start 8 workers: " in told
    assert "Too many open files" in told
    assert "Traceback" not in told
    assert set(files(tmp_path / "out")) == {"dataset.json"}


def test_f27_no_room_for_occluders(runs: Runs, disk: Disk, tmp_path: Path) -> None:
    place = disk("size=32k")
    told = runs.run("extract", "coco", "--set", "categories=[coin]", "--set", "annotations=['asset:demo/occluders.json']",
        "--set", "images='package:skimage/data'", "--cache", place, "-j", 1, expect=1)  # fmt: skip
    assert f"natocc: cannot write {place}/" in told
    assert "No space left on device" in told


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_f27_no_permission(runs: Runs, tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o555)
    told = runs.run("build", runs.recipe(8), "-o", tmp_path / "closed" / "out", expect=1)
    assert "Permission denied" in told
    (tmp_path / "open").mkdir()
    runs.run("build", runs.recipe(8), "-o", tmp_path / "open", "--backend", "threading")
    (tmp_path / "open" / "shards").chmod(0o555)
    told = runs.run("build", runs.recipe(8), "-n", 16, "-o", tmp_path / "open", "--backend", "threading", expect=1)
    assert f"cannot write {tmp_path}/open/shards/00001.json: Permission denied" in told
    assert json.loads((tmp_path / "open" / "dataset.json").read_text())["status"] == "building"
