"""Faces left out because something covers them, as a network sees it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from drawn_photographs import draw_photograph
from small_networks import red_network

from natocc.core.errors import BadDataError, UsageError
from natocc.faces.sources import covered
from natocc.faces.sources.base import FaceOptions
from natocc.faces.sources.celebamask import CelebAMaskFaces
from natocc.faces.sources.covered import cover_share
from natocc.faces.sources.labelled import LabelledFaces
from natocc.io.images import encode_png
from natocc.io.segmenter import Segmenter
from natocc.recipe.schema import recipe_schema

LINE = "faces left out, since something covers them: 2, such as 1"


def _pictures() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """A clean face, one behind a bar, one behind a patch, one whose outline disagrees with its label a little."""
    pictures = {}
    for name in "0123":
        image, mask = draw_photograph(int(name))
        if name == "1":
            image[150:170] = (20, 40, 220)
        elif name == "2":
            image[130:160, 120:150] = (20, 40, 220)
        elif name == "3":
            mask = np.roll(mask, 3, axis=1)
        pictures[name] = image, mask
    return pictures


def _labelled(root: Path) -> None:
    for name, (image, mask) in _pictures().items():
        for folder, plane in (("images", image), ("masks", mask * np.uint8(255))):
            (root / "faces" / folder).mkdir(parents=True, exist_ok=True)
            (root / "faces" / folder / f"{name}.png").write_bytes(encode_png(plane))


def _celebamask(root: Path) -> None:
    root = root / "CelebAMask-HQ"
    for name, (image, mask) in _pictures().items():
        (root / "CelebA-HQ-img").mkdir(parents=True, exist_ok=True)
        (root / "CelebAMask-HQ-mask-anno" / "0").mkdir(parents=True, exist_ok=True)
        (root / "CelebA-HQ-img" / f"{name}.png").write_bytes(encode_png(image))
        (root / "CelebAMask-HQ-mask-anno" / "0" / f"0000{name}_skin.png").write_bytes(encode_png(mask * np.uint8(255)))


def _options(source: str, **unoccluded: object) -> FaceOptions:
    model = {"labelled": LabelledFaces, "celebamask": CelebAMaskFaces}[source]
    return model.model_validate({"source": source, "unoccluded": {"model": "red.onnx", **unoccluded}})


@pytest.fixture
def data(tmp_path: Path) -> Path:
    red_network(tmp_path / "red.onnx")
    _labelled(tmp_path)
    _celebamask(tmp_path)
    return tmp_path


@pytest.mark.parametrize("source", ["labelled", "celebamask"])
@pytest.mark.parametrize("jobs", [1, 2])
def test_covered_faces_are_left_out_and_counted(data: Path, source: str, jobs: int) -> None:
    faces = _options(source).open(data, data / "cache", jobs)
    assert faces.ids() == ("0", "3")
    assert list(faces.notes().lines()) == [LINE]
    assert faces.read("3").face_mask is not None
    assert _options(source, at_most=0.1).open(data, data / "cache").ids() == ("0", "2", "3")
    assert _options(source, at_most=1).open(data, data / "cache").ids() == ("0", "1", "2", "3")


@pytest.mark.parametrize("source", ["labelled", "celebamask"])
def test_what_was_seen_is_kept_until_a_file_or_the_network_changes(
    data: Path, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []
    monkeypatch.setattr(covered, "cover_share", lambda *arguments: asked.append(1) or cover_share(*arguments))
    first = _options(source).open(data, data / "cache").ids()
    assert len(asked) == 4
    with monkeypatch.context() as patch:
        patch.setattr(covered, "_shares", None)  # no file is opened
        assert _options(source, at_most=0.02).open(data, data / "cache").ids() == first
    assert len(asked) == 4
    (name,) = [path for path in data.rglob("1.png") if path.parent.name == {"labelled": "images"}.get(source, "CelebA-HQ-img")]
    name.write_bytes(encode_png(draw_photograph(9)[0]))
    assert _options(source).open(data, data / "cache").ids() == ("0", "1", "3")
    assert len(asked) == 5  # the others are known by their pixels
    red_network(data / "red.onnx", least=0.1)
    _options(source).open(data, data / "cache")
    assert len(asked) == 9


def test_include_narrows_what_is_looked_at(data: Path) -> None:
    (data / "list.txt").write_text("1\n3\n")
    options = _options("labelled").model_copy(update={"include": "list.txt"})
    assert options.open(data, data / "cache").ids() == ("3",)
    (data / "list.txt").write_text("1\n")
    with pytest.raises(UsageError, match="unoccluded leaves none of 1 faces"):
        options.open(data, data / "cache")


def test_glasses_and_hats_are_left_out_too(data: Path) -> None:
    mask = np.zeros((300, 400), np.uint8)
    mask[100:110, 100:200] = 255
    (data / "CelebAMask-HQ" / "CelebAMask-HQ-mask-anno" / "0" / "00003_eye_g.png").write_bytes(encode_png(mask))
    assert _options("celebamask").open(data, data / "cache").ids() == ("0",)


def test_a_face_that_cannot_be_read_stays_to_be_rejected(data: Path) -> None:
    (data / "faces" / "masks" / "2.png").write_bytes(b"no picture")
    faces = _options("labelled").open(data, data / "cache")
    assert faces.ids() == ("0", "2", "3")
    with pytest.raises(BadDataError, match=r"2\.png"):
        faces.read("2")


@pytest.mark.parametrize("source", ["labelled", "celebamask"])
def test_a_network_that_is_none_is_one_line(data: Path, source: str) -> None:
    (data / "red.onnx").write_bytes(b"\x08\x08")
    with pytest.raises(UsageError, match=r"faces\.unoccluded\.model: .*red\.onnx is a network of another contract"):
        _options(source).open(data, data / "cache")
    (data / "red.onnx").unlink()
    with pytest.raises(UsageError, match=r"faces\.unoccluded\.model: .*no file") as caught:
        _options(source).open(data, data / "cache")
    assert len(caught.value.lines) == 1


def test_a_choice_or_a_network_and_the_schema_knows_both() -> None:
    choices = recipe_schema()["$defs"]["CelebAMaskFaces"]["properties"]["unoccluded"]["oneOf"]
    assert [choice.get("enum") for choice in choices] == [["none", "by-parts"], None]


@pytest.mark.parametrize("scale", [0.4, 1, 2.5])
@pytest.mark.parametrize(("width", "height"), [(0, 0), (20, 20), (60, 30), (40, 60)])
def test_the_share_is_that_of_the_thing_before_the_face(data: Path, width: int, height: int, scale: float) -> None:
    image, mask = draw_photograph()
    expected = width * height / np.count_nonzero(mask)
    image[130 : 130 + height, 120 : 120 + width] = (20, 40, 220)
    size = (round(400 * scale), round(300 * scale))
    image, mask = (np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_NEAREST)) for plane in (image, mask))
    assert cover_share(image, mask, Segmenter.open(data / "red.onnx")) == pytest.approx(expected, abs=0.02)
