"""What a person would find wrong with a cutout lowers its quality; poor ones are refused, and can be seen."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from natocc.core.errors import Reason
from natocc.core.samples import Origin
from natocc.io.images import encode_png
from natocc.occluders.coco.source import CocoOccluders
from natocc.occluders.cutting.cutouts import CutoutRules, cut_out
from natocc.occluders.cutting.judging import JudgedCutout, PoorCutoutError, judged
from natocc.occluders.cutting.quality import measure_quality
from natocc.occluders.library.best_refused import MOST, best_refused

SIDE = 200
ROWS, COLUMNS = np.mgrid[:SIDE, :SIDE]
DISC = ((ROWS - 100) ** 2 + (COLUMNS - 100) ** 2 < 60**2).astype(np.uint8)
BEFORE = ((ROWS - 100) ** 2 + (COLUMNS - 150) ** 2 < 36**2).astype(np.uint8)  # takes a bite out of the disc
LEGS = DISC * (1 - ((COLUMNS // 12) % 2) * (ROWS > 80)).astype(np.uint8)


def _photo(
    mask: np.ndarray, own: tuple[int, int, int] = (190, 60, 50), around: tuple[int, int, int] = (70, 110, 90)
) -> np.ndarray:
    """An object with stripes on a plain background."""
    stripes = (20 * ((ROWS // 6) % 2))[..., None]
    return np.where(mask[..., None] > 0, np.array(own) - stripes, np.array(around)).clip(0, 255).astype(np.uint8)


def _grainy(photo: np.ndarray) -> np.ndarray:
    """The same with grain at its left, where no object is: somebody's photograph, of which the rest is out of focus."""
    grain = np.random.default_rng(1).normal(0, 6, (SIDE, 20, 3))
    photo = photo.astype(np.float64)
    photo[:, :20] += grain
    return photo.round().clip(0, 255).astype(np.uint8)


def test_what_is_whole_and_plain_to_see_is_flawless() -> None:
    assert measure_quality(_photo(DISC), DISC).score > 0.95
    assert measure_quality(_photo(LEGS), LEGS).whole > 0.8, "several dents that show the background are legs, no bites"


def test_a_bite_is_seen_by_its_colours_or_by_the_object_that_takes_it() -> None:
    bitten = DISC & (1 - BEFORE)
    photo = _photo(bitten)
    assert measure_quality(photo, bitten).whole > 0.8, "the background shows in the dent: the object has that shape"
    assert measure_quality(photo, bitten, BEFORE).whole < 0.5
    coloured = np.where(BEFORE[..., None] > 0, [30, 60, 200], photo).astype(np.uint8)
    assert measure_quality(coloured, bitten).whole < 0.5


def test_the_larger_a_bite_the_worse() -> None:
    wholes = []
    for radius in (10, 20, 30, 40):
        before = cv2.circle(np.zeros_like(DISC), (160, 100), radius, 1, -1)
        bitten = DISC & (1 - before)
        wholes.append(measure_quality(_photo(bitten), bitten, before).whole)
    assert wholes == sorted(wholes, reverse=True)
    assert wholes[0] > wholes[-1]


def test_scraps_of_a_plain_background_are_seen() -> None:
    photo = _photo(DISC)
    scrap = (np.abs(ROWS - 100) < 12) & (COLUMNS > 135)
    photo[scrap] = (78, 116, 97)
    quality = measure_quality(photo, DISC)
    assert quality.own < 0.5
    assert quality.flaw == "background in it"


@pytest.mark.parametrize(
    ("photo", "part"),
    [
        (_photo(DISC, own=(76, 112, 92)), "distinct"),
        (_photo(DISC, own=(300, 300, 300)), "lit"),
        (_grainy(cv2.GaussianBlur(_photo(DISC), (0, 0), 14)), "detailed"),
    ],
)
def test_each_flaw_lowers_its_part(photo: np.ndarray, part: str) -> None:
    assert getattr(measure_quality(photo, DISC), part) < 0.5


def test_a_drawn_picture_without_any_grain_has_lost_no_detail() -> None:
    drawn = cv2.GaussianBlur(_photo(DISC), (0, 0), 14)
    assert measure_quality(drawn, DISC).detailed == 1
    assert measure_quality(_grainy(drawn), DISC).detailed < 0.5


def test_a_splattered_mask_is_seen() -> None:
    splattered = DISC * (((ROWS % 16) > 3) | ((COLUMNS % 16) > 3)).astype(np.uint8)
    assert measure_quality(_photo(DISC), splattered).tidy == 0
    assert measure_quality(_photo(DISC), DISC).tidy == 1


@pytest.mark.parametrize("mask", [np.pad(np.ones((1, 1), np.uint8), 9), np.ones((30, 30), np.uint8), np.eye(900, dtype=np.uint8)])
def test_any_mask_has_a_quality(mask: np.ndarray) -> None:
    assert 0 <= measure_quality(np.zeros((*mask.shape, 3), np.uint8), mask, 1 - mask).score <= 1


def test_nothing_is_measured_without_a_limit() -> None:
    cutout = cut_out(_photo(DISC), DISC, "cup", Origin("d", "1", "0" * 64))
    assert judged(cutout, _photo(DISC), DISC, 0, lambda: pytest.fail("asked for")) is cutout
    kept = judged(cutout, _photo(DISC), DISC, 0.5)
    assert isinstance(kept, JudgedCutout)
    assert kept.matte is cutout.matte
    refused = judged(cutout, np.full_like(_photo(DISC), 90), DISC, 0.5)
    assert isinstance(refused, PoorCutoutError)
    assert refused.reason == Reason.POORLY_CUT
    assert refused.detail.startswith("1: ")


def _polygon(mask: np.ndarray) -> list[list[float]]:
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return [outline.ravel().astype(float).tolist() for outline in outlines]


def _coco(root: Path, pictures: int = 1, others: bool = True) -> None:
    """Photographs of a cup each, before some of which a hand is: of a category that nobody wants."""
    bitten = DISC & (1 - BEFORE)
    content: dict[str, list[dict[str, object]]] = {
        "images": [],
        "annotations": [],
        "categories": [{"id": 1, "name": "cup"}, {"id": 2, "name": "person"}],
    }
    (root / "coco" / "annotations").mkdir(parents=True)
    (root / "coco" / "v").mkdir()
    for number in range(pictures):
        shape = DISC if number == 0 else bitten
        (root / "coco" / "v" / f"{number}.png").write_bytes(encode_png(_photo(shape, own=(190, 60, number))))
        content["images"].append({"id": number, "file_name": f"{number}.png", "height": SIDE, "width": SIDE})
        cup = {"id": 10 * number, "image_id": number, "category_id": 1, "iscrowd": 0, "segmentation": _polygon(shape)}
        hand = {"id": 10 * number + 1, "image_id": number, "category_id": 2, "iscrowd": 0, "segmentation": _polygon(BEFORE)}
        table = {**hand, "id": 10 * number + 2, "segmentation": [[0, 0, SIDE, 0, SIDE, SIDE, 0, SIDE]]}
        content["annotations"] += [cup, table, *([hand] if others and number else [])]
    (root / "coco" / "annotations" / "instances_v.json").write_text(json.dumps(content))


def test_objects_of_other_categories_take_bites_and_what_holds_the_object_does_not(tmp_path: Path) -> None:
    _coco(tmp_path, pictures=2)
    library = CocoOccluders().open(tmp_path, tmp_path / "cache")
    assert list(library.items()) == ["instances_v/0"]
    assert library.refused == {Reason.POORLY_CUT: 1}
    assert "bitten into" in library.examples[Reason.POORLY_CUT]
    (poor,) = best_refused(library.path)
    assert (poor.category, poor.flaw) == ("cup", "bitten into")
    assert poor.score < 0.5 < library.worst(5)[0][1]
    everything = CocoOccluders(rules=CutoutRules(min_quality=0)).open(tmp_path, tmp_path / "cache")
    assert len(everything) == 2
    assert everything.worst(5) == []
    assert best_refused(everything.path) == []


def test_only_the_best_refused_are_kept(tmp_path: Path) -> None:
    _coco(tmp_path, pictures=MOST + 3)
    library = CocoOccluders().open(tmp_path, tmp_path / "cache")
    found = best_refused(library.path)
    assert len(found) == MOST < library.refused[Reason.POORLY_CUT]
    assert [poor.score for poor in found] == sorted((poor.score for poor in found), reverse=True)
    assert len(list(library.path.glob("refused/*.png"))) == MOST


def test_broken_annotations_beside_an_object_take_no_bites(tmp_path: Path) -> None:
    _coco(tmp_path)
    path = tmp_path / "coco" / "annotations" / "instances_v.json"
    content = json.loads(path.read_text())
    for number, broken in enumerate((None, [], [[1, 2]], "x", {"size": [1, 1], "counts": [9]})):
        content["annotations"].append({"id": 90 + number, "image_id": 0, "category_id": 2, "iscrowd": 0, "segmentation": broken})
    path.write_text(json.dumps(content))
    assert len(CocoOccluders().open(tmp_path, tmp_path / "cache")) == 1
