"""Unlike processors make unlike bytes: dataset.json has those that made samples, and whoever mixes them is told, once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from runs import files

from natocc.builder.merge import merge
from natocc.builder.part import build_part
from natocc.builder.run import Run
from natocc.cli import main
from natocc.executors.cluster_base import told_processors
from natocc.io.processor import processor
from natocc.io.workspace import Workspace
from natocc.recipe.load import load_recipe

OLD, NEW = "x86_64, OpenCV SSE4.2", "x86_64, OpenCV SSE4.2 AVX2"
TEXTURES = "textures: {source: textures, root: 'package:skimage/data', include: [brick.png]}"
SETS = f"sets=[{{name: shapes, method: randocc, occluders: {{source: shapes, side: 64, {TEXTURES}}}}}]"


def _silent(doing: str, done: int, total: int | None) -> None:
    pass


def _run(out: Path, count: int) -> Run:
    recipe = load_recipe("demo", ["faces.align={method: none, size: 64}", "output.shard_size=2", SETS])
    return Run(recipe, Workspace(Path("data"), out.parent / "cache"), out, count=count, backend="threading")


def _told(out: Path) -> list[str]:
    told: list[str] = json.loads((out / "dataset.json").read_text())["processors"]
    return told


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes this machine one with another processor."""
    return lambda name: monkeypatch.setattr("natocc.pipeline.fingerprint.processor", lambda: name)


def test_going_on_elsewhere_is_said(tmp_path: Path, on: Any, caplog: pytest.LogCaptureFixture) -> None:
    out = tmp_path / "out"
    on(OLD)
    _run(out, 2).build(False, _silent)
    assert _told(out) == [OLD]
    assert not caplog.messages
    on(NEW)
    before = files(out)
    _run(out, 2).build(False, _silent)  # nothing is left to do
    assert files(out) == before
    assert not caplog.messages
    _run(out, 4).build(False, _silent)
    assert _told(out) == [OLD, NEW]
    (message,) = caplog.messages
    assert f"[{OLD}] and [{NEW}]" in message
    assert CliRunner().invoke(main, ["verify", str(out)]).exit_code == 0


@pytest.mark.slow
def test_parts_from_unlike_processors_are_joined_and_it_is_said(
    tmp_path: Path, on: Any, caplog: pytest.LogCaptureFixture
) -> None:
    for name, shard, place in ((OLD, 0, "one"), (NEW, 1, "two"), (NEW, 2, "two")):
        on(name)
        run = _run(tmp_path / place, 6)
        build_part(Run(run.recipe, run.workspace, run.out, count=6), (shard,), False, _silent)
    assert not caplog.messages
    merge(tmp_path / "out", [tmp_path / "one", tmp_path / "two"], False, 1, _silent)
    assert _told(tmp_path / "out") == [OLD, NEW]
    assert len(caplog.messages) == 1
    on(NEW)
    run = _run(tmp_path / "one", 6)
    build_part(Run(run.recipe, run.workspace, run.out, count=6), (1,), False, _silent)
    assert _told(tmp_path / "one") == [OLD, NEW]
    assert len(caplog.messages) == 2


def test_replay_says_it_where_the_bytes_differ(tmp_path: Path, on: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    on(OLD)
    _run(out, 1).build(False, _silent)
    on(NEW)
    replay = ["replay", str(out), "--index", "0", "--cache", str(tmp_path / "cache")]
    done = CliRunner().invoke(main, replay)
    assert (done.exit_code, done.stderr) == (0, "")
    monkeypatch.setattr("natocc.pipeline.replay.Replayed.same", False)
    done = CliRunner().invoke(main, replay)
    assert done.exit_code == 4
    assert f"processor: [{OLD}] -> [{NEW}]" in done.stderr


def test_what_a_processor_is_told_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cv2.getCPUFeaturesLine", lambda: "SSE SSE2 *SSE4.1 *AVX2 *AVX512-SKX?")
    monkeypatch.setattr("cv2.ipp.useIPP", lambda: True)
    monkeypatch.setattr("cv2.ipp.getIppVersion", lambda: "ippIP AVX2 (l9) 2022.1.0 (-) Dec  5 2024")
    monkeypatch.setattr("numpy.show_config", lambda mode: {"SIMD Extensions": {"found": ["X86_V3"]}})
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    assert processor.__wrapped__() == "x86_64, OpenCV SSE4.1 AVX2, IPP l9, NumPy X86_V3"
    monkeypatch.setattr("cv2.getCPUFeaturesLine", lambda: "NEON")
    monkeypatch.setattr("cv2.ipp.useIPP", lambda: False)
    monkeypatch.setattr("numpy.show_config", lambda mode: {})
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    assert processor.__wrapped__() == "aarch64"
    assert told_processors({"a": OLD, "b": ValueError("no natocc"), "c": NEW, "d": OLD}) == (OLD, NEW)


@pytest.mark.slow
def test_a_processor_with_fewer_instructions_for_real(tmp_path: Path, cache: Path) -> None:
    """The demo with no more than SSE: what is made again here is the same, or the processor is named."""
    fewer = {"OPENCV_CPU_DISABLE": "AVX512-SKX,AVX512-COMMON,AVX2,FMA3,FP16,AVX", "OPENCV_IPP": "disabled"}
    build = [sys.executable, "-m", "natocc", "build", "demo", "-j", "1", "--cache", str(cache), "-o", str(tmp_path / "out")]
    subprocess.run([*build, "-n", "8"], env=os.environ | fewer, check=True, timeout=300, capture_output=True)
    if _told(tmp_path / "out") == [processor()]:
        pytest.skip("this processor has no such instructions")
    codes = set()
    for index in range(8):
        done = CliRunner().invoke(main, ["replay", str(tmp_path / "out"), "--index", str(index), "--cache", str(cache)])
        assert (done.exit_code == 0) == ("processor: " not in done.stderr)
        codes.add(done.exit_code)
    assert codes <= {0, 4}
