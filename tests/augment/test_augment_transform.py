"""``natocc.Occlude``: an augmentation for arrays and tensors, in threads and in workers."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from needed import need

import natocc

SIZE = 72
RED = np.full((30, 30, 4), (250, 10, 10, 255), np.uint8)


def _pair() -> tuple[np.ndarray, np.ndarray]:
    labels = np.zeros((SIZE, SIZE), np.uint8)
    labels[10:60, 16:56] = 1
    labels[:10] = 3  # hair, say
    return np.full((SIZE, SIZE, 3), (120, 140, 150), np.uint8), labels


def test_by_name_and_in_order() -> None:
    image, labels = _pair()
    transform = natocc.Occlude(RED, p=1)
    named = transform(image=image, mask=labels, rng=4, keypoints=[1], landmarks=np.full((5, 2), 30) + np.arange(5)[:, None])
    assert set(named) == {"image", "mask", "keypoints", "landmarks"}
    ordered = transform(image, labels, "label", rng=4)
    assert len(ordered) == 3
    assert ordered[2] == "label"
    assert (ordered[0] == named["image"]).all()
    assert (ordered[1] == named["mask"]).all()
    changed = (ordered[0] != image).any(axis=2)
    assert changed.any()
    assert (ordered[1][~changed] == labels[~changed]).all()
    with pytest.raises(TypeError, match="an image and a mask, or a sample that has them; found nothing"):
        transform()  # type: ignore[call-overload]
    with pytest.raises(TypeError, match=r"expected a mask of 72 x 72 px in the sample; found it: ndarray \(72, 72, 3\)"):
        transform(image)
    with pytest.raises(TypeError, match=r"expected a mask .*; found image: ndarray \(72, 72, 3\)"):
        transform(image=image)  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="found some of both"):
        transform(image, mask=labels)  # type: ignore[call-overload]


def test_labels_of_what_is_covered() -> None:
    """Parts too, if they are covered; with a class of their own, occluders are labelled off the face as well."""
    image, labels = _pair()
    image_after, after = natocc.Occlude(RED, p=1)(image, labels, rng=4)
    assert after.dtype == labels.dtype
    assert set(np.unique(after)) <= {0, 1, 3}
    assert (after == 1).sum() < (labels == 1).sum()
    covered = natocc.Occlude(RED, p=1, occluded=9)(image, labels.astype(np.int64), rng=4)[1]
    assert ((covered == 9) >= ((after == 0) & (labels > 0))).all()
    both = natocc.Occlude(RED, p=1, face=(1, 3))(image, labels, rng=4)[0]
    assert (both != image_after).any()  # another face, another place
    rules = {"transparency": {"probability": 1, "label": "ignore"}}
    ignored = natocc.Occlude(RED, p=1, rules=rules)(image, labels, rng=4)[1]
    assert (ignored == 255).any()
    assert (labels[ignored == 255] > 0).all()
    with pytest.raises(ValueError, match=r"mask: expected a type that holds 255, .* found bool"):
        natocc.Occlude(RED, p=1, rules=rules)(image, labels > 0, rng=4)


def test_p_is_a_share_and_nothing_is_changed_in_place() -> None:
    image, labels = _pair()
    before = image.copy(), labels.copy()
    transform = natocc.Occlude([RED, RED[::2]], p=0.3, seed=1)
    results = [transform(image, labels) for _ in range(200)]
    same = sum(each[0] is image for each in results)
    assert 110 <= same <= 170
    assert (image == before[0]).all()
    assert (labels == before[1]).all()
    again = natocc.Occlude([RED, RED[::2]], p=0.3, seed=1)
    assert all((one[0] == again(image, labels)[0]).all() for one in results[:20])


def test_a_picture_that_cannot_be_covered_comes_back(caplog: pytest.LogCaptureFixture) -> None:
    image, labels = _pair()
    caplog.set_level("DEBUG", "natocc")
    assert natocc.Occlude(RED, p=1)(image, np.zeros_like(labels))[0] is image
    assert "empty-mask" in caplog.text


@pytest.mark.parametrize("kind", [np.uint8, np.int64, np.float32])
def test_a_mask_of_0_and_255_is_no_label_map_of_1(kind: type) -> None:
    """Else nothing is ever covered, and nothing is said."""
    image, labels = _pair()
    mask = (labels > 0).astype(kind) * kind(255)
    with pytest.raises(
        ValueError, match=r"none of the labels in face=\(1,\) is there, found the values .*0.*, 255.*; pass mask > 0"
    ):
        natocc.Occlude(RED, p=1)(image, mask)
    covered, after = natocc.Occlude(RED, p=1, face=(255,))(image, mask)
    assert (covered != image).any()
    assert (after == 0).sum() > (mask == 0).sum()
    assert (natocc.Occlude(RED, p=1)(image, mask > 0)[0] != image).any()


def test_labels_that_are_not_there_are_told_once(caplog: pytest.LogCaptureFixture) -> None:
    image, labels = _pair()
    transform = natocc.Occlude(RED, p=1, face=(9,))
    for _ in range(5):
        assert transform(image, labels)[0] is image
    told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(told) == 1
    assert "none of the labels in face=(9,) is there, found the values 0, " in told[0]
    assert not [record for record in caplog.records if natocc.Occlude(RED, p=1)(image, 0 * labels) is None]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"p": 2}, "p: expected a probability, found 2"),
        ({"rules": {"finish": {"flip": 0.5}}}, "finish.flip"),
        ({"rules": {"blend": {"method": "x"}}}, "blend.method: 'x' is not one of alpha"),
        ({"occluders": []}, "expected one or more"),
    ],
)
def test_settings_that_cannot_be(keys: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        natocc.Occlude(**({"occluders": RED} | keys))  # type: ignore[arg-type]


def test_threads_share_it_and_no_two_calls_draw_the_same() -> None:
    image, labels = _pair()
    transform = natocc.Occlude(RED, p=1, seed=2)
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: transform(image, labels)[0].tobytes(), range(32)))
    alone = natocc.Occlude(RED, p=1, seed=2)
    assert set(made) == {alone(image, labels)[0].tobytes() for _ in range(32)}
    assert len(set(made)) > 28  # two may round to the same place


def test_it_can_be_pickled() -> None:
    """A copy begins anew, and its bytes do not depend on what the first one did before: ``datasets.map`` goes by them."""
    image, labels = _pair()
    for occluders in (RED, natocc.open_occluders("shapes", textures={"source": "noise"})):
        transform = natocc.Occlude(occluders, p=1, seed=2)
        before = pickle.dumps(transform)
        first = transform(image, labels)[0]
        transform(image, labels)
        assert pickle.dumps(transform) == before
        copy = pickle.loads(before)
        assert (copy(image, labels)[0] == first).all()
        assert "seed=2" in repr(copy)


HASHES = """
import numpy as np
from datasets.fingerprint import Hasher
import natocc

rules = {"colour": {"transfer": "sot"}, "placement": {"coverage": {"range": [0.2, 0.4]}}}
for occluders in (np.full((9, 9, 4), 255, np.uint8), *map(natocc.open_occluders, ("hair", "worn"))):
    print(Hasher.hash(natocc.Occlude(occluders, seed=1, rules=rules)))
"""


@pytest.mark.slow
def test_its_hash_is_the_same_in_every_process() -> None:
    need("datasets")
    told = [
        subprocess.run(
            [sys.executable, "-c", HASHES], env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    ]
    assert told[0] == told[1]
    assert len(set(told[0].split())) == 3


SETUP = """
import json, sys
import numpy as np
import natocc
assert "torch" not in sys.modules
import torch

labels = np.zeros((72, 72), np.uint8)
labels[10:60, 16:56] = 1
image = np.full((72, 72, 3), (120, 140, 150), np.uint8)
red = np.full((30, 30, 4), (250, 10, 10, 255), np.uint8)
occlude = natocc.Occlude(red, p=1, seed=1)
"""

TENSORS = """
class Ours(torch.Tensor):
    pass

array, after = occlude(image, labels, rng=4)
picture = torch.from_numpy(image.transpose(2, 0, 1).copy())
out, mask = occlude(picture.as_subclass(Ours), torch.from_numpy(labels)[None].long(), rng=4)
assert type(out) is Ours and out.dtype == torch.uint8 and out.shape == (3, 72, 72)
assert mask.dtype == torch.int64 and mask.shape == (1, 72, 72)
assert (out.numpy().transpose(1, 2, 0) == array).all() and (mask[0].numpy() == after).all()
noisy = (picture.float() / 255 + 0.0007).clip(0, 1)
out, mask = occlude(noisy, torch.from_numpy(labels), rng=4)
same = (out == noisy).all(dim=0).numpy()
assert out.dtype == torch.float32 and same.any() and not same.all() and (mask.numpy()[same] == labels[same]).all()
for wrong in (picture[None], picture.float(), picture[0]):
    try:
        occlude(wrong, torch.from_numpy(labels))
        raise AssertionError("taken")
    except ValueError as error:
        assert str(error).startswith("image: expected"), error
"""

LOADER = """
class Faces(torch.utils.data.Dataset):
    def __init__(self, keyed): self.keyed, self.epoch = keyed, 0
    def __len__(self): return 8
    def __getitem__(self, index):
        rng = natocc.generator(1, self.epoch, index) if self.keyed else None
        return occlude(image, labels, rng=rng)[0].tobytes()

def epochs(workers, keyed=False):
    faces = Faces(keyed)
    loader = torch.utils.data.DataLoader(
        faces, batch_size=None, num_workers=workers, generator=torch.Generator().manual_seed(0)
    )
    made = []
    for faces.epoch in range(2):
        made += list(loader)
    return made

two = epochs(2)
print(json.dumps({
    "different": len(set(two)),
    "repeated": two == epochs(2),
    "of no worker": epochs(2, keyed=True) == epochs(0, keyed=True),
}))
"""


def _run(code: str) -> str:
    pytest.importorskip("torch", reason="needs PyTorch")
    done = subprocess.run([sys.executable, "-c", SETUP + code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_tensors_come_back_as_they_were() -> None:
    """Type, shape and range stay, and every value that nothing covers."""
    _run(TENSORS)


@pytest.mark.slow
def test_workers_of_a_data_loader() -> None:
    """No two workers or epochs draw the same; a seeded loader repeats; what is keyed by index depends on no worker."""
    told = json.loads(_run(LOADER))
    assert told["repeated"]
    assert told["of no worker"]
    assert told["different"] > 12
