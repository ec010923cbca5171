"""mlcroissant and huggingface_hub read what lies beside the data of ``--to hf``."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import Dataset

LICENCES_AND_SIZES = ("n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M", "100M<n<1B", "1B<n<10B")


@pytest.mark.parametrize("style", ["parquet", "imagefolder"])
def test_mlcroissant_validates_and_reads_records(dataset: Dataset, export: Callable[..., Path], style: str) -> None:
    import mlcroissant

    root = export("hf", style=style, labels="parts")
    read = mlcroissant.Dataset(str(root / "croissant.json"))
    assert not read.metadata.ctx.issues.errors
    rows = {row["samples/index"]: row for row in read.records("samples")}
    assert len(rows) == len(dataset.samples)
    for sample in dataset.samples.values():
        row = rows[sample.row["index"]]
        assert row["samples/licence"].decode() == sample.row["face_licence"]
        assert list(row["samples/box"]) == [sample.row[f"face_{side}"] for side in ("left", "top", "width", "height")]
        if style == "parquet":
            assert np.array_equal(np.asarray(row["samples/label"]), sample.arrays["parts"])
            assert np.array_equal(np.asarray(row["samples/image"]), sample.arrays["images"])
        else:
            assert (root / "data" / sample.row["split"] / row["samples/label_file_name"].decode()).is_file()


def test_the_card_is_one_of_the_hubs(export: Callable[..., Path]) -> None:
    from huggingface_hub import DatasetCard

    for style in ("parquet", "imagefolder"):
        root = export("hf", style=style)
        card = DatasetCard.load(root / "README.md")
        told = card.data.to_dict()
        assert told["license"] == "other"
        assert set(told["size_categories"]) <= set(LICENCES_AND_SIZES)
        assert told["task_categories"] == ["image-segmentation"]
        names = [feature["name"] for feature in told["dataset_info"]["features"]]
        assert names[:2] == ["image", "label"]
        assert len(set(names)) == len(names)
        for files in itertools.chain.from_iterable(config["data_files"] for config in told["configs"]):
            assert list(root.glob(files["path"]))
        assert json.loads((root / "id2label.json").read_text()) == {"0": "background", "1": "face"}
