"""``natocc.occlude``: the pipeline's compositor on arrays, from many threads, without any file."""

from __future__ import annotations

import json
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import natocc
from natocc.augment.occlude import Cutouts, as_rules
from natocc.compose.appearance import Photo
from natocc.compose.draw import draw_plan
from natocc.compose.render import render
from natocc.core.errors import Reason
from natocc.core.samples import AlignedFace, Origin
from natocc.io.paths import package_folder

SIZE = 96


def _photograph(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = np.mgrid[:SIZE, :SIZE]
    image = np.random.Generator(np.random.PCG64(seed)).integers(60, 220, (SIZE, SIZE, 3), dtype=np.uint8)
    return image, ((rows - 48) ** 2 / 36**2 + (columns - 48) ** 2 / 28**2 <= 1).astype(np.uint8)


def _disc(colour: tuple[int, int, int] = (220, 30, 40), side: int = 60) -> np.ndarray:
    rows, columns = np.mgrid[:side, :side] - (side - 1) / 2
    alpha = np.clip(255 * (side / 2 - 3 - np.hypot(rows, columns)), 0, 255)
    return np.dstack([np.full((side, side, 3), colour), alpha]).astype(np.uint8)


@given(seed=st.integers(0, 2**32), transfer=st.sampled_from(["none", "sot", "skin"]), blend=st.sampled_from(["alpha", "pyramid"]))
def test_pixels_outside_the_matte_are_the_photographs(seed: int, transfer: str, blend: str) -> None:
    image, face = _photograph()
    before = image.copy()
    rules = {"colour": {"transfer": transfer}, "light": {"shadow": 0}, "blend": {"method": blend}}
    composite = natocc.occlude(image, face, _disc(), rng=seed, rules=rules)
    assert (image == before).all()
    assert (composite.image[composite.mattes[0] == 0] == image[composite.mattes[0] == 0]).all()
    assert ((composite.modal + (composite.amodal & composite.occluders[0])) == face).all()
    assert 0.02 <= composite.occlusion_ratio <= 0.8


def test_it_is_the_pipelines_compositor() -> None:
    image, face = _photograph()
    rules = natocc.ComposeRules()
    cutout = natocc.as_cutout(_disc())
    rng = natocc.generator(1, "x")
    composite = natocc.occlude(image, face, cutout, rng=rng)
    rng = natocc.generator(1, "x")
    rng.random()  # whether it is mirrored is drawn first
    photo = Photo(AlignedFace(image, face, None, None, Origin("array", "array", ""), np.eye(2, 3), None, False))
    source = Cutouts([cutout])

    def draw(rng: np.random.Generator) -> tuple[dict[str, int], natocc.Cutout]:
        reference = source.draw(rng)
        return reference, source.cutout(reference)

    assert (render(photo, [cutout], draw_plan(rng, photo, draw, rules)[0]).image == composite.image).all()


def test_the_same_seed_is_the_same_composite_in_any_thread() -> None:
    """Forty calls in eight threads at once, each as it is alone."""
    pairs = [_photograph(seed % 3) for seed in range(40)]
    cutout = natocc.as_cutout(_disc())
    rules = natocc.ComposeRules.model_validate({"colour": {"transfer": "sot"}, "light": {"shadow": 1}})
    alone = [natocc.occlude(*pair, cutout, rng=seed, rules=rules).image for seed, pair in enumerate(pairs)]
    with ThreadPoolExecutor(8) as threads:
        made = threads.map(lambda seed: natocc.occlude(*pairs[seed], cutout, rng=seed, rules=rules).image, range(40))
        assert all((one == other).all() for one, other in zip(alone, made, strict=True))
    assert len({image.tobytes() for image in alone}) == 40


def test_every_kind_of_occluder_is_the_same_cutout() -> None:
    image, face = _photograph()
    rgba = _disc()
    cutout = natocc.as_cutout(rgba)
    shapes = [rgba, (rgba[..., :3], rgba[..., 3]), (rgba[..., :3], rgba[..., 3] / 255), cutout, Cutouts([cutout])]
    made = [natocc.occlude(image, face, each, rng=5).image for each in shapes]
    assert all((each == made[0]).all() for each in made)
    assert pickle.loads(pickle.dumps(cutout)).category == "occluder"
    sharp = natocc.as_cutout((rgba[..., :3], rgba[..., 3] > 127))
    assert set(np.unique(sharp.matte)) == {0, 255}


def test_several_occluders_landmarks_and_a_source() -> None:
    image, face = _photograph()
    source = natocc.open_occluders("shapes", textures={"source": "flat"})
    points = np.full((68, 2), 48.0) + np.arange(68)[:, None] % 9
    rules = {"placement": {"count": [2, 2], "overlap": 1, "anchors": {"mouth": 1}}}
    composite = natocc.occlude(image, face, source, rng=3, landmarks=points, rules=rules)
    assert len(composite.mattes) == 2
    mirrored = natocc.occlude(image, face, source, rng=3, landmarks=points, rules={"finish": {"flip": 1}})
    assert (mirrored.amodal == face[:, ::-1]).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image": np.zeros((SIZE, SIZE), np.uint8)}, r"image: expected \(96, 96, 3\) uint8 like its mask, found \(96, 96\)"),
        ({"image": np.zeros((SIZE, SIZE, 3), np.float32)}, "image: .*found .* float32"),
        ({"image": [1, 2]}, "image: .*found list"),
        (
            {"face_mask": np.full((SIZE, SIZE), 255, np.uint8)},
            r"face_mask: .* the values 255; pass mask > 0",
        ),
        ({"face_mask": np.eye(SIZE, dtype=np.uint8) * 255}, r"face_mask: .* the values 0, 255; pass mask > 0"),
        ({"face_mask": np.eye(SIZE, dtype=np.uint8) * 7}, r"face_mask: .* the values 0, 7; pass mask > 0"),
        (
            {"face_mask": np.arange(SIZE * SIZE).reshape(SIZE, SIZE) % 3},
            r"found the values 0, 1, 2; of a label map pass \(labels == 1\)",
        ),
        ({"face_mask": np.eye(SIZE, dtype=np.uint8) * 250 + 5}, r"the values 5, 255; of a soft mask pass mask >= 128"),
        ({"face_mask": np.eye(SIZE) * 0.4 + 0.3}, r"of a soft mask pass mask >= 0.5"),
        ({"face_mask": np.zeros((SIZE, SIZE, 1), np.uint8)}, "face_mask: .*found shape"),
        ({"occluder": np.zeros((5, 5, 3), np.uint8)}, r"occluder: expected a Cutout.*found \(5, 5, 3\)"),
        ({"occluder": "coco"}, "occluder: .*found str"),
        ({"occluder": (np.zeros((5, 5, 3), np.uint8), np.full((5, 5), 7.0))}, "matte: .*found float64"),
        ({"occluder": (np.zeros((5, 4, 3), np.uint8), np.zeros((5, 5), np.uint8))}, r"occluder: expected \(5, 5, 3\)"),
        ({"rules": {"colour": {"transfer": "sott"}}}, r"rules: colour.transfer: 'sott' is not one of .*did you mean 'sot'"),
        ({"rules": {"colours": {}}}, r"rules: unknown key 'colours' \(did you mean 'colour'\?\)"),
        ({"landmarks": np.zeros((3, 2))}, r"landmarks_xy must be \(68, 2\) or \(5, 2\)"),
    ],
)
def test_what_is_no_face_or_occluder_is_told(change: dict[str, object], message: str) -> None:
    image, face = _photograph()
    given = {"image": image, "face_mask": face, "occluder": _disc(), "rng": 0} | change
    with pytest.raises(ValueError, match=message) as caught:
        natocc.occlude(**given)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_data_that_cannot_serve_is_a_reason() -> None:
    image, face = _photograph()
    with pytest.raises(natocc.BadDataError) as caught:
        natocc.occlude(image, np.zeros_like(face), _disc(), rng=0)
    assert caught.value.reason is Reason.EMPTY_MASK
    with pytest.raises(natocc.BadDataError) as caught:
        natocc.occlude(image, face, np.zeros((9, 9, 4), np.uint8), rng=0)
    assert caught.value.reason is Reason.EMPTY_MASK
    with pytest.raises(natocc.BadDataError) as caught:
        natocc.occlude(image, face, _disc(), rng=0, rules={"placement": {"occlusion": [0.999, 1], "attempts": 2}})
    assert caught.value.reason is Reason.NO_PLACEMENT


def test_a_thing_is_held_as_in_a_recipe() -> None:
    """A cutout with a category, a face with landmarks; of another category nobody knows how it is held."""
    matte = np.zeros((200, 60, 4), np.uint8)
    matte[5:60, 10:50], matte[60:195, 24:36] = 255, 255
    rows, columns = np.mgrid[:200, :200]
    face = (rows - 90) ** 2 / 80**2 + (columns - 100) ** 2 / 65**2 < 1
    rules = {"placement": {"hold": "mouth"}}
    image, fork = np.full((200, 200, 3), 150, np.uint8), natocc.as_cutout(matte, category="fork")
    composite = natocc.occlude(image, face, fork, rng=1, rules=rules)
    top = int(np.nonzero(composite.mattes[0] >= 128)[0].min())
    assert 115 < top < 150
    with pytest.raises(natocc.BadDataError, match="no size known"):
        natocc.occlude(image, face, natocc.as_cutout(matte), rng=1, rules=rules)


def test_hair_and_veils_have_what_is_usual_for_them() -> None:
    """As in a recipe, where nothing else is said; what is said counts."""
    (found,) = natocc.find_faces(package_folder("skimage") / "data" / "astronaut.png")
    aligned = natocc.align(found, size=256)
    image, face, points = aligned.image, aligned.face_mask, aligned.landmarks_xy
    for name in ("hair", "veils"):
        source = natocc.open_occluders(name)
        method = {"name": "s", "method": "natocc", "occluders": {"source": name}}
        in_a_recipe = natocc.load_recipe("demo", [f"sets=[{json.dumps(method)}]"]).sets[0]
        usual = natocc.ComposeRules.model_validate({key: getattr(in_a_recipe, key) for key in natocc.ComposeRules.model_fields})
        plain = natocc.occlude(image, face, source, landmarks=points, rng=3)
        assert (plain.image == natocc.occlude(image, face, source, landmarks=points, rng=3, rules=usual).image).all()
        assert as_rules({"optics": {"grain": [0, 0]}}, source).optics.edge is False
        assert as_rules({"optics": {"edge": True}}, source).optics.edge is True
        assert as_rules({"optics": {"edge": True}}, Cutouts([])).with_usual({}).optics.edge is True
    assert natocc.occlude(image, face, natocc.open_occluders("hair", kinds={"strand": 1}), landmarks=points, rng=1).mattes
