"""A report of ten thousand samples does not freeze."""

from __future__ import annotations

import dataclasses
import os
import time
from pathlib import Path

import pytest
from browser import browsing
from click.testing import CliRunner

from natocc.cli import main
from natocc.dataset.description import read_dataset, write_dataset
from natocc.dataset.layout import Layout
from natocc.dataset.records import ShardRecord, read_shard

COUNT = 10_000
DRAWN = "return [...document.querySelectorAll('.sample canvas')].every(each => each.dataset.shown)"
GAPS = """
window.gaps = [];
let last = performance.now();
requestAnimationFrame(function next() {
  gaps.push(performance.now() - last);
  last = performance.now();
  requestAnimationFrame(next);
});
"""


def _repeated(small: Path, large: Path) -> None:
    """The samples of a dataset of one shard again and again, as linked files, until there are :data:`COUNT`."""
    description = read_dataset(small)
    recipe = {**description.recipe, "output": {**description.recipe["output"], "shard_size": 1000}}
    record = read_shard(Layout(small, 1), 0)
    paths, layout = record.paths(), Layout(large, 1000)
    layout.records.mkdir(parents=True)
    write_dataset(large, dataclasses.replace(description, recipe=recipe))
    for shard in range(COUNT // 1000):
        samples, files = [], {}
        for index in range(shard * 1000, (shard + 1) * 1000):
            sample = record.samples[index % len(record.samples)]
            samples.append(dataclasses.replace(sample, index=index))
            for folder, path in paths[sample.index].items():
                target = layout.file(folder, index, Path(path).suffix)
                target.parent.mkdir(parents=True, exist_ok=True)
                os.link(small / path, target)
                files[target.relative_to(large).as_posix()] = record.files[path]
        layout.record(shard).write_bytes(ShardRecord(shard, tuple(samples), files).to_bytes())


@pytest.mark.slow
def test_ten_thousand_samples_load_and_turn_without_freezing(cache: Path, tmp_path: Path) -> None:
    small, large = tmp_path / "small", tmp_path / "large"
    edits = ["--set", "faces.align.size=128", "--set", "output.masks=[face,amodal,occluder]"]
    for command in (
        ["build", "demo", "-n", "30", "-j", "1", "--backend", "threading", "--cache", str(cache), *edits, "-o", str(small)],
        ["report", str(large)],
    ):
        done = CliRunner().invoke(main, command)
        assert done.exit_code == 0, done.output
        if command[0] == "build":
            _repeated(small, large)
    assert (large / "report.html").stat().st_size < 60e6
    with browsing() as browser:
        begin = time.monotonic()
        browser.open(large / "report.html")
        browser.until(DRAWN)
        assert time.monotonic() - begin < 15
        assert browser.run("return document.querySelector('#found').textContent") == "10,000 of 10,000 samples"
        browser.run(GAPS)
        for key in "nnnn2n3npp1":
            browser.press(key)
            browser.until(DRAWN)
        assert browser.run("return document.querySelector('#page').textContent") == "page 5 of 167"
        assert browser.run("return Math.max(...gaps)") < 1000  # ms between two frames
        assert not browser.complaints()
