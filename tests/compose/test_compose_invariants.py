"""F24 on any plan: what verify --deep promises of files holds for whatever render makes of it, and a changed pixel shows."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st
from shapes_for_compose import make_cutout, make_face

from natocc.compose.appearance import Photo
from natocc.compose.blend import BLENDS
from natocc.compose.render import render
from natocc.core.plans import OccluderPlan, Placement, Plan
from natocc.core.samples import IGNORE, AlignedFace, Composite, Cutout, SampleRecord
from natocc.dataset.verify.contents import Planes, contradictions
from natocc.pipeline.encode import encode, label_maps
from natocc.pipeline.metrics import measures
from natocc.recipe.model import Output

CLASSES = {0: "background", 1: "skin", 2: "nose", 3: "hair"}
KINDS = ("cup", "hand")

matrices = st.tuples(
    st.floats(-4, 4), st.floats(-4, 4), st.floats(-150, 150), st.floats(-4, 4), st.floats(-4, 4), st.floats(-150, 150)
)
occluders = st.builds(
    OccluderPlan,
    st.just({"id": "x"}),
    st.builds(Placement, matrices, st.booleans()),
    blend=st.sampled_from(sorted(BLENDS)),
    opacity=st.floats(0.1, 1),
    softness=st.none() | st.floats(0.3, 4),
    occludes_from=st.integers(128, 256),
    ignored=st.booleans(),
)
outputs = st.builds(
    Output,
    masks=st.lists(
        st.sampled_from(["face", "amodal", "occluder", "matte", "parts", "kinds", "regions"]), min_size=1, unique=True
    ).map(tuple),
    matte_bits=st.sampled_from([8, 16]),
)
ALL = Output(masks=("face", "amodal", "occluder", "matte", "parts", "kinds", "regions"))


def _face(seed: int) -> AlignedFace:
    face = make_face(seed=seed)
    parts = face.face_mask.copy()
    parts[40:55, 35:45] = 2
    parts[:6] = 3
    if seed % 2 == 0:
        return dataclasses.replace(face, parts=parts)
    unlabelled = np.zeros_like(face.face_mask)  # another face, behind the shoulder
    cv2.circle(unlabelled, (66, 30), 20, 1, -1)
    unlabelled &= 1 - face.face_mask
    parts[unlabelled > 0] = IGNORE
    return dataclasses.replace(face, parts=parts, unlabelled=unlabelled)


def _record(face: AlignedFace, composite: Composite, plan: Plan) -> SampleRecord:
    return SampleRecord(0, "s", "natocc", "f", 0, "f", plan=plan, measures=measures(face, CLASSES, composite))


def _planes(face: AlignedFace, composite: Composite, output: Output) -> Planes:
    """Label maps as they are read back from their files."""
    files = encode(face, composite, CLASSES, output, kinds=[1 + number % 2 for number in range(len(composite.occluders))])
    return {
        folder: cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
        for folder, (_, content) in files.items()
        if folder != "images"
    }


def _made(placed: list[OccluderPlan], seed: int) -> tuple[AlignedFace, Composite, Plan]:
    face, plan = _face(seed), Plan(tuple(placed), 1)
    cutouts: list[Cutout] = [make_cutout() for _ in placed]
    return face, render(Photo(face), cutouts, plan), plan


@given(st.lists(occluders, max_size=3), st.integers(0, 3), outputs)
def test_f24_files_keep_what_they_promise(placed: list[OccluderPlan], seed: int, output: Output) -> None:
    face, composite, plan = _made(placed, seed)
    record, labels = _record(face, composite, plan), label_maps(output, CLASSES, KINDS)
    assert list(contradictions(record, {"images": composite.image.shape[:2]}, _planes(face, composite, output), labels)) == []


@given(st.lists(occluders, max_size=3), st.integers(0, 3))
def test_f24_the_laws(placed: list[OccluderPlan], seed: int) -> None:
    """Also with see-through occluders that are ignored, or labelled from another level of the matte."""
    face, out, _ = _made(placed, seed)
    on_face, touched = face.face_mask > 0, np.zeros(face.face_mask.shape, bool)
    covered, ignored = np.zeros_like(touched), np.zeros_like(touched)
    for occluder, mask, matte in zip(placed, out.occluders, out.mattes, strict=True):
        assert ((matte >= occluder.occludes_from) == (mask > 0)).all()
        touched |= matte > 0
        if occluder.ignored:
            ignored |= mask > 0
        else:
            covered |= mask > 0
    ignored &= ~covered
    assert (out.image[~touched] == face.image[~touched]).all()
    visible = out.modal == 1
    assert not (visible & (covered | ignored)).any()
    assert ((visible | (covered & on_face) | (ignored & on_face)) == on_face).all()
    unlabelled = np.zeros_like(touched) if face.unlabelled is None else face.unlabelled > 0
    assert ((out.modal == IGNORE) == ((ignored & on_face) | (unlabelled & ~covered))).all()
    assert set(np.unique(out.modal)) <= {0, 1, IGNORE}
    assert out.occlusion_ratio == np.count_nonzero(covered & on_face) / np.count_nonzero(on_face)


@given(st.lists(occluders, max_size=2), st.data())
def test_f24_a_changed_label_shows(placed: list[OccluderPlan], data: st.DataObject) -> None:
    """Any pixel of the visible face, the face or the occluders, changed to any other value."""
    face, composite, plan = _made(placed, 0)
    planes = dict(_planes(face, composite, ALL))
    folder = data.draw(st.sampled_from(["masks", "amodal", "occluders", "regions"]))
    row, column = data.draw(st.integers(0, 95)), data.draw(st.integers(0, 79))
    value = data.draw(st.integers(0, 255))
    before = int(planes[folder][row, column])
    assume(value != before)
    if folder == "amodal" and value == IGNORE:  # what an occluder hides may have been without a label
        assume(not planes["occluders"][row, column])
    if folder == "occluders":  # off the face, and among occluders, an instance may be any of them
        assume(face.face_mask[row, column] and (before == 0) != (value == 0))
    if folder == "regions" and IGNORE in (before, value):  # which occluders are ignored, only the plan knows
        assume(not planes["occluders"][row, column])
    planes[folder] = planes[folder].copy()
    planes[folder][row, column] = value
    found = list(
        contradictions(
            _record(face, composite, plan), {"images": composite.image.shape[:2]}, planes, label_maps(ALL, CLASSES, KINDS)
        )
    )
    assert found


@given(st.lists(occluders, max_size=3), st.integers(0, 3))
def test_regions_are_the_face_and_what_covers_it(placed: list[OccluderPlan], seed: int) -> None:
    face, out, _ = _made(placed, seed)
    regions = _planes(face, out, ALL)["regions"]
    covered = np.zeros(regions.shape, bool)
    for occluder, mask in zip(placed, out.occluders, strict=True):
        covered |= (mask > 0) & (not occluder.ignored)
    unlabelled = np.zeros_like(covered) if face.unlabelled is None else face.unlabelled > 0
    assert ((regions == 1) == (out.modal == 1)).all()
    assert ((regions == 2) == (covered & (face.face_mask > 0))).all()
    assert ((regions == 3) == (covered & (face.face_mask == 0) & ~unlabelled)).all()
    assert ((regions == IGNORE) == ((out.ignored > 0) | unlabelled)).all()
