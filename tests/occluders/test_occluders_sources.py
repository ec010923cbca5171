from __future__ import annotations

import copy
import io
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from natocc.core.errors import BadDataError, Reason, UsageError
from natocc.core.seeds import generator
from natocc.io.images import encode_jpeg, encode_png, sha256
from natocc.occluders.coco.json_walk import JsonWalk
from natocc.occluders.coco.source import CocoOccluders
from natocc.occluders.hands.source import HandsOccluders
from natocc.occluders.shapes.source import ShapesOccluders
from natocc.occluders.shapes.textures import PictureTextures

PICTURE = np.random.Generator(np.random.PCG64(3)).integers(0, 256, (200, 200, 3), dtype=np.uint8)
BOX = [40, 40, 140, 40, 140, 150, 40, 150]


def _coco(data: Path, change: dict[str, Any] | None = None, **annotation: Any) -> Path:
    root = data / "coco"
    (root / "annotations").mkdir(parents=True, exist_ok=True)
    (root / "val2017").mkdir(exist_ok=True)
    (root / "val2017" / "1.jpg").write_bytes(encode_jpeg(PICTURE, 95))
    good = {"id": 1, "image_id": 1, "category_id": 47, "iscrowd": 0, "segmentation": [BOX]}
    content: dict[str, Any] = {
        "licenses": [{"id": 4, "url": "http://by/2.0/", "name": "BY"}],
        "images": [{"id": 1, "file_name": "1.jpg", "width": 200, "height": 200, "license": 4}],
        "categories": [{"id": 47, "name": "cup"}, {"id": 1, "name": "person"}],
        "annotations": [good, {**copy.deepcopy(good), "id": 2, **annotation}],
    }
    path = root / "annotations" / "instances_val2017.json"
    path.write_text(json.dumps({**content, **(change or {})}))
    return path


def _refused(tmp_path: Path, **annotation: Any) -> dict[Reason, int]:
    _coco(tmp_path, **annotation)
    library = CocoOccluders().open(tmp_path, tmp_path / "cache")
    assert list(library.items()) == ["instances_val2017/1"]
    return dict(library.refused)


@pytest.mark.parametrize(
    ("annotation", "reason"),
    [
        ({"iscrowd": 1}, Reason.CROWD),
        ({"segmentation": [[1, 2, float("nan"), 4, 5, 6]]}, Reason.BAD_ANNOTATION),
        ({"segmentation": [[40, 40, 60, 40, 60, 60]]}, Reason.TOO_SMALL),
        ({"segmentation": [[0, 0, 190, 0, 190, 190]]}, Reason.TRUNCATED),
        ({"image_id": 99}, Reason.BAD_ANNOTATION),
        ({"category_id": 99}, Reason.BAD_ANNOTATION),
        ({"category_id": "cup"}, Reason.BAD_ANNOTATION),
    ],
)
def test_f10_f13_one_bad_annotation_is_counted_and_the_rest_serves(
    tmp_path: Path, annotation: dict[str, Any], reason: Reason
) -> None:
    assert _refused(tmp_path, **annotation) == {reason: 1}


def test_other_categories_are_left_alone(tmp_path: Path) -> None:
    assert _refused(tmp_path, category_id=1) == {}


@pytest.mark.parametrize(
    "name", ["../../secret.jpg", "/etc/passwd", "C:\\x.jpg", "\\\\host\\x", "http://x/y.jpg", "a\0b.jpg", "link.jpg"]
)
def test_f14_file_names_stay_below_their_root(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.jpg").write_bytes(encode_jpeg(PICTURE, 95))
    (tmp_path / "coco" / "val2017").mkdir(parents=True)
    (tmp_path / "coco" / "val2017" / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    other = {"id": 2, "file_name": name, "width": 200, "height": 200}
    _coco(tmp_path, {"images": [{"id": 1, "file_name": "1.jpg", "width": 200, "height": 200}, other]}, image_id=2)
    assert CocoOccluders().open(tmp_path, tmp_path / "cache").refused == {Reason.LEAVES_ROOT: 1}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": None}, r"\$\.images: expected a list"),
        ({"categories": {}}, r"\$\.categories: expected a list"),
        ({"images": [{"id": 1, "file_name": 3}]}, r"\$\.images\[0\]\.file_name: expected str"),
        ({"images": [{"id": 1, "file_name": "a"}, {"id": 1, "file_name": "b"}]}, r"\$\.images\[1\]\.id: 1 appears twice"),
        ({"annotations": [{"id": 1}, {"id": 1}]}, r"\$\.annotations\[1\]\.id: 1 appears twice"),
        ({"annotations": []}, "no object can serve"),
    ],
)
def test_f10_a_file_that_is_not_coco_is_refused_by_its_path(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    _coco(tmp_path, change)
    with pytest.raises(UsageError, match=message):
        CocoOccluders().open(tmp_path, tmp_path / "cache")


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"', "\ufeffnull"])
def test_f10_text_that_is_not_coco(tmp_path: Path, text: str) -> None:
    _coco(tmp_path).write_text(text)
    with pytest.raises(UsageError, match=r"instances_val2017\.json"):
        CocoOccluders().open(tmp_path, tmp_path / "cache")


def test_f10_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    path = _coco(tmp_path)
    path.write_text("\ufeff" + path.read_text())
    assert len(CocoOccluders().open(tmp_path, tmp_path / "cache")) == 2


def test_f15_licences_are_recorded_and_can_be_asked_for(tmp_path: Path) -> None:
    _coco(tmp_path)
    library = CocoOccluders().open(tmp_path, tmp_path / "cache")
    assert library.cutout({"id": "instances_val2017/1"}).origin.licence == "http://by/2.0/"
    with pytest.raises(UsageError, match="2 licence-not-allowed"):
        CocoOccluders(licences=("*/nc/*",)).open(tmp_path, tmp_path / "cache")


def test_what_is_missing_is_named_with_its_layout(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"coco.*annotations/instances_NAME\.json"):
        CocoOccluders().open(tmp_path, tmp_path / "cache")
    with pytest.raises(UsageError, match="hands; expected images/ and masks/"):
        HandsOccluders().open(tmp_path, tmp_path / "cache")
    with pytest.raises(UsageError, match="dtd; expected pictures by class"):
        ShapesOccluders().open(tmp_path, tmp_path / "cache")


def _files(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): sha256(path.read_bytes()) for path in folder.rglob("*") if path.is_file()}


def test_a_library_is_the_same_however_it_is_made_and_opened_again_without_its_pictures(real_data: Path, tmp_path: Path) -> None:
    options = CocoOccluders(categories=("cup", "banana"))
    libraries = [options.open(real_data, tmp_path / str(jobs), jobs) for jobs in (1, 2)]
    assert _files(tmp_path / "1") == _files(tmp_path / "2")
    library = libraries[0]
    assert sum(library.categories.values()) == len(library) > 20
    assert list(library.items()) == sorted(library.items())
    rng = generator(1)
    for _ in range(5):
        reference = json.loads(json.dumps(library.draw(rng)))
        one, other = library.cutout(reference), pickle.loads(pickle.dumps(library)).cutout(reference)
        assert (one.foreground == other.foreground).all()
        assert (one.matte == other.matte).all()
        assert one.origin == other.origin
    with pytest.raises(BadDataError):
        library.cutout({"id": "nothing"})


def test_hands(tmp_path: Path) -> None:
    for folder in ("images", "masks"):
        (tmp_path / "hands" / folder).mkdir(parents=True)
    mask = np.zeros((200, 200), np.uint8)
    mask[60:, 60:140] = 255
    for stem in ("a", "b"):
        (tmp_path / "hands" / "images" / f"{stem}.jpg").write_bytes(encode_jpeg(PICTURE, 95))
    (tmp_path / "hands" / "masks" / "a.png").write_bytes(encode_png(mask))
    library = HandsOccluders().open(tmp_path, tmp_path / "cache")
    assert list(library.items()) == ["a.jpg"]
    assert library.refused == {Reason.NO_MASK: 1}
    assert library.cutout({"id": "a.jpg"}).points_to_xy == pytest.approx((0, -1), abs=0.1)


@pytest.mark.slow
def test_real_hands(real_data: Path, tmp_path: Path) -> None:
    library = HandsOccluders().open(real_data, tmp_path, 2)
    assert len(library) >= 250
    up = [library.cutout({"id": item}).points_to_xy for item in list(library.items())[::10]]
    assert sum(direction is not None and direction[1] < 0.5 for direction in up) > 0.7 * len(up)


def test_textures_keep_their_scale_and_are_mirrored_where_too_small(tmp_path: Path) -> None:
    (tmp_path / "dtd" / "images" / "noise").mkdir(parents=True)
    (tmp_path / "dtd" / "images" / "noise" / "n_1.png").write_bytes(encode_png(PICTURE))
    source = PictureTextures().open(tmp_path)
    crop, category, origin = source.texture({"texture": "noise/n_1.png", "across": 1.0, "down": 0.0}, 50, 60)
    assert (crop == PICTURE[:50, 140:]).all()
    assert (category, origin.item) == ("noise", "noise/n_1.png")
    large = source.texture({"texture": "noise/n_1.png", "across": 0.5, "down": 0.5}, 300, 350)[0]
    assert (large[:200, :200] == PICTURE).all()
    assert (large[200:300, :200] == PICTURE[::-1][:100]).all()


def test_shapes_come_again_from_their_json(tmp_path: Path) -> None:
    options = ShapesOccluders.model_validate(
        {"kinds": {"bezier": 1}, "textures": {"source": "textures", "root": "package:skimage/data", "include": ["brick.png"]}}
    )
    source = options.open(tmp_path, tmp_path)
    rng = generator(5)
    areas = []
    for _ in range(20):
        reference = json.loads(json.dumps(source.draw(rng)))
        assert 3 <= len(reference["points"]) <= 15
        one, other = source.cutout(reference), source.cutout(reference)
        assert (one.matte == other.matte).all()
        assert max(one.matte.shape) == pytest.approx(384, abs=12)
        assert not one.matte[[0, -1]].any()
        areas.append(one.matte.mean() / 255)
    assert np.std(areas) > 0.05
    assert min(areas) > 0.05


def test_an_unknown_category_is_refused_with_the_nearest(tmp_path: Path) -> None:
    _coco(tmp_path)
    with pytest.raises(UsageError, match=r"'cupp'.*did you mean 'cup'"):
        CocoOccluders(categories=("cupp",)).open(tmp_path, tmp_path / "cache")
    with pytest.raises(UsageError, match="none of the categories wanted"):
        CocoOccluders(exclude_categories=("cup",)).open(tmp_path, tmp_path / "cache")


@pytest.mark.parametrize("change", [{"licenses": []}, {"licenses": "none"}, {"licenses": [{"id": 5, "url": "u"}, 3]}])
def test_f15_a_licence_that_is_not_there_is_none(tmp_path: Path, change: dict[str, Any]) -> None:
    _coco(tmp_path, change)
    library = CocoOccluders().open(tmp_path, tmp_path / "cache")
    assert library.cutout({"id": "instances_val2017/1"}).origin.licence is None
    with pytest.raises(UsageError, match="2 licence-not-allowed"):
        CocoOccluders(licences=("*",), categories=("cup", "person")).model_copy(update={"licences": ("*by*",)}).open(
            tmp_path, tmp_path / "other"
        )


@pytest.mark.parametrize("name", ["half \ud800.jpg", "line\n\x1b[31m.jpg"])
def test_f14_names_that_are_no_text_do_no_harm(tmp_path: Path, name: str) -> None:
    images = [{"id": 1, "file_name": "1.jpg", "width": 200, "height": 200}, {"id": 2, "file_name": name, "width": 9, "height": 9}]
    _coco(tmp_path, {"images": images}, image_id=2)
    library = CocoOccluders().open(tmp_path, tmp_path / "cache")
    assert len(library) == 1
    assert sum(library.refused.values()) == 1


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    ),
    st.integers(1, 40),
)
def test_a_walk_reads_what_json_reads_whatever_its_window(value: Any, window: int) -> None:
    text = json.dumps({"list": [value, value], "other": value}, indent=1)
    walk = JsonWalk(io.StringIO(text), window)
    found = {key: [each for each, _ in walk.elements()] if key == "list" else walk.value()[0] for key in walk.members()}
    assert found == json.loads(text)
    assert walk.peek() == ""


@given(st.integers(0, 120), st.integers(1, 40))
def test_a_walk_over_a_text_cut_short_is_an_error(length: int, window: int) -> None:
    text = json.dumps({"list": [1.5, {"a": "b"}, [2, 3]], "other": "text"})
    walk = JsonWalk(io.StringIO(text[: min(length, len(text) - 1)]), window)
    with pytest.raises(ValueError):
        for key in walk.members():
            list(walk.elements()) if key == "list" else walk.value()


def test_a_library_is_made_anew_when_pictures_come_or_annotations_change(tmp_path: Path) -> None:
    path = _coco(tmp_path)
    first = CocoOccluders().open(tmp_path, tmp_path / "cache").path
    assert CocoOccluders().open(tmp_path, tmp_path / "cache").path == first
    (tmp_path / "coco" / "val2017" / "2.jpg").write_bytes(encode_jpeg(PICTURE, 90))
    second = CocoOccluders().open(tmp_path, tmp_path / "cache").path
    path.write_text(path.read_text() + " ")
    assert len({first, second, CocoOccluders().open(tmp_path, tmp_path / "cache").path}) == 3
