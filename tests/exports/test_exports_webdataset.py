"""The ``webdataset`` package reads the tars, and so does any tar reader."""

from __future__ import annotations

import gc
import io
import json
import runpy
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest
from PIL import Image as PillowImage

from exports.reading_back import needs, same_pixels
from natocc.exports.described import described
from natocc.exports.reader import SourceDataset
from natocc.io.images import sha256


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
        tars = sorted((root / split).glob("*.tar"))
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
        assert json.loads(read["json"]) == described(sample)


def test_the_bytes_are_the_same_each_time(exported: Callable[..., Path]) -> None:
    first, second = exported("webdataset"), exported("webdataset")
    for path in (path.relative_to(first) for path in (*first.rglob("*.parquet"), *first.rglob("*.json"))):
        assert (first / path).read_bytes() == (second / path).read_bytes()
    tars = sorted(path.relative_to(first) for path in first.rglob("*.tar"))
    assert tars
    for tar in tars:
        assert (first / tar).read_bytes() == (second / tar).read_bytes()
        with tarfile.open(first / tar) as opened:
            members = opened.getmembers()
        assert [member.name for member in members] == sorted(member.name for member in members)
        assert {(member.mtime, member.uid, member.gid, member.mode, member.uname) for member in members} == {(0, 0, 0, 0o644, "")}


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_the_script_reads_masks_as_they_are_and_workers_share_the_tars(
    dataset: SourceDataset, exported: Callable[..., Path]
) -> None:
    torch = needs("torch")
    made = runpy.run_path(str(exported("webdataset", "--set", "labels=parts") / "load.py"))
    assert made["CLASSES"] == dataset.classes("parts")
    assert made["SAMPLES"] == dict(dataset.counts)
    assert ("l_eye", "r_eye") in [tuple(made["CLASSES"][value] for value in pair) for pair in made["FLIP_PAIRS"]]
    loader = torch.utils.data.DataLoader(made["dataset"]("train"), batch_size=None, num_workers=2)
    seen = {known["index"]: (image, mask) for image, mask, known in loader}
    gc.collect()
    wanted = [sample for sample in dataset.samples() if sample.split == "train"]
    assert sorted(seen) == [sample.index for sample in wanted]
    for sample in wanted:
        image, mask = seen[sample.index]
        same_pixels(sample, image.numpy(), None)
        same_pixels(sample, None, mask.numpy(), "parts")


def test_counts_and_index_lie_beside_the_tars(dataset: SourceDataset, exported: Callable[..., Path]) -> None:
    root = exported("webdataset", "--set", "samples_per_tar=4")
    for split, count in dataset.counts.items():
        sizes = json.loads((root / split / "sizes.json").read_text())
        assert sizes == {"000000.tar": 4, "000001.tar": count - 4}
        rows = [
            row for name in sizes for row in pyarrow.parquet.read_table((root / split / name).with_suffix(".parquet")).to_pylist()
        ]
        wanted = [sample for sample in dataset.samples() if sample.split == split]
        assert [row["key"] for row in rows] == [sample.stem for sample in wanted]
        for row, sample in zip(rows, wanted, strict=True):
            assert row["sha256"] == sha256(sample.read("images"))
            assert {name: row[name] for name in described(sample)} == described(sample)


def test_a_split_is_divided_for_workers(exported: Callable[..., Path]) -> None:
    assert len(list((exported("webdataset") / "train").glob("*.tar"))) == 6
