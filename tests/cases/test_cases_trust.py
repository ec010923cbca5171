"""What an adversary, a full disk and a shared machine broke once: attacks, each with a script that says whether natocc holds.

They lie in ``cases-trust`` beside the real data: what each one is, and what has to happen, stands in its README. The kinds that
they stand for are tested in the rooms where they are decided; this is the whole way, through the command.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from needed import missing

pytestmark = pytest.mark.slow

NEEDS_RIGHTS = {"a-full-disk-elsewhere": "mounting a file system", "nobody-at-home": "becoming another user"}
CANNOT_BE_TRIED = 2
TRIES = 3  # some attacks have to hit a moment

CASES = (
    "a-cache-among-the-photographs",
    "a-card-that-was-edited",
    "a-full-disk-elsewhere",
    "a-lock-that-is-a-link",
    "a-plan-that-asks-for-too-much",
    "a-worker-of-an-extraction-dies",
    "coco-redrawn",
    "code-beside-a-dataset",
    "counts-that-are-claimed",
    "cutouts-damaged-in-the-cache",
    "folders-that-may-not-be-entered",
    "half-a-character",
    "inputs-change-while-a-run-is-on",
    "links-in-a-dataset",
    "nobody-at-home",
    "orphans-of-an-extraction",
    "part-file-is-a-link",
    "pipes-in-place-of-files",
    "staging-is-a-link",
    "suffix-in-an-export",
)


@pytest.mark.parametrize("name", CASES)
def test_natocc_holds(name: str, real_data: Path, tmp_path: Path) -> None:
    check = real_data.parent / "cases-trust" / name / "check.sh"
    if not check.is_file():
        missing(f"no case {check}")
    command = tmp_path / "natocc"
    command.write_text(
        f"#!{sys.executable}\nimport sys\n\nfrom natocc.cli import main\n\nif __name__ == '__main__':\n    sys.exit(main())\n"
    )
    command.chmod(0o755)
    root = str(Path(__file__).parents[2])
    environment = {
        **os.environ,
        "NATOCC": str(command),
        "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")])),
    }
    for _ in range(TRIES):
        done = subprocess.run(
            ["sh", str(check)], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300, check=False
        )
        if done.returncode != CANNOT_BE_TRIED:
            break
    if done.returncode == CANNOT_BE_TRIED and name in NEEDS_RIGHTS:
        pytest.skip(f"{NEEDS_RIGHTS[name]} is not allowed here: {done.stdout.strip()}")
    assert done.returncode == 0, done.stdout + done.stderr


def test_all_of_them_are_tried(real_data: Path) -> None:
    folder = real_data.parent / "cases-trust"
    if not folder.is_dir():
        missing(f"no cases in {folder}")
    assert sorted(path.name for path in folder.iterdir() if path.is_dir()) == list(CASES)
