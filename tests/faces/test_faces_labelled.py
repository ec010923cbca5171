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
        ({"classes": "lapa", "colours": {"face": [1, 2, 3]}}, "a mask has one or the other"),
        ({"colours": {"face": "red"}}, "expected .red, green, blue. or '#rrggbb', found 'red'"),
        ({"colours": {"face": [1, 2, 300]}}, "less than or equal to 255"),
        ({"colours": {"face": [1, 2, 3], "hair": "#010203"}}, "two classes have the same colour"),
        ({"colours": {"hand": [1, 2, 3]}}, r"none of the classes \(background, hand\) is known as part of a face"),
        ({"colours": {"face": [1, 2, 3]}, "face_classes": ["fase"]}, "did you mean 'face'"),
        ({"mask_channel": "red"}, "auto"),
        ({"max_pixels": 0}, "greater than or equal to 1"),
        ({"first_pixel": 1}, "first_pixel says how landmarks count"),
    ],
)
def test_wrong_options_are_one_message(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message) as caught:
        _options(**options)
    assert len(caught.value.errors()) == 1
    assert isinstance(_options(), Options)


def test_classes_of_a_face_need_classes(tmp_path: Path) -> None:
    _put(tmp_path / "faces", "a")
    with pytest.raises(UsageError, match="masks of two values have no classes"):
        _options(face_classes=["skin"]).open(tmp_path, tmp_path)


@pytest.mark.parametrize(
    ("values", "fitting"),
    [
        ((0, 1, 7, 10), "lapa or helen or celebamask19, or "),
        ((0, 1, 18, 255), "celebamask19, or "),
        ((0, 2, 5), "lapa or helen or celebamask19 or fasseg, or "),
        ((0, 30, 99), ""),
    ],
)
def test_label_maps_are_told_before_the_start(tmp_path: Path, values: tuple[int, ...], fitting: str) -> None:
    """A look at a few masks, not a rejection for each picture."""
    for name in range(30):
        labels = np.full((40, 32), values[name % 2], np.uint8)
        for column, value in enumerate(values):
            labels[:, 8 * column : 8 * column + 8] = value
        _put(tmp_path / "faces", str(name), labels)
    source = _options().open(tmp_path, tmp_path)
    with pytest.raises(UsageError) as caught:
        source.check()
    assert f"with the values {', '.join(map(str, values))}" in str(caught.value)
    assert f"faces.classes={fitting}faces.classes={{1: skin, ...}}".replace("faces.classes=faces", "faces") in str(caught.value)
    assert _options(classes={value: "face" for value in values if 0 < value < 255}).open(tmp_path, tmp_path).read("0") is not None


def test_one_mask_that_can_be_read_is_enough_to_begin(tmp_path: Path) -> None:
    for name in range(12):
        _put(tmp_path / "faces", str(name), MASK if name == 11 else MASK * np.uint8(3) + np.eye(40, 32, dtype=np.uint8))
    source = _options().open(tmp_path, tmp_path)
    source.check()
    assert len(source.ids()) == 12


def _colour_mask(name: str, root: Path, colours: dict[int, tuple[int, int, int]], labels: np.ndarray = MASK) -> None:
    _put(root, name, None)
    table = np.zeros((256, 3), np.uint8)
    table[list(colours)] = list(colours.values())
    (root / "masks").mkdir(exist_ok=True)
    (root / "masks" / f"{name}.png").write_bytes(encode_png(table[labels]))


HAIR = np.where(MASK > 0, 1, 2).astype(np.uint8)
COLOURS = {1: (250, 50, 83), 2: (50, 183, 250)}


@pytest.mark.parametrize("colour", ["#fa3253", "FA3253", [250, 50, 83]])
def test_colours_are_classes(tmp_path: Path, colour: object) -> None:
    _colour_mask("a", tmp_path / "faces", COLOURS, HAIR)
    options = _options(colours={"face": colour, "hair": [50, 183, 250]})
    source = options.open(tmp_path, tmp_path)
    assert dict(source.classes) == {0: "background", 1: "face", 2: "hair"}
    face = source.read("a")
    assert (face.parts == HAIR).all()
    assert (face.face_mask == MASK).all()
    both = _options(colours={"face": colour, "hair": [50, 183, 250]}, face_classes=["face", "hair"]).open(tmp_path, tmp_path)
    assert both.read("a").face_mask.all()
    assert LabelledFaces.model_validate_json(options.model_dump_json()) == options
    error = _rejected(tmp_path, "a", colours={"face": [9, 9, 9]})
    assert "no class has the colours #32b7fa, #fa3253; known: #000000, #090909" in error.detail


def test_colours_without_a_key_are_told_before_the_start(tmp_path: Path) -> None:
    _colour_mask("a", tmp_path / "faces", COLOURS, HAIR)
    with pytest.raises(UsageError, match=r"#32b7fa, #fa3253.*faces\.colours=\{face: \[red, green, blue\]"):
        _options().open(tmp_path, tmp_path).check()


def test_black_and_one_colour_need_no_key(tmp_path: Path) -> None:
    _colour_mask("a", tmp_path / "faces", {0: (0, 0, 0), 1: (250, 50, 83)})
    face = _options().open(tmp_path, tmp_path).read("a")
    assert face.parts is None
    assert (face.face_mask == MASK).all()


def test_a_face_that_is_black(tmp_path: Path) -> None:
    _put(tmp_path / "faces", "a", (1 - MASK) * np.uint8(255))
    source = _options(colours={"background": "#ffffff", "face": "#000000"}).open(tmp_path, tmp_path)
    assert dict(source.classes) == {0: "background", 1: "face"}
    assert (source.read("a").face_mask == MASK).all()


LABELMAP = "# label:color_rgb:parts:actions\nbackground:0,0,0::\nFace:250,50,83::\nhair: 50, 183, 250::\n"


@pytest.mark.parametrize("place", ["labelmap.txt", "masks/labelmap.txt"])
def test_a_labelmap_is_read_by_itself(tmp_path: Path, place: str) -> None:
    _colour_mask("a", tmp_path / "faces", COLOURS, HAIR)
    (tmp_path / "faces" / place).write_text(LABELMAP)
    source = _options().open(tmp_path, tmp_path)
    assert dict(source.classes) == {0: "background", 1: "face", 2: "hair"}
    assert (source.read("a").face_mask == MASK).all()
    assert _options(face_classes=["hair"]).open(tmp_path, tmp_path).read("a").face_mask.sum() == (HAIR == 2).sum()
    (tmp_path / "faces" / place).write_text(LABELMAP.replace("Face", "somebody"))
    with pytest.raises(UsageError, match=r"labelmap\.txt: .*none of the classes \(background, somebody, hair\).*face_classes"):
        _options().open(tmp_path, tmp_path)
    assert (_options(face_classes=["somebody"]).open(tmp_path, tmp_path).read("a").face_mask == MASK).all()


def test_splits_have_labelmaps_of_their_own(tmp_path: Path) -> None:
    for split in ("train", "val"):
        _colour_mask("a", tmp_path / "faces" / split, COLOURS, HAIR)
        (tmp_path / "faces" / split / "labelmap.txt").write_text(LABELMAP)
    source = _options().open(tmp_path, tmp_path)
    assert all((source.read(face_id).face_mask == MASK).all() for face_id in source.ids())


@pytest.mark.parametrize(
    "text", ["", "background\nface\n", "0: background\n1: face\n", LABELMAP, "a:1,2,3\nface:4,5,6::", "\xff\0"]
)
def test_a_labelmap_of_other_masks_says_nothing(tmp_path: Path, text: str) -> None:
    _put(tmp_path / "faces", "a", MASK * np.uint8(255))
    (tmp_path / "faces" / "labelmap.txt").write_text(text, encoding="latin-1")
    source = _options().open(tmp_path, tmp_path)
    assert (source.read("a").face_mask == MASK).all()
    assert source.read("a").parts is None


def test_no_face_in_a_label_map_names_what_is_there(tmp_path: Path) -> None:
    """Masks of 0 and 255 beside classes, say: every one of them would be without a face."""
    _put(tmp_path / "faces", "a", MASK * np.uint8(255))
    error = _rejected(tmp_path, "a", classes="lapa")
    assert error.reason == Reason.EMPTY_MASK
    assert "expected one of 1 skin, 2 l_brow" in error.detail
    assert "found the values 0, 255" in error.detail


def test_a_limit_on_pixels_for_pictures_and_masks(tmp_path: Path) -> None:
    _put(tmp_path / "faces", "a")
    assert _rejected(tmp_path, "a", max_pixels=1279).reason == Reason.TOO_MANY_PIXELS
    _put(tmp_path / "faces", "a", np.repeat(np.repeat(MASK, 2, axis=0), 2, axis=1))
    assert _rejected(tmp_path, "a", max_pixels=5119).reason == Reason.TOO_MANY_PIXELS
    assert _options(max_pixels=5120).open(tmp_path, tmp_path).read("a").image.shape == (40, 32, 3)


@pytest.mark.parametrize("channel", ["alpha", "grey"])
def test_the_channel_of_masks(tmp_path: Path, channel: str) -> None:
    _put(tmp_path / "faces", "a", None)
    other = np.zeros_like(MASK)
    other[:20] = 1
    planes = np.dstack([MASK * np.uint8(255)] * 3 + [other * np.uint8(255)])
    (tmp_path / "faces" / "masks").mkdir()
    (tmp_path / "faces" / "masks" / "a.png").write_bytes(encode_png(planes))
    with pytest.raises(UsageError, match="mask_channel: alpha, or grey"):
        _options().open(tmp_path, tmp_path).check()
    face = _options(mask_channel=channel).open(tmp_path, tmp_path).read("a")
    assert (face.face_mask == (other if channel == "alpha" else MASK)).all()


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
    (tmp_path / "faces" / "masks" / "b_1.png").write_bytes(encode_png(MASK))
    with pytest.raises(UsageError, match=r"none of the 1 pictures has a mask .*images/a\.\w+ .*masks/b_1\.png.*mask_suffix"):
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
