"""``natocc evaluate``: layouts of truth, predictions as people have them, and one line for what is wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from click.testing import CliRunner, Result

from natocc.cli import main
from natocc.evaluation.measures import MEASURES
from natocc.io.images import encode_jpeg, encode_png, read_labels, read_rgb

ROWS, COLUMNS = np.mgrid[:40, :48]
DISC = ((ROWS - 20) ** 2 + (COLUMNS - 24) ** 2 < 15**2).astype(np.uint8)
HAND = ((ROWS > 26) & (COLUMNS > 20)).astype(np.uint8)
TRUTH = np.where(HAND == 1, 2, DISC).astype(np.uint8)
PICTURE = np.dstack([4 * COLUMNS, 5 * ROWS, 2 * (ROWS + COLUMNS)]).astype(np.uint8)


def put(path: Path, plane: npt.NDArray[np.uint8]) -> None:
    """A picture file by its suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_jpeg(plane, 90) if path.suffix == ".jpg" else encode_png(plane))


def folder(root: Path, planes: Mapping[str, npt.NDArray[np.uint8]]) -> Path:
    """PNG files by stem."""
    for name, plane in planes.items():
        put(root / f"{name}.png", plane)
    return root


def _run(*arguments: object, code: int = 0) -> Result:
    done = CliRunner().invoke(main, ["evaluate", *map(str, arguments)])
    assert done.exit_code == code, (done.output, done.exception)
    if code:
        assert all(line.startswith("natocc: ") for line in done.stderr.splitlines() if "evaluating" not in line)
    return done


def _measures(*arguments: object) -> dict[str, float]:
    report = json.loads(_run(*arguments, "--json").stdout)
    return {name: value["value"] for name, value in report["measures"].items()}


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    """Three pictures, the second without anything known beside its face."""
    root = tmp_path / "truth"
    unknown = np.where(TRUTH == 1, 1, 255).astype(np.uint8)
    folder(root / "labels", {"a": TRUTH, "b": unknown, "c": DISC})
    for name in "abc":
        put(root / "images" / f"{name}.jpg", PICTURE)
    (root / "index.csv").write_text("name,part,occluders,occluder_on_face\na,x,hand;cup,0.3\nb,x,hand,\nc.png,y,,0\n")
    return root


@pytest.mark.parametrize("value", [1, 255, 128])
def test_the_truth_itself_is_perfect(truth: Path, tmp_path: Path, value: int) -> None:
    face = (TRUTH == 1).astype(np.uint8) * np.uint8(value)
    predictions = folder(tmp_path / "predictions", {"a": face, "b": face, "c": DISC * np.uint8(value), "unused": face})
    measured = _measures(predictions, "--truth", truth)
    assert measured.pop("leak") == 0
    assert set(measured.values()) == {1}


def test_groups_and_a_table(truth: Path, tmp_path: Path) -> None:
    predictions = folder(tmp_path / "predictions", dict.fromkeys("abc", DISC))
    report = json.loads(_run(predictions, "--truth", truth, "--json").stdout)
    pictures = {by: {name: group["pictures"] for name, group in groups.items()} for by, groups in report["groups"].items()}
    assert pictures == {
        "coverage": {"nothing covered": 1, "15% to 30%": 1},
        "occluder": {"hand": 2, "cup": 1},
        "part": {"x": 2, "y": 1},
    }
    assert [each["name"] for each in report["each"]] == ["a", "b", "c"]
    assert report["each"][2]["leak"] is None
    table = _run(predictions, "--truth", truth, "--sheet", tmp_path / "worst.png").stdout
    assert "by occluder:" in table
    assert "  1 more, of one picture each" in table
    leak = np.count_nonzero((TRUTH == 2) & (DISC == 1)) / np.count_nonzero(TRUTH == 2)
    assert f"{100 * leak:.1f} ±" in table
    assert read_rgb(tmp_path / "worst.png")[0].shape[1] > 700


@pytest.mark.parametrize(("images", "masks"), [("image", "mask"), ("img_dir/val", "ann_dir/val"), ("imgs", "masks")])
def test_other_layouts(tmp_path: Path, images: str, masks: str) -> None:
    root = tmp_path / "RealOcc"
    folder(root / masks, {"1": DISC * np.uint8(255), "2": DISC * np.uint8(255)})
    for name in "12":
        put(root / images / f"{name}.jpg", PICTURE)
    assert _measures(folder(tmp_path / "p", {"1": DISC, "2": DISC}), "--truth", root)["miou"] == 1


def test_label_maps_with_a_class_table(tmp_path: Path) -> None:
    labels = np.where(HAND == 1, 14, np.where(ROWS < 15, 2, 1) * DISC).astype(np.uint8)
    root = tmp_path / "truth"
    folder(root / "labels", {"a": labels})
    face = folder(tmp_path / "p", {"a": DISC * (1 - HAND)})
    assert "what they mean has to be said" in _run(face, "--truth", root, code=2).stderr
    assert _measures(face, "--truth", root, "--classes", "celebamask19")["miou"] == 1
    assert _measures(face, "--truth", root, "--classes", "celebamask19", "--occluder-classes", "hat")["leak"] == 0
    named = "0=background,1=skin,2=brow,14=cap"
    assert _measures(face, "--truth", root, "--classes", named, "--face-classes", "skin,brow")["miou"] == 1
    assert (
        "did you mean 'hat'" in _run(face, "--truth", root, "--classes", "celebamask19", "--face-classes", "hatt", code=2).stderr
    )
    assert "no class has the values 14" in _run(face, "--truth", root, "--classes", "lapa", code=2).stderr
    assert "did you mean 'lapa'" in _run(face, "--truth", root, "--classes", "lappa", code=2).stderr
    assert "expected a class table" in _run(face, "--truth", root, "--classes", "x=1", code=2).stderr


def test_celebamask_as_it_is_published(tmp_path: Path) -> None:
    root = tmp_path / "CelebAMask-HQ"
    put(root / "CelebA-HQ-img" / "7.jpg", PICTURE)
    put(root / "CelebAMask-HQ-mask-anno" / "0" / "00007_skin.png", DISC * np.uint8(255))
    put(root / "CelebAMask-HQ-mask-anno" / "0" / "00007_hat.png", HAND * np.uint8(255))
    measured = _measures(folder(tmp_path / "p", {"7": DISC * (1 - HAND)}), "--truth", root)
    assert measured["miou"] == 1
    assert measured["leak"] is None


def test_what_is_wrong_is_one_line(truth: Path, tmp_path: Path) -> None:
    right = dict.fromkeys("abc", DISC)
    predictions = folder(tmp_path / "p", right)
    assert (
        "2 of 3 pictures have no prediction: b, c" in _run(folder(tmp_path / "1", {"a": DISC}), "--truth", truth, code=2).stderr
    )
    small = _run(folder(tmp_path / "2", {**right, "b": DISC[:-1]}), "--truth", truth, code=2).stderr
    assert "b: the prediction is 48 x 39, the truth 48 x 40" in small
    grey = (DISC * COLUMNS).astype(np.uint8)
    assert "expected 0 and 1" in _run(folder(tmp_path / "3", {**right, "c": grey}), "--truth", truth, code=2).stderr
    assert "no folder" in _run(tmp_path / "none", "--truth", truth, code=2).stderr
    assert "no folder" in _run(predictions, "--truth", tmp_path / "none", code=2).stderr
    assert "a folder of label maps" in _run(predictions, "--truth", tmp_path, code=2).stderr
    assert "either" in _run("--truth", truth, code=2).stderr
    assert "no split" in _run(predictions, "--truth", truth, "--split", "val", code=2).stderr
    (tmp_path / "p" / "a.png").write_bytes(b"no picture")
    assert "a.png" in _run(predictions, "--truth", truth, code=2).stderr
    (truth / "index.csv").write_text("name,occluder_on_face\na,many\n")
    assert "index.csv, line 2" in _run(predictions, "--truth", truth, code=2).stderr
    (truth / "images" / "c.jpg").unlink()
    assert "1 label maps have no picture" in _run(predictions, "--truth", truth, code=2).stderr
    put(truth / "labels" / "a.bmp.jpg", DISC)
    _run(predictions, "--truth", truth, code=2)


def test_real_occlusions_agree_with_themselves(real_data: Path, tmp_path: Path) -> None:
    """Labels 0, 1, 2 and 255 of real photographs; 255 in a prediction beside 1 is refused."""
    root = real_data / "real-occlusion"
    for path in (root / "labels").iterdir():
        put(tmp_path / "p" / path.name, (read_labels(path) == 1).astype(np.uint8))
    report = json.loads(_run(tmp_path / "p", "--truth", root, "--json").stdout)
    assert {name: value["value"] for name, value in report["measures"].items()} == {**dict.fromkeys(MEASURES, 1), "leak": 0}
    assert report["groups"]["part"]["celeba"]["pictures"] == 21
    assert report["groups"]["occluder"]["hand"]["pictures"] == 27
    assert "expected 0 and 1" in _run(root / "labels", "--truth", root, code=2).stderr
