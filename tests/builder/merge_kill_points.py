"""Kills a merge at every point where it touches the disk, goes on, and compares; see ``kill_points.py``."""

from __future__ import annotations

import functools
import json
import shutil
import sys
from pathlib import Path

import numpy as np
from kill_points import MEASURES, check_whole, files, killed_at

from natocc.builder.merge import merge
from natocc.core.errors import Reason
from natocc.core.plans import Plan
from natocc.core.samples import Rejection, SampleRecord
from natocc.dataset.description import DatasetDescription, write_dataset
from natocc.dataset.layout import Layout
from natocc.dataset.records import whole_shards
from natocc.dataset.write.commit import commit_shard
from natocc.dataset.write.staging import stage_sample
from natocc.io.images import encode_jpeg, encode_png, sha256

COUNT, SIZE = 3, 2
RECIPE = {"name": "x", "output": {"shard_size": SIZE}}


def make_part(root: Path, shards: tuple[int, ...]) -> None:
    """A part as a build leaves it; each third sample is rejected."""
    layout = Layout(root, SIZE)
    root.mkdir()
    digest = sha256(json.dumps(RECIPE, sort_keys=True).encode())
    write_dataset(root, DatasetDescription(RECIPE, digest, {}, {}, {}, status="part", samples=COUNT, shards=shards))
    for shard in shards:
        indices = range(shard * SIZE, min((shard + 1) * SIZE, COUNT))
        for index in indices:
            sample = functools.partial(SampleRecord, index, "s", "natocc", "f", index, "f")
            if index % 3 == 2:
                stage_sample(layout, sample(rejection=Rejection(Reason.NO_FACE, "face", "none")), {})
            else:
                image, mask = np.full((8, 8, 3), index, np.uint8), np.ones((8, 8), np.uint8)
                pictures = {"images": (".jpg", encode_jpeg(image, 90)), "masks": (".png", encode_png(mask))}
                stage_sample(layout, sample(plan=Plan((), 1), measures=MEASURES), pictures)
        commit_shard(layout, indices)
    shutil.rmtree(layout.staging)


def join(base: Path, move: bool) -> None:
    """What ``natocc merge`` does."""
    merge(base / "out", [base / "first", base / "second"], move, 1, lambda doing, done, total: None)


def main(base: Path) -> None:
    """A merge that links and one that moves, killed at each step; no shard is ever nowhere."""
    make_part(base / "first", (1,))
    make_part(base / "second", (0,))
    join(base, move=False)
    expected = files(base / "out")
    for move in (False, True):
        step = 0
        while True:
            root = base / "killed"
            shutil.rmtree(root, ignore_errors=True)
            for name in ("first", "second"):
                shutil.copytree(base / name, root / name)
            if not killed_at(step, root, functools.partial(join, root, move)):
                break
            there = [Layout(root / name, SIZE) for name in ("out", "first", "second")]
            for layout in there:
                check_whole(layout)
            assert {shard for layout in there for shard in whole_shards(layout)} == {0, 1}, f"a shard was lost at step {step}"
            join(root, move)
            assert files(root / "out") == expected, f"killed at step {step}, move {move}"
            left = [root / name for name in ("first", "second") if (root / name).exists()]
            assert not (move and left), f"killed at step {step}, something is left in {left}"
            step += 1
        assert (root / "first").exists() != move
        print(f"{step} steps with move {move}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
