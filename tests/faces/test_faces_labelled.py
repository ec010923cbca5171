"""Pictures and masks, or label maps, of equal stems."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as PillowImage
from pydantic import ValidationError

from natocc.core.errors import BadDataError, Reason, UsageError
from natocc.faces.classes import CLASS_TABLES, FACE_PARTS, PARTS, REGIONS, values_of
from natocc.faces.sources.labelled import LabelledFaces
from natocc.io.images import encode_jpeg, encode_png
from natocc.io.masks import fit_labels
from natocc.plugins.options import Options

PICTURE = encode_jpeg(np.full((40, 32, 3), 120, np.uint8), 90)
MASK = np.zeros((40, 32), np.uint8)
MASK[10:30, 8:24] = 1


def _options(**options: object) -> LabelledFaces:
    return LabelledFaces.model_validate({"source": "labelled", **options})


def _put(root: Path, name: str, labels: np.ndarray | None = MASK, folder: str = "masks", picture: bytes = PICTURE) -> None:
    for path, content in ((root / "images" / f"{name}.jpg", picture), (root / folder / f"{name}.png", labels)):
        if content is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else encode_png(content))


def _rejected(data: Path, face_id: str, **options: object) -> BadDataError:
    with pytest.raises(BadDataError) as caught:
        _options(**options).open(data, data).read(face_id)
    return caught.value


@pytest.mark.parametrize("value", [1, 225, 255])
def test_two_valued_masks(tmp_path: Path, value: int) -> None:
    _put(tmp_path / "faces", "a", MASK * np.uint8(value))
    source = _options(licence="CC0").open(tmp_path, tmp_path)
    face = source.read("a")
    assert face.face_mask is not None
    assert (face.face_mask == MASK).all()
    assert face.parts is None
    assert (face.origin.dataset, face.origin.item, face.origin.licence) == ("labelled", "a", "CC0")
    assert dict(source.classes) == {0: "background", 1: "face"}


def test_more_values_need_classes(tmp_path: Path) -> None:
    labels = MASK.copy()
    labels[12:14] *= 3
    _put(tmp_path / "faces", "a", labels)
    error = _rejected(tmp_path, "a")
    assert error.reason == Reason.BAD_MASK
    assert "expected 0 and one other value, found 0, 1, 3" in error.detail
    assert "classes" in error.detail


@given(st.sampled_from(sorted(CLASS_TABLES)), st.data())
def test_a_label_map_keeps_its_values(tmp_path_factory: pytest.TempPathFactory, table: str, data: st.DataObject) -> None:
    classes = CLASS_TABLES[table]
    values = data.draw(st.lists(st.sampled_from([*classes, 255]), min_size=6, max_size=6))
    root = tmp_path_factory.mktemp("faces")
    labels = np.repeat(np.repeat(np.array(values, np.uint8).reshape(2, 3), 8, axis=0), 8, axis=1)
    _put(root, "a", labels, picture=encode_png(np.zeros((16, 24, 3), np.uint8)))
    options = _options(root=str(root), classes=table)
    source = options.open(root, root)
    assert dict(source.classes) == dict(classes)
    face_values = values_of(classes, FACE_PARTS)
    if not set(values) & set(face_values):
        assert _rejected(root, "a", root=str(root), classes=table).reason == Reason.EMPTY_MASK
        return
    face = source.read("a")
    assert face.parts is not None
    assert (face.parts == labels).all()
    assert face.face_mask is not None
    assert (face.face_mask == np.isin(labels, face_values)).all()


def test_every_table_knows_every_region_and_its_background() -> None:
    for table in CLASS_TABLES.values():
        assert table[0] == "background"
        assert all(values_of(table, names) for names in REGIONS.values())
        assert list(table) == list(range(len(table)))
    assert [CLASS_TABLES["lapa"][value] for value in (1, 6, 8, 10)] == ["skin", "nose", "mouth", "hair"]
    assert tuple(CLASS_TABLES["celebamask19"].values()) == PARTS


def test_unknown_values_are_named(tmp_path: Path) -> None:
    labels = MASK * np.uint8(6)
    labels[0, 0], labels[0, 1], labels[0, 2] = 11, 200, 255
    _put(tmp_path / "faces", "a", labels)
    error = _rejected(tmp_path, "a", classes="lapa")
    assert error.reason == Reason.BAD_MASK
    assert "no class has the values 11, 200; known: 0 background, 1 skin" in error.detail
    assert "255 not labelled" in error.detail


def test_classes_of_a_recipe(tmp_path: Path) -> None:
    labels = np.add(MASK, MASK, dtype=np.uint8)
    labels[12:20] //= 2
    _put(tmp_path / "faces", "a", labels)
    options = _options(classes={1: "face", 2: "mask"})
    assert dict(options.open(tmp_path, tmp_path).classes) == {0: "background", 1: "face", 2: "mask"}
    assert (options.open(tmp_path, tmp_path).read("a").face_mask == (labels == 1)).all()
    both = _options(classes={1: "face", 2: "mask"}, face_classes=["face", "mask"])
    assert (both.open(tmp_path, tmp_path).read("a").face_mask == MASK).all()
    again = LabelledFaces.model_validate_json(both.model_dump_json())  # workers get it this way
    assert again == both


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"classes": "lapaa"}, "did you mean 'lapa'"),
        ({"classes": 7}, "expected a mapping of values to names"),
        ({"classes": {1: "face", 256: "x"}}, "256 is no value of a class"),
        ({"classes": {1: "face", 255: "x"}}, "255 is no value of a class"),
        ({"classes": {"one": "face"}}, "'one' is no value of a class"),
        ({"classes": {1: ""}}, "name of value 1 must be a word"),
        ({"classes": {1: 2}}, "name of value 1 must be a word"),
        ({"classes": {1: "hand"}}, r"none of the classes \(background, hand\) is known as part of a face"),
        ({"classes": "lapa", "face_classes": ["skn"]}, "did you mean 'skin'"),
        ({"classes": "lapa", "face_classes": []}, "at least 1 item"),
        ({"classes": {0: "face", 1: "background"}}, "value 0 is background"),
        ({"face_classes": ["skin"]}, "masks of two values have no classes"),
        ({"first_pixel": 1}, "first_pixel says how landmarks count"),
    ],
)
def test_wrong_options_are_one_message(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message) as caught:
        _options(**options)
    assert len(caught.value.errors()) == 1
    assert isinstance(_options(), Options)


@pytest.mark.parametrize("folder", ["masks", "labels", "annotations"])
def test_the_folder_of_masks_is_found(tmp_path: Path, folder: str) -> None:
    _put(tmp_path / "faces", "a", folder=folder)
    assert _options().open(tmp_path, tmp_path).read("a").face_mask is not None


def test_the_first_of_the_mask_folders_or_the_one_that_is_named(tmp_path: Path) -> None:
    _put(tmp_path / "faces", "a", MASK)
    _put(tmp_path / "faces", "a", 1 - MASK, folder="labels")
    first, named = _options().open(tmp_path, tmp_path).read("a"), _options(masks="labels").open(tmp_path, tmp_path).read("a")
    assert first.face_mask is not None
    assert named.face_mask is not None
    assert (first.face_mask == MASK).all()
    assert (named.face_mask == 1 - MASK).all()


def test_subfolders_and_natural_order(tmp_path: Path) -> None:
    for name in ("b", "a/10", "a/9", "a/c.d"):
        _put(tmp_path / "faces", name)
    (tmp_path / "faces" / "images" / "notes.txt").touch()
    source = _options().open(tmp_path, tmp_path)
    assert source.ids() == ("a/9", "a/10", "a/c.d", "b")
    assert all(source.read(face_id).origin.item == face_id for face_id in source.ids())
    assert {source.split(face_id) for face_id in source.ids()} == {None}


def test_a_picture_without_a_mask_is_rejected_when_read(tmp_path: Path) -> None:
    _put(tmp_path / "faces", "a")
    _put(tmp_path / "faces", "b", None)
    assert _options().open(tmp_path, tmp_path).ids() == ("a", "b")
    assert _rejected(tmp_path, "b").reason == Reason.NO_MASK


def test_pictures_that_differ_in_their_suffix_only_are_refused(tmp_path: Path) -> None:
    _put(tmp_path / "faces", "a")
    (tmp_path / "faces" / "images" / "a.png").write_bytes(PICTURE)
    with pytest.raises(UsageError, match=r"images has a\.jpg and a\.png, of which only the suffix differs"):
        _options().open(tmp_path, tmp_path)


@pytest.mark.parametrize("nested", ["ROOT/SPLIT/images", "ROOT/images/SPLIT"])
def test_official_splits(tmp_path: Path, nested: str) -> None:
    for folder in ("train", "validation", "test"):
        for name in ("1", "2"):
            if nested.startswith("ROOT/SPLIT"):
                _put(tmp_path / "faces" / folder, name, folder="labels")
            else:
                _put(tmp_path / "faces", f"{folder}/{name}", folder="labels")
    source = _options().open(tmp_path, tmp_path)
    assert source.ids() == ("test/1", "test/2", "train/1", "train/2", "validation/1", "validation/2")
    assert [source.split(face_id) for face_id in source.ids()[::2]] == ["test", "train", "val"]
    assert source.read("validation/2").face_mask is not None
    assert _options(split="val").open(tmp_path, tmp_path).ids() == ("validation/1", "validation/2")


def test_a_split_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    _put(tmp_path / "faces", "a")
    with pytest.raises(UsageError, match="no official split of these faces is known"):
        _options(split="val").open(tmp_path, tmp_path)
    with pytest.raises(ValidationError, match="split"):
        _options(split="dev")


def test_a_wrong_layout_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no folder .*faces; expected images/ and masks or labels or annotations/"):
        _options().open(tmp_path, tmp_path)
    (tmp_path / "faces").mkdir()
    with pytest.raises(UsageError, match=r"no folder .*faces/images; expected"):
        _options().open(tmp_path, tmp_path)
    (tmp_path / "faces" / "images").mkdir()
    with pytest.raises(UsageError, match=r"no folder .*faces/masks; expected"):
        _options().open(tmp_path, tmp_path)
    (tmp_path / "faces" / "masks").mkdir()
    with pytest.raises(UsageError, match=r"no picture in .*faces/images"):
        _options().open(tmp_path, tmp_path)
    _put(tmp_path / "faces", "a", None)
    (tmp_path / "faces" / "masks" / "a_mask.png").write_bytes(encode_png(MASK))
    with pytest.raises(UsageError, match="none of the 1 pictures has a mask of its name"):
        _options().open(tmp_path, tmp_path)


@given(st.integers(1, 60), st.integers(1, 60), st.integers(2, 8))
def test_a_smaller_mask_is_enlarged_without_a_shift(height: int, width: int, times: int) -> None:
    labels = np.arange(height * width).reshape(height, width).astype(np.uint8)
    fitted = fit_labels(labels, (times * height, times * width), "m.png")
    assert (fitted == np.repeat(np.repeat(labels, times, axis=0), times, axis=1)).all()


@pytest.mark.parametrize(
    ("shape", "fits"), [((1000, 1000), True), ((995, 1000), True), ((980, 1000), False), ((100, 100), False)]
)
def test_sizes_that_disagree(shape: tuple[int, int], fits: bool) -> None:
    labels = np.ones(shape, np.uint8)
    if fits:
        assert fit_labels(labels, (1000, 1000), "m.png").shape == (1000, 1000)
    else:
        with pytest.raises(BadDataError, match=r"m\.png is .* beside a picture of 1000 x 1000") as caught:
            fit_labels(labels, (1000, 1000), "m.png")
        assert caught.value.reason == Reason.SIZE_MISMATCH


def _turned(data: np.ndarray, orientation: int, path: Path) -> None:
    exif = PillowImage.Exif()
    exif[0x0112] = orientation
    PillowImage.fromarray(data).save(path, exif=exif)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_f4_each_file_is_turned_by_its_own_orientation_then_sizes_are_compared(tmp_path: Path, orientation: int) -> None:
    for folder in ("images", "masks"):
        (tmp_path / "faces" / folder).mkdir(parents=True)
    stored = np.repeat(MASK[..., None] * np.uint8(200), 3, axis=2)
    for name in ("both", "alone", "upright"):
        _turned(stored, orientation, tmp_path / "faces" / "images" / f"{name}.png")
    _turned(MASK, orientation, tmp_path / "faces" / "masks" / "both.png")
    _turned(MASK, 1, tmp_path / "faces" / "masks" / "alone.png")
    source = _options().open(tmp_path, tmp_path)
    face = source.read("both")
    assert face.face_mask is not None
    assert (face.image[..., 0] > 0).astype(np.uint8).tolist() == face.face_mask.tolist()
    _turned(face.face_mask, 1, tmp_path / "faces" / "masks" / "upright.png")
    assert (_options().open(tmp_path, tmp_path).read("upright").face_mask == face.face_mask).all()
    if orientation > 4:  # drawn on the pixels as they were stored: the sides are swapped
        assert _rejected(tmp_path, "alone").reason == Reason.SIZE_MISMATCH


def test_fasseg(real_data: Path) -> None:
    source = _options(root="fasseg-multipose", classes="fasseg").open(real_data, real_data)
    assert len(source.ids()) == 78
    for face_id in source.ids()[::8]:
        face = source.read(face_id)
        assert face.parts is not None
        assert face.face_mask is not None
        assert set(np.unique(face.parts)) == set(range(6))
        hair, skin = (face.image[face.parts == value].mean() for value in (1, 2))
        assert hair < skin  # the table says which is which, and these three people have dark hair
        rows = [np.mean(np.nonzero(face.parts == value)[0]) for value in (5, 3, 4)]
        assert rows == sorted(rows)  # eyes above nose above mouth


def test_faces_with_masks_on(real_data: Path) -> None:
    source = _options(root="maskedfaceseg", classes={0: "background", 1: "face", 2: "mask"}).open(real_data, real_data)
    assert len(source.ids()) == 60
    face = source.read(source.ids()[0])
    assert face.parts is not None
    assert (face.face_mask == (face.parts == 1)).all()
    assert (face.parts == 2).any()


def test_hands_are_no_faces(real_data: Path) -> None:
    """A two-valued mask is what its owner drew: natocc cannot know that it is a hand unless it is told."""
    source = _options(root="hand-over-face").open(real_data, real_data)
    assert source.ids() == ("21", "22", "23")
    assert source.read("21").image.shape[:2] == (216, 384)
