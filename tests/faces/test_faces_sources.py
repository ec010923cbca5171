from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from natocc.core.errors import BadDataError, Reason, UsageError
from natocc.faces.classes import FACE_PARTS, PARTS, values_of
from natocc.faces.sources.base import natural_key
from natocc.faces.sources.celebamask import CelebAMaskFaces
from natocc.faces.sources.folder import FolderFaces
from natocc.faces.sources.portraits import Portrait, PortraitsFaces
from natocc.io.images import encode_jpeg, encode_png, sha256

PICTURE = np.full((40, 32, 3), 120, np.uint8)


def _celeba(data: Path, number: int, parts: dict[str, np.ndarray], picture: np.ndarray = PICTURE) -> None:
    pictures = data / "CelebAMask-HQ" / "CelebA-HQ-img"
    masks = data / "CelebAMask-HQ" / "CelebAMask-HQ-mask-anno" / str(number // 2000)
    pictures.mkdir(parents=True, exist_ok=True)
    masks.mkdir(parents=True, exist_ok=True)
    (pictures / f"{number}.jpg").write_bytes(encode_jpeg(picture, 90))
    for part, mask in parts.items():
        (masks / f"{number:05d}_{part}.png").write_bytes(encode_png(mask * np.uint8(255)))


def _box(shape: tuple[int, int], top: int, bottom: int) -> np.ndarray:
    mask = np.zeros(shape, np.uint8)
    mask[top:bottom] = 1
    return mask


def _reason(data: Path, face_id: str) -> Reason:
    with pytest.raises(BadDataError) as caught:
        CelebAMaskFaces(source="celebamask").open(data, data).read(face_id)
    return caught.value.reason


@given(st.lists(st.integers(0, 10**6), unique=True))
def test_natural_order(numbers: list[int]) -> None:
    assert sorted((str(number) for number in numbers), key=natural_key) == [str(number) for number in sorted(numbers)]


def test_numbers_come_before_names() -> None:
    assert sorted(["out.png", "1.png", "a2", "a"], key=natural_key) == ["1.png", "a", "a2", "out.png"]


def test_later_parts_lie_over_earlier_ones(tmp_path: Path) -> None:
    _celeba(tmp_path, 2001, {"skin": _box((40, 32), 5, 35), "hair": _box((40, 32), 0, 10), "nose": _box((40, 32), 8, 20)})
    face = CelebAMaskFaces(source="celebamask").open(tmp_path, tmp_path).read("2001")
    assert face.parts is not None
    assert [PARTS[value] for value in face.parts[[2, 7, 9, 15, 30, 38], 0]] == [
        "hair", "hair", "hair", "nose", "skin", "background",
    ]  # fmt: skip
    assert face.face_mask is not None
    assert (face.face_mask == np.isin(face.parts, values_of(dict(enumerate(PARTS)), FACE_PARTS))).all()


def test_what_is_face_is_an_option(tmp_path: Path) -> None:
    _celeba(tmp_path, 1, {"skin": _box((40, 32), 5, 35), "hair": _box((40, 32), 0, 10)})
    with_hair = CelebAMaskFaces(source="celebamask", face_parts=("skin", "hair")).open(tmp_path, tmp_path).read("1")
    assert with_hair.face_mask is not None
    assert with_hair.face_mask.sum() == 35 * 32
    with pytest.raises(ValidationError, match="did you mean 'skin'"):
        CelebAMaskFaces(source="celebamask", face_parts=("skn",))


def test_masks_of_half_the_size(tmp_path: Path) -> None:
    _celeba(tmp_path, 1, {"skin": _box((20, 16), 5, 15)})
    face = CelebAMaskFaces(source="celebamask").open(tmp_path, tmp_path).read("1")
    assert face.face_mask is not None
    assert (face.face_mask == _box((40, 32), 10, 30)).all()


def test_faces_that_cannot_serve(tmp_path: Path) -> None:
    _celeba(tmp_path, 1, {})
    _celeba(tmp_path, 2, {"skin": _box((40, 32), 0, 0)})
    _celeba(tmp_path, 3, {"skin": _box((40, 40), 5, 15)})
    _celeba(tmp_path, 4, {"hair": _box((40, 32), 5, 15)})
    assert [_reason(tmp_path, str(number)) for number in (1, 2, 3, 4)] == [
        Reason.NO_MASK, Reason.EMPTY_MASK, Reason.SIZE_MISMATCH, Reason.EMPTY_MASK,
    ]  # fmt: skip


def test_lists(tmp_path: Path) -> None:
    for number in (2, 11, 5):
        _celeba(tmp_path, number, {"skin": _box((40, 32), 5, 15)})
    (tmp_path / "wo.txt").write_text("# without occlusion\n11.jpg\n2  # a comment\n")
    (tmp_path / "bad.txt").write_text("77\n")
    options = CelebAMaskFaces(source="celebamask")
    assert options.open(tmp_path, tmp_path).ids() == ("2", "5", "11")
    assert options.model_copy(update={"include": "wo.txt"}).open(tmp_path, tmp_path).ids() == ("2", "11")
    assert options.model_copy(update={"exclude": "wo.txt"}).open(tmp_path, tmp_path).ids() == ("5",)
    with pytest.raises(UsageError, match="'77' matches none"):
        options.model_copy(update={"include": "bad.txt"}).open(tmp_path, tmp_path)
    with pytest.raises(UsageError, match="no file"):
        options.model_copy(update={"include": "gone.txt"}).open(tmp_path, tmp_path)


def test_what_is_missing_is_named_with_its_layout(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"CelebAMask-HQ; expected CelebA-HQ-img/N\.jpg"):
        CelebAMaskFaces(source="celebamask").open(tmp_path, tmp_path)
    with pytest.raises(UsageError, match="photos; expected a folder of photographs"):
        FolderFaces(source="folder").open(tmp_path, tmp_path)


def test_a_folder_of_photographs(tmp_path: Path) -> None:
    for name in ("b.jpg", "a/ü 10.jpg", "a/ü 9.jpg", "a/c.png"):
        (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "photos" / name).write_bytes(encode_jpeg(PICTURE, 90))
    (tmp_path / "photos" / "notes.txt").touch()
    (tmp_path / "photos" / "loop").symlink_to(tmp_path / "photos")
    (tmp_path / "secret.jpg").write_bytes(encode_jpeg(PICTURE, 90))
    (tmp_path / "photos" / "out.jpg").symlink_to(tmp_path / "secret.jpg")
    source = FolderFaces(source="folder").open(tmp_path, tmp_path)
    assert source.ids() == ("a/c.png", "a/ü 9.jpg", "a/ü 10.jpg", "b.jpg", "out.jpg")
    assert source.read("a/ü 9.jpg").face_mask is None
    with pytest.raises(BadDataError) as caught:
        source.read("out.jpg")
    assert caught.value.reason == Reason.LEAVES_ROOT


def test_portraits_are_painted_in_order(tmp_path: Path) -> None:
    picture = encode_png(PICTURE)
    (tmp_path / "p.png").write_bytes(picture)
    square, strip = [[2, 2], [29, 2], [29, 37], [2, 37]], [[2, 2], [29, 2], [29, 9], [2, 9]]
    parts = [{"name": "skin", "polygon": square}, {"name": "hair", "polygon": strip}]
    annotation = {"image": "p.png", "width": 32, "height": 40, "sha256": sha256(picture), "parts": parts}
    (tmp_path / "p.json").write_text(json.dumps(annotation))
    options = PortraitsFaces(source="portraits", portraits=(Portrait(image="p.png", annotation="p.json"),))
    face = options.open(tmp_path, tmp_path).read("p")
    assert face.parts is not None
    assert [PARTS[value] for value in face.parts[[5, 20, 39], 15]] == ["hair", "skin", "background"]
    (tmp_path / "p.png").write_bytes(encode_png(PICTURE + np.uint8(1)))
    with pytest.raises(BadDataError, match="another picture"):
        options.open(tmp_path, tmp_path).read("p")
    (tmp_path / "p.json").write_text(json.dumps({**annotation, "parts": [{"name": "skinn", "polygon": square}]}))
    with pytest.raises(UsageError, match="did you mean 'skin'"):
        options.open(tmp_path, tmp_path)


def test_the_shipped_portraits_have_faces() -> None:
    source = PortraitsFaces(source="portraits").open(Path("data"), Path("cache"))
    assert source.ids() == ("astronaut", "grace_hopper")
    for face_id in source.ids():
        face = source.read(face_id)
        assert face.face_mask is not None
        assert 0.02 < face.face_mask.mean() < 0.3
        assert face.origin.licence
