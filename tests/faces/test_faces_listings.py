"""What people really have in their folders of faces: nothing is left out in silence, and one photograph is one photograph."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from natocc.cli import main
from natocc.dataset.description import read_dataset
from natocc.dataset.manifest import read_manifest
from natocc.faces.sources.base import FaceSource
from natocc.faces.sources.labelled import LabelledFaces
from natocc.faces.sources.photographs import once_per_photograph
from natocc.io.images import encode_jpeg, encode_png
from natocc.io.notes import NO_MASK, NO_PICTURE, TWICE, TWICE_IN_SPLITS

ROWS, COLUMNS = np.mgrid[:96, :80]
MASK = ((ROWS - 48) ** 2 + (COLUMNS - 40) ** 2 < 34**2).astype(np.uint8) * 255
FLAGS = (
    "--source", "labelled", "--method", "randocc", "--set", "faces.align.method=none",
    "--set", "sets.0.occluders.textures.source=noise", "-j", "1",
)  # fmt: skip


def picture(number: int) -> bytes:
    """A face of its own."""
    return encode_jpeg(np.dstack([2 * COLUMNS + 40, 2 * ROWS, (COLUMNS + ROWS + 20 * number) % 256]).astype(np.uint8), 90)


def put(root: Path, *names: str) -> None:
    """Pictures, each of its own, and masks."""
    for number, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture(number) if name.endswith((".jpg", "_image.png")) else encode_png(MASK))


def opened(root: Path, **options: Any) -> FaceSource:
    return LabelledFaces.model_validate({"source": "labelled", "root": str(root), **options}).open(root, root)


def build(out: Path, root: Path, *more: str) -> Result:
    arguments = ["build", *FLAGS, "--source-root", str(root), "--cache", str(out.parent / "kept"), "-o", str(out), *more]
    return CliRunner().invoke(main, arguments)


@pytest.mark.parametrize(
    ("names", "options"),
    [
        (["masks/a_mask.png", "masks/b_mask.png"], {}),
        (["masks/a_mask.png", "masks/b_mask.png"], {"mask_suffix": "_mask"}),
        (["masks/a.jpg.png", "masks/b.jpg.png"], {}),
        (["masks/a.jpg.png", "masks/b.jpg.png"], {"mask_suffix": ".jpg"}),
        (["labels/a-label.png", "labels/b-label.png"], {}),
        (["images/a.png", "images/b.png"], {}),
        (["images/a.png", "images/b.png"], {"masks": "images"}),
        (["images/a_mask.png", "images/b_mask.png"], {"masks": "images"}),
        (["images/masks/a.png", "images/masks/b.png"], {"masks": "images/masks"}),
        (["images/a.png", "images/b.png"], {"images": "images/.", "masks": "images"}),
    ],
)
@pytest.mark.parametrize("split", ["", "train/"])
def test_masks_by_other_names(tmp_path: Path, names: list[str], options: dict[str, str], split: str) -> None:
    put(tmp_path, f"{split}images/a.jpg", f"{split}images/b.jpg", *(split + name for name in names))
    source = opened(tmp_path, **options)
    assert source.ids() == (f"{split}a", f"{split}b")
    for face_id in source.ids():
        assert (source.read(face_id).face_mask == MASK // 255).all()
    assert not source.notes()


def test_pictures_in_the_root_with_masks_beside_them(tmp_path: Path) -> None:
    put(tmp_path, "a.jpg", "a_mask.png", "b.jpg", "b_mask.png")
    assert opened(tmp_path, images=".", masks=".").ids() == opened(tmp_path, images=".").ids() == ("a", "b")


def test_what_has_no_partner_is_counted(tmp_path: Path) -> None:
    put(tmp_path, "images/a.jpg", "images/b.jpg", "images/c.gif", "masks/a.png", "masks/z.png", "masks/y.png")
    counts = opened(tmp_path).notes().counts
    assert counts == {NO_MASK: 1, NO_PICTURE: 2, "files not read: .gif": 1}


def test_a_build_says_what_it_leaves_out_and_dataset_json_keeps_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    faces = tmp_path / "faces"
    put(faces, "images/a.jpg", "images/b.jpg", "images/c.gif", "masks/a.png", "images/__MACOSX/._a.jpg")
    (faces / "images" / "more").symlink_to(tmp_path / "others")
    put(tmp_path / "others", "x.jpg")
    result = build(tmp_path / "out", faces, "--max-rejected", "1")
    assert result.exit_code == 0, result.output
    doctor = CliRunner().invoke(main, ["doctor", "--data", str(tmp_path), "--cache", str(tmp_path / "kept")])
    for said in (caplog.text, doctor.output):
        assert "pictures without a mask: 2, such as b" in said
        assert "files not read: 1 .gif, such as images/c.gif" in said
        assert "links followed: 1, such as images/more" in said
        assert "those of the system: 1 left out" in said
        assert "__MACOSX" not in said
    notes = read_dataset(tmp_path / "out").inputs["faces"]["notes"]
    assert notes["pictures without a mask"] == {"count": 2, "example": "b"}
    assert not [kind for kind in notes if "system" in kind]


@pytest.mark.parametrize("name", ["images/.DS_Store", "images/.ipynb_checkpoints/a-checkpoint.jpg", "masks/Thumbs.db"])
def test_what_the_system_puts_there_later_does_not_stop_a_build(tmp_path: Path, name: str) -> None:
    put(tmp_path / "faces", "images/a.jpg", "masks/a.png")
    assert build(tmp_path / "out", tmp_path / "faces").exit_code == 0
    before = (tmp_path / "out" / "dataset.json").read_bytes()
    put(tmp_path / "faces", name)
    result = build(tmp_path / "out", tmp_path / "faces")
    assert result.exit_code == 0, result.output
    assert "already complete" in result.output
    assert (tmp_path / "out" / "dataset.json").read_bytes() == before


def test_a_cache_and_a_dataset_below_the_faces_are_no_faces(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Not of the first build, and not of the next, which resumes it."""
    put(tmp_path / "photos", "a.jpg", "b.jpg")
    put(tmp_path / "cutouts", "cup/x.png")
    rgba = np.dstack([np.full((96, 80, 3), 90, np.uint8), MASK])
    (tmp_path / "cutouts" / "cup" / "x.png").write_bytes(encode_png(rgba))
    photos, cache = tmp_path / "photos", tmp_path / "photos" / "kept"
    assert build(photos / "dataset", tmp_path / "faces").exit_code == 2  # no faces there
    put(tmp_path / "faces", "images/a.jpg", "masks/a.png")
    assert build(photos / "dataset", tmp_path / "faces").exit_code == 0
    command = [
        "build", "--source", "folder", "--occluders", "cutouts", "--source-root", str(photos), "--occluders-root",
        str(tmp_path / "cutouts"), "--cache", str(cache), "-o", str(tmp_path / "out"), "--max-rejected", "1", "-j", "1",
    ]  # fmt: skip
    for _ in range(2):
        result = CliRunner().invoke(main, command)
        assert result.exit_code == 0, result.output
        assert {row["face"] for row in read_manifest(tmp_path / "out")} == {"a.jpg", "b.jpg"}
    assert "datasets, exports and caches of natocc: 2" in caplog.text


def _copies(root: Path, names: Callable[[int], str], count: int) -> None:
    for number in range(count):
        put(root, names(number), names(number).replace("images", "masks").replace(".jpg", ".png"))


SPLITS = ("--set", "splits={train: 0.5, val: 0.3, test: 0.2}")


def test_one_photograph_is_in_one_split(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    _copies(tmp_path / "faces", lambda number: f"images/{number}.jpg", 12)
    put(tmp_path / "faces", "images/other.jpg", "masks/other.png")
    (tmp_path / "faces" / "images" / "other.jpg").write_bytes(picture(3))
    result = build(tmp_path / "out", tmp_path / "faces", *SPLITS)
    assert result.exit_code == 0, result.output
    rows = [*read_manifest(tmp_path / "out")]
    assert len({row["split"] for row in rows if row["face"] != "other"}) == 1
    assert {row["identity"] for row in rows if row["face"] != "other"} == {"0"}
    assert {row["identity"] for row in rows if row["face"] == "other"} == {"other"}
    assert "byte for byte the same: 12, such as 0 and 1" in caplog.text
    assert "nobody falls into the split" in caplog.text
    assert "only 2 to divide" in caplog.text


def test_people_who_share_a_photograph_are_in_one_split(tmp_path: Path) -> None:
    put(tmp_path, "images/ann/1.jpg", "images/ann/2.jpg", "images/bob/1.jpg", "images/bob/2.jpg", "images/cy/1.jpg")
    (tmp_path / "images" / "bob" / "2.jpg").write_bytes((tmp_path / "images" / "ann" / "1.jpg").read_bytes())
    from natocc.faces.sources.folder import FolderFaces

    options = FolderFaces.model_validate({"source": "folder", "root": str(tmp_path / "images"), "identities": "folder"})
    faces = once_per_photograph(options.open(tmp_path, tmp_path), tmp_path / "cache", divided=True)
    assert [faces.identity(face_id) for face_id in faces.ids()] == ["ann", "ann", "ann", "ann", "cy"]
    assert faces.notes().counts[TWICE] == 2


def test_a_photograph_that_its_owner_put_in_two_splits_is_said(tmp_path: Path) -> None:
    for split in ("train", "test"):
        put(tmp_path, f"{split}/images/{split}.jpg", f"{split}/masks/{split}.png")
    faces = once_per_photograph(opened(tmp_path), tmp_path / "cache", divided=True)
    assert faces.notes().counts == {TWICE: 2, TWICE_IN_SPLITS: 2}


def test_shares_of_an_export_keep_one_photograph_together(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Also of a dataset that was built without splits, whose identities say nothing of it."""
    _copies(tmp_path / "faces", lambda number: f"images/{number}.jpg", 12)
    assert build(tmp_path / "out", tmp_path / "faces").exit_code == 0
    assert len({row["identity"] for row in read_manifest(tmp_path / "out")}) == 12
    command = ["export", str(tmp_path / "out"), "--to", "mmseg", "--split-shares", "train=0.5,val=0.5", "--json"]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 0, result.output
    assert "there is only 1 to divide" in caplog.text
    samples = json.loads(result.output.splitlines()[-1])["samples"]
    assert list(samples.values()) == [12]


@pytest.mark.parametrize("name", ["2024:01", "package", "with space", "ünï:ö"])
@pytest.mark.parametrize("beside", [True, False])
def test_a_root_is_looked_for_here_and_then_below_the_data_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, beside: bool
) -> None:
    work, data = tmp_path / "work", tmp_path / "data"
    for folder in (work, data):
        folder.mkdir()
    monkeypatch.chdir(work)
    put((work if beside else data) / name, "images/a.jpg", "masks/a.png")
    result = CliRunner().invoke(main, ["build", *FLAGS, "--source-root", name, "--data", str(data), "-o", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert [row["status"] for row in read_manifest(tmp_path / "out")] == ["made"]


def test_a_root_that_is_nowhere_says_where_it_was_looked_for(tmp_path: Path) -> None:
    result = build(tmp_path / "out", Path("nowhere:1"), "--data", str(tmp_path))
    assert result.exit_code == 2
    assert f"no folder {tmp_path}/nowhere:1" in result.output
    assert "looked for in the current folder, then in the data root" in result.output
