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
from natocc.core.plans import Json
from natocc.exports.described import described
from natocc.exports.hf_card import hub_card
from natocc.exports.reader import SourceDataset, SourceSample


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
        same_pixels(sample, np.asarray(row["image"]), np.asarray(row["label"]))
        for folder in ("amodal", "occluders", "mattes", "parts"):
            same_pixels(sample, None, np.asarray(row[folder]), folder)
        assert {name: row[name] for name in described(sample)} == described(sample)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("style", ["imagefolder", "parquet"])
def test_a_split_without_licences_landmarks_or_box_has_the_same_columns(
    datasets: Any, exported: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, style: str
) -> None:
    nothing = {"licence": None, "box": None, "landmarks": [], "landmarks_hidden": [], "occluder_licences": [None]}

    def poor(sample: SourceSample) -> dict[str, Json]:
        return described(sample) | (nothing if sample.split == "train" else {})

    monkeypatch.setattr("natocc.exports.hf.described", poor)
    loaded = datasets.load_dataset(str(exported("hf", "--set", f"style={style}")), cache_dir=str(tmp_path / "cache"))
    assert {name: loaded["train"][0][name] for name in nothing} == nothing
    assert loaded["train"].features == loaded["test"].features
    assert len(loaded["test"][0]["landmarks"][0]) == 2


def test_labels_are_named_as_segmentation_examples_want_them(dataset: SourceDataset, exported: Callable[..., Path]) -> None:
    root = exported("hf", "--set", "labels=parts")
    named = json.loads((root / "id2label.json").read_text())
    assert {int(value): name for value, name in named.items()} == dataset.classes("parts")
    assert "exchanges these values of `label`, too: 4 and 5, 6 and 7, 8 and 9" in (root / "README.md").read_text()


def test_the_croissant_names_every_column(exported: Callable[..., Path]) -> None:
    for style, lines in (("parquet", "data/train-00000-of-00001.parquet"), ("imagefolder", "data/train/metadata.parquet")):
        root = exported("hf", "--set", f"style={style}")
        told = json.loads((root / "croissant.json").read_text())
        path = root / lines
        there = set(pyarrow.parquet.read_schema(path).names)
        assert {field["source"]["extract"]["column"] for field in told["recordSet"][0]["field"]} == there
        assert path in root.glob(told["distribution"][0]["includes"])


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
    rows = pyarrow.parquet.read_table(exported("hf") / "data" / "train" / "metadata.parquet").to_pylist()
    assert all(row["split"] == "train" for row in rows)


def test_a_name_cannot_break_the_front_matter(dataset: SourceDataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SourceDataset, "name", "x\n---\nlicense: mit")
    card = hub_card(dataset, "masks", {"image": "images", "label": "masks"}, "**")
    assert yaml.safe_load(card.split("\n---\n")[0])["license"] == "other"
