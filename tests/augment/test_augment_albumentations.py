"""``natocc.albumentations.Occlude`` in albumentations itself."""

from __future__ import annotations

import os
import pickle
from typing import Any

import numpy as np
import pytest
from needed import need

import natocc

os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"  # it would look for a newer version
A = pytest.importorskip("albumentations", reason="make test-oldest has albumentations")

from natocc.albumentations import Occlude  # noqa: E402  # needs it

SIZE = 72
RED = np.full((30, 30, 4), (250, 10, 10, 255), np.uint8)
IMAGE = np.random.Generator(np.random.PCG64(0)).integers(90, 160, (SIZE, SIZE, 3), dtype=np.uint8)
LABELS = np.zeros((SIZE, SIZE), np.uint8)
LABELS[10:60, 16:56] = 1


def test_the_seed_of_the_compose_decides() -> None:
    def made(seed: int) -> list[bytes]:
        compose = A.Compose([A.HorizontalFlip(p=0.5), Occlude(RED, p=0.7)], seed=seed)
        return [compose(image=IMAGE, mask=LABELS)["image"].tobytes() for _ in range(20)]

    assert made(1) == made(1)
    assert made(1) != made(2)
    changed = len({*made(1)} - {IMAGE.tobytes(), IMAGE[:, ::-1].tobytes()})
    assert 8 < changed < 20


def test_the_mask_is_what_the_picture_shows() -> None:
    done = A.Compose([Occlude(RED, p=1)], seed=1)(image=IMAGE, mask=LABELS)
    unchanged = (done["image"] == IMAGE).all(axis=2)
    assert done["mask"].dtype == LABELS.dtype
    assert (done["mask"] < LABELS).any()
    assert (done["mask"][unchanged] == LABELS[unchanged]).all()
    with_channel = A.Compose([Occlude(RED, p=1)], seed=1)(image=IMAGE, mask=LABELS[..., None])
    assert (with_channel["mask"] == done["mask"][..., None]).all()
    assert (with_channel["image"] == done["image"]).all()


def test_what_else_is_given() -> None:
    """Other masks are relabelled, boxes and points stay, and so does a clean picture."""
    compose = A.Compose(
        [Occlude(RED, p=1, occluded=9)],
        seed=1,
        bbox_params=A.BboxParams("pascal_voc", label_fields=["names"]),
        keypoint_params=A.KeypointParams("xy"),
        additional_targets={"clean": "image", "parts": "mask"},
    )
    boxes, points = [[16, 10, 56, 60]], [[20.0, 20.0], [40.0, 50.0]]
    more = {"clean": IMAGE, "parts": LABELS * 3, "masks": [LABELS * 5]}
    done = compose(image=IMAGE, mask=LABELS, bboxes=boxes, names=["face"], keypoints=points, **more)
    assert (done["clean"] == IMAGE).all()
    assert (done["image"] != IMAGE).any()
    for name, factor in (("mask", 1), ("parts", 3)):
        assert set(np.unique(done[name])) == {0, factor, 9}
        assert ((done[name] == 9) == (done["mask"] == 9)).all()
    assert ((done["masks"][0] == 9) == (done["mask"] == 9)).all()
    assert np.allclose(done["bboxes"], boxes, atol=1e-3)
    assert np.allclose(done["keypoints"], points)


def test_keypoints_are_landmarks() -> None:
    """What is drawn for a face needs them."""
    size = 256
    image, labels, points = _portrait(size)
    veil = Occlude(natocc.open_occluders("veils", kinds={"veil": 1}), p=1, landmarks=True)
    keep = A.KeypointParams("xy", remove_invisible=False)
    done = A.Compose([veil], seed=1, keypoint_params=keep)(image=image, mask=labels, keypoints=points)
    assert (done["image"] != image).mean() > 0.02
    without = A.Compose([Occlude(natocc.open_occluders("veils"), p=1)], seed=1)(image=image, mask=labels)
    assert (without["image"] == image).all()
    with pytest.raises(ValueError, match="expected 68 or 5 keypoints, found 3"):
        A.Compose([veil], keypoint_params=keep)(image=image, mask=labels, keypoints=points[:3])


def test_in_other_compositions_and_processes() -> None:
    one_of = A.Compose([A.OneOf([Occlude(RED), A.Blur(p=1)], p=1), A.RandomCrop(48, 48)], seed=3)
    copy = pickle.loads(pickle.dumps(one_of))
    for _ in range(5):
        done, again = one_of(image=IMAGE, mask=LABELS), copy(image=IMAGE, mask=LABELS)
        assert (done["image"] == again["image"]).all()
        assert done["mask"].shape == (48, 48)
    assert "Occlude" in repr(one_of)
    assert len(repr(Occlude(RED))) < 200


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"image": IMAGE}, "mask"),
        ({"image": IMAGE, "mask": LABELS * 255}, "pass mask > 0"),
        ({"image": IMAGE.astype(np.float32) / 255, "mask": LABELS}, "image: expected .* uint8"),
        ({"image": IMAGE, "mask": np.dstack([LABELS] * 3)}, "mask: expected"),
    ],
)
def test_what_is_missing_or_wrong_is_told(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        A.Compose([Occlude(RED, p=1)])(**given)


def test_a_picture_that_cannot_be_covered_comes_back() -> None:
    done = A.Compose([Occlude(RED, p=1)])(image=IMAGE, mask=LABELS * 0)
    assert (done["image"] == IMAGE).all()
    assert not done["mask"].any()


def test_the_other_transform_says_where_this_one_is() -> None:
    with pytest.raises(TypeError, match=r"natocc\.albumentations\.Occlude"):
        A.Compose([natocc.Occlude(RED)])


def _portrait(size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A face that natocc finds on a photograph of scikit-image's."""
    from natocc.io.paths import package_folder

    (found,) = natocc.find_faces(package_folder("skimage") / "data" / "astronaut.png")
    face = natocc.align(found, size=size)
    assert face.landmarks_xy is not None
    return face.image, face.face_mask, face.landmarks_xy


class _Covered:
    def __init__(self) -> None:
        self.compose = A.Compose([Occlude(RED, p=1)], seed=1)

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> bytes:
        del index
        image: np.ndarray = self.compose(image=IMAGE, mask=LABELS)["image"]
        return image.tobytes()


@pytest.mark.slow
def test_no_two_workers_and_no_two_epochs_lay_the_same() -> None:
    """Each has a copy of the Compose and of its generator."""
    need("torch")
    import torch

    def epochs() -> list[bytes]:
        generator = torch.Generator().manual_seed(0)
        loader = torch.utils.data.DataLoader(_Covered(), batch_size=None, num_workers=2, generator=generator)
        return [*loader, *loader]

    made = epochs()
    assert len(set(made)) == 8
    assert made == epochs()
