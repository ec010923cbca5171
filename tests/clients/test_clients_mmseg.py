"""MMSegmentation builds its datasets from ``dataset.py``, and mirrors pictures with their labels."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Dataset
from mmengine.config import Config


class _Operators(types.ModuleType):
    """Stands for ``mmcv.ops``, compiled code that mmcv-lite leaves out: MMSegmentation imports it, its datasets never call it."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


def _built(root: Path, stage: str, config: Config | None = None) -> Any:
    sys.modules.setdefault("mmcv.ops", _Operators("mmcv.ops"))
    import mmseg.datasets  # noqa: F401 (registers)
    from mmengine.registry import DefaultScope
    from mmseg.registry import DATASETS

    DefaultScope.get_instance("mmseg", scope_name="mmseg")
    config = config or Config.fromfile(str(root / "dataset.py"))
    return DATASETS.build(config[f"{stage}_dataloader"]["dataset"])


@pytest.mark.parametrize("labels", ["masks", "parts", "kinds", "regions"])
def test_every_picture_comes_with_its_label_map(dataset: Dataset, export: Callable[..., Path], labels: str) -> None:
    root = export("mmseg", labels=labels)
    read = _built(root, "test")
    samples = dataset.of("test")
    assert len(read) == len(samples)
    for sample, found in zip(samples, read, strict=True):
        assert np.array_equal(found["inputs"].numpy().transpose(1, 2, 0)[..., ::-1], sample.arrays["images"])
        assert np.array_equal(found["data_samples"].gt_sem_seg.data[0].numpy(), sample.arrays[labels])
    values = set(np.unique([sample.arrays[labels] for sample in dataset.samples.values()])) - {255}
    assert max(values) < len(read.metainfo["classes"])


def test_a_mirrored_picture_has_its_left_on_the_left(dataset: Dataset, export: Callable[..., Path]) -> None:
    root = export("mmseg", labels="parts")
    config = Config.fromfile(str(root / "dataset.py"))
    flip = next(step for step in config.train_pipeline if step["type"] == "RandomFlip")
    keep = [step for step in config.train_pipeline if step["type"] in ("LoadImageFromFile", "LoadAnnotations", "PackSegInputs")]
    config.train_dataloader.dataset.pipeline = [*keep[:2], {**flip, "prob": 1.0}, keep[2]]
    read = _built(root, "train", config)
    classes = read.metainfo["classes"]
    seen = set()
    for sample, found in zip(dataset.of("train"), read, strict=True):
        mirrored = found["data_samples"].gt_sem_seg.data[0].numpy()
        before = sample.arrays["parts"][:, ::-1]
        for value, name in enumerate(classes):
            other = {"l_": f"r_{name[2:]}", "r_": f"l_{name[2:]}"}.get(name[:2], name)
            other = other if other in classes else name
            assert np.array_equal(mirrored == value, before == classes.index(other)), name
            seen |= {name} if (mirrored == value).any() and other != name else set()
    assert seen
