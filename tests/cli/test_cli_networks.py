"""Networks in recipes: masks of photographs that have none, and faces that are left out because something covers them."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result
from drawn_photographs import draw_photograph, points_file
from small_networks import red_network

from natocc.cli import main
from natocc.dataset.manifest import read_manifest
from natocc.io.images import encode_png, read_labels

SHAPES = ("--method", "randocc", "--set", "occluders.textures.source=flat")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Three photographs with landmarks, of which one shows no face to the network; the first two with labels, too."""
    root = tmp_path / "data"
    for index in range(3):
        image, mask = draw_photograph(index)
        if index == 1:
            image[150:170] = (20, 40, 220)
        if index == 2:
            image[mask > 0] = (100, 100, 120)
        for folder, plane in (("photos", image), ("faces/images", image), ("faces/masks", mask * np.uint8(255))):
            if folder == "photos" or index < 2:
                (root / folder).mkdir(parents=True, exist_ok=True)
                (root / folder / f"{index}.png").write_bytes(encode_png(plane))
        (root / "points").mkdir(exist_ok=True)
        (root / "points" / f"{index}.pts").write_text(points_file())
    red_network(root / "red.onnx")
    return root


def _run(data: Path, *arguments: object, code: int = 0) -> Result:
    environment = {"NATOCC_CACHE": str(data.parent / "cache"), "NATOCC_DATA": str(data)}
    done = CliRunner().invoke(main, [str(each) for each in arguments], env=environment)
    assert done.exit_code == code, (done.output, done.exception)
    return done


def _photographs(data: Path, *more: str, code: int = 0) -> Result:
    edits = ("faces.mask.model=red.onnx", "faces.landmarks=points", "faces.align={method: none}", "output.masks=[face, amodal]")
    flags = [each for edit in edits for each in ("--set", edit)]
    arguments = ("build", "--source", "folder", *SHAPES, *flags, "-o", data.parent / "out", "--backend", "threading", "-j", 2)
    return _run(data, *arguments, "--max-rejected", "0.5", *more, code=code)


def test_the_networks_mask_is_the_datasets(data: Path) -> None:
    done = _photographs(data)
    rows = read_manifest(data.parent / "out")
    assert [row["status"] for row in rows] == ["made", "made", "rejected"]
    assert rows[2]["reason"] == "empty-mask"
    assert "the network finds 0% of the face" in done.output
    for index, row in enumerate(rows[:2]):
        image, _ = draw_photograph(index)
        truth = (image[..., 0].astype(int) - image[..., 2] > 38).astype(np.uint8)
        if index == 1:
            truth[150:170] = 0
        mask = read_labels(data.parent / "out" / "amodal" / "00000" / f"{index:09d}.png")
        assert np.count_nonzero((mask == 1) & (truth == 1)) / np.count_nonzero((mask == 1) | (truth == 1)) > 0.9
        assert row["mask_estimated"]
        assert row["mask_confidence"] > 0.5
    known = json.loads((data.parent / "out" / "dataset.json").read_text())
    assert list(known["inputs"]["faces"]["sha256"]) == ["mask.model"]
    assert known["recipe"]["faces"]["mask"] == {"model": "red.onnx"}
    assert _run(data, "replay", data.parent / "out", "--index", 1).output.count(": same") == 3


def test_a_dataset_is_not_resumed_with_another_network_of_the_same_size(data: Path) -> None:
    size = (data / "red.onnx").stat().st_size
    _photographs(data, "-n", "2")
    red_network(data / "red.onnx", least=0.2)
    assert (data / "red.onnx").stat().st_size == size
    done = _photographs(data, "-n", "4", code=2)
    assert "inputs.faces.sha256.mask.model: " in done.output


def test_trust_can_be_asked_for(data: Path) -> None:
    red_network(data / "red.onnx", weight=6)
    _photographs(data, "--set", "faces.min_confidence=0.9", "--max-rejected", "1")
    rows = read_manifest(data.parent / "out")
    assert [row["reason"] for row in rows] == ["low-confidence", "low-confidence", "empty-mask"]
    assert "the found mask has a confidence of 0." in rows[1]["detail"]


def test_without_or_with_another_network_nothing_is_made(data: Path) -> None:
    (data / "red.onnx").rename(data / "moved.onnx")
    done = _photographs(data, code=2)
    assert "faces.mask.model: no file" in done.output
    (data / "red.onnx").write_bytes(b"\x08\x08")
    for more in ((), ("--dry-run",)):
        done = _photographs(data, *more, code=2)
        assert "red.onnx is a network of another contract" in done.output
    assert len([line for line in done.output.splitlines() if "red.onnx" in line]) == 1
    assert not (data.parent / "out").exists()


def test_faces_that_have_masks_need_no_network(data: Path) -> None:
    arguments = ("build", "--source", "labelled", *SHAPES, "--set", "faces.mask.model=red.onnx", "-o", data.parent / "out")
    assert "have masks, and a network is for photographs that have none" in _run(data, *arguments, code=2).output


def test_a_preview_of_a_photograph_takes_the_network(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import skimage.data

    image = np.asarray(cv2.resize(skimage.data.astronaut(), (512, 512)))
    (data / "photo.png").write_bytes(encode_png(image))
    arguments = ("preview", data / "photo.png", *SHAPES, "--set", "faces.align.size=128", "--count", "1")
    with monkeypatch.context() as patch:
        patch.chdir(data.parent)
        _run(data, *arguments, "-o", "estimated.png")
        _run(data, *arguments, "-o", "found.png", "--set", "faces.mask.model=red.onnx")
    assert (data.parent / "found.png").read_bytes() != (data.parent / "estimated.png").read_bytes()


def test_covered_faces_are_left_out_and_said(data: Path, caplog: pytest.LogCaptureFixture) -> None:
    flags = ("--set", "faces.unoccluded={model: red.onnx, at_most: 0.01}", "--set", "faces.align.method=none")
    _run(data, "build", "--source", "labelled", *SHAPES, *flags, "-o", data.parent / "out", "--backend", "threading", "-j", 1)
    assert "faces: faces left out, since something covers them: 1, such as 1" in caplog.messages
    assert {row["face"] for row in read_manifest(data.parent / "out")} == {"0"}


def test_doctor_says_which_networks_are_natoccs(data: Path) -> None:
    (data / "models").mkdir()
    (data / "models" / "other.onnx").write_bytes(b"\x08\x08")
    output = _run(data, "doctor").output
    assert "network red.onnx: finds visible face, 64 px" in output
    assert "network models/other.onnx: not for natocc" in output
    known = json.loads(_run(data, "doctor", "--json").output)["networks"]
    assert [entry["path"] for entry in known] == ["models/other.onnx", "red.onnx"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("train", "s3://user:secret@bucket/x", "-o", "out"),
        ("train", "x", "-o", "s3://user:secret@bucket/x"),
        ("train", "x", "-o", "out", "--weights", "s3://user:secret@bucket/x"),
        ("evaluate", "x", "--truth", "s3://user:secret@bucket/x"),
        ("evaluate", "--model", "s3://user:secret@bucket/x", "--truth", "x"),
        ("evaluate", "s3://user:secret@bucket/x", "--truth", "x"),
        ("benchmark", "smoke", "-o", "s3://user:secret@bucket/x"),
    ],
)
def test_an_address_is_no_path_here_and_its_secret_is_not_shown(data: Path, arguments: tuple[str, ...]) -> None:
    done = _run(data, *arguments, code=2)
    assert "expected a path of this machine" in done.output
    assert "secret" not in done.output
