"""What people really have: folders that users report, each run as its README says, with what is expected of it.

They lie in ``cases`` beside the real data. The kinds that they stand for are tested in the rooms where they are decided; this is
the whole way, through the command.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest
from needed import missing

from natocc.io.images import read_labels, read_rgb

pytestmark = pytest.mark.slow  # all together take two minutes

LABELLED = (
    "build", "--source", "labelled", "--method", "randocc", "--set", "faces.align.method=none",
    "--set", "sets.0.occluders.textures.source=noise", "--cache", "cache", "-o", "../out",
)  # fmt: skip
EXTRACT = ("extract", "coco", "--cache", "cache")


class Case:
    """A copy of a case's folder, and commands that run in it."""

    def __init__(self, source: Path, work: Path) -> None:
        self.folder = work / "case"
        shutil.copytree(source, self.folder, symlinks=True)
        for path in self.folder.rglob("more"):  # a copy without links has their targets as text
            if path.is_file() and not path.is_symlink():
                target = path.read_text()
                path.unlink()
                path.symlink_to(target)
        for path in (self.folder, *self.folder.rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | stat.S_IWUSR)
        self.out = work / "out"
        self.bin = work / "bin"
        self.bin.mkdir()
        command = self.bin / "natocc"
        command.write_text(f"#!{sys.executable}\nfrom natocc.cli import main\n\nmain()\n")
        python = self.bin / "python"
        python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        for script in (command, python):
            script.chmod(0o755)

    def run(self, *arguments: str, code: int = 0) -> str:
        """What natocc says on both streams; nothing but its own lines."""
        done = self.shell([str(self.bin / "natocc"), *arguments])
        said = done.stdout + done.stderr
        assert done.returncode == code, said
        assert "Traceback" not in said
        assert "Warning" not in said
        assert "site-packages" not in said
        return said

    def shell(self, command: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join([str(self.bin), os.environ["PATH"]])
        python_path = os.pathsep.join([str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])])
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**os.environ, "PATH": path, "PYTHONPATH": python_path, **environment},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def rows(self, out: Path | None = None) -> list[Mapping[str, object]]:
        """The manifest's rows."""
        rows: list[Mapping[str, object]] = pyarrow.parquet.read_table((out or self.out) / "manifest.parquet").to_pylist()
        return rows

    def made(self, out: Path | None = None) -> list[str]:
        """Faces of the samples that were made."""
        return sorted(str(row["face"]) for row in self.rows(out) if row["status"] == "made")

    def cutouts(self, said: str) -> int:
        """How many cutouts an extraction says that it made."""
        match = re.search(r"(\d+) cutouts?", said)
        assert match, said
        return int(match.group(1))


@pytest.fixture
def case(request: pytest.FixtureRequest, real_data: Path, tmp_path: Path) -> Case:
    """The case that a test is named after."""
    name = request.node.name.partition("[")[0].removeprefix("test_").replace("_", "-")
    source = real_data.parent / "cases" / name
    if not source.is_dir():
        missing(f"no case {source}")
    return Case(source, tmp_path)


def test_broken_exif(case: Case) -> None:
    case.run(*LABELLED, "--source-root", ".")
    assert case.made() == ["f0"]
    case.run(*LABELLED, "--source-root", "jpeg", "--overwrite")
    assert case.made() == ["f0", "f1"]


def test_cicp_png(case: Case) -> None:
    said = case.run(*LABELLED, "--source-root", ".", "--set", "output.image.format=png", "--set", "output.max_rejected=1")
    made = case.made()
    assert {"p3", "srgb"} <= set(made)
    if "pq" not in made:
        (row,) = (row for row in case.rows() if row["face"] == "pq")
        assert "PQ" in str(row["detail"])
        assert "PQ" in said
    means = [read_rgb(case.out / str(row["images_path"]))[0] for row in case.rows() if row["status"] == "made"]
    corner = [picture[:8, :8].reshape(-1, 3).mean(axis=0) for picture in means]
    assert np.ptp(corner, axis=0).max() < 4


def test_coco_backslash(case: Case) -> None:
    said = case.run(*EXTRACT, "--data", ".", "--occluders-root", ".", "--set", "images=.")
    assert case.cutouts(said) == 2


def test_coco_brush_masks(case: Case) -> None:
    assert case.cutouts(case.run(*EXTRACT, "--occluders-root", ".")) == 2


def test_coco_images_folder(case: Case) -> None:
    assert case.cutouts(case.run(*EXTRACT, "--occluders-root", ".")) == 3


def test_coco_iscrowd_null(case: Case) -> None:
    assert case.cutouts(case.run(*EXTRACT, "--occluders-root", ".")) == 2


def test_coco_own_categories(case: Case) -> None:
    said = case.run(*EXTRACT, "--occluders-root", ".", code=2)
    assert "coffee mug" in said
    assert "categories=[all]" in said
    assert case.cutouts(case.run(*EXTRACT, "--occluders-root", ".", "--set", "categories=[all]")) == 2


def test_coco_sliver_polygon(case: Case) -> None:
    assert case.cutouts(case.run(*EXTRACT, "--occluders-root", ".")) == 3


def test_coco_string_ids(case: Case) -> None:
    assert case.cutouts(case.run(*EXTRACT, "--occluders-root", ".")) == 2
    assert case.cutouts(case.run(*EXTRACT, "--occluders-root", "float")) == 2


def test_coco_two_splits(case: Case) -> None:
    files = "annotations=[train/_annotations.coco.json,valid/_annotations.coco.json]"
    assert case.cutouts(case.run(*EXTRACT, "--data", ".", "--occluders-root", ".", "--set", files)) == 4
    assert case.cutouts(case.run(*EXTRACT, "--data", ".", "--occluders-root", ".")) == 4


def test_colour_masks(case: Case) -> None:
    case.run(*LABELLED, "--source-root", ".")
    assert case.made() == ["f0", "f1"]


def test_compose_albumentations(case: Case) -> None:
    pytest.importorskip("albumentations")
    done = case.shell(["python", "try.py"])
    assert "available_keys" not in done.stderr
    assert done.returncode == 0 or "albumentations" in done.stderr.strip().splitlines()[-1]


def test_heic_named_jpg(case: Case) -> None:
    said = case.run(*LABELLED, "--source-root", ".", "--set", "output.max_rejected=1")
    assert {"f0", "h"} <= set(case.made())
    if "g" not in case.made():
        assert "HEIC" in said
        assert "natocc[heic]" in said


def test_huge_pictures(case: Case) -> None:
    said = case.run(*LABELLED, "--source-root", ".", "--set", "faces.align.size=4096", "--set", "output.max_rejected=1")
    if not case.made():
        assert re.search(r"occluders\.side|placement\.max_enlargement|align\.size", said)
    assert case.shell(["python", "make_108mp.py"]).returncode == 0
    said = case.run(*LABELLED, "--source-root", "big", "--overwrite", code=3)
    assert "max_pixels" in said
    case.run(
        *LABELLED, "--source-root", "big", "--overwrite", "--set", "faces.max_pixels=120000000", "--set", "output.max_rejected=1"
    )


def test_json_a_picture(case: Case) -> None:
    said = case.run(*EXTRACT, "--occluders-root", ".", code=2)
    assert "SA-1B" in said


def test_lfs_pointers(case: Case) -> None:
    assert "git lfs pull" in case.run(*LABELLED, "--source-root", ".", code=3)
    assert "git lfs pull" in case.run(*EXTRACT, "--occluders-root", "coco", code=2)


def test_linked_folder(case: Case) -> None:
    said = case.run(*LABELLED, "--source-root", "data")
    assert case.made() == ["f0", "f1", "more/f0", "more/f1"]
    assert "link" in said
    case.run(*LABELLED, "--source-root", "data", "--overwrite", "--set", "faces.links=inside")
    assert case.made() == ["f0", "f1"]


def test_lvis_coco_url(case: Case) -> None:
    assert case.cutouts(case.run(*EXTRACT, "--occluders-root", ".")) == 2


def test_mask_in_alpha(case: Case) -> None:
    case.run(*LABELLED, "--source-root", ".", "--set", "output.masks=[face,amodal]")
    assert case.made() == ["f0", "f1", "f2"]
    for row in case.rows():
        assert 0.2 < read_labels(case.out / str(row["amodal_path"])).mean() < 0.45


@pytest.mark.parametrize("kind", ["suffix", "double", "beside"])
def test_mask_names(case: Case, kind: str) -> None:
    beside = ("--set", "faces.masks=images") if kind == "beside" else ()
    case.run(*LABELLED, "--source-root", kind, *beside)
    assert case.made() == ["f0", "f1"]


def test_motion_photo(case: Case) -> None:
    said = case.run(*LABELLED, "--source-root", ".", "--set", "output.max_rejected=1")
    assert "too-many-pixels" not in said
    reasons = {str(row["reason"]) for row in case.rows() if row["face"] == "motion"}
    assert reasons <= {"None", "no-placement"}


def test_no_home(case: Case) -> None:
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("needs root and setpriv: another user is imitated")
    other = ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups", str(case.bin / "natocc"), "--version"]
    for folder in (case.folder, *case.folder.parents[:3]):
        folder.chmod(folder.stat().st_mode | 0o055)
    if case.shell(other).returncode:
        pytest.skip("this environment is not readable for other users")
    case.folder.chmod(0o777)
    done = case.shell(["sh", "try.sh"])
    assert "Traceback" not in done.stderr
    for line in [line for line in done.stderr.splitlines() if "cache" in line and "natocc: " in line]:
        assert "--cache" in line or "temporary" in line
    assert (case.folder / "made" / "a" / "manifest.parquet").is_file() or "--cache" in done.stderr


def test_notebook_checkpoints(case: Case) -> None:
    case.run(*LABELLED, "--source-root", ".")
    assert case.made() == ["f0", "f1"]
    said = case.run("extract", "cutouts", "--occluders-root", "cutouts", "--cache", "cache")
    assert case.cutouts(said) == 1
    assert "ipynb" not in said


def test_occlude_0_255(case: Case) -> None:
    done = case.shell(["python", "try.py"])
    said = done.stdout + done.stderr
    assert "changed 50 of 50" in said or "0, 255" in said
    assert "mask > 0" in said or done.returncode == 0


def test_preview_neighbours(case: Case) -> None:
    if not shutil.which("setpriv"):
        pytest.skip("needs setpriv")
    done = case.shell(["sh", "try.sh"])
    (case.folder / "b" / "locked").chmod(0o755)
    assert (case.folder / "a.png").is_file(), done.stderr
    assert "locked" not in done.stderr


@pytest.mark.parametrize("name", ["a.heic", "a.avif", "a.gif", "a.jfif", "a.mp4"])
@pytest.mark.parametrize("alone", [False, True])
def test_preview_suffix(case: Case, name: str, alone: bool) -> None:
    if alone:
        (case.folder / "b.jpg").unlink()
    done = case.shell([str(case.bin / "natocc"), "preview", name, "--count", "1", "--cache", "cache", "-o", "shown.png"])
    assert "Traceback" not in done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("natocc: ")]
    if name in ("a.gif", "a.mp4"):
        assert done.returncode == 2
        assert len(lines) == 1
        assert name in lines[0]
    if name in ("a.jfif", "a.avif"):
        assert "no-face" in done.stderr or "no face" in done.stderr or (case.folder / "shown.png").is_file()


def test_report_read_only(case: Case) -> None:
    if os.geteuid() != 0 or not shutil.which("unshare"):
        pytest.skip("needs root and unshare: a read-only medium is imitated")
    assert case.shell(["unshare", "-m", "true"]).returncode == 0
    done = case.shell(["sh", "try.sh"])
    assert "Traceback" not in done.stderr
    assert "-o" in done.stderr.splitlines()[-1]
    read_only = "mount --bind made made && mount -o remount,ro,bind made"
    script = f"{read_only} && natocc report made -o report.html && natocc export made --to hf -o hf"
    done = case.shell(["unshare", "-m", "sh", "-c", script])
    assert done.returncode == 0, done.stderr
    assert (case.folder / "report.html").is_file()


def test_same_picture_two_names(case: Case) -> None:
    said = case.run(*LABELLED, "--source-root", ".", "--set", "splits={train: 0.6, val: 0.2, test: 0.2}")
    splits = {row["split"] for row in case.rows()}
    assert len(splits) == 1
    assert "12" in said
    described = json.loads((case.out / "dataset.json").read_text())
    assert "train" in json.dumps(described)
