"""Builds many small samples while workers and parents are killed and the disk is filled, at random; goes on until all is there.

Then every file is held against its record, the first samples against a run that nobody disturbed, and the memory of parents and
workers against the samples that they made. As root the dataset lies on a tmpfs of its own, else no disk is filled.

    python tests/bench/soak.py --samples 20000
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from natocc.dataset.layout import Layout
from natocc.dataset.records import read_shards
from natocc.io.images import sha256

FACES = Path(__file__).parent.parent
SITE = 'from natocc.faces import SOURCES\nSOURCES.own["misbehaving"] = "faces_that_misbehave:MisbehavingFaces"\n'
SHARD = 500
FIRST = 400


@dataclasses.dataclass
class Soak:
    """One dataset, and everything that happens to it."""

    base: Path
    samples: int
    jobs: int
    every: float
    chance: random.Random
    events: Counter[str] = dataclasses.field(default_factory=Counter)
    exits: Counter[int] = dataclasses.field(default_factory=Counter)
    memory: dict[tuple[str, int], list[tuple[float, int, float]]] = dataclasses.field(default_factory=dict)

    def start(self, out: Path, *more: object) -> subprocess.Popen[bytes]:
        """``natocc build`` of that many faces, what it says goes to a log."""
        site = self.base / "sitecustomize.py"
        if not site.exists():  # written once: a process that has been started may be reading it
            site.write_text(SITE)
        textures = {"source": "textures", "root": "package:skimage/data", "include": ["brick.png"]}
        shapes = {"source": "shapes", "side": 64, "textures": textures}
        recipe = {
            "name": "soak",
            "faces": {"source": "misbehaving", "count": self.samples, "align": {"method": "none"}},
            "sets": [{"name": "shapes", "method": "randocc", "occluders": shapes}],
            "output": {"shard_size": SHARD if self.samples > 2 * SHARD else 16},
        }
        (self.base / "recipe.yaml").write_text(json.dumps(recipe))
        path = os.pathsep.join([str(self.base), str(FACES), os.environ.get("PYTHONPATH", "")])
        command = [sys.executable, "-m", "natocc", "build", self.base / "recipe.yaml", "-o", out, *more]
        with (self.base / "log").open("ab") as log:
            environment = {**os.environ, "PYTHONPATH": path, "NATOCC_CACHE": str(self.base / "cache")}
            return subprocess.Popen([str(word) for word in command], env=environment, stdout=log, stderr=log)

    def run(self, disk: Path) -> None:
        """Start again whatever happens, until a run comes to its end."""
        out = disk / "out"
        while True:
            parent = self.start(out, "-j", self.jobs)
            try:
                self._disturb(parent, disk)
            finally:
                parent.kill()
                parent.wait()
            (disk / "filler").unlink(missing_ok=True)
            self.exits[parent.returncode] += 1
            if parent.returncode == 0:
                return
            log = (self.base / "log").read_text(errors="replace")
            assert "Traceback (most recent call last)" not in log, log[-4000:]
            assert parent.returncode in (143, -9, 1), log[-4000:]
            known = ("No space left on device", "times before starting a sample")
            assert parent.returncode != 1 or any(text in log for text in known), log[-4000:]

    def _disturb(self, parent: subprocess.Popen[bytes], disk: Path) -> None:
        due, empty, begin = time.monotonic() + self._wait(), float("inf"), time.monotonic()
        while parent.poll() is None:
            time.sleep(0.1)
            now = time.monotonic()
            if now > empty:
                (disk / "filler").unlink(missing_ok=True)
                empty = float("inf")
            self._measure(parent.pid, now - begin, disk / "out")
            if now < due:
                continue
            due = now + self._wait()
            event = self.chance.choices(("worker", "SIGTERM", "SIGKILL", "full"), (16, 1, 1, 1))[0]
            if event == "worker":
                workers = list(_workers(parent.pid))
                if not workers:
                    continue
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.chance.choice(workers), signal.SIGKILL)
            elif event == "full":
                if not os.path.ismount(disk):
                    continue
                with contextlib.suppress(OSError), (disk / "filler").open("wb") as file:
                    while True:
                        file.write(bytes(65536))
                empty = now + 3
            else:
                parent.send_signal(getattr(signal, event))
            self.events[event] += 1

    def _wait(self) -> float:
        return self.chance.expovariate(1 / self.every)

    def _measure(self, parent: int, seconds: float, out: Path) -> None:
        """Memory of each process, about once a second."""
        for kind, pid in (("parent", parent), *(("worker", pid) for pid in _workers(parent))):
            seen = self.memory.setdefault((kind, pid), [])
            if not seen or seconds - seen[-1][0] > 1:
                with contextlib.suppress(OSError, IndexError):
                    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
                    seen.append((seconds, len(list(out.glob("shards/*.json"))), pages * os.sysconf("SC_PAGE_SIZE") / 1e6))

    def slope(self, kind: str) -> str:
        """Growth of the process that was watched longest, its beginning and its end left out, and the largest of all."""
        series = [seen for (each, _), seen in self.memory.items() if each == kind and seen]
        longest = max(series, key=len)
        # Without the end, when the manifest is written and its library is loaded for the first time.
        making = [each for each in longest if each[1] < longest[-1][1]] or longest
        late = np.array(making[len(making) // 4 :])
        growth = np.polyfit(late[:, 0], late[:, 2], 1)[0] * 60 if len(late) > 4 else float("nan")
        most = max(each[2] for seen in series for each in seen)
        return f"{kind}: at most {most:.0f} MB, {growth:+.2f} MB/min over {late[-1, 0]:.0f} s"


def _workers(parent: int) -> Iterator[int]:
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            its_parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            if its_parent == parent and b"--process-name" in (path / "cmdline").read_bytes():
                yield int(path.name)


@contextlib.contextmanager
def small_disk(base: Path, size: str) -> Iterator[Path]:
    """A tmpfs where that is allowed, else a folder."""
    disk = base / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk)]
    mounted = os.geteuid() == 0 and subprocess.run(command, capture_output=True, check=False).returncode == 0
    try:
        yield disk
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(disk)], check=False)


def check(out: Path, samples: int, shard_size: int) -> dict[str, str]:
    """Hold every file against its record; the sha256 of the first ones."""
    seen, named, first = 0, {"dataset.json", "manifest.parquet", "contact_sheet.jpg", "README.md"}, {}
    for record in read_shards(Layout(out, shard_size)):
        paths = record.paths()
        for sample in record.samples:
            assert sample.index == seen, f"sample {seen} is missing"
            assert sample.rejection is None, f"sample {seen} was given up: {sample.rejection}"
            assert {folder: sha256((out / path).read_bytes()) for folder, path in paths[seen].items()} == sample.files
            if seen < FIRST:
                first |= {f"{seen} {folder}": digest for folder, digest in sample.files.items()}
            seen += 1
        named |= {*record.files, f"shards/{record.shard:05d}.json"}
    assert seen == samples, f"{seen} of {samples} samples"
    found = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert found == named, f"beside the dataset: {sorted(found ^ named)[:5]}"
    return first


def main() -> None:
    """Run it and tell."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--samples", type=int, default=20_000)
    options.add_argument("--jobs", type=int, default=2)
    options.add_argument("--every", type=float, default=10.0, help="mean seconds between two disturbances")
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as name, small_disk(Path(name), f"{chosen.samples * 24 + 4000}k") as disk:
        soak = Soak(Path(name), chosen.samples, chosen.jobs, chosen.every, random.Random(chosen.seed))
        soak.run(disk)
        seconds = time.monotonic() - begin
        size = json.loads((disk / "out" / "dataset.json").read_text())["recipe"]["output"]["shard_size"]
        first = check(disk / "out", chosen.samples, size)
        helped = subprocess.run([sys.executable, "-m", "natocc", "verify", "--help"], capture_output=True, check=False)
        if helped.returncode == 0:
            subprocess.run([sys.executable, "-m", "natocc", "verify", disk / "out"], check=True)
        undisturbed = soak.start(Path(name) / "calm", "-n", min(FIRST, chosen.samples), "--backend", "threading")
        assert undisturbed.wait() == 0
        assert check(Path(name) / "calm", min(FIRST, chosen.samples), size) == first
        rate = chosen.samples / seconds
        told = f"{chosen.samples} samples in {seconds:.0f} s ({rate:.1f}/s)"
        print(f"{told}, nothing lost, nothing beside it; exits {dict(soak.exits)}")
        print(f"events: {dict(soak.events)}")
        print(soak.slope("parent"))
        print(soak.slope("worker"))


if __name__ == "__main__":
    main()
