"""`occluders: {source: worn}`: templates from files, what a face wears, and that a plan makes it again."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from test_occluders_worn_geometry import turned

import natocc
from natocc.core.errors import BadDataError, Reason, RecipeError, UsageError
from natocc.core.plans import Plan
from natocc.core.samples import AlignedFace, Origin
from natocc.core.seeds import generator
from natocc.io.images import encode_png
from natocc.io.workspace import Workspace
from natocc.occluders.source import PutOnFaces
from natocc.occluders.worn.face_model import CANONICAL_POINTS, CANVAS, Float
from natocc.occluders.worn.outline_points import of_glasses, of_mask
from natocc.occluders.worn.source import WornOccluders
from natocc.pipeline.sample import Pipeline
from natocc.recipe.model import validate_recipe

JAW = [str(index) for index in (*range(2, 15), 28)]
SIDE = 640


def rgba(names: list[str], opaque: bool = False) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """A picture of the polygon of some anchors."""
    picture = np.full((CANVAS[1], CANVAS[0], 4), (30, 160, 90, 255 if opaque else 0), np.uint8)
    cv2.fillPoly(picture, [np.rint([CANONICAL_POINTS[name] for name in names]).astype(np.int32)], (200, 80, 40, 255))
    return picture


def face_of(landmarks: Float | None, detector: str = "given") -> AlignedFace:
    """A face of its landmarks' shape."""
    mask = np.zeros((SIDE, SIDE), np.uint8)
    jaw = turned(0) if landmarks is None else landmarks
    cv2.fillConvexPoly(mask, cv2.convexHull(np.rint(jaw).astype(np.int32)), 1)
    picture = np.full((SIDE, SIDE, 3), 150, np.uint8)
    points = None if landmarks is None else landmarks.astype(np.float32)
    return AlignedFace(picture, mask, None, points, Origin("t", "f", ""), np.eye(2, 3), 100.0, False, detector=detector)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two templates: points in JSON, and in CSV."""
    (tmp_path / "worn" / "cloth").mkdir(parents=True)
    points = {name: list(CANONICAL_POINTS[name]) for name in JAW}
    for name in ("surgical", "cloth/red"):
        (tmp_path / "worn" / f"{name}.png").write_bytes(encode_png(rgba(JAW)))
    (tmp_path / "worn" / "surgical.json").write_text(json.dumps({"kind": "surgical", "points": points}))
    lines = [f"{name}, {x}, {y}" for name, (x, y) in points.items()]
    (tmp_path / "worn" / "cloth" / "red.csv").write_text("\n".join(["name, x, y", *lines]))
    return tmp_path


def options(**keys: Any) -> WornOccluders:
    return WornOccluders.model_validate({"source": "worn", **keys})


@pytest.mark.parametrize("keys", [{}, {"root": "worn"}])
def test_a_reference_makes_the_same_pixels_again_without_the_face(folder: Path, keys: dict[str, Any]) -> None:
    source = options(**keys, kinds={"surgical": 1}).open(folder, folder)
    assert isinstance(source, PutOnFaces)
    on_face = source.on(face_of(turned(15)), {})
    for seed in range(3):
        reference = json.loads(json.dumps(on_face.draw(generator(seed))))
        one, again = on_face.cutout(reference), source.cutout(reference)
        assert one.at_xy == again.at_xy
        assert (one.foreground == again.foreground).all() and (one.matte == again.matte).all()
        assert one.category == "surgical"
        assert one.matte[[0, -1]].max() == one.matte[:, [0, -1]].max() == 0


def test_kinds_and_ways_of_wearing_are_drawn_by_their_weights(folder: Path) -> None:
    wearing = {"proper": 1, "chin": 3}
    on_face = (
        options(root="worn", kinds={"surgical": 3, "cloth": 1}, wearing=wearing).open(folder, folder).on(face_of(turned(0)), {})
    )
    drawn = [on_face.draw(generator(seed)) for seed in range(200)]
    assert 120 < sum(str(reference["template"]) == "surgical.png" for reference in drawn) < 180
    assert 120 < sum(reference["wearing"] == "chin" for reference in drawn) < 180
    assert not any(reference["wearing"] == "below_nose" for reference in drawn)


def test_a_template_that_changed_is_not_taken_for_the_one_that_was_drawn(folder: Path) -> None:
    reference = options(root="worn").open(folder, folder).on(face_of(turned(0)), {}).draw(generator(1))
    for name in ("surgical", "cloth/red"):
        (folder / "worn" / f"{name}.png").write_bytes(encode_png(rgba([*JAW[1:-2], "28"])))
    with pytest.raises(BadDataError, match="not the file"):
        options(root="worn").open(folder, folder).cutout(reference)


def test_splits_divide_templates(folder: Path) -> None:
    source = options(root="worn").open(folder, folder)
    one = source.subset(lambda name: name.startswith("cloth"))
    drawn = {str(one.on(face_of(turned(0)), {}).draw(generator(seed))["template"]) for seed in range(20)}
    assert drawn == {"cloth/red.png"}
    with pytest.raises(UsageError, match="falls into a split"):
        source.subset(lambda name: False)


@pytest.mark.parametrize(
    ("landmarks", "detector", "said"),
    [
        (None, "given", "this face has none"),
        (turned(70), "given", "turned by [+][67]"),
        (turned(48), "hog", "serve up to ±38°"),
        (turned(0) + np.array([900, 0]), "given", "0% of eyes, nose and mouth lie on the face"),
    ],
)
def test_a_face_that_cannot_wear_it_is_refused(folder: Path, landmarks: Float | None, detector: str, said: str) -> None:
    source = options(root="worn").open(folder, folder)
    face = face_of(None if landmarks is None else turned(0), detector)
    face = dataclasses.replace(face, landmarks_xy=None if landmarks is None else landmarks.astype(np.float32))
    with pytest.raises(BadDataError, match=said) as error:
        source.on(face, {})
    assert error.value.reason == Reason.NO_PLACEMENT


def test_landmarks_are_not_believed_where_the_labels_say_otherwise(folder: Path) -> None:
    source, face = options(root="worn").open(folder, folder), face_of(turned(0))
    there = {"nose": np.zeros((SIDE, SIDE), np.uint8)}
    x, y = np.rint(turned(0)[30]).astype(int)
    there["nose"][y - 9 : y + 9, x - 9 : x + 9] = 1
    source.on(face, there)
    with pytest.raises(BadDataError, match=r"nose lies .* from where the nose is labelled"):
        source.on(face, {"nose": np.roll(there["nose"], 60, axis=1)})


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("surgical.json", None, "no points beside it; expected pictures with an alpha channel"),
        ("surgical.json", "{", "expected JSON"),
        ("surgical.json", "[]", r"expected \{\"points\""),
        ("surgical.json", '{"28": [1, 2]}', "1 points; expected 4 or more"),
        ("surgical.json", '{"nose": [1, 2]}', "unknown point 'nose'.*0-67"),
        ("surgical.json", '{"28": [1, "a"]}', "point 28: expected x and y"),
        ("surgical.json", '{"28": [1, NaN]}', "point 28: expected x and y"),
        ("cloth/red.csv", "28,1", "point 28: expected x and y"),
    ],
)
def test_a_template_without_good_points_is_refused_in_one_line(folder: Path, name: str, text: str | None, said: str) -> None:
    if text is None:
        (folder / "worn" / name).unlink()
    else:
        (folder / "worn" / name).write_text(text)
    with pytest.raises(UsageError, match=said) as error:
        options(root="worn").open(folder, folder)
    assert len(error.value.lines) == 1


def test_a_template_without_transparency_is_refused(folder: Path) -> None:
    (folder / "worn" / "surgical.png").write_bytes(encode_png(rgba(JAW, opaque=True)))
    with pytest.raises(UsageError, match="transparent around what is worn"):
        options(root="worn").open(folder, folder)
    (folder / "worn" / "surgical.png").write_bytes(b"no picture")
    with pytest.raises(UsageError, match=r"surgical\.png"):
        options(root="worn").open(folder, folder)


def test_mask_the_face_s_points_are_read_and_turned_heads_get_their_own_picture(tmp_path: Path) -> None:
    (tmp_path / "masks" / "templates").mkdir(parents=True)
    for name in ("blue", "blue_left"):
        (tmp_path / "masks" / "templates" / f"{name}.png").write_bytes(encode_png(rgba(JAW)))
    sections = []
    for name in ("blue", "blue_left"):
        lines = [f"mask_{key}: {x:.0f}, {y:.0f}" for key, anchor in zip("abcdef", ("2", "28", "14", "4", "8", "12"), strict=True)
                 for x, y in [CANONICAL_POINTS[anchor]]]  # fmt: skip
        sections.append("\n".join([f"[{name}]", f"template: masks/templates/{name}.png", *lines]))
    (tmp_path / "masks" / "masks.cfg").write_text("\n\n".join(sections) + "\n[empty]\n")
    source = options(root="masks", wearing={"proper": 1}).open(tmp_path, tmp_path)
    variants = [source.on(face_of(turned(yaw)), {}).draw(generator(1))["variant"] for yaw in (0, -30, 30)]
    assert variants == ["frontal", "left", "frontal"]
    reference = source.on(face_of(turned(0)), {}).draw(generator(1))
    assert source.cutout(reference).category == "blue"
    (tmp_path / "masks" / "masks.cfg").write_text("[bleu]\n")
    with pytest.raises(UsageError, match=r"no section \[blue\].*did you mean 'bleu'"):
        options(root="masks").open(tmp_path, tmp_path)


def test_outlines_tell_where_a_mask_and_glasses_sit() -> None:
    alpha = np.zeros((300, 400), np.uint8)
    corners = {"28": (200, 20), "14": (380, 70), "12": (380, 190), "8": (200, 280), "4": (20, 190), "2": (20, 70)}
    cv2.fillPoly(alpha, [np.array(list(corners.values()), np.int32)], 255)
    points = of_mask(alpha)
    for name, (x, y) in corners.items():
        assert points[name] == pytest.approx((x, y), abs=4)
    for name, share in (("5", 0.27), ("10", 0.52)):  # on the straight line between corner and chin
        x, y = points[name]
        assert y == pytest.approx(190 + 90 * (1 - abs(x - 200) / 180), abs=3)
        assert abs(x - 200) == pytest.approx(180 * (1 - share), abs=20)
    frame = np.zeros((100, 300), np.uint8)
    frame[20:80, 10:290] = 255
    points = of_glasses(frame)
    assert points["27"][0] == pytest.approx(149.5, abs=1)
    assert points["36"][0] < 90 < 210 < points["45"][0]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"kinds": {"surgikal": 1}}, r"unknown kind 'surgikal' \(did you mean 'surgical'\?\)"),
        ({"kinds": {"surgical": 0}}, "weight above 0"),
        ({"wearing": {"proper": 0}}, "weight above 0"),
        ({"wearing": {"askew": 1}}, "proper"),
        ({"points": "glasses"}, "name their folder as root"),
    ],
)
def test_options_that_are_wrong_are_said(keys: dict[str, Any], said: str) -> None:
    with pytest.raises((RecipeError, UsageError), match=said):
        natocc.open_occluders("worn", **keys)


def raw(**placement: Any) -> dict[str, Any]:
    return {
        "name": "worn",
        "faces": {"source": "labelled", "align": {"method": "none"}},
        "sets": [
            {"name": "w", "occluders": {"source": "worn", "root": "worn", "wearing": {"proper": 1}}, "placement": placement}
        ],
    }


@pytest.mark.parametrize(
    ("key", "value"),
    [("area", [0.2, 0.3]), ("rotate", [0, 0]), ("coverage", {"range": [0.1, 0.2]}), ("anchors", {"nose": 1}), ("reach", True)],
)
def test_what_does_not_apply_is_refused(key: str, value: Any) -> None:
    with pytest.raises(RecipeError, match=rf"placement\.{key} does not apply to occluders\.source: worn"):
        validate_recipe(raw(**{key: value}), "test")


def test_landmarks_are_found_for_faces_without() -> None:
    recipe = validate_recipe(raw(count=[1, 2], occlusion=[0.01, 0.9]), "test")
    assert recipe.faces.align.landmarks
    assert validate_recipe(recipe.resolved(), "again") == recipe
    five = raw()
    five["faces"]["align"]["points"] = 5
    with pytest.raises(RecipeError, match=r"lie on 68 landmarks: faces\.align\.points: 68"):
        validate_recipe(five, "test")


def test_a_sample_is_made_again_from_its_plan(folder: Path) -> None:
    for name, data in (("images", np.full((SIDE, SIDE, 3), 150, np.uint8)), ("masks", face_of(turned(8)).face_mask)):
        (folder / "faces" / name).mkdir(parents=True)
        (folder / "faces" / name / "a.png").write_bytes(encode_png(data))
    points = [str(value) for value in turned(8).ravel()]
    (folder / "points.csv").write_text(
        ",".join(["id", *(f"{axis}{i}" for i in range(68) for axis in "xy")]) + "\na," + ",".join(points)
    )
    recipe = validate_recipe({**raw(), "faces": {**raw()["faces"], "landmarks": "points.csv"}}, "test")
    pipeline = Pipeline(recipe, Workspace(folder, folder / "cache"))
    spec = next(iter(pipeline.schedule()))
    sample = pipeline.make_sample(spec)
    assert sample.record.rejection is None and sample.composite is not None and sample.record.plan is not None
    assert 0.3 < sample.composite.occlusion_ratio < 0.8
    plan = Plan.from_json(json.loads(json.dumps(sample.record.plan.to_json())))
    _, again = pipeline.replay(spec, plan)
    assert (again.image == sample.composite.image).all() and (again.modal == sample.composite.modal).all()


def test_arrays_and_landmarks_are_enough(folder: Path) -> None:
    face = face_of(turned(0))
    source = natocc.open_occluders("worn", data=folder, root="worn", wearing={"proper": 1})
    composite = natocc.occlude(face.image, face.face_mask, source, rng=3, landmarks=turned(0))
    assert 0.3 < composite.occlusion_ratio < 0.8
    with pytest.raises(BadDataError, match="68 landmarks"):
        natocc.occlude(face.image, face.face_mask, source, rng=3)
