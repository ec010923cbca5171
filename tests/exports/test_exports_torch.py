"""``natocc.torch`` in PyTorch's own DataLoader, and the script that an export writes."""

from __future__ import annotations

import pickle
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from needed import need_torchvision

from exports.reading_back import invoke, needs, same_pixels
from natocc.core.errors import UsageError
from natocc.exports.reader import SourceDataset


def _flip(image: Any, mask: Any) -> Any:
    return image.flip(-1), mask.flip(-1)


def test_workers_read_every_sample(dataset: SourceDataset) -> None:
    torch = needs("torch")
    from natocc.torch import OccludedFaces

    for split in dataset.counts:
        faces = OccludedFaces(dataset.root, split)
        samples = [sample for sample in dataset.samples() if sample.split == split]
        assert faces.indices.tolist() == [sample.index for sample in samples]
        assert faces.classes == {0: "background", 1: "face"}
        batches = list(torch.utils.data.DataLoader(faces, batch_size=4, num_workers=2))
        images, masks = (torch.cat(parts) for parts in zip(*batches, strict=True))
        assert images.dtype == torch.uint8
        assert masks.dtype == torch.int64
        assert images.shape[1] == 3
        for sample, image, mask in zip(samples, images, masks, strict=True):
            same_pixels(sample, image.numpy().transpose(1, 2, 0), mask.numpy().astype(np.uint8))


def test_floats_labels_transform_and_pickle(dataset: SourceDataset, undivided: Path) -> None:
    torch = needs("torch")
    from natocc.torch import OccludedFaces

    plain, turned = OccludedFaces(dataset.root), OccludedFaces(str(dataset.root), dtype=torch.float32, transform=_flip)
    assert len(plain) == len(dataset)
    for at in (0, -1):
        image, mask = pickle.loads(pickle.dumps(turned))[at]
        assert image.dtype == torch.float32
        assert torch.equal((image.flip(-1) * 255).round().to(torch.uint8), plain[at][0])
        assert torch.equal(mask.flip(-1), plain[at][1])
    before = OccludedFaces(dataset.root, labels="amodal")
    assert all((before[at][1] == 1).sum() >= (plain[at][1] == 1).sum() for at in range(len(plain)))
    with pytest.raises(IndexError):
        plain[len(plain)]
    with pytest.raises(ValueError, match="must be torch"):
        OccludedFaces(dataset.root, dtype=torch.int32)
    with pytest.raises(UsageError, match="no 'parts'"):
        OccludedFaces(undivided, labels="parts")


def test_a_transform_of_torchvisions_turns_the_mask_too(dataset: SourceDataset) -> None:
    """Unwrapped, v2 would take the label map for something that it has to leave alone."""
    torch = needs("torch")
    need_torchvision()
    from torchvision import tv_tensors
    from torchvision.transforms import v2

    from natocc.torch import OccludedFaces

    plain = OccludedFaces(dataset.root)
    image, mask = plain[0]
    assert type(mask) is torch.Tensor
    turned = pickle.loads(pickle.dumps(OccludedFaces(dataset.root, transform=v2.Compose([v2.RandomHorizontalFlip(p=1)]))))
    assert torch.equal(turned[0][0], image.flip(-1))
    assert torch.equal(turned[0][1], mask.flip(-1))
    cropped = OccludedFaces(dataset.root, transform=v2.RandomCrop(32), dtype=torch.float32)[0]
    assert [tuple(part.shape) for part in cropped] == [(3, 32, 32), (32, 32)]
    wrapped = OccludedFaces(dataset.root, tv_tensors=True)[0]
    assert [type(part) for part in wrapped] == [tv_tensors.Image, tv_tensors.Mask]
    assert type(OccludedFaces(dataset.root, tv_tensors=False, transform=lambda *pair: pair)[0][1]) is torch.Tensor


def test_the_script_finds_the_dataset(undivided: Path, tmp_path: Path) -> None:
    needs("torch")
    invoke("export", undivided, "--to", "torch", "-o", tmp_path / "out", "--split-shares", "train=0.5,test=0.5")
    script = tmp_path / "out" / "load.py"
    made = runpy.run_path(str(script))
    source = SourceDataset.open(undivided)
    assert sum(len(made["dataset"](split)) for split in made["SPLITS"]) == len(source)
    sizes = [len(batch[0]) for split in made["SPLITS"] for batch in made["loader"](split, batch_size=1, num_workers=0)]
    assert sizes == [1] * len(source)


def test_the_script_says_which_values_a_mirror_exchanges(dataset: SourceDataset, tmp_path: Path) -> None:
    needs("torch")
    invoke("export", dataset.root, "--to", "torch", "-o", tmp_path / "out", "--set", "labels=parts")
    classes = dataset.classes("parts")
    pairs = runpy.run_path(str(tmp_path / "out" / "load.py"))["FLIP_PAIRS"]
    assert [(classes[left][2:], classes[right][2:]) for left, right in pairs] == [(part, part) for part in ("eye", "brow", "ear")]


def test_nothing_else_imports_torch() -> None:
    code = "import sys, natocc.exports.export, natocc.exports.pytorch, natocc.cli; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
