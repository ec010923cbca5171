"""What workers do besides samples: verify, repair and the search for faces lose an item, too; and whose modules workers load."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from runs import Runs, files, until

pytestmark = pytest.mark.slow

LOOK_KILLS = """
import os
from natocc.dataset.verify import shard
check = shard.check_piece
def check_or_die(root, piece, depth, labels):
    if depth == shard.Depth.DEEP and piece.samples[0][0].index == 3:
        os._exit(9)
    return check(root, piece, depth, labels)
shard.check_piece = check_or_die
"""
REMAKING_KILLS = """
import os
from natocc.executors import sample_worker
replay = sample_worker.replayed
def replay_or_die(pipeline, spec, plan):
    if spec.index == 3:
        os._exit(9)
    return replay(pipeline, spec, plan)
sample_worker.replayed = replay_or_die
"""
SEARCH_KILLS = """
import os
from natocc.faces.landmarks import detections
def read_or_die(path, most):
    if path.name == "3.png":
        os._exit(9)
    raise detections.BadDataError(detections.Reason.UNREADABLE_IMAGE, path.name)
detections.read_rgb = read_or_die
"""
SEARCH = """
from pathlib import Path
from natocc.faces.landmarks.detections import detect_faces
names = [str(number) + ".png" for number in range(8)]
for face in detect_faces(Path("."), names, 68, 32, Path({cache!r}), 2).values():
    print(face.picture, *face.rejection)
"""


def test_a_sample_that_kills_whoever_verifies_or_repairs_it(runs: Runs, tmp_path: Path) -> None:
    out = tmp_path / "out"
    runs.run("build", runs.recipe(12), "-o", out, "-j", 1)
    sound = files(out)
    told = runs.run("verify", out, "--deep", "-j", 2, code=LOOK_KILLS, expect=4)
    assert "Traceback" not in told
    assert "images/00000/000000003.jpg: expected one that can be decoded, found its worker ended, 3 times" in told
    assert "1 problem" in told
    for index in (2, 3, 9):
        path = out / "images" / f"{index // 8:05d}" / f"{index:09d}.jpg"
        path.write_bytes(path.read_bytes() + b"x")
    told = runs.run("verify", out, "--repair", "-j", 2, code=REMAKING_KILLS, expect=4)
    assert "Traceback" not in told
    assert "left: worker-died: its worker ended, 3 times" in told
    assert told.count(": repaired") == 2
    runs.run("verify", out, "--repair", "-j", 2)
    assert files(out) == sound


def test_a_photograph_that_kills_whoever_looks_for_faces(runs: Runs, tmp_path: Path) -> None:
    process = runs.spawn("-c", SEARCH.format(cache=str(tmp_path)), code=SEARCH_KILLS)
    told, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    reasons = [line.split()[1] for line in told.splitlines()]
    assert reasons == ["worker-died" if number == 3 else "unreadable-image" for number in range(8)]


def test_a_parent_that_is_killed_leaves_no_worker_that_verifies(runs: Runs, tmp_path: Path) -> None:
    out, place = tmp_path / "out", tmp_path / "tmp"
    place.mkdir()
    runs.run("build", runs.recipe(12), "-o", out, "-j", 1)
    slow = LOOK_KILLS.replace("os._exit(9)", "import time; time.sleep(1000)")
    process = runs.start("verify", out, "--deep", "-j", 2, code=slow, TMPDIR=place)
    until(lambda: list(place.glob("natocc-*/0-3")))
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    until(lambda: not any(_session(pid) == process.pid for pid in Path("/proc").glob("[0-9]*")))
    assert not list(place.iterdir()), "its notes are gone, too"


def _session(process: Path) -> int | None:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[3])
    except OSError:
        return None


@pytest.mark.parametrize("start", [["-m", "natocc"], ["-c", "from natocc.cli import main; main()"]])
def test_nothing_of_the_working_folder_is_run(runs: Runs, tmp_path: Path, start: list[str]) -> None:
    out = tmp_path / "out"
    runs.run("build", runs.recipe(4), "-o", out, "-j", 1)
    for name in ("joblib", "random", "numpy", "cv2", "click", "tempfile"):
        (out / f"{name}.py").write_text(f"open('RAN-{name}', 'w')")
    own = tmp_path / "own"
    own.mkdir()
    (own / "sitecustomize.py").write_text("open('OWN', 'a').write('x')")  # a plug-in of one's own is still found
    path = os.pathsep.join([str(own), *filter(None, [os.environ.get("PYTHONPATH")])])
    safe = {"PYTHONSAFEPATH": "1"} if start[0] == "-c" else {}  # as the installed command starts
    done = subprocess.run(
        [sys.executable, *start, "verify", ".", "--deep", "-j", "2"],
        cwd=out,
        env={**os.environ, **safe, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert not list(out.glob("RAN-*"))
    assert len((out / "OWN").read_text()) > 2, "this process and its workers"
    assert "4 samples" in done.stderr, done.stderr
