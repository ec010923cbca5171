"""Pictures and masks find each other by their names, as data sets really name them."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from natocc.io.pairs import masks_beside, pair_masks

STEMS = ("f0", "f1", "f10", "sub/f2")


@pytest.mark.parametrize(
    "mask",
    ["{}_mask.png", "{}-label.png", "{}.jpg.png", "{}_gt.bmp", "{} (mask).png", "{}.mask.png", "{}_seg0.png", "{}.jpg_mask.png"],
)
@pytest.mark.parametrize("extra", [(), ("lone",)])
def test_what_all_masks_have_after_the_picture_is_found(mask: str, extra: tuple[str, ...]) -> None:
    pictures = [f"{stem}.jpg" for stem in (*STEMS, *extra)]
    masks = [mask.format(stem) for stem in STEMS]
    assert pair_masks(pictures, masks) == dict(zip(pictures, masks, strict=False))


@pytest.mark.parametrize(
    ("picture", "mask"),
    [
        ("{}.jpg", "mask_{}.png"), ("img_{}.jpg", "mask_{}.png"), ("{}_image.png", "{}_mask.png"), ("image{}.jpg", "mask{}.png"),
        ("a_{}_leftImg8bit.png", "a_{}_gtFine_labelIds.png"), ("{}.rgb.png", "{}.seg.png"),
    ],
)  # fmt: skip
def test_what_is_different_in_all_names_is_found(picture: str, mask: str) -> None:
    numbers = ("1", "2", "10", "011")
    pictures, masks = [picture.format(number) for number in numbers], [mask.format(number) for number in numbers]
    assert pair_masks(pictures, masks) == dict(zip(pictures, masks, strict=True))


def test_what_a_system_changes_in_names_does_not_part_them() -> None:
    composed, decomposed = (unicodedata.normalize(form, "é") for form in ("NFC", "NFD"))
    assert pair_masks([f"{composed}.jpg", "B.jpg"], [f"{decomposed}.png", "b.png"]) == {
        f"{composed}.jpg": f"{decomposed}.png",
        "B.jpg": "b.png",
    }
    assert pair_masks(["0.jpg", "12.jpg"], ["00000.png", "00012.png"]) == {"0.jpg": "00000.png", "12.jpg": "00012.png"}
    # Where both forms are there, each keeps its own, and none takes another's.
    assert pair_masks(["B.jpg", "b.jpg"], ["b.png"]) == {"b.jpg": "b.png"}


@pytest.mark.parametrize(
    ("pictures", "masks"),
    [
        (["1.jpg", "2.jpg"], ["1_hair.png", "1_skin.png", "2_skin.png"]),  # several masks of a picture: which one?
        (["f1.jpg", "f2.jpg"], ["f10.png", "f20.png"]),  # other numbers, not a suffix
        (["ann.jpg", "bob.jpg"], ["anna.png", "boba.png"]),
        (["a.jpg", "b.jpg"], ["c.png", "d.png"]),
        (["a.jpg"], []),
    ],
)
def test_what_only_looks_alike_is_no_pair(pictures: list[str], masks: list[str]) -> None:
    assert pair_masks(pictures, masks) == {}


@pytest.mark.parametrize("suffix", ["_x", "_x.png"])
def test_a_suffix_that_is_given_is_not_searched(suffix: str) -> None:
    masks = ["a_x.png", "a_y.png", "b_x.png", "b.png"]
    assert pair_masks(["a.jpg", "b.jpg"], masks, suffix) == {"a.jpg": "a_x.png", "b.jpg": "b_x.png"}
    assert pair_masks(["a.jpg"], ["a.jpg.png"], ".jpg") == {"a.jpg": "a.jpg.png"}


@given(st.lists(st.text("ab01_-. /é", min_size=1, max_size=5), unique=True, max_size=6), st.text("_mx.-", max_size=3))
def test_no_two_pictures_share_a_mask(stems: list[str], ending: str) -> None:
    pairs = pair_masks([f"{stem}.jpg" for stem in stems], [f"{stem}{ending}.png" for stem in stems])
    assert len(set(pairs.values())) == len(pairs)
    assert set(pairs) <= {f"{stem}.jpg" for stem in stems}


@pytest.mark.parametrize(
    ("names", "masks"),
    [
        (["a.jpg", "a.png", "b.jpg", "b.png"], ["a.png", "b.png"]),
        (["a.jpeg", "a.bmp", "b.webp"], ["a.bmp"]),
        (["a.jpg", "a.jpg.png"], ["a.jpg.png"]),
        (["a.png", "a_mask.png", "b.png"], ["a_mask.png"]),
        (["a.png", "a-label.png", "b.png", "b-label.png"], ["a-label.png", "b-label.png"]),
        (["a.jpg", "b.jpg"], []),
        (["a.png", "a.bmp"], []),  # which is which?
    ],
)
@pytest.mark.parametrize("certain", [True, False])
def test_masks_beside_their_pictures(names: list[str], masks: list[str], certain: bool) -> None:
    assert sorted(masks_beside(names, certain=certain)) == masks


def test_a_second_photograph_is_no_mask_unless_masks_are_there() -> None:
    names = ["a.jpg", "a_2.jpg", "b.jpg", "b_2.jpg"]
    assert masks_beside(names, certain=False) == set()
    assert masks_beside(names, "_2") == masks_beside(names) == {"a_2.jpg", "b_2.jpg"}
