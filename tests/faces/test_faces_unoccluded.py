"""CelebAMask-HQ: official splits, identities, and who wears something over the face."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from natocc.core.errors import BadDataError, UsageError
from natocc.faces.sources import unoccluded
from natocc.faces.sources.celeba import IDENTITIES, MAPPING, CelebA
from natocc.faces.sources.celebamask import CelebAMaskFaces
from natocc.faces.sources.unoccluded import hat_share
from natocc.io import images
from natocc.io.images import encode_jpeg, encode_png

PICTURE = encode_jpeg(np.full((64, 64, 3), 120, np.uint8), 90)
HEADER = "idx    orig_idx    orig_file\n"


def _face(data: Path, number: int, **parts: tuple[int, int]) -> Path:
    """A face whose parts are bands of rows."""
    root = data / "CelebAMask-HQ"
    masks = root / "CelebAMask-HQ-mask-anno" / str(number // 2000)
    (root / "CelebA-HQ-img").mkdir(parents=True, exist_ok=True)
    masks.mkdir(parents=True, exist_ok=True)
    (root / "CelebA-HQ-img" / f"{number}.jpg").write_bytes(PICTURE)
    for part, (top, bottom) in parts.items():
        mask = np.zeros((32, 32), np.uint8)
        mask[top:bottom, 4:28] = 255
        (masks / f"{number:05d}_{part}.png").write_bytes(encode_png(mask))
    return root


def _options(**options: object) -> CelebAMaskFaces:
    return CelebAMaskFaces.model_validate({"source": "celebamask", **options})


@given(st.integers(1, 202_599))
def test_the_partition_is_celebas(number: int) -> None:
    split = CelebA({7: number}, {}).split(7)
    assert split == ("train" if number <= 162_770 else "val" if number <= 182_637 else "test")


@pytest.mark.parametrize(
    ("number", "split"),
    [(1, "train"), (162_770, "train"), (162_771, "val"), (182_637, "val"), (182_638, "test"), (202_599, "test")],
)
@pytest.mark.parametrize("header", ["", HEADER])
def test_the_mapping_gives_splits(tmp_path: Path, number: int, split: str, header: str) -> None:
    root = _face(tmp_path, 3, skin=(5, 20))
    assert _options().open(tmp_path, tmp_path).split("3") is None
    (root / MAPPING).write_text(f"{header}3      {number - 1}     {number:06d}.jpg\n\n")
    assert _options().open(tmp_path, tmp_path).split("3") == split
    assert _options(split=split).open(tmp_path, tmp_path).ids() == ("3",)
    other = "val" if split == "train" else "train"
    with pytest.raises(UsageError, match="leave none of its 1 faces"):
        _options(split=other).open(tmp_path, tmp_path)


def test_a_face_that_the_mapping_does_not_have_is_in_no_split(tmp_path: Path) -> None:
    root = _face(tmp_path, 3, skin=(5, 20))
    _face(tmp_path, 4, skin=(5, 20))
    (root / MAPPING).write_text(HEADER + "3 0 000001.jpg\n")
    source = _options().open(tmp_path, tmp_path)
    assert [source.split(face) for face in source.ids()] == ["train", None]
    assert _options(split="train").open(tmp_path, tmp_path).ids() == ("3",)


def test_identities(tmp_path: Path) -> None:
    root = _face(tmp_path, 3, skin=(5, 20))
    _face(tmp_path, 4, skin=(5, 20))
    (root / IDENTITIES).write_text("000001.jpg 2880\n000002.jpg 2937\n")
    with pytest.raises(UsageError, match=rf"{IDENTITIES} is of no use without .*{MAPPING}"):
        _options().open(tmp_path, tmp_path)
    (root / MAPPING).write_text(HEADER + "3 1 000002.jpg\n")
    source = _options().open(tmp_path, tmp_path)
    assert [source.identity(face) for face in source.ids()] == ["celeba/2937", "4"]
    (root / IDENTITIES).unlink()
    assert _options().open(tmp_path, tmp_path).identity("3") == "3"


@pytest.mark.parametrize("line", ["3 1", "3 1 x.jpg", "3 one 000002.jpg", "x 1 000002.jpg", "3 1 000000.jpg", "3 1 999999.jpg"])
def test_a_damaged_mapping_is_refused_by_line(tmp_path: Path, line: str) -> None:
    root = _face(tmp_path, 3, skin=(5, 20))
    (root / MAPPING).write_text(f"{HEADER}2 0 000001.jpg\n{line}\n")
    with pytest.raises(UsageError, match=f"{MAPPING}, line 3: expected"):
        _options().open(tmp_path, tmp_path)
    (root / MAPPING).write_text(f"{HEADER}3 0 000001.jpg\n3 1 000002.jpg\n")
    with pytest.raises(UsageError, match="line 3: a second line of face 3"):
        _options().open(tmp_path, tmp_path)
    (root / MAPPING).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match=f"{MAPPING}: expected lines"):
        _options().open(tmp_path, tmp_path)


def test_a_split_without_a_mapping_names_the_file(tmp_path: Path) -> None:
    _face(tmp_path, 3, skin=(5, 20))
    with pytest.raises(UsageError, match=f"{MAPPING}, which split: val needs"):
        _options(split="val").open(tmp_path, tmp_path)


def _wearers(data: Path) -> None:
    _face(data, 0, skin=(4, 28))
    _face(data, 1, skin=(4, 28), eye_g=(10, 12))  # glasses
    _face(data, 2, skin=(4, 28), eye_g=(0, 0))  # an empty mask of glasses
    _face(data, 3, skin=(8, 28), hat=(0, 8))  # a hat that ends where the face begins
    _face(data, 4, skin=(8, 28), hat=(0, 12))  # a hat over the forehead
    _face(data, 5, hat=(0, 12))  # no face at all: rejected when read
    _face(data, 2006, skin=(4, 28), hat=(0, 0))


def test_who_wears_something_is_left_out(tmp_path: Path) -> None:
    _wearers(tmp_path)
    assert _options().open(tmp_path, tmp_path / "c").ids() == ("0", "1", "2", "3", "4", "5", "2006")
    options = _options(unoccluded="by-parts")
    assert options.open(tmp_path, tmp_path / "c").ids() == ("0", "2", "3", "5", "2006")
    (tmp_path / "list.txt").write_text("1\n3\n4\n")
    assert options.model_copy(update={"include": "list.txt"}).open(tmp_path, tmp_path / "c", jobs=2).ids() == ("3",)
    (tmp_path / "list.txt").write_text("1\n4\n")
    with pytest.raises(UsageError, match="all wear glasses or a hat"):
        options.model_copy(update={"include": "list.txt"}).open(tmp_path, tmp_path / "c")


def test_the_answer_is_kept_until_a_file_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _wearers(tmp_path)
    options = _options(unoccluded="by-parts")
    first = options.open(tmp_path, tmp_path / "c").ids()

    def nobody_asks(*_: object) -> bool:
        raise AssertionError

    with monkeypatch.context() as patch:
        patch.setattr(unoccluded, "is_occluded", nobody_asks)
        assert options.open(tmp_path, tmp_path / "c").ids() == first
    _face(tmp_path, 0, eye_g=(10, 12))
    assert options.open(tmp_path, tmp_path / "c").ids() == first[1:]


@pytest.mark.parametrize("damage", ["", "{}", "[3]", "[[]]", '["77"]', '"1"'])
def test_a_damaged_entry_is_made_again_with_one_line(tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture) -> None:
    _wearers(tmp_path)
    first = _options(unoccluded="by-parts").open(tmp_path, tmp_path / "c").ids()
    (kept,) = (path for path in (tmp_path / "c" / "unoccluded").rglob("*") if path.is_file())
    kept.write_text(damage)
    assert _options(unoccluded="by-parts").open(tmp_path, tmp_path / "c").ids() == first
    assert len(caplog.messages) == 1


def test_only_masks_of_wearers_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _wearers(tmp_path)
    read: list[str] = []
    original = images.read_mask
    monkeypatch.setattr(images, "read_mask", lambda path: read.append(path.name) or original(path))
    _options(unoccluded="by-parts").open(tmp_path, tmp_path / "c")
    assert {name[:5] for name in read} == {"00001", "00002", "00003", "00004", "00005", "02006"}


def test_a_damaged_mask_stays_to_be_rejected_with_its_reason(tmp_path: Path) -> None:
    root = _face(tmp_path, 1, skin=(4, 28), hat=(0, 12))
    (root / "CelebAMask-HQ-mask-anno/0/00001_hat.png").write_bytes(b"no picture")
    source = _options(unoccluded="by-parts").open(tmp_path, tmp_path / "c")
    assert source.ids() == ("1",)
    with pytest.raises(BadDataError, match="00001_hat"):
        source.read("1")


@given(st.integers(0, 20), st.integers(1, 20))
def test_the_share_of_the_hull(top: int, height: int) -> None:
    face = np.zeros((60, 50), np.uint8)
    face[10:50, [5, 44]] = 1  # two columns, whose hull is what lies between
    hat = np.zeros_like(face)
    hat[top : top + height] = 1
    rows = max(0, min(top + height, 50) - max(top, 10))
    assert hat_share(hat, face) == pytest.approx(rows / 40)
    assert hat_share(hat, np.zeros_like(face)) == 0


def test_thirty_thousand_faces_open_quickly(tmp_path: Path) -> None:
    """No picture is opened, and of 30 000 faces without hat or glasses no mask either."""
    root = _face(tmp_path, 0, skin=(4, 28))
    for number in range(1, 30_000):
        (root / "CelebA-HQ-img" / f"{number}.jpg").touch()
    assert len(_options(unoccluded="by-parts").open(tmp_path, tmp_path / "c").ids()) == 30_000


def test_the_real_faces(real_data: Path, tmp_path: Path) -> None:
    everybody = _options().open(real_data, tmp_path).ids()
    without = _options(unoccluded="by-parts").open(real_data, tmp_path).ids()
    assert without == everybody  # studio faces: nobody wears anything over the face, and no label says so
