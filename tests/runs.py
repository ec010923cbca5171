"""Runs through the command line, of faces that are quick to make and do wrong when told to."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from natocc.dataset.write.staged_records import recorded
from natocc.io.images import sha256

HERE = Path(__file__).parent
SITE = """
from natocc.faces import SOURCES
SOURCES.own["misbehaving"] = "faces_that_misbehave:MisbehavingFaces"
"""


def staged(out: Path, within: str = ".staging/*") -> set[int]:
    """Samples that are staged in the folders of shards that a pattern finds."""
    return {index for place in out.glob(within) for index in recorded(place)}


@dataclasses.dataclass
class Runs:
    """Starts ``natocc``; ends what a failed test left running."""

    base: Path
    started: list[subprocess.Popen[str]] = dataclasses.field(default_factory=list)

    def recipe(self, count: int, shard_size: int = 8, wrong: Mapping[int, str] | None = None, name: str = "recipe") -> Path:
        """A recipe file; JSON is YAML."""
        textures = {"source": "textures", "root": "package:skimage/data", "include": ["brick.png"]}
        faces = {"source": "misbehaving", "count": count, "wrong": dict(wrong or {}), "align": {"method": "none"}}
        shapes = {"source": "shapes", "side": 64, "textures": textures}
        value = {
            "name": "misbehaving",
            "seed": 1,
            "faces": faces,
            "sets": [{"name": "shapes", "method": "randocc", "occluders": shapes}],
            "output": {"shard_size": shard_size, "max_rejected": 0.5},
        }
        path = self.base / f"{name}.yaml"
        path.write_text(json.dumps(value))
        return path

    def start(self, *arguments: object, code: str | None = None, **environment: object) -> subprocess.Popen[str]:
        """A command that goes on by itself; `code` runs first in it and in its workers."""
        return self.spawn("-m", "natocc", *arguments, code=code, **environment)

    def spawn(self, *arguments: object, code: str | None = None, **environment: object) -> subprocess.Popen[str]:
        """Any Python with the faces of these tests, in a session of its own."""
        site = self.base / ("site" if code is None else f"site-{abs(hash(code))}")
        if not site.exists():  # written once: a process that has been started may be reading it
            site.mkdir()
            (site / "sitecustomize.py").write_text(SITE + (code or ""))
        path = os.pathsep.join([str(site), str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])])
        told = {name: str(value) for name, value in environment.items()}
        process = subprocess.Popen(
            [sys.executable, *map(str, arguments)],
            env={**os.environ, "NATOCC_CACHE": str(self.base / "cache"), "PYTHONPATH": path, **told},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=_hear,
        )
        self.started.append(process)
        return process

    def run(self, *arguments: object, expect: int = 0, code: str | None = None, **environment: object) -> str:
        """A command and what it said, on both streams."""
        process = self.start(*arguments, code=code, **environment)
        out, err = process.communicate(timeout=120)
        assert process.returncode == expect, err
        return out + err


def _hear() -> None:
    """Signals that the tests' own process ignores, as under ``nohup``, are not ignored by what it starts."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def files(root: Path) -> dict[str, str]:
    """Every file of a dataset and its sha256."""
    return {path.relative_to(root).as_posix(): sha256(path.read_bytes()) for path in sorted(root.rglob("*")) if path.is_file()}


def until(condition: object, seconds: float = 60) -> None:
    """Wait until a callable is true."""
    end = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)


@contextlib.contextmanager
def little_room(size: int) -> Iterator[None]:
    """No file that this process writes may be longer than `size` bytes: what is longer ends in its middle, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
