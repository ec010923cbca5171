"""`import natocc` and `natocc --help` load nothing heavy, and so answer at once."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

HEAVY = (
    "numpy",
    "cv2",
    "PIL",
    "dlib",
    "scipy",
    "joblib",
    "pydantic",
    "pyarrow",
    "pycocotools",
    "yaml",
    "matplotlib",
    "torch",
    "lightning",
)
HELP = "from natocc.cli import main; main({!r}, standalone_mode=False)"


@pytest.mark.parametrize(
    ("code", "seconds"),
    [
        ("import natocc", 0.15),
        (HELP.format(["--help"]), 0.3),
        *(
            (HELP.format([command, "--help"]), 0.3)
            for command in ("build", "preview", "extract", "verify", "replay", "doctor", "evaluate", "train", "benchmark")
        ),
    ],
)
def test_help_loads_nothing_heavy(code: str, seconds: float) -> None:
    told = "import sys, json; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    begin = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", f"{code}\n{told}"], capture_output=True, text=True, timeout=60, check=True)
    assert time.perf_counter() - begin < 10 + seconds  # of a machine that is busy with much else
    loaded = json.loads(done.stdout.splitlines()[-1])
    assert "natocc" in loaded
    assert not set(HEAVY) & set(loaded)
