"""Hands with masks, without, and several in a picture."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from natocc.core.errors import BadDataError, Reason, UsageError
from natocc.core.samples import Image, Mask
from natocc.io.images import decode_rgb, encode_jpeg, encode_png, read_mask, read_rgb
from natocc.occluders.hands.plain_background import plain_background_mask
from natocc.occluders.hands.pointing import finger_direction
from natocc.occluders.hands.source import HandsOccluders


def _overlap(one: Mask, other: Mask) -> float:
    return float(np.count_nonzero(one & other) / np.count_nonzero(one | other))


def _photographed(hand: Image, mask: Mask, ground: tuple[int, int, int]) -> tuple[Image, Mask]:
    """A hand on a lit ground that darkens to one side, with a soft shadow, noise and JPEG; the wrist at the lower border."""
    hand, mask = (cv2.copyMakeBorder(each, 40, 0, 40, 40, cv2.BORDER_CONSTANT) for each in (hand, mask))
    mask = np.asarray(cv2.erode(mask, np.ones((3, 3), np.uint8)), dtype=np.uint8)
    shadow = 0.35 * cv2.GaussianBlur(np.roll(mask, (14, 10), (0, 1)).astype(np.float32), (0, 0), 9)
    light = np.linspace(1, 0.9, mask.shape[1])[None] * (1 - shadow)
    cover = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 0.8)[..., None]
    noise = np.random.Generator(np.random.PCG64(1)).normal(0, 2.5, hand.shape)
    picture = hand * cover + np.array(ground) * light[..., None] * (1 - cover) + noise
    return decode_rgb(encode_jpeg(np.clip(picture, 0, 255).astype(np.uint8), 85), "made"), mask


@pytest.mark.parametrize("ground", [(240, 238, 232), (128, 130, 126), (60, 90, 170), (40, 120, 60)])
def test_hands_before_a_plain_ground(real_data: Path, ground: tuple[int, int, int]) -> None:
    overlaps = []
    for path in sorted((real_data / "hands" / "images").iterdir())[::24]:
        mask = read_mask(next((real_data / "hands" / "masks").glob(f"{path.stem}.*")))
        picture, expected = _photographed(read_rgb(path)[0], mask, ground)
        overlaps.append(_overlap(plain_background_mask(picture), expected))
    assert np.mean(overlaps) > 0.92
    assert min(overlaps) > 0.85


def test_gaps_between_fingers_are_kept() -> None:
    picture = np.full((200, 200, 3), 235, np.uint8)
    cv2.circle(picture, (100, 100), 60, (190, 140, 120), -1)
    cv2.circle(picture, (100, 100), 15, (235, 235, 235), -1)
    mask = plain_background_mask(picture)
    assert mask[100, 60] == 1
    assert mask[100, 100] == mask[20, 20] == 0


def test_a_ground_that_is_not_plain_is_refused() -> None:
    stripes = np.kron(np.indices((10, 10)).sum(axis=0) % 2, np.ones((20, 20)))[..., None] * np.array([200, 90, 20])
    for picture, reason in ((stripes, Reason.BACKGROUND_NOT_PLAIN), (np.full((90, 90, 3), 200), Reason.EMPTY_MASK)):
        with pytest.raises(BadDataError) as caught:
            plain_background_mask(picture.astype(np.uint8))
        assert caught.value.reason == reason


def test_hands_without_masks_are_found(real_data: Path, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    for path in sorted((real_data / "hands" / "images").iterdir())[:3]:
        (tmp_path / "photos" / path.name).write_bytes(path.read_bytes())
    with pytest.raises(UsageError, match="masks: background"):
        HandsOccluders(root="photos").open(tmp_path, tmp_path / "cache")
    library = HandsOccluders(root="photos", masks="background").open(tmp_path, tmp_path / "cache")
    assert library.categories == {"hand": 3}


def test_every_hand_of_a_scene(tmp_path: Path) -> None:
    root = tmp_path / "hands"
    for folder in ("images", "masks"):
        (root / folder).mkdir(parents=True)
    mask = np.zeros((200, 400), np.uint8)
    mask[60:160, 250:340] = mask[50:150, 30:110] = 1
    mask[5, 200] = 1  # a speck is no hand
    (root / "images" / "a.jpg").write_bytes(encode_jpeg(np.repeat((120 * mask + 60)[..., None], 3, axis=2).astype(np.uint8), 95))
    (root / "masks" / "a.png").write_bytes(encode_png(mask))
    (root / "images" / "b.jpg").write_bytes(encode_jpeg(np.zeros((50, 50, 3), np.uint8), 95))
    (root / "masks" / "b.png").write_bytes(encode_png(mask))
    library = HandsOccluders(pieces="each").open(tmp_path, tmp_path / "cache")
    assert list(library.items()) == ["a.jpg#1", "a.jpg#2"]
    assert library.refused == {Reason.SIZE_MISMATCH: 1}
    widths = [library.cutout({"id": item}).matte.shape[1] for item in library.items()]
    assert widths[0] < widths[1]
    with pytest.raises(UsageError, match="1 in-pieces"):
        HandsOccluders().open(tmp_path, tmp_path / "cache")


def test_real_scenes(real_data: Path, tmp_path: Path) -> None:
    library = HandsOccluders(root="egohands", pieces="each").open(real_data, tmp_path, 2)
    assert len(library) >= 8


def test_closed_hands_stand_upright_too(real_data: Path) -> None:
    """An "O" is broader at its fingers than at its wrist."""
    masks = [path for letter in "0oc" for path in sorted((real_data / "hands" / "masks").glob(f"hand?_{letter}_*"))]
    assert len(masks) > 15
    assert all(finger_direction(read_mask(path))[1] < 0 for path in masks)


def test_f7_a_mask_of_half_the_size_serves(tmp_path: Path) -> None:
    for folder in ("images", "masks"):
        (tmp_path / "hands" / folder).mkdir(parents=True)
    mask = np.zeros((100, 120), np.uint8)
    mask[20:80, 30:90] = 1
    image = np.where(np.kron(mask, np.ones((2, 2), np.uint8))[..., None] > 0, [200, 140, 110], 90).astype(np.uint8)
    (tmp_path / "hands" / "images" / "a.png").write_bytes(encode_png(image))
    (tmp_path / "hands" / "masks" / "a.png").write_bytes(encode_png(mask))
    library = HandsOccluders().open(tmp_path, tmp_path / "cache")
    matte = library.cutout({"id": "a.png"}).matte
    assert np.count_nonzero(matte >= 128) == pytest.approx(4 * np.count_nonzero(mask), rel=0.1)
