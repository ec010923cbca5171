"""F28: killed at every write point, a run goes on to the same bytes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_f28_a_merge_is_killed_at_every_write_point(tmp_path: Path) -> None:
    script = Path(__file__).with_name("merge_kill_points.py")
    done = subprocess.run([sys.executable, script, tmp_path], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert len(re.findall(r"\d+ steps", done.stdout)) == 2


@pytest.mark.slow
def test_f28_killed_at_every_write_point(tmp_path: Path) -> None:
    script = Path(__file__).with_name("kill_points.py")
    done = subprocess.run([sys.executable, script, tmp_path], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    steps = [int(number) for number in re.findall(r"(\d+) steps", done.stdout)]
    assert len(steps) == 2
    assert min(steps) > 60, "fewer points than a run has files"
