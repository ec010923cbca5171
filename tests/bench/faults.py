"""Faults in pairs: the demo, in settings of the pairwise table, is killed, runs out of disk, meets links, changed inputs, a
second run and another processor, each after each; then it must come to the bytes of a build that nothing happened to.

As root the dataset lies on a tmpfs of its own, else no disk is filled.

    python tests/bench/faults.py [--pairs N] [--seed 1]
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import itertools
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.resources import files as package_files
from pathlib import Path

TESTS = Path(__file__).parent.parent
sys.path.insert(0, str(TESTS))

from runs import files  # noqa: E402
from soak import small_disk  # noqa: E402
from test_pairs import Row, table  # noqa: E402

PICTURES = (
    "chelsea.png",
    "coffee.png",
    "motorcycle_left.png",
    "rocket.jpg",
    "coins.png",
    "retina.jpg",
    "astronaut.png",
    "brick.png",
    "grass.png",
    "gravel.png",
)
CHANGED = ("chelsea.png", "brick.png")
LINKED = (".staging", ".lock", "manifest.parquet", "README.md", "contact_sheet.jpg", "dataset.json", "images", "shards")
OTHER_PROCESSOR = {
    "OPENCV_CPU_DISABLE": "AVX512_SKX,AVX2,FMA3,AVX",
    "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512CD AVX512_SKX AVX2 FMA3",
}
SECONDS = 300
SIZE = "60m"


@dataclasses.dataclass
class Said:
    """How a command ended."""

    code: int
    text: str


@dataclasses.dataclass
class Demo:
    """A build of the demo whose inputs and folder can be harmed."""

    base: Path
    disk: Path
    row: Row
    chance: random.Random
    mounted: bool

    @property
    def out(self) -> Path:
        return self.disk / "out"

    @property
    def precious(self) -> Path:
        return self.base / "precious"

    def prepare(self) -> None:
        """Inputs of its own, and what no run may touch."""
        shipped = Path(str(package_files("skimage") / "data"))
        (self.base / "pictures").mkdir()
        for name in PICTURES:
            if (shipped / name).exists():
                shutil.copy(shipped / name, self.base / "pictures" / name)
        self.precious.mkdir()
        (self.precious / "thesis.txt").write_text("years of work")

    def start(self, out: Path | None = None, **environment: str) -> subprocess.Popen[str]:
        """The build, in a session of its own."""
        pictures = self.base / "pictures"
        edits = [setting for name, setting in self.row.items() if setting and name not in ("jobs", "sets")]
        edits += [
            "faces.align.size=96",
            "sets.natocc.samples_per_face=8",
            "sets.randocc.samples_per_face=8",
            "output.max_rejected=0.5",
        ]
        edits += [f"sets.natocc.occluders.images={pictures}"]
        edits += [
            f"sets.randocc.occluders.textures={{source: textures, root: {pictures}, include: [brick.png, grass.png, gravel.png]}}"
        ]
        threads = self.row["jobs"] == "jobs=threads"
        jobs = ["-j", "1" if self.row["jobs"] == "jobs=1" else "2", *(["--backend", "threading"] if threads else [])]
        path = os.pathsep.join([str(TESTS.parent), *filter(None, [os.environ.get("PYTHONPATH")])])
        return subprocess.Popen(
            [sys.executable, "-m", "natocc", "build", "demo", "-o", str(out or self.out), *jobs]
            + [word for edit in edits for word in ("--set", edit)],
            cwd=self.base,
            env={**os.environ, "NATOCC_CACHE": str(self.base / "cache"), "PYTHONPATH": path, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def end(self, process: subprocess.Popen[str]) -> Said:
        """Wait for it; a traceback is a failure wherever it comes from."""
        text = process.communicate(timeout=SECONDS)[0]
        assert "Traceback" not in text, text[-4000:]
        assert (self.precious / "thesis.txt").read_text() == "years of work", "somebody's file was written to"
        assert [path.name for path in self.precious.iterdir()] == ["thesis.txt"], "somebody's folder was written to"
        return Said(process.returncode, text)

    def run(self, out: Path | None = None, **environment: str) -> Said:
        return self.end(self.start(out, **environment))


def kill(demo: Demo) -> str:
    """SIGKILL of the parent, at any moment; its workers end by themselves."""
    process = demo.start()
    time.sleep(demo.chance.uniform(0.3, 4))
    process.kill()
    process.communicate()
    end = time.monotonic() + 20
    while _alive(process.pid):
        assert time.monotonic() < end, "workers outlive their parent"
        time.sleep(0.1)
    return f"exit {process.returncode}"


def full_disk(demo: Demo) -> str:
    """No space while it runs, then space again."""
    if not demo.mounted:
        return "left out"
    filler = demo.disk / "filler"
    filler.write_bytes(bytes(max(0, shutil.disk_usage(demo.disk).free - demo.chance.randrange(4_000, 200_000))))
    said = demo.run()
    filler.unlink()
    assert said.code == 0 or (said.code == 1 and "No space left on device" in said.text), said
    return f"exit {said.code}"


def link(demo: Demo) -> str:
    """One of the dataset's names leads to somebody's folder, or to a file of his."""
    name = demo.chance.choice(LINKED)
    path, kept = demo.out / name, demo.disk / "kept"
    demo.out.mkdir(exist_ok=True)
    present = path.exists()
    if present:
        path.rename(kept)
    path.symlink_to(demo.precious if name in (".staging", "images", "shards") else demo.precious / "thesis.txt")
    said = demo.run()
    if path.is_symlink():
        path.unlink()
    if present and not path.exists():
        kept.rename(path)
    elif kept.is_dir():
        shutil.rmtree(kept)
    else:
        kept.unlink(missing_ok=True)
    return f"{name}: exit {said.code}"


def changed_input(demo: Demo) -> str:
    """A picture becomes another one of the same size in pixels, and then again what it was."""
    picture = demo.base / "pictures" / demo.chance.choice(CHANGED)
    before = picture.read_bytes()
    begun = any((demo.out / "shards").glob("*.json"))
    if not begun:
        return "nothing was made yet"
    shutil.copy(picture.with_name("gravel.png" if picture.name == "brick.png" else "coffee.png"), picture)
    said = demo.run()
    picture.write_bytes(before)
    assert said.code != 0, said
    assert any(word in said.text for word in ("differ", "changed", "other")), said
    return f"{picture.name}: exit {said.code}"


def second_run(demo: Demo) -> str:
    """Two at once: one of them makes the dataset, the other is told so."""
    both = [demo.start(), demo.start()]
    said = [demo.end(process) for process in both]
    assert 0 in [each.code for each in said], said
    return f"exits {[each.code for each in said]}"


def other_processor(demo: Demo) -> str:
    """Without the vector instructions of this one."""
    said = demo.run(**OTHER_PROCESSOR)
    assert said.code == 0 or "processor" in said.text, said
    return f"exit {said.code}"


FAULTS: Sequence[Callable[[Demo], str]] = (kill, full_disk, link, changed_input, second_run, other_processor)


def _alive(session: int) -> bool:
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (path / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == session and fields[0] != "Z":
                return True
    return False


def _try(pair: tuple[Callable[[Demo], str], Callable[[Demo], str]], row: Row, chance: random.Random) -> str:
    with tempfile.TemporaryDirectory() as name, small_disk(Path(name), SIZE) as disk:
        demo = Demo(Path(name), disk, row, chance, os.path.ismount(disk))
        demo.prepare()
        told = [fault(demo) for fault in pair]
        said = demo.run()
        assert said.code == 0, said
        calm = demo.run(Path(name) / "calm")
        assert calm.code == 0, calm
        harmed, undisturbed = files(demo.out), files(Path(name) / "calm")
        if other_processor not in pair:
            different = sorted(path for path in harmed.keys() | undisturbed.keys() if harmed.get(path) != undisturbed.get(path))
            assert not different, f"other than without faults: {different[:5]}"
        verify = [sys.executable, "-m", "natocc", "verify", str(demo.out), "--deep", "-j", "1"]
        done = subprocess.run(verify, cwd=TESTS.parent, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return ", then ".join(f"{fault.__name__} ({what})" for fault, what in zip(pair, told, strict=True))


def main() -> None:
    """Run them and tell."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--pairs", type=int, help="so many of them, drawn; else all")
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    chance = random.Random(chosen.seed)
    pairs = list(itertools.product(FAULTS, FAULTS))
    if chosen.pairs is not None:
        pairs = chance.sample(pairs, chosen.pairs)
    failed = 0
    for number, pair in enumerate(pairs):
        row = table()[(number + chosen.seed) % len(table())]
        try:
            print(_try(pair, row, chance), flush=True)
        except (AssertionError, subprocess.TimeoutExpired) as error:
            failed += 1
            print(f"BROKEN: {' then '.join(fault.__name__ for fault in pair)}, {row}: {error}", flush=True)
    print(f"{len(pairs) - failed} of {len(pairs)} pairs hold")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
