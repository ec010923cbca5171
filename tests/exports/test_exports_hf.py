"""``datasets`` loads what ``--to hf`` wrote, offline."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest
import yaml

from exports.reading_back import needs, same_pixels
from natocc.exports.described import described
from natocc.exports.hf import hub_card
from natocc.exports.reader import SourceDataset


@pytest.fixture(scope="module")
def datasets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The package, without a network, its cache in a folder of the test's."""
    home = tmp_path_factory.mktemp("hf")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "HF_DATASETS_DISABLE_PROGRESS_BARS"):
            patch.setenv(name, "1")
        patch.setenv("HF_HOME", str(home))
        yield needs("datasets")


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("style", ["imagefolder", "parquet"])
def test_load_dataset_reads_every_sample(
    datasets: Any, dataset: SourceDataset, exported: Callable[..., Path], tmp_path: Path, style: str
) -> None:
    root = exported("hf", "--set", f"style={style}", "--set", "rows_per_file=4")
    loaded = datasets.load_dataset(str(root), cache_dir=str(tmp_path / "cache"))
    assert {split: len(rows) for split, rows in loaded.items()} == dict(dataset.counts)
    seen = {row["index"]: row for rows in loaded.values() for row in rows}
    for sample in dataset.samples():
        row = seen[sample.index]
        same_pixels(sample, np.asarray(row["image"]), np.asarray(row["mask"]))
        for folder in ("amodal", "occluders", "mattes", "parts"):
            same_pixels(sample, None, np.asarray(row[folder]), folder)
        assert {name: row[name] for name in described(sample)} == described(sample)


def test_parquet_files_have_the_rows_asked_for(exported: Callable[..., Path]) -> None:
    root = exported("hf", "--set", "style=parquet", "--set", "rows_per_file=4")
    rows = {path.name: pyarrow.parquet.ParquetFile(path).metadata.num_rows for path in (root / "data").iterdir()}
    assert rows == {
        f"{split}-{number:05d}-of-00002.parquet": (4, 2)[number] for split in ("train", "test") for number in range(2)
    }


def test_the_card_says_what_there_is(dataset: SourceDataset, exported: Callable[..., Path]) -> None:
    for style in ("imagefolder", "parquet"):
        root = exported("hf", "--set", f"style={style}")
        text = (root / "README.md").read_text()
        front = yaml.safe_load(text.split("---\n")[1])
        assert front["license"] == "other"
        assert front["task_categories"] == ["image-segmentation"]
        assert front["size_categories"] == ["n<1K"]
        for told in front["configs"][0]["data_files"]:
            assert list(root.glob(told["path"]))
        assert "load_dataset(" in text
        assert 'manifest.parquet").to_pylist' not in text
        assert "## Citation" in text
        assert (root / "contact_sheet.jpg").is_file()
    lines = (exported("hf") / "data" / "train" / "metadata.jsonl").read_text().splitlines()
    assert all(json.loads(line)["split"] == "train" for line in lines)


def test_a_name_cannot_break_the_front_matter(dataset: SourceDataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SourceDataset, "name", "x\n---\nlicense: mit")
    assert yaml.safe_load(hub_card(dataset, "masks", "**").split("\n---\n")[0])["license"] == "other"
