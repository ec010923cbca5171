"""Occluders as they come: names, links, annotation files, outlines and run lengths that are wrong (faults F8 to F15)."""

from __future__ import annotations

import copy
import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco_masks

from natocc.core.errors import BadDataError, Reason, UsageError
from natocc.core.seeds import generator
from natocc.io.images import encode_jpeg, encode_png
from natocc.io.notes import BROKEN_LINKS, FOLLOWED_LINKS, LOOPS, OUTER_LINKS
from natocc.occluders.coco.instances import read_instances
from natocc.occluders.coco.segmentations import decode
from natocc.occluders.coco.source import CocoOccluders
from natocc.occluders.cutout_files import CutoutsOccluders
from natocc.occluders.cutting.cutouts import CutoutRules
from natocc.occluders.hands.source import HandsOccluders
from natocc.occluders.library.library import Library
from natocc.occluders.shapes.source import ShapesOccluders
from natocc.occluders.shapes.textures import PictureTextures

SIDE = 160
ROWS, COLUMNS = np.mgrid[:SIDE, :SIDE]
PHOTO = np.dstack([COLUMNS, ROWS, 255 - COLUMNS]).astype(np.uint8)
DISC = ((ROWS - 80) ** 2 + (COLUMNS - 80) ** 2 < 50**2).astype(np.uint8)
OBJECT = encode_png(np.dstack([PHOTO, DISC * np.uint8(255)]))
SEEN = np.where(DISC[..., None] > 0, 255 - PHOTO, PHOTO).astype(np.uint8)  # the disc differs from what is around it
PICTURE = encode_jpeg(SEEN, 95)
AROUND = np.linspace(0, 2 * np.pi, 30, endpoint=False)
CIRCLE = np.stack([80 + 50 * np.cos(AROUND), 80 + 50 * np.sin(AROUND)], axis=1).ravel().round(2).tolist()
NAMES = ["with space", "-dash", "顔", "😀", "a" * 251, "dots.in.name", "Upper", "upper", "line\nbreak", "e\u0301", "é", "x#1"]


def _hands(root: Path, names: list[str]) -> None:
    for folder in ("images", "masks"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for name in names:
        (root / "images" / f"{name}.jpg").write_bytes(PICTURE)
        (root / "masks" / f"{name}.png").write_bytes(encode_png(DISC))


def test_f8_names_of_cutouts_hands_and_textures(tmp_path: Path) -> None:
    """F8: as many ids as files, each the name of its file, and each comes back by its id."""
    (tmp_path / "cutouts").mkdir()
    for name in NAMES:
        (tmp_path / "cutouts" / f"{name}.png").write_bytes(OBJECT)
    _hands(tmp_path / "hands", NAMES)
    cutouts = CutoutsOccluders().open(tmp_path, tmp_path / "cache")
    hands = HandsOccluders(rules=CutoutRules(border_share=1)).open(tmp_path, tmp_path / "cache")
    for library, suffix in ((cutouts, ".png"), (hands, ".jpg")):
        assert list(library.items()) == sorted(name + suffix for name in NAMES)
        for item in library.items():
            assert library.cutout({"id": item}).origin.item == item
    textures = PictureTextures(root="cutouts").open(tmp_path)
    drawn = {json.loads(json.dumps(textures.draw(generator(seed))))["texture"] for seed in range(200)}
    assert drawn == {f"{name}.png" for name in NAMES}
    for name in drawn:
        assert textures.texture({"texture": name, "across": 0, "down": 0}, 9, 9)[2].item == name


def test_f8_one_stem_two_suffixes(tmp_path: Path) -> None:
    """F8: two pictures are two ids; two masks for one picture are refused, since one would be left out in silence."""
    _hands(tmp_path / "hands", ["x"])
    (tmp_path / "hands" / "images" / "x.png").write_bytes(encode_png(SEEN))
    assert list(HandsOccluders().open(tmp_path, tmp_path / "cache").items()) == ["x.jpg", "x.png"]
    (tmp_path / "hands" / "masks" / "x.bmp").write_bytes(PICTURE)
    with pytest.raises(UsageError, match=r"x\.bmp and x\.png"):
        HandsOccluders().open(tmp_path, tmp_path / "cache")


def _link_zoo(folder: Path, outside: Path, suffix: str) -> None:
    """A link out, a link onto itself, a link to nothing, a FIFO, a folder, folders that are links: to itself and out."""
    (folder / f"out{suffix}").symlink_to(outside)
    (folder / f"self{suffix}").symlink_to(folder / f"self{suffix}")
    (folder / f"gone{suffix}").symlink_to(folder / "nothing")
    os.mkfifo(folder / f"fifo{suffix}")
    (folder / f"folder{suffix}").mkdir()
    (folder / "loop").symlink_to(folder)
    (folder / "away").symlink_to(outside.parent)


def test_f9_links_and_fifos_among_occluders(tmp_path: Path) -> None:
    """F9: links are followed, unless they must stay inside; a FIFO is not waited for; each is counted by its reason."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "secret.png").write_bytes(OBJECT)
    for name, suffix in (("cutouts", ".png"), ("hands", ".jpg")):
        folder = tmp_path / name / ("images" if name == "hands" else "")
        if name == "hands":
            _hands(tmp_path / name, ["good", "out", "self", "gone", "fifo"])
            for stem in ("out", "self", "gone", "fifo"):
                (folder / f"{stem}{suffix}").unlink()
        else:
            folder.mkdir()
            (folder / "good.png").write_bytes(OBJECT)
        _link_zoo(folder, tmp_path / "elsewhere" / "secret.png", suffix)
    cutouts, hands = CutoutsOccluders(), HandsOccluders()
    refused = {Reason.NOT_A_FILE: 1}
    for options, reasons in ((cutouts, refused), (hands, {**refused, Reason.NO_MASK: 1})):  # away/secret.png has none
        library = options.open(tmp_path, tmp_path / "cache")
        assert len(library) == (3 if options is cutouts else 2)
        assert library.refused == reasons
        counts = options.notes(tmp_path).counts
        assert (counts[FOLLOWED_LINKS], counts[BROKEN_LINKS], counts[LOOPS]) == (2, 2, 1)
    textures = PictureTextures(root="cutouts").open(tmp_path)
    textures.texture({"texture": "out.png", "across": 0, "down": 0}, 9, 9)
    with pytest.raises(BadDataError) as caught:
        textures.texture({"texture": "fifo.png", "across": 0, "down": 0}, 9, 9)
    assert caught.value.reason == Reason.NOT_A_FILE
    for options in (cutouts.model_copy(update={"links": "inside"}), hands.model_copy(update={"links": "inside"})):
        assert len(options.open(tmp_path, tmp_path / "cache")) == 1
        assert options.notes(tmp_path).counts[OUTER_LINKS] == 2


GOOD: dict[str, Any] = {
    "licenses": [{"id": 4, "url": "http://by/2.0/", "name": "BY"}],
    "images": [{"id": 1, "file_name": "1.jpg", "width": SIDE, "height": SIDE, "license": 4}],
    "categories": [{"id": 47, "name": "cup"}],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 47, "iscrowd": 0, "segmentation": [CIRCLE], "bbox": [30, 30, 100, 100]}
    ],
}


def _coco(data: Path, content: dict[str, Any] | str | None = None, **annotation: Any) -> Path:
    root = data / "coco"
    (root / "annotations").mkdir(parents=True, exist_ok=True)
    (root / "v").mkdir(exist_ok=True)
    (root / "v" / "1.jpg").write_bytes(PICTURE)
    if content is None:
        content = copy.deepcopy(GOOD)
        if annotation:
            content["annotations"].append({**content["annotations"][0], "id": 2, **annotation})
    path = root / "annotations" / "instances_v.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def _opened(data: Path) -> Library:
    rules = CutoutRules(min_sharpness=0, border_share=0.0)
    return CocoOccluders(rules=rules).open(data, data / "cache")


@settings(max_examples=60)
@given(share=st.floats(0, 1, exclude_max=True))
def test_f10_a_file_cut_short_is_refused(tmp_path_factory: pytest.TempPathFactory, share: float) -> None:
    """F10: at whatever place, in one line that names the file."""
    text = json.dumps(GOOD, indent=1)
    path = tmp_path_factory.mktemp("c") / "instances_v.json"
    path.write_text(text[: int(share * len(text))])
    with pytest.raises(UsageError, match=r"instances_v\.json: .*(not a readable JSON file|is missing)") as caught:
        read_instances(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("missing", ["images", "annotations", "categories"])
@pytest.mark.parametrize("value", [..., None, {}, "x", 3, True])
def test_f10_a_list_that_is_missing_or_none(tmp_path: Path, missing: str, value: Any) -> None:
    """F10: the JSON path is told."""
    content = {key: part for key, part in GOOD.items() if key != missing} | ({} if value is ... else {missing: value})
    with pytest.raises(UsageError, match=rf"\$\.{missing}"):
        read_instances(_coco(tmp_path, content))


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("images", 0, "id"), [1], r"\$\.images\[0\]\.id: expected int"),
        (("images", 0, "id"), float("nan"), r"\$\.images\[0\]\.id: expected int"),
        (("images", 0, "id"), True, r"\$\.images\[0\]\.id: expected int"),
        (("images", 0, "file_name"), None, r"\$\.images\[0\]\.file_name: expected str"),
        (("images", 0), 7, r"\$\.images\[0\]: expected an object"),
        (("categories", 0, "name"), ["cup"], r"\$\.categories\[0\]\.name: expected str"),
        (("categories", 0, "id"), {"id": 1}, r"\$\.categories\[0\]\.id: expected int"),
        (("categories", 0), None, r"\$\.categories\[0\]: expected an object"),
    ],
)
def test_f10_wrong_types_of_pictures_and_categories_are_refused(
    tmp_path: Path, path: tuple[Any, ...], value: Any, message: str
) -> None:
    """F10."""
    content = copy.deepcopy(GOOD)
    place: Any = content
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(UsageError, match=message):
        read_instances(_coco(tmp_path, content))


@pytest.mark.parametrize("name", ["images", "categories", "annotations"])
def test_f10_an_id_twice_is_refused(tmp_path: Path, name: str) -> None:
    """F10."""
    content = {**GOOD, name: [*GOOD[name], *GOOD[name]]}
    with pytest.raises(UsageError, match=rf"\$\.{name}\[1\]\.id: (1|47) appears twice"):
        read_instances(_coco(tmp_path, content))


@pytest.mark.parametrize(
    "annotation",
    [
        {"id": None}, {"id": True}, {"image_id": 9}, {"image_id": None}, {"image_id": 1.5}, {"category_id": 9},
        {"category_id": [47]}, {"segmentation": None}, {"segmentation": 5}, {"segmentation": []}, {"segmentation": "x"},
    ],
)  # fmt: skip
def test_f10_an_annotation_that_is_wrong_costs_itself_alone(tmp_path: Path, annotation: dict[str, Any]) -> None:
    """F10: unknown ids and wrong types of annotations are counted, the others serve."""
    _coco(tmp_path, **annotation)
    library = _opened(tmp_path)
    assert list(library.items()) == ["instances_v/1"]
    assert library.refused == {Reason.BAD_ANNOTATION: 1}


@pytest.mark.parametrize("text", ["7", "null", "[]", '"x"', "[[1]]"])
def test_f10_what_is_no_object_among_annotations(tmp_path: Path, text: str) -> None:
    """F10."""
    content = json.dumps(GOOD).replace('"annotations": [', f'"annotations": [{text}, ')
    _coco(tmp_path, content)
    library = _opened(tmp_path)
    assert len(library) == 1
    assert library.refused == {Reason.BAD_ANNOTATION: 1}


POLYGONS: dict[str, tuple[Any, Reason | None]] = {
    "two points": ([[10, 10, 90, 90]], Reason.BAD_ANNOTATION),
    "odd length": ([[10, 10, 90, 10, 90, 90, 40]], Reason.BAD_ANNOTATION),
    "empty": ([[]], Reason.BAD_ANNOTATION),
    "one empty among good": ([CIRCLE, []], None),
    "NaN": ([[10, 10, float("nan"), 10, 90, 90]], Reason.BAD_ANNOTATION),
    "infinite": ([[10, 10, float("inf"), 10, 90, 90]], Reason.BAD_ANNOTATION),
    "1e9": ([[10, 10, 1e9, 10, 90, 90]], Reason.BAD_ANNOTATION),
    "-1e308": ([[10, 10, -1e308, 10, 90, 90]], Reason.BAD_ANNOTATION),
    "an integer beyond floats": ([[10, 10, 10**350, 10, 90, 90]], Reason.BAD_ANNOTATION),
    "text": ([["10", 10, 90, 10, 90, 90]], Reason.BAD_ANNOTATION),
    "outside": ([[-100, -100, -40, -100, -40, -40, -100, -40]], Reason.EMPTY_MASK),
    "partly outside": ([[-40, 40, 90, 40, 90, 90, -40, 90]], Reason.TRUNCATED),
    "without area": ([[10, 10, 90, 10, 20, 10]], None),
    "one point many times": ([[50, 50] * 9], None),
    "crossing itself": ([[30, 30, 120, 120, 120, 30, 30, 120]], None),
    "20 000 polygons": ([[20, 20, 30, 20, 30, 30]] * 20_000, Reason.BAD_ANNOTATION),
}


@pytest.mark.parametrize("name", POLYGONS)
def test_f11_polygons(tmp_path: Path, name: str) -> None:
    """F11: repaired, where what is meant is plain, or rejected; the good annotation beside it always serves."""
    segmentation, reason = POLYGONS[name]
    _coco(tmp_path, segmentation=segmentation)
    library = _opened(tmp_path)
    assert "instances_v/1" in list(library.items())
    if reason is not None:
        assert dict(library.refused) == {reason: 1}


@pytest.mark.parametrize("count", [100_000, 1_000_000, 3_000_000])
def test_f11_a_million_points_end_soon(count: int) -> None:
    """F11: a fine outline is drawn; a scribble whose length no memory holds, or points without end, are rejected."""
    turns = np.linspace(0, 2 * np.pi, count, endpoint=False)
    fine = np.stack([80 + 50 * np.cos(turns), 80 + 50 * np.sin(turns)], axis=1).ravel().tolist()
    scribble = (SIDE * np.tile([0.0, 0.0, 1.0, 1.0], count // 2)).tolist()
    begin = time.monotonic()
    if count <= 1_000_000:
        assert abs(int(decode([fine], SIDE, SIDE).sum()) - np.pi * 50**2) < 250
    else:
        with pytest.raises(BadDataError):
            decode([fine], SIDE, SIDE)
    with pytest.raises(BadDataError):
        decode([scribble], SIDE, SIDE)
    assert time.monotonic() - begin < 60


@settings(max_examples=100)
@given(
    points=st.lists(st.floats(-SIDE, 2 * SIDE) | st.integers(-SIDE, 2 * SIDE), min_size=6, max_size=24).map(
        lambda numbers: numbers[: len(numbers) // 2 * 2]
    )
)
def test_f11_any_polygon_near_the_picture_is_drawn_within_it(points: list[float]) -> None:
    """F11: crossing itself, leaving the picture, without area: 0 and 1, and no crash."""
    mask = decode([points], 20, 30) if all(-30 <= number <= 60 for number in points) else None
    if mask is None:
        with pytest.raises(BadDataError):
            decode([points], 20, 30)
    else:
        assert mask.shape == (20, 30)
        assert mask.max() <= 1


def _runs(mask: np.ndarray) -> list[int]:
    flat = mask.ravel(order="F")
    changes = np.flatnonzero(np.diff(flat, prepend=0, append=2))
    return np.diff(changes, prepend=0).tolist()


COMPRESSED = coco_masks.encode(np.asfortranarray(DISC))["counts"].decode()
RUNS: dict[str, tuple[Any, bool]] = {
    "list": ({"size": [SIDE, SIDE], "counts": _runs(DISC)}, True),
    "compressed": ({"size": [SIDE, SIDE], "counts": COMPRESSED}, True),
    "another size": ({"size": [SIDE, SIDE + 1], "counts": COMPRESSED}, False),
    "size of text": ({"size": [str(SIDE), str(SIDE)], "counts": COMPRESSED}, True),
    "no size": ({"counts": COMPRESSED}, False),
    "too short": ({"size": [SIDE, SIDE], "counts": _runs(DISC)[:-1]}, False),
    "too long": ({"size": [SIDE, SIDE], "counts": [*_runs(DISC), 5]}, False),
    "compressed, cut": ({"size": [SIDE, SIDE], "counts": COMPRESSED[:-3]}, False),
    "garbage": ({"size": [SIDE, SIDE], "counts": "~~ garbage ~~"}, False),
    "not ASCII": ({"size": [SIDE, SIDE], "counts": "é" * 40}, False),
    "bytes as text": ({"size": [SIDE, SIDE], "counts": f"b'{COMPRESSED}'"}, False),
    "negative": ({"size": [SIDE, SIDE], "counts": [-1, SIDE * SIDE + 1]}, False),
    "huge": ({"size": [SIDE, SIDE], "counts": [2**62, 2**62]}, False),
    "beyond C": ({"size": [SIDE, SIDE], "counts": [10**40]}, False),
    "floats": ({"size": [SIDE, SIDE], "counts": [1.5, SIDE * SIDE - 1.5]}, False),
    "booleans": ({"size": [SIDE, SIDE], "counts": [True, SIDE * SIDE - 1]}, False),
    "a million characters": ({"size": [SIDE, SIDE], "counts": "1" * 1_000_000}, False),
    "a number without end": ({"size": [SIDE, SIDE], "counts": "o" * 1_000_000}, False),
    "nothing": ({"size": [SIDE, SIDE], "counts": []}, False),
    "none": ({"size": [SIDE, SIDE], "counts": None}, False),
}


@pytest.mark.parametrize("name", RUNS)
def test_f12_run_lengths(tmp_path: Path, name: str) -> None:
    """F12: what does not say exactly which pixels are meant is rejected."""
    segmentation, serves = RUNS[name]
    _coco(tmp_path, segmentation=segmentation)
    library = _opened(tmp_path)
    assert dict(library.refused) == ({} if serves else {Reason.BAD_ANNOTATION: 1})
    if serves:
        assert (decode(json.loads(json.dumps(segmentation)), SIDE, SIDE) == DISC).all()


def test_f13_filter_rules_are_counted(tmp_path: Path) -> None:
    """F13: crowd, in pieces, at the border, too small, too thin, empty: each counted by its own reason."""
    square = [[60, 60, 110, 60, 110, 110, 60, 110]]
    pieces = [*square, [5, 5, 40, 5, 40, 40, 5, 40]]
    content = copy.deepcopy(GOOD)
    forms = {
        2: {"iscrowd": 1},
        3: {"segmentation": pieces},
        4: {"segmentation": [[0, 0, 100, 0, 100, 100, 0, 100]]},
        5: {"segmentation": [[60, 60, 70, 60, 70, 70, 60, 70]]},
        6: {"segmentation": [[20, 60, 140, 60, 140, 62, 20, 62]], "bbox": [20, 60, 120, 2]},
        7: {"segmentation": {"size": [SIDE, SIDE], "counts": [SIDE * SIDE]}},
        8: {"bbox": [0, 0, 5, 5], "area": -3},  # the box is not believed: the mask counts
    }
    content["annotations"] += [{**content["annotations"][0], "id": number, **form} for number, form in forms.items()]
    content["images"].append({"id": 2, "file_name": "never opened.jpg", "width": 5, "height": 5})
    _coco(tmp_path, content)
    library = CocoOccluders(rules=CutoutRules(min_area=100, min_thickness=5)).open(tmp_path, tmp_path / "cache")
    assert list(library.items()) == ["instances_v/1", "instances_v/8"]
    one, other = (library.cutout({"id": item}) for item in library.items())
    assert (one.matte == other.matte).all()
    reasons = {Reason.CROWD, Reason.IN_PIECES, Reason.TRUNCATED, Reason.TOO_SMALL, Reason.TOO_THIN, Reason.EMPTY_MASK}
    assert dict(library.refused) == dict.fromkeys(reasons, 1)


def test_f13_holes_stay_holes(tmp_path: Path) -> None:
    """F13: run lengths can leave a hole open, such as a handle's."""
    ring = DISC.copy()
    ring[(ROWS - 80) ** 2 + (COLUMNS - 80) ** 2 < 20**2] = 0
    content = copy.deepcopy(GOOD)
    content["annotations"][0]["segmentation"] = {"size": [SIDE, SIDE], "counts": _runs(ring)}
    _coco(tmp_path, content)
    matte = _opened(tmp_path).cutout({"id": "instances_v/1"}).matte
    assert matte[matte.shape[0] // 2, matte.shape[1] // 2] == 0
    assert (matte > 128).sum() == pytest.approx(ring.sum(), rel=0.05)


def test_f13_pictures_without_annotations_and_a_file_without_any(tmp_path: Path) -> None:
    """F13: nothing to cut out is one line that says so, with the counts."""
    _coco(tmp_path, {**GOOD, "annotations": []})
    with pytest.raises(UsageError, match="no object can serve as an occluder; there is none of the wanted categories"):
        _opened(tmp_path)
    crowd = [{**GOOD["annotations"][0], "iscrowd": 1}]
    _coco(tmp_path, {**GOOD, "annotations": crowd})
    with pytest.raises(UsageError, match="1 crowd, such as"):
        _opened(tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        "../secret.jpg", "a/../../secret.jpg", "/etc/passwd", "C:\\x.jpg", "\\\\host\\share\\x.jpg", "http://host/x.jpg", "file:///x",
        "a\0.jpg", "link.jpg", "linked/secret.jpg", "", "..", "x" * 5000, "half \ud800.jpg",
    ],
)  # fmt: skip
def test_f14_file_names_are_refused_before_they_are_opened(tmp_path: Path, name: str) -> None:
    """F14: naming the annotation; the file outside is there and would serve."""
    (tmp_path / "secret.jpg").write_bytes(PICTURE)
    (tmp_path / "coco" / "secret.jpg").parent.mkdir()
    (tmp_path / "coco" / "secret.jpg").write_bytes(PICTURE)
    (tmp_path / "coco" / "v").mkdir()
    (tmp_path / "coco" / "v" / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    (tmp_path / "coco" / "v" / "linked").symlink_to(tmp_path)
    content = copy.deepcopy(GOOD)
    content["images"].append({"id": 2, "file_name": name, "width": SIDE, "height": SIDE})
    content["annotations"].append({**content["annotations"][0], "id": 77, "image_id": 2})
    _coco(tmp_path, content)
    library = _opened(tmp_path)
    assert list(library.items()) == ["instances_v/1"]
    [(reason, detail)] = library.examples.items()
    assert detail.startswith("instances_v/77: ")
    expected = {"x" * 5000: Reason.UNREADABLE_IMAGE, "half \ud800.jpg": Reason.BAD_ANNOTATION}
    assert reason == expected.get(name, Reason.LEAVES_ROOT)


@pytest.mark.parametrize("licence", [None, 9, "5", [4], True, {"id": 4}])
def test_f15_a_licence_that_is_missing_or_wrong_is_none(tmp_path: Path, licence: Any) -> None:
    """F15: recorded as unknown; a filter by licence drops it and counts it."""
    content = copy.deepcopy(GOOD)
    content["images"].append({"id": 2, "file_name": "2.jpg", "width": SIDE, "height": SIDE, "license": licence})
    content["annotations"].append({**content["annotations"][0], "id": 2, "image_id": 2})
    _coco(tmp_path, content)
    (tmp_path / "coco" / "v" / "2.jpg").write_bytes(PICTURE)
    library = _opened(tmp_path)
    assert [library.cutout({"id": item}).origin.licence for item in library.items()] == ["http://by/2.0/", None]
    filtered = CocoOccluders(licences=("*/by/*",), rules=CutoutRules()).open(tmp_path, tmp_path / "cache")
    assert list(filtered.items()) == ["instances_v/1"]
    assert filtered.refused == {Reason.LICENCE: 1}


def test_f9_shapes_with_a_texture_that_cannot_be_read(tmp_path: Path) -> None:
    """F1, F9: a texture that is broken is a rejection when it is drawn, not an end of the run."""
    (tmp_path / "dtd").mkdir()
    (tmp_path / "dtd" / "a.jpg").write_bytes(PICTURE[:300])
    source = ShapesOccluders().open(tmp_path, tmp_path)
    with pytest.raises(BadDataError) as caught:
        source.cutout(source.draw(generator(1)))
    assert caught.value.reason == Reason.UNREADABLE_IMAGE
