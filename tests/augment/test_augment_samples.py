"""``natocc.Occlude`` on samples as data sets give them: nested, of Pillow's pictures, of torchvision's tensors."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np
import pytest
from needed import need_torchvision
from PIL import Image

import natocc

SIZE = 72
RED = np.full((30, 30, 4), (250, 10, 10, 255), np.uint8)
IMAGE = np.full((SIZE, SIZE, 3), (120, 140, 150), np.uint8)
LABELS = np.zeros((SIZE, SIZE), np.uint8)
LABELS[10:60, 16:56] = 1
OCCLUDE = natocc.Occlude(RED, p=1, seed=1)
COVERED, AFTER = OCCLUDE(IMAGE, LABELS, rng=4)
Pair = namedtuple("Pair", "picture labels")


@pytest.mark.parametrize(
    ("sample", "picture", "labels"),
    [
        ({"image": IMAGE, "mask": LABELS, "name": "a"}, ("image",), ("mask",)),
        ({"label": LABELS, "pixels": IMAGE}, ("pixels",), ("label",)),
        ({"clean": IMAGE, "parts": LABELS * 0, "image": IMAGE, "mask": LABELS}, ("image",), ("mask",)),
        ((IMAGE, {"masks": LABELS, "boxes": [[1, 2, 3, 4]], "id": 7}), (0,), (1, "masks")),
        ([IMAGE, [LABELS, IMAGE]], (0,), (1, 0)),
        ((IMAGE, 3, LABELS), (0,), (2,)),
        ((Pair(IMAGE, LABELS), "a"), (0, 0), (0, 1)),
    ],
)
def test_a_sample_comes_back_in_its_form(sample: Any, picture: tuple[Any, ...], labels: tuple[Any, ...]) -> None:
    done = OCCLUDE(sample, rng=4)
    for path, value, before in ((picture, COVERED, IMAGE), (labels, AFTER, LABELS)):
        part, was = done, sample
        for key in path:
            assert type(part) is type(was)
            part, was = part[key], was[key]
        assert (part == value).all()
        assert was is before
    for (path, part), (_, was) in zip(_leaves(done), _leaves(sample), strict=True):
        assert (part is was) == (path not in (picture, labels))


def test_landmarks_of_a_sample_serve() -> None:
    points = (np.arange(136).reshape(68, 2) % 13 + 30).tolist()
    rules = {"placement": {"anchors": {"mouth": 1}}}
    aimed = natocc.Occlude(RED, p=1, rules=rules)
    done = aimed({"image": IMAGE, "mask": LABELS, "landmarks": points}, rng=4)
    assert done["landmarks"] is points
    assert (done["image"] == aimed(IMAGE, LABELS, landmarks=points, rng=4)[0]).all()
    assert (done["image"] != aimed(IMAGE, LABELS, rng=4)[0]).any()


@pytest.mark.parametrize("mode", ["L", "P", "I", "1", "I;16"])
def test_pillows_pictures(mode: str) -> None:
    mask = Image.fromarray(LABELS if mode != "1" else LABELS > 0)
    mask = mask if mode in ("L", "1") else Image.fromarray(LABELS.astype({"P": "u1", "I": "i4", "I;16": "u2"}[mode]))
    if mode == "P":
        mask = mask.convert("P")
        mask.putpalette([0, 0, 0, 200, 0, 0])
    assert mask.mode == mode
    image, after = OCCLUDE(Image.fromarray(IMAGE), mask, rng=4)
    assert (image.mode, after.mode) == ("RGB", mode)
    assert (np.asarray(image) == COVERED).all()
    assert (np.asarray(after) == AFTER).all()
    assert after.getpalette() == mask.getpalette()
    assert OCCLUDE({"image": Image.fromarray(IMAGE), "label": mask}, rng=4)["label"].tobytes() == after.tobytes()


def test_what_is_no_sample_is_told() -> None:
    with pytest.raises(ValueError, match=r'image: expected a picture of mode RGB, found L; pass image.convert\("RGB"\)'):
        OCCLUDE(image=Image.fromarray(LABELS), mask=LABELS)
    with pytest.raises(ValueError, match=r"mask: expected a picture of one number a pixel .*, found mode RGB"):
        OCCLUDE(image=Image.fromarray(IMAGE), mask=Image.fromarray(IMAGE))
    with pytest.raises(TypeError, match=r"found a.0: int, a.1: ndarray \(72, 72\)"):
        OCCLUDE({"a": [1, LABELS]})
    with pytest.raises(TypeError, match=r"expected a mask of 72 x 72 px .* labels: ndarray \(36, 72\)"):
        OCCLUDE({"pixels": IMAGE, "labels": LABELS[::2]})
    with pytest.raises(ValueError, match=r"mask: expected \(H, W\) like its image, found shape \(36, 72\); image \(72, 72, 3\)"):
        OCCLUDE(IMAGE, LABELS[::2])


def test_in_a_compose_of_torchvision() -> None:
    v2, tv = _torchvision()
    import torch

    picture, mask = tv.Image(torch.from_numpy(IMAGE).permute(2, 0, 1)), tv.Mask(torch.from_numpy(LABELS))
    boxes = tv.BoundingBoxes(torch.tensor([[16, 10, 56, 60]]), format="XYXY", canvas_size=(SIZE, SIZE))
    alone = natocc.Occlude(RED, p=1, seed=1)
    covered, after = alone(picture, mask)
    assert (type(covered), type(after)) == (tv.Image, tv.Mask)
    for sample in ({"labels": mask, "pixels": picture}, (picture, {"masks": mask, "boxes": boxes}), (picture, boxes, mask)):
        compose = v2.Compose([natocc.Occlude(RED, p=1, seed=1), v2.RandomHorizontalFlip(p=1)])
        done = compose(sample)
        leaves = [part for _, part in _leaves(done)]
        assert (next(part for part in leaves if isinstance(part, tv.Image)) == covered.flip(-1)).all()
        assert (next(part for part in leaves if isinstance(part, tv.Mask)) == after.flip(-1)).all()
    assert (v2.Compose([natocc.Occlude(RED, p=1, seed=1)])(picture, mask)[0] == covered).all()


def test_masks_of_several_things() -> None:
    """As torchvision's detection data have them: a plane a thing."""
    _, tv = _torchvision()
    import torch

    two = np.stack([LABELS * (np.arange(SIZE) < 36), LABELS * (np.arange(SIZE) >= 36)])
    picture = tv.Image(torch.from_numpy(IMAGE).permute(2, 0, 1))
    image, target = OCCLUDE(picture, {"masks": tv.Mask(torch.from_numpy(two))}, rng=4)
    assert (image.numpy().transpose(1, 2, 0) == COVERED).all()
    assert (target["masks"].numpy() == two * AFTER).all()
    none = OCCLUDE(picture, {"masks": tv.Mask(torch.zeros((0, SIZE, SIZE)))}, rng=4)
    assert (none[0] == picture).all()


def _torchvision() -> tuple[Any, Any]:
    need_torchvision()
    from torchvision import tv_tensors
    from torchvision.transforms import v2

    return v2, tv_tensors


def _leaves(sample: Any, path: tuple[Any, ...] = ()) -> list[tuple[tuple[Any, ...], Any]]:
    if not isinstance(sample, dict | list | tuple):
        return [(path, sample)]
    items = sample.items() if isinstance(sample, dict) else enumerate(sample)
    return [leaf for key, part in items for leaf in _leaves(part, (*path, key))]
