"""What tools write where COCO has a number, an outline or a file name: read as it is meant, or refused by its name."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coco_made import CIRCLE, COUNTS, DISC, HEIGHT, RUNS, WIDTH, annotation, content, entry, write
from pycocotools import mask as coco_masks

from natocc.core.errors import BadDataError, Reason, UsageError
from natocc.occluders.coco.segmentations import decode
from natocc.occluders.coco.source import CocoOccluders
from natocc.occluders.library.library import Library


def _open(root: Path, value: Any, **options: Any) -> Library:
    write(root, {"annotations/instances_v.json": value, "v/p0.jpg": None, "v/p1.jpg": None})
    return CocoOccluders.model_validate({"root": ".", **options}).open(root, root.parent / "cache")


UUID = "6f9619ff-8b86-d011-b42d-00cf4fc964ff"
IDS: dict[str, tuple[list[Any], list[Any], list[str]]] = {
    # ids in `images`, what annotations call them, ids of the cutouts (annotations have the ids of the pictures)
    "whole": ([0, 7], [0, 7], ["0", "7"]),
    "floats": ([1.0, 2.0], [1.0, 2.0], ["1", "2"]),
    "floats in images alone": ([1.0, 2.0], [1, 2], ["1", "2"]),
    "text of numbers": (["1", "2"], ["1", "2"], ["1", "2"]),
    "text in images alone": (["1", "2"], [1, 2.0], ["1", "2"]),
    "zeros before": (["0001", "1"], ["0001", 1], ["0001", "1"]),
    "file stems": (["p0", "p1.jpg"], ["p0", "p1.jpg"], ["p0", "p1.jpg"]),
    "UUIDs": ([UUID, "b"], [UUID, "b"], [UUID, "b"]),
    "negative and large": ([-1, 10**25], ["-1", 10**25], ["-1", str(10**25)]),
    "numbers and text": ([3, "x"], ["3", "x"], ["3", "x"]),
    "letters of all kinds": (["é/顔", "a b"], ["é/顔", "a b"], ["a b", "é/顔"]),
    "half a character": (["\ud800", "b"], ["\ud800", "b"], ["\\ud800", "b"]),
}  # fmt: skip


@pytest.mark.parametrize("kind", IDS)
def test_f10_ids_are_scalars_of_any_type(tmp_path: Path, kind: str) -> None:
    ids, named, wanted = IDS[kind]
    pictures = [entry(number, f"p{index}.jpg") for index, number in enumerate(ids)]
    library = _open(tmp_path / "c", content(images=pictures, annotations=[annotation(name, name) for name in named]))
    assert list(library.items()) == sorted(f"instances_v/{item}" for item in wanted)
    assert len({library.cutout({"id": item}).origin.sha256 for item in library.items()}) == 2


@pytest.mark.parametrize("number", [0, 1.0, "1", "cup", "01"])
def test_f10_ids_of_categories_are_scalars_of_any_type(tmp_path: Path, number: Any) -> None:
    categories = [{"id": number, "name": "cup"}, {"id": 5, "name": "cup"}]
    objects = [annotation(0, 0, category_id=number), annotation(1, 1, category_id="5")]
    library = _open(tmp_path / "c", content(categories=categories, annotations=objects))
    assert library.categories == {"cup": 2}


@pytest.mark.parametrize("pair", [(1, 1), (1, "1"), (1, 1.0), ("x", "x"), ("1", 1.0)])
@pytest.mark.parametrize("key", ["images", "annotations", "categories"])
def test_f10_ids_that_mean_the_same_are_refused_by_their_place(tmp_path: Path, key: str, pair: tuple[Any, Any]) -> None:
    value = content()
    value[key] = [{**value[key][0], "id": number} for number in pair]
    with pytest.raises(UsageError, match=rf"\$\.{key}\[1\]\.id: (1|x) appears twice"):
        _open(tmp_path / "c", value)


@pytest.mark.parametrize("number", [None, "", True, float("nan"), float("inf"), [1], {}])
def test_f10_what_is_no_id_is_refused(tmp_path: Path, number: Any) -> None:
    with pytest.raises(UsageError, match=r"\$\.images\[0\]\.id: expected int or str"):
        _open(tmp_path / "c", content(images=[entry(number, "p0.jpg")]))
    library = _open(tmp_path / "d", content(annotations=[annotation(number, 0), annotation(2, 1), annotation(3, number)]))
    assert list(library.items()) == ["instances_v/2"]
    assert library.refused == {Reason.BAD_ANNOTATION: 2}


FLAGS: dict[str, tuple[Any, Reason | None]] = {
    "null": (None, None), "0": (0, None), "0.0": (0.0, None), "false": (False, None), "text 0": ("0", None),
    "text false": ("False", None), "empty": ("", None), "NaN": (float("nan"), None), "text 0.0": ("0.0", None),
    "1": (1, Reason.CROWD), "1.0": (1.0, Reason.CROWD), "true": (True, Reason.CROWD), "text 1": ("1", Reason.CROWD),
    "2": (2, Reason.BAD_ANNOTATION), "other text": ("crowd", Reason.BAD_ANNOTATION), "list": ([0], Reason.BAD_ANNOTATION),
}  # fmt: skip


@pytest.mark.parametrize("kind", FLAGS)
def test_f13_iscrowd_is_what_it_says(tmp_path: Path, kind: str) -> None:
    value, reason = FLAGS[kind]
    library = _open(tmp_path / "c", content(annotations=[annotation(0, 0), annotation(1, 1, iscrowd=value)]))
    assert dict(library.refused) == ({} if reason is None else {reason: 1})
    assert len(library) == (2 if reason is None else 1)


def test_f13_iscrowd_may_be_missing(tmp_path: Path) -> None:
    objects = [annotation(0, 0), annotation(1, 1)]
    for each in objects:
        del each["iscrowd"]
    assert len(_open(tmp_path / "c", content(annotations=objects))) == 2


PAINTED = {"segmentation": RUNS, "iscrowd": 1}
CROWDS: dict[str, tuple[list[dict[str, Any]], int]] = {
    # annotations beside one that is painted and marked, and how many objects serve in all
    "nothing": ([], 1),
    "another painted one": ([PAINTED], 2),
    "a box alone": ([{"segmentation": [], "iscrowd": 0}], 1),
    "a polygon": ([{"iscrowd": 0}], 1),
    "a polygon without a mark": ([{"iscrowd": None}], 1),
    "a polygon that is marked": ([{"iscrowd": 1}], 1),
    "one painted that is not marked": ([{"segmentation": RUNS, "iscrowd": 0}], 1),
}


@pytest.mark.parametrize("kind", CROWDS)
def test_f13_what_a_brush_painted_is_one_object_where_nothing_else_is(tmp_path: Path, kind: str) -> None:
    """The whole file decides: a mark that every painted object has says nothing."""
    others, count = CROWDS[kind]
    objects = [annotation(0, 0, **PAINTED), *(annotation(1 + index, 1, **form) for index, form in enumerate(others))]
    library = _open(tmp_path / "c", content(annotations=objects))
    assert len(library) == count
    if Reason.CROWD in library.refused:
        assert "crowds=take" in library.examples[Reason.CROWD]
    everything = _open(tmp_path / "c", content(annotations=objects), crowds="take")
    assert len(everything) == len(objects) - everything.refused[Reason.BAD_ANNOTATION]
    with pytest.raises(UsageError, match=r"crowd .*crowds=take"):
        _open(tmp_path / "c", content(annotations=objects[:1]), crowds="leave_out")


@pytest.mark.parametrize(
    "sides",
    [
        {"height": None, "width": None}, {"height": 0, "width": 0}, {"height": "", "width": ""}, {"height": -1, "width": -1},
        {"height": float(HEIGHT), "width": float(WIDTH)}, {"height": str(HEIGHT), "width": f"{WIDTH}.0"},
        {"height": HEIGHT, "width": None}, {"height": float("nan"), "width": WIDTH}, {"height": "unknown", "width": [WIDTH]},
    ],
)  # fmt: skip
@pytest.mark.parametrize("outline", [[CIRCLE], RUNS])
def test_f13_sizes_that_are_not_known_are_those_of_the_picture(tmp_path: Path, sides: dict[str, Any], outline: Any) -> None:
    pictures = [entry(0, "p0.jpg"), {**entry(1, "p1.jpg"), **sides}]
    library = _open(
        tmp_path / "c", content(images=pictures, annotations=[annotation(n, n, segmentation=outline) for n in (0, 1)])
    )
    assert len(library) == 2


@pytest.mark.parametrize("sides", [{"height": WIDTH, "width": HEIGHT}, {"width": WIDTH + 1}, {"height": "99"}, {"width": 1.0}])
def test_f13_sizes_of_another_picture_are_refused(tmp_path: Path, sides: dict[str, Any]) -> None:
    pictures = [entry(0, "p0.jpg"), {**entry(1, "p1.jpg"), **sides}]
    assert _open(tmp_path / "c", content(images=pictures)).refused == {Reason.SIZE_MISMATCH: 1}


PAIRS = [CIRCLE[index : index + 2] for index in range(0, len(CIRCLE), 2)]
OUTLINES: dict[str, Any] = {
    "a polygon": [CIRCLE],
    "flat": CIRCLE,
    "nested once more": [[CIRCLE]],
    "pairs": [PAIRS],
    "pairs alone": PAIRS,
    "pairs nested once more": [[PAIRS]],
    **{f"beside {sliver}": [CIRCLE, sliver] for sliver in ([], [5], [5, 5], [5, 5, 9, 9], [5, 5, 9, 9, 5], [5, 5] * 4, None)},
    "after slivers": [[5, 5], [], [9, 9, 8, 8, 7], CIRCLE],
    "beside a line": [CIRCLE, [5, 5, 20, 20, 40, 40]],
    "run lengths": RUNS,
    "compressed": {**RUNS, "counts": coco_masks.encode(np.asfortranarray(DISC))["counts"].decode()},
    "floats": {**RUNS, "counts": [float(count) for count in COUNTS]},
    "texts": {**RUNS, "counts": [str(count) for count in COUNTS]},
    "one text": {**RUNS, "counts": " ".join(map(str, COUNTS))},
    "one text with commas": {**RUNS, "counts": str(COUNTS)},
    "one text of floats": {**RUNS, "counts": ", ".join(f"{count}.0" for count in COUNTS)},
    "size of floats": {**RUNS, "size": [float(HEIGHT), float(WIDTH)]},
    "in a list": [RUNS],
}


@pytest.mark.parametrize("kind", OUTLINES)
def test_f11_f12_outlines_as_tools_write_them_are_the_disc(kind: str) -> None:
    mask = decode(OUTLINES[kind], HEIGHT, WIDTH)
    union = int((mask | DISC).sum())
    assert int((mask & DISC).sum()) > 0.95 * union


WITHOUT_OUTLINE: dict[str, dict[str, Any]] = {
    "a box": {"segmentation": [], "bbox": [1, 2, 50, 50]},
    "no outline": {"segmentation": None, "bbox": [1, 2, 50, 50]},
    "slivers alone": {"segmentation": [[5, 5], [], [1, 2, 3, 4]]},
    "swapped": {"segmentation": {**RUNS, "size": [WIDTH, HEIGHT]}},
    "half a pixel": {"segmentation": {**RUNS, "counts": [COUNTS[0] + 0.5, *COUNTS[1:]]}},
    "a text": {"segmentation": "0 0 1 1"},
    "NaN beside a good one": {"segmentation": [CIRCLE, [1, 2, float("nan"), 3, 4, 5]]},
    "run lengths among polygons": {"segmentation": [CIRCLE, RUNS]},
}


@pytest.mark.parametrize("kind", WITHOUT_OUTLINE)
def test_f11_f12_an_object_without_an_outline_is_counted_and_says_so(tmp_path: Path, kind: str) -> None:
    library = _open(tmp_path / "c", content(annotations=[annotation(0, 0), annotation(1, 1, **WITHOUT_OUTLINE[kind])]))
    assert len(library) == 1
    assert library.refused == {Reason.BAD_ANNOTATION: 1}
    expected = {"a box": "bbox alone", "no outline": "bbox alone", "swapped": "swapped", "slivers alone": "three or more x, y"}
    assert expected.get(kind, "expected") in library.examples[Reason.BAD_ANNOTATION]


NFC, NFD = unicodedata.normalize("NFC", "é ü.jpg"), unicodedata.normalize("NFD", "é ü.jpg")
NAMES: dict[str, tuple[dict[str, Any], str]] = {
    # an entry's own keys, and where the picture lies below the folder v
    "plain": ({"file_name": "x.jpg"}, "x.jpg"),
    "with a dot": ({"file_name": "./x.jpg"}, "x.jpg"),
    "with the folder": ({"file_name": "v/x.jpg"}, "x.jpg"),
    "with two folders": ({"file_name": "c/v/x.jpg"}, "x.jpg"),
    "separators": ({"file_name": "a\\b\\x.jpg"}, "a/b/x.jpg"),
    "separators and the folder": ({"file_name": "v\\x.jpg"}, "x.jpg"),
    "both separators": ({"file_name": ".\\a/x.jpg"}, "a/x.jpg"),
    "coco_url": ({"coco_url": "http://images.example/v/x.jpg"}, "x.jpg"),
    "coco_url, encoded": ({"coco_url": "https://h/data/v/x%20y.jpg?size=1#top"}, "x y.jpg"),
    "flickr_url": ({"flickr_url": "http://farm.example/8186/x.jpg"}, "8186/x.jpg"),
    "coco_url before flickr_url": ({"coco_url": "http://h/v/x.jpg", "flickr_url": "http://h/9/y.jpg"}, "x.jpg"),
    "null beside coco_url": ({"file_name": None, "coco_url": "http://h/v/x.jpg"}, "x.jpg"),
    "NFD for NFC": ({"file_name": NFD}, NFC),
    "NFC for NFD": ({"file_name": NFC}, NFD),
    "NFC for NFD with the folder": ({"file_name": f"v/{NFC}"}, NFD),
    "percent-encoded": ({"file_name": "x%20y.jpg"}, "x y.jpg"),
    "a percent sign": ({"file_name": "x%20y.jpg"}, "x%20y.jpg"),
}


@pytest.mark.parametrize("kind", NAMES)
def test_f14_a_picture_is_found_under_the_name_that_a_tool_gave_it(tmp_path: Path, kind: str) -> None:
    keys, place = NAMES[kind]
    write(tmp_path / "c", {f"v/{place}": None})
    pictures = [entry(0, "p0.jpg"), {"id": 1, **keys}]
    library = _open(tmp_path / "c", content(images=pictures))
    assert len(library) == 2


def test_f14_two_entries_of_one_picture_both_serve(tmp_path: Path) -> None:
    assert len(_open(tmp_path / "c", content(("p0.jpg", "p0.jpg")))) == 2


LOST: dict[str, tuple[str, Reason, str]] = {
    "capitals": ("P1.JPG", Reason.MISSING_FILE, "did you mean 'p1.jpg'"),
    "another suffix": ("p1.png", Reason.MISSING_FILE, "did you mean 'p1.jpg'"),
    "another folder": ("train/p1.jpg", Reason.MISSING_FILE, "file_names=last_part"),
    "another computer": ("/home/x/data/train/p1.jpg", Reason.LEAVES_ROOT, "file_names=last_part"),
    "another Windows computer": ("C:\\data\\p1.jpg", Reason.LEAVES_ROOT, "file_names=last_part"),
    "a share": ("\\\\host\\share\\p1.jpg", Reason.LEAVES_ROOT, "file_names=last_part"),
    "a web address": ("https://h/p1.jpg", Reason.LEAVES_ROOT, "file_names=last_part"),
    "above": ("..\\v\\p1.jpg", Reason.LEAVES_ROOT, "file_names=last_part"),
    "gone": ("nothing.jpg", Reason.MISSING_FILE, "nothing.jpg"),
    "encoded, above": ("%2e%2e/v/p1.jpg", Reason.MISSING_FILE, "file_names=last_part"),
}


@pytest.mark.parametrize("kind", LOST)
def test_f14_a_name_that_is_not_there_is_refused_with_what_helps(tmp_path: Path, kind: str) -> None:
    name, reason, hint = LOST[kind]
    library = _open(tmp_path / "c", content(("p0.jpg", name)))
    assert library.refused == {reason: 1}
    assert hint in library.examples[reason]
    if "last_part" in hint:
        assert len(_open(tmp_path / "c", content(("p0.jpg", name)), file_names="last_part")) == 2


@pytest.mark.parametrize("name", ["..", "a/..", "a\\..", "", "/", "C:", "a\0.jpg", "x/link.jpg", "\\link.jpg"])
def test_f14_the_last_part_of_a_name_stays_below_the_folder_too(tmp_path: Path, name: str) -> None:
    write(tmp_path, {"secret.jpg": None})
    (tmp_path / "c" / "v").mkdir(parents=True)
    (tmp_path / "c" / "v" / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    assert _open(tmp_path / "c", content(("p0.jpg", name)), file_names="last_part").refused == {Reason.LEAVES_ROOT: 1}


@pytest.mark.parametrize("name", ["cell phone", "cell_phone", "Cell Phone", "CELL-PHONE", " cell  phone "])
def test_names_of_categories_are_known_however_they_are_written(tmp_path: Path, name: str) -> None:
    objects = [annotation(0, 0), annotation(1, 1, category_id=0)]
    value = content(annotations=objects, categories=[{"id": 1, "name": "cup"}, {"id": 0, "name": name}])
    assert _open(tmp_path / "c", value).categories == {"cup": 1, name: 1}
    for options in ({"categories": ["cell_phone"]}, {"exclude_categories": ["Cup"]}):
        assert _open(tmp_path / "c", value, **options).categories == {name: 1}


@pytest.mark.parametrize("names", [["coffee mug"], ["Tasse", "Maske"], [f"c{index}" for index in range(90)], []])
def test_categories_of_ones_own_are_taken_on_request(tmp_path: Path, names: list[str]) -> None:
    value = content(categories=[{"id": 1 + index, "name": name} for index, name in enumerate(names)])
    with pytest.raises(UsageError, match=r"categories=\[all\]$") as caught:
        _open(tmp_path / "c", value)
    assert "\n" not in str(caught.value)
    assert all(name in str(caught.value) for name in sorted(names)[:20])
    if names:
        assert len(_open(tmp_path / "c", value, categories=["all"])) == 2
        with pytest.raises(UsageError, match="no category"):
            _open(tmp_path / "c", value, categories=["cup"])


def test_an_outline_is_refused_however_deep_it_is_nested() -> None:
    value: Any = CIRCLE
    for _ in range(300):
        value = [value]
        try:
            mask = decode(value, HEIGHT, WIDTH)
        except BadDataError as error:
            assert error.reason == Reason.BAD_ANNOTATION
        else:
            assert (mask & DISC).sum() > 0.95 * DISC.sum()
