"""A short soak; ``make bench-soak`` is the long one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for workers in /proc")
def test_a_short_soak_loses_nothing() -> None:
    script = Path(__file__).parent.parent / "bench" / "soak.py"
    command = [sys.executable, str(script), "--samples", "150", "--every", "2.5"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert "nothing lost" in done.stdout
