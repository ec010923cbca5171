"""Masks on disk and measures in the manifest, on small faces of which everything is known."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image as PillowImage

from natocc.core.errors import UsageError
from natocc.core.samples import MATTE_THRESHOLD, AlignedFace, Composite, Origin
from natocc.dataset.measures import MEASURES
from natocc.faces.classes import PARTS
from natocc.pipeline.encode import encode, label_maps, occluder_class
from natocc.pipeline.metrics import hidden_landmarks, measures
from natocc.recipe.model import Output

CLASSES = dict(enumerate(PARTS))
ALL = Output(masks=("face", "amodal", "occluder", "matte", "parts"))
SHAPE = (40, 30)
ORIGIN = Origin("d", "i", "0" * 64)


def _face(parts: np.ndarray | None = None, landmarks: np.ndarray | None = None) -> AlignedFace:
    """A face in rows 10-39; its part map has skin there, eyes in rows 15-16, a nose in 20-24."""
    mask = np.zeros(SHAPE, np.uint8)
    mask[10:] = 1
    image = np.zeros((*SHAPE, 3), np.uint8)
    return AlignedFace(image, mask, parts, landmarks, ORIGIN, np.eye(2, 3), None, mask_estimated=False)


def _parts() -> np.ndarray:
    parts = np.zeros(SHAPE, np.uint8)
    parts[10:] = PARTS.index("skin")
    parts[15:17, :10], parts[15:17, 20:] = PARTS.index("l_eye"), PARTS.index("r_eye")
    parts[20:25, 12:18] = PARTS.index("nose")
    return parts


def _composite(face: AlignedFace, *mattes: np.ndarray) -> Composite:
    masks = tuple((matte >= MATTE_THRESHOLD).astype(np.uint8) for matte in mattes)
    modal = face.face_mask.copy()
    for mask in masks:
        modal[mask > 0] = 0
    return Composite(face.image, face.face_mask, modal, masks, mattes, np.zeros_like(modal))


def _files(face: AlignedFace, composite: Composite, output: Output = ALL) -> dict[str, np.ndarray]:
    files = encode(face, composite, CLASSES, output)
    return {folder: np.asarray(PillowImage.open(io.BytesIO(data))) for folder, (_, data) in files.items()}


mattes = st.lists(arrays(np.uint8, SHAPE), max_size=3)


@given(mattes)
def test_the_masks_agree_with_one_another(layers: list[np.ndarray]) -> None:
    face = _face(_parts())
    found = _files(face, _composite(face, *layers))
    hidden = found["occluders"] > 0
    assert ((found["masks"] == 1) == ((found["amodal"] == 1) & ~hidden)).all()
    assert ((found["parts"] == occluder_class(CLASSES)) == hidden).all()
    assert (found["parts"][~hidden] == _parts()[~hidden]).all()
    assert (found["occluders"] <= len(layers)).all()
    assert (found["mattes"][hidden] >= MATTE_THRESHOLD).all()
    for number, matte in enumerate(layers, start=1):
        in_front = [later >= MATTE_THRESHOLD for later in layers[number:]]
        alone = (matte >= MATTE_THRESHOLD) & ~np.any([np.zeros(SHAPE, bool), *in_front], axis=0)
        assert (found["occluders"][alone] == number).all()


@given(arrays(np.uint8, SHAPE))
def test_one_occluders_matte_is_its_own(matte: np.ndarray) -> None:
    face = _face()
    composite = _composite(face, matte)
    assert (_files(face, composite)["mattes"] == matte).all()
    fine = _files(face, composite, Output(masks=("matte",), matte_bits=16))
    assert set(fine) == {"images", "mattes"}
    assert fine["mattes"].dtype == np.uint16
    assert (fine["mattes"] == matte.astype(np.uint16) * 257).all()


def test_a_face_without_parts_has_two_and_the_occluder() -> None:
    face = _face()
    matte = np.zeros(SHAPE, np.uint8)
    matte[:20] = 255
    composite = _composite(face, matte)
    files = encode(face, composite, {0: "background", 1: "face"}, Output(masks=("parts",)))
    parts = np.asarray(PillowImage.open(io.BytesIO(files["parts"][1])))
    assert np.unique(parts[:20]).tolist() == [2]
    assert np.unique(parts[20:]).tolist() == [1]
    assert label_maps(Output(masks=("parts",)), {0: "background", 1: "face"}) == {
        "parts": {"0": "background", "1": "face", "2": "occluder", "255": "ignore"}
    }


def test_a_source_that_uses_all_values_leaves_none_for_occluders() -> None:
    with pytest.raises(UsageError, match="none below 255"):
        label_maps(ALL, {0: "background", 254: "hair"})
    assert set(label_maps(Output(), {0: "background", 254: "hair"})) == {"masks"}


def test_regions_are_measured_by_parts() -> None:
    face = _face(_parts())
    matte = np.zeros(SHAPE, np.uint8)
    matte[:, :15] = 255
    found = measures(face, CLASSES, _composite(face, matte))
    assert found["eyes_occluded"] == found["nose_occluded"] == found["occlusion_ratio"] == 0.5
    assert "mouth_occluded" not in found  # the face shows none
    assert (found["face_left"], found["face_top"], found["face_width"], found["face_height"]) == (0, 10, 30, 30)
    assert set(found) <= set(MEASURES)


def test_regions_are_measured_by_landmarks_where_there_are_no_parts() -> None:
    points = np.zeros((68, 2), np.float32)
    for first, last, left, top in ((36, 42, 3, 14), (42, 48, 20, 14), (27, 36, 12, 20), (48, 60, 10, 30)):
        corners = [(left, top), (left + 6, top), (left + 6, top + 4), (left, top + 4)]
        points[first:last] = (corners * 3)[: last - first]
    face = _face(None, points)
    matte = np.zeros(SHAPE, np.uint8)
    matte[28:] = 255
    composite = _composite(face, matte)
    found = measures(face, {0: "background", 1: "face"}, composite)
    assert (found["eyes_occluded"], found["nose_occluded"], found["mouth_occluded"]) == (0, 0, 1)
    landmarks = hidden_landmarks(face, composite)
    assert [hidden for _, y, hidden in landmarks] == [y >= 28 for _, y, _ in landmarks]


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_a_landmark_outside_the_picture_is_not_hidden(x: float, y: float) -> None:
    points = np.zeros((5, 2), np.float32)
    points[0] = x, y
    face = _face(None, points)
    composite = _composite(face, np.full(SHAPE, 255, np.uint8))
    inside = 0 <= round(float(points[0, 0])) < SHAPE[1] and 0 <= round(float(points[0, 1])) < SHAPE[0]
    assert hidden_landmarks(face, composite)[0][2] == inside
    assert hidden_landmarks(face, composite)[1] == (0, 0, True)


def test_every_choice_of_masks_lies_in_its_folder(tmp_path: Path) -> None:
    from natocc.builder.run import Run
    from natocc.io.workspace import Workspace
    from natocc.recipe.load import load_recipe

    masks = "output.masks=[parts, matte, occluder, amodal]"
    run = Run(load_recipe("demo", [masks]), Workspace(tmp_path, tmp_path / "cache"), tmp_path / "out", count=4)
    assert run.build(overwrite=False, progress=lambda doing, done, total: None).made == 4
    described = json.loads((tmp_path / "out" / "dataset.json").read_text())
    folders = {"parts", "mattes", "occluders", "amodal"}
    assert set(described["labels"]) == folders
    for folder in folders | {"images"}:
        assert len(list((tmp_path / "out" / folder / "00000").iterdir())) == 4
    assert not (tmp_path / "out" / "masks").exists()
    assert (tmp_path / "out" / "contact_sheet.jpg").stat().st_size > 1000
