"""Hair and see-through things: drawn for a face, made again from JSON, labelled by their coverage."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import pytest

from natocc.compose.appearance import Photo
from natocc.compose.draw import draw_plan
from natocc.compose.render import render
from natocc.core.errors import BadDataError
from natocc.core.samples import MATTE_THRESHOLD, AlignedFace, Cutout, Image, Mask, Origin
from natocc.core.seeds import generator
from natocc.occluders.drawn_on_faces import DrawnOnFace, DrawnOnFaces
from natocc.occluders.hair.source import HairOccluders, picture_blur
from natocc.occluders.hair.strands import draw_hair
from natocc.occluders.source import OccluderOptions
from natocc.occluders.veils.source import VeilOccluders
from natocc.occluders.worn.face_model import MODEL
from natocc.recipe.model import NatOccSet, OccludedSet, validate_recipe

SIDE, MM, MIDDLE = 320, 1.25, (160, 150)  # px, px per mm, the point between the eyes
SKIN, HAIR, WALL = (208, 164, 140), (104, 62, 34), (150, 190, 226)
HAIRLINE = MIDDLE[1] - round(66 * MM)
HAIR_KINDS, VEIL_KINDS = ("strand", "fringe", "side"), ("veil", "net", "smoke", "glass")
KINDS: list[OccluderOptions] = [
    *(HairOccluders.model_validate({"kinds": {kind: 1}}) for kind in HAIR_KINDS),
    *(VeilOccluders.model_validate({"kinds": {kind: 1}}) for kind in VEIL_KINDS),
]


def portrait(hair: tuple[int, int, int] | None = HAIR) -> tuple[AlignedFace, dict[str, Mask]]:
    """A drawn face with 68 landmarks, and where its hair is."""
    image = np.full((SIDE, SIDE, 3), WALL, np.uint8)
    head, face = np.zeros((SIDE, SIDE), np.uint8), np.zeros((SIDE, SIDE), np.uint8)
    cv2.ellipse(head, (MIDDLE[0], MIDDLE[1]), (108, 132), 0, 0, 360, 1, -1)
    centre = (HAIRLINE + MIDDLE[1] + round(114 * MM)) // 2
    cv2.ellipse(face, (MIDDLE[0], centre), (round(69 * MM), centre - HAIRLINE), 0, 0, 360, 1, -1)
    locks = head & (1 - face) if hair is not None else np.zeros_like(head)
    noise = generator(1).normal(0, 1, (SIDE, SIDE, 1))
    for mask, colour, spread in ((locks, hair or HAIR, 14), (face, SKIN, 4)):
        image[mask > 0] = (np.array(colour) + spread * noise).clip(0, 255).astype(np.uint8)[mask > 0]
    landmarks = (MODEL[:, :2] / (1 + MODEL[:, 2:] / 1000) * MM + MIDDLE).astype(np.float32)
    made = AlignedFace(image, face, None, landmarks, Origin("drawn", "face", ""), np.eye(2, 3), 62 * MM, False, detector="given")
    return made, {"hair": locks}


def on(options: OccluderOptions, face: AlignedFace, regions: Mapping[str, Mask]) -> DrawnOnFace:
    """The source, for a face."""
    source = options.open(Path(), Path())
    assert isinstance(source, DrawnOnFaces)
    return source.on(face, regions)


def on_picture(cutout: Cutout) -> Image:
    """(SIDE, SIDE): its matte, where it lies."""
    assert cutout.at_xy is not None
    matte = np.zeros((SIDE, SIDE), np.uint8)
    left, top = cutout.at_xy
    height, width = cutout.matte.shape
    rows = slice(max(top, 0), min(top + height, SIDE))
    columns = slice(max(left, 0), min(left + width, SIDE))
    matte[rows, columns] = cutout.matte[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    return matte


@pytest.mark.parametrize("options", KINDS, ids=HAIR_KINDS + VEIL_KINDS)
def test_every_kind_comes_again_from_its_json_without_the_face(options: OccluderOptions) -> None:
    source = on(options, *portrait())
    made = 0
    for seed in range(4):
        reference = source.draw(generator(seed))
        assert source.draw(generator(seed)) == reference
        try:
            cutout = source.cutout(reference)
        except BadDataError:
            continue
        again = options.open(Path(), Path()).cutout(json.loads(json.dumps(reference)))
        assert (again.matte == cutout.matte).all()
        assert (again.foreground == cutout.foreground).all()
        assert again.at_xy == cutout.at_xy
        assert not any(edge.any() for edge in (cutout.matte[0], cutout.matte[-1], cutout.matte[:, 0], cutout.matte[:, -1]))
        assert cutout.category == reference["kind"]
        made += 1
    assert made >= 2


@pytest.mark.parametrize("kind", HAIR_KINDS)
def test_hair_begins_at_the_hairline_and_falls_over_the_face(kind: str) -> None:
    face, regions = portrait()
    source = on(HairOccluders.model_validate({"kinds": {kind: 1}}), face, regions)
    for seed in range(4):
        matte = on_picture(source.cutout(source.draw(generator(seed))))
        strands = matte[:, matte.max(axis=0) > 60]
        assert (matte * face.face_mask > 60).any()
        assert np.flatnonzero(strands.any(axis=1))[0] < HAIRLINE
        assert np.flatnonzero(strands.any(axis=1))[0] > HAIRLINE - 60 * MM


def test_a_fringe_covers_the_forehead_and_not_the_mouth() -> None:
    face, regions = portrait()
    source = on(HairOccluders.model_validate({"kinds": {"fringe": 1}}), face, regions)
    mattes = np.mean([on_picture(source.cutout(source.draw(generator(seed)))) for seed in range(10)], axis=0) / 255
    middle = slice(MIDDLE[0] - 40, MIDDLE[0] + 40)
    forehead = mattes[HAIRLINE : MIDDLE[1] - round(24 * MM), middle]
    assert forehead.mean() > 0.3
    assert mattes[MIDDLE[1] + round(30 * MM) :, middle].max() < 0.02


@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize("colour", [HAIR, (40, 34, 32), (196, 160, 108)])
def test_hair_has_the_tone_of_the_pictures_own(labelled: bool, colour: tuple[int, int, int]) -> None:
    face, regions = portrait(colour)
    source = on(HairOccluders(), face, regions if labelled else {})
    for seed in range(4):
        cutout = source.cutout(source.draw(generator(seed)))
        seen = cutout.foreground[cutout.matte >= MATTE_THRESHOLD].mean(axis=0)
        assert np.abs(seen - colour).max() < 22


def test_a_bald_head_gets_natural_tones_and_a_grey_picture_grey_ones() -> None:
    face, regions = portrait(None)
    source = on(HairOccluders(), face, regions)
    assert len({str(source.draw(generator(seed))["palette"]) for seed in range(12)}) > 3
    grey = np.repeat(cv2.cvtColor(face.image, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    source = on(HairOccluders(), dataclasses.replace(face, image=grey), regions)
    palette = np.array(source.draw(generator(0))["palette"])
    assert (np.ptp(palette, axis=1) <= 1).all()


def test_a_single_strand_covers_what_its_breadth_says() -> None:
    along = np.linspace(20, 280, 5)
    sheet = np.stack([np.stack([np.full(5, 100.0) + across, along], axis=1) for across in np.linspace(0, 60, 5)], axis=1)
    palette = np.linspace(20, 200, 5)[:, None] * np.ones(3)
    thin, dense = (
        draw_hair([sheet], [(cover, 0.1)], palette, 1.25, 0.5, (320, 320), 3)[1].astype(np.float64).sum() / 255
        for cover in (0.1, 0.2)
    )
    assert thin < 0.1 * 60 * 280
    assert dense == pytest.approx(2 * thin, rel=0.35)


def test_the_blur_of_a_picture_is_found() -> None:
    steps = np.kron(generator(2).integers(0, 2, (16, 16)) * 160 + 40, np.ones((20, 20))).astype(np.uint8)
    found = [picture_blur(np.repeat(cv2.GaussianBlur(steps, (0, 0), blur)[..., None], 3, axis=2)) for blur in (0.8, 1.6, 2.4)]
    assert found == sorted(found)
    assert found == pytest.approx([0.8, 1.6, 2.4], abs=0.4)


@pytest.mark.parametrize("options", KINDS, ids=HAIR_KINDS + VEIL_KINDS)
def test_a_face_pixel_is_occluded_from_half_coverage_on(options: OccluderOptions) -> None:
    face, regions = portrait()
    rules = NatOccSet.model_validate({"name": "a", "occluders": options.model_dump()})
    source = on(options, face, regions)
    for seed in range(3):
        plan, cutouts = draw_plan(generator(seed), Photo(face), lambda rng: _drawn(source, rng), rules)
        composite = render(Photo(face), cutouts, plan)
        matte = on_picture(cutouts[0])
        assert (composite.mattes[0] == matte).all()
        assert (composite.modal == face.face_mask * (matte < MATTE_THRESHOLD)).all()
        assert plan.occluders[0].look.shift == 0 or options.source == "veils"


def test_veils_can_count_from_another_opacity_on() -> None:
    face, regions = portrait()
    options = VeilOccluders.model_validate({"kinds": {"smoke": 1}})
    rules = NatOccSet.model_validate(
        {
            "name": "a",
            "occluders": options.model_dump(),
            "transparency": {"probability": 1, "opacity": [1, 1], "label": "threshold", "threshold": 0.25},
        }
    )
    source = on(options, face, regions)
    plan, cutouts = draw_plan(generator(0), Photo(face), lambda rng: _drawn(source, rng), rules)
    composite = render(Photo(face), cutouts, plan)
    assert (composite.modal == face.face_mask * (on_picture(cutouts[0]) < 64)).all()


def test_holes_of_a_net_show_the_face_untouched() -> None:
    face, regions = portrait()
    source = on(VeilOccluders.model_validate({"kinds": {"net": 1}}), face, regions)
    for seed in range(4):
        matte = on_picture(source.cutout(source.draw(generator(seed))))
        assert 0.2 < (matte[face.face_mask > 0] == 0).mean() < 0.99
        assert matte.max() > 150


def _drawn(source: DrawnOnFace, rng: np.random.Generator) -> tuple[Mapping[str, object], Cutout]:
    reference = source.draw(rng)
    return reference, source.cutout(reference)


def _set(**keys: object) -> OccludedSet:
    raw = {"name": "t", "faces": {"source": "folder"}, "sets": [{"name": "a", "occluders": {"source": "hair"}, **keys}]}
    found = validate_recipe(raw, "t").sets[0]
    assert isinstance(found, OccludedSet)
    return found


def test_what_is_usual_for_hair_is_a_default_only() -> None:
    assert _set().colour.shift == (0, 0)
    assert _set().placement.occlusion == (0.002, 0.8)
    other = _set(colour={"shift": [0.1, 0.2]}, placement={"occlusion": [0.05, 0.5]}, light={"shadow": 0})
    assert (other.colour.shift, other.placement.occlusion, other.light.shadow) == ((0.1, 0.2), (0.05, 0.5), 0)
    assert other.light.shading == (0.2, 0.5)
    resolved = other.model_dump(mode="json")
    assert OccludedSet.model_validate(resolved) == OccludedSet.model_validate(other.model_dump())


@pytest.mark.parametrize(("options", "source"), [(HairOccluders, "hair"), (VeilOccluders, "veils")])
def test_kinds_without_weight_are_refused(options: type[OccluderOptions], source: str) -> None:
    with pytest.raises(ValueError, match="weight above 0"):
        options.model_validate({"source": source, "kinds": {next(iter(options.model_fields["kinds"].default)): 0}})
    assert options().check(Path()) == len(options.model_fields["kinds"].default)
