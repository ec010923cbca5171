"""The ``webdataset`` package reads the tars, and so does any tar reader."""

from __future__ import annotations

import gc
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage

from exports.reading_back import needs, same_pixels
from natocc.exports.reader import SourceDataset


def _array(data: bytes) -> np.ndarray:
    return np.asarray(PillowImage.open(io.BytesIO(data)))


def _read(tars: list[Path]) -> list[dict[str, Any]]:
    """Samples of tars, by the package; it leaves each tar to the garbage collector."""
    samples = list(needs("webdataset").WebDataset([str(tar) for tar in tars], shardshuffle=False))
    gc.collect()
    return samples


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_webdataset_reads_every_sample(dataset: SourceDataset, exported: Callable[..., Path]) -> None:
    root = exported("webdataset", "--set", "samples_per_tar=4")
    seen = {}
    for split, count in dataset.counts.items():
        tars = sorted((root / split).iterdir())
        assert [tar.name for tar in tars] == [f"{number:06d}.tar" for number in range(-(-count // 4))]
        seen |= {read["__key__"]: (split, read) for read in _read(tars)}
    samples = list(dataset.samples())
    assert sorted(seen) == [sample.stem for sample in samples]
    for sample in samples:
        split, read = seen[sample.stem]
        assert split == sample.split
        same_pixels(sample, _array(read["jpg"]), _array(read["mask.png"]))
        for folder in ("amodal", "occluders", "mattes", "parts"):
            same_pixels(sample, None, _array(read[f"{folder}.png"]), folder)
        assert json.loads(read["json"]) == sample.described()


def test_the_bytes_are_the_same_each_time(exported: Callable[..., Path]) -> None:
    first, second = exported("webdataset"), exported("webdataset")
    tars = sorted(path.relative_to(first) for path in first.rglob("*.tar"))
    assert tars
    for tar in tars:
        assert (first / tar).read_bytes() == (second / tar).read_bytes()
        with tarfile.open(first / tar) as opened:
            members = opened.getmembers()
        assert [member.name for member in members] == sorted(member.name for member in members)
        assert {(member.mtime, member.uid, member.gid, member.mode, member.uname) for member in members} == {(0, 0, 0, 0o644, "")}
