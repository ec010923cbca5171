"""Degenerate occluders, mattes and colours: bounded tries, finite numbers, no hang (faults F21 to F23)."""

from __future__ import annotations

import dataclasses
import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapes_for_compose import ORIGIN, make_cutout, make_face

from natocc.compose.appearance import Photo
from natocc.compose.blend import BLENDS, alpha_over, poisson_over
from natocc.compose.colour import transfer_colour
from natocc.compose.draw import draw_plan
from natocc.compose.light_colour import shift_to_light
from natocc.compose.pose import PlacementRule
from natocc.compose.render import render
from natocc.compose.rules import ComposeRules
from natocc.compose.transfers import TRANSFERS
from natocc.core.errors import BadDataError, Reason
from natocc.core.plans import Finish, Look, OccluderPlan, Placement, Plan
from natocc.core.samples import AlignedFace, Cutout
from natocc.core.seeds import generator


def _placed(matrix: tuple[float, ...], blend: str = "alpha", **look: object) -> Plan:
    placement = Placement(matrix, False)  # type: ignore[arg-type]
    return Plan((OccluderPlan({"id": "x"}, placement, Look(**look), blend),), 1)  # type: ignore[arg-type]


MATRICES = {
    "larger than the picture": (30.0, 0, -600, 0, 30.0, -900),
    "off canvas": (1.0, 0, 5000, 0, 1.0, 5000),
    "far off canvas": (1.0, 0, 1e7, 0, 1.0, -1e7),
    "shrunk to nothing": (1e-6, 0, 40, 0, 1e-6, 40),
    "flattened to a line": (1.0, 0, 20, 0, 0.0, 40),
    "a point": (0.0, 0, 40, 0, 0.0, 40),
    "mostly off the corner": (1.0, 0, -38, 0, 1.0, -58),
    "mirrored and sheared": (-1.0, 0.9, 70, 0.3, 1.0, 10),
}


@pytest.mark.parametrize("blend", sorted(BLENDS))
@pytest.mark.parametrize("name", MATRICES)
def test_f21_f22_wherever_an_occluder_lies(name: str, blend: str) -> None:
    """F21, F22: it covers what it covers, nothing at worst; what it does not touch stays, bit for bit."""
    face = make_face()
    out = render(Photo(face), [make_cutout()], _placed(MATRICES[name], blend))
    untouched = out.mattes[0] == 0
    assert (out.image[untouched] == face.image[untouched]).all()
    assert ((out.modal > 0) <= (face.face_mask > 0)).all()
    if name in ("off canvas", "far off canvas"):
        assert untouched.all()
        assert out.occlusion_ratio == 0
    if name == "larger than the picture":
        assert out.occlusion_ratio == 1


@pytest.mark.parametrize(
    "rule",
    [
        {"occlusion": (0.999, 1.0)},
        {"occlusion": (0.0, 0.0001)},
        {"coverage": {"range": (0.97, 0.99)}, "max_enlargement": 0.05},
        {"max_enlargement": 0.001},
        {"area": (1e-6, 2e-6)},
    ],
    ids=["all covered", "nothing covered", "a coverage beyond reach", "too small a cutout", "a speck"],
)
def test_f21_what_cannot_be_placed_is_rejected_after_bounded_tries(rule: dict[str, object]) -> None:
    """F21: as many draws as the rule says and no more."""
    drawn = 0

    def draw(_: np.random.Generator) -> tuple[dict[str, object], Cutout]:
        nonlocal drawn
        drawn += 1
        return {}, make_cutout()

    placement = PlacementRule.model_validate({**rule, "attempts": 12})
    with pytest.raises(BadDataError) as caught:
        draw_plan(generator(3), Photo(make_face()), draw, ComposeRules(placement=placement))
    assert caught.value.reason == Reason.NO_PLACEMENT
    assert drawn == 12


@settings(max_examples=25)
@given(
    seed=st.integers(0, 1000),
    cutout=st.tuples(st.integers(12, 300), st.integers(12, 300)),
    pixels=st.sampled_from(["one", "corner", "all", "some"]),
)
def test_f21_any_face_and_any_cutout_end(seed: int, cutout: tuple[int, int], pixels: str) -> None:
    """F21: a face of one pixel, in a corner, or all of the picture; cutouts far larger or smaller than it."""
    face = make_face()
    mask = np.zeros_like(face.face_mask)
    if pixels == "one":
        mask[40, 40] = 1
    elif pixels == "corner":
        mask[:9, :2] = 1
    else:
        mask[...] = 1 if pixels == "all" else face.face_mask
    degenerate = dataclasses.replace(face, face_mask=mask)
    try:
        plan, cutouts = draw_plan(generator(seed), Photo(degenerate), lambda _: ({}, make_cutout(*cutout)), ComposeRules())
    except BadDataError as error:
        assert error.reason == Reason.NO_PLACEMENT
        return
    out = render(Photo(degenerate), cutouts, plan)
    assert 0 <= out.occlusion_ratio <= 1


@pytest.mark.parametrize("rows", [slice(None), slice(0, 60)])
def test_f21_a_face_of_one_column(rows: slice) -> None:
    """F21, F23: a sliver of a face has no shading across."""
    mask = np.zeros((96, 80), np.uint8)
    mask[rows, 40] = 1
    face = dataclasses.replace(make_face(), face_mask=mask)
    out = render(Photo(face), [make_cutout()], _placed((1, 0, 20, 0, 1, 20), shading=1.0, transfer="sot"))
    assert 0 <= out.occlusion_ratio <= 1


def _one_pixel(side: int = 9) -> Cutout:
    matte = np.zeros((side, side), np.uint8)
    matte[side // 2, side // 2] = 255
    return Cutout(np.full((side, side, 3), (200, 60, 30), np.uint8), matte, "speck", ORIGIN)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 2), (3, 3), (5, 5)])
@pytest.mark.parametrize("where", ["all", "one", "corner", "border", "none", "frame"])
def test_f22_poisson_of_any_mask(shape: tuple[int, int], where: str) -> None:
    """F22: a mask of one pixel, on the border, all of the picture, or none: padded, or alpha instead; never an exception."""
    rng = np.random.Generator(np.random.PCG64(4))
    background, foreground = (rng.integers(0, 256, (*shape, 3), dtype=np.uint8) for _ in range(2))
    alpha = np.zeros(shape, np.float32)
    if where == "all":
        alpha[...] = 1
    elif where == "one":
        alpha[shape[0] // 2, shape[1] // 2] = 1
    elif where == "corner":
        alpha[: (shape[0] + 1) // 2, : (shape[1] + 1) // 2] = 0.7
    elif where == "border":
        alpha[0] = 1
    elif where == "frame":
        alpha[...] = 1
        alpha[1:-1, 1:-1] = 0
    out = poisson_over(background, foreground, alpha)
    assert (out[alpha == 0] == background[alpha == 0]).all()
    if min(np.ptp(np.argwhere(alpha > 0), axis=0) + 1 if alpha.any() else [0]) < 3:
        assert (out == alpha_over(background, foreground, alpha)).all()


@pytest.mark.parametrize("blend", sorted(BLENDS))
@pytest.mark.parametrize("at", [(0, 0), (-4, -4), (76, 92), (40, 0), (0, 48)])
def test_f22_a_speck_anywhere(blend: str, at: tuple[int, int]) -> None:
    """F22: one pixel of an occluder, in the middle, in a corner, half over the border."""
    face = make_face()
    out = render(Photo(face), [_one_pixel()], _placed((1, 0, at[0], 0, 1, at[1]), blend))
    untouched = out.mattes[0] == 0
    assert (out.image[untouched] == face.image[untouched]).all()


def _with(image: np.ndarray, mask: np.ndarray | None = None) -> AlignedFace:
    face = make_face(image.shape[0], image.shape[1])
    return dataclasses.replace(face, image=image, face_mask=face.face_mask if mask is None else mask)


FACES = {
    "black": lambda: _with(np.zeros((96, 80, 3), np.uint8)),
    "white": lambda: _with(np.full((96, 80, 3), 255, np.uint8)),
    "one colour": lambda: _with(np.full((96, 80, 3), (190, 140, 120), np.uint8)),
    "red alone": lambda: _with(np.full((96, 80, 3), (255, 0, 0), np.uint8)),
    "a face of one pixel": lambda: _with(make_face().image, np.pad(np.ones((1, 1), np.uint8), ((50, 45), (30, 49)))),
    "two pixels in all": lambda: _with(np.full((1, 2, 3), 90, np.uint8), np.ones((1, 2), np.uint8)),
    "one pixel in all": lambda: _with(np.full((1, 1, 3), 90, np.uint8), np.ones((1, 1), np.uint8)),
    "a strip": lambda: _with(np.full((1, 300, 3), 90, np.uint8), np.ones((1, 300), np.uint8)),
}
CUTOUTS = {
    "black": lambda: make_cutout(colour=(0, 0, 0)),
    "white": lambda: make_cutout(colour=(255, 255, 255)),
    "one pixel": _one_pixel,
    "noise": lambda: dataclasses.replace(
        make_cutout(), foreground=np.random.Generator(np.random.PCG64(1)).integers(0, 256, (60, 40, 3), dtype=np.uint8)
    ),
}


@pytest.mark.parametrize("cutout", CUTOUTS)
@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("transfer", ["none", *sorted(TRANSFERS)])
def test_f23_colours_from_which_nothing_can_be_learnt(face: str, cutout: str, transfer: str) -> None:
    """F23: constant, black and tiny faces and occluders, with every look: finite, no warning of a division by nothing."""
    photo = Photo(FACES[face]())
    plan = _placed((1, 0, 5.5, 0, 1, 3.25), "alpha", transfer=transfer, shift=1.0, shading=1.0, sharpness=1.0, grain=1.0, jpeg=70)
    plan = dataclasses.replace(plan, finish=Finish(brightness=0.1, contrast=1.2, blur=0.7, jpeg=60))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        out = render(photo, [CUTOUTS[cutout]()], plan)
    assert out.image.shape == photo.face.image.shape
    assert out.image.dtype == np.uint8
    assert math.isfinite(out.occlusion_ratio)


@pytest.mark.parametrize("transfer", sorted(TRANSFERS))
def test_f23_nothing_to_learn_from_is_the_identity(transfer: str) -> None:
    """F23: no reference, a reference of one pixel, an occluder of one pixel."""
    foreground = np.random.Generator(np.random.PCG64(2)).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    matte = np.full((20, 30), 255, np.uint8)
    speck = np.zeros_like(matte)
    speck[3, 3] = 255
    skin = np.full((50, 3), (190, 140, 120), np.uint8)
    for weight, reference in ((matte, skin[:0]), (matte, skin[:1]), (speck, skin), (np.zeros_like(matte), skin)):
        assert (transfer_colour(foreground, weight, reference, transfer) == foreground).all()


@pytest.mark.parametrize("face", FACES)
def test_f23_a_shift_to_any_light_is_finite(face: str) -> None:
    """F23: a black occluder stays black under every light."""
    photo = Photo(FACES[face]())
    black = np.zeros((20, 30, 3), np.uint8)
    assert (shift_to_light(black, np.full((20, 30), 255, np.uint8), photo, 1.0) <= 8).all()
