"""What MMSegmentation is told; that it reads it, ``make test-clients`` tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage

from exports.reading_back import same_pixels
from natocc.core.errors import UsageError
from natocc.exports.mmseg import MmsegExport, palette
from natocc.exports.reader import SourceDataset


def _config(root: Path) -> dict[str, Any]:
    """A config file as MMEngine reads it: predefined variables are put in, then it is run."""
    text = (root / "dataset.py").read_text().replace("{{ fileDirname }}", str(root))
    found: dict[str, Any] = {}
    exec(compile(text, "dataset.py", "exec"), {}, found)
    return found


def test_the_config_names_what_lies_there(dataset: SourceDataset, exported: Callable[..., Path]) -> None:
    root = exported("mmseg")
    config = _config(root)
    assert config["metainfo"]["classes"] == ("background", "face")
    assert len(config["metainfo"]["palette"]) == 2
    for stage in ("train", "test"):
        told = config[f"{stage}_dataloader"]["dataset"]
        assert told["ignore_index"] == 255
        names = {path.name for path in (root / told["data_prefix"]["img_path"]).iterdir()}
        assert names == {f"{sample.stem}{told['img_suffix']}" for sample in dataset.samples() if sample.split == stage}


def test_the_sources_own_classes_where_asked_for(dataset: SourceDataset, exported: Callable[..., Path]) -> None:
    root = exported("mmseg", "--set", "labels=parts")
    classes = _config(root)["metainfo"]["classes"]
    assert classes == tuple(dataset.classes("parts").values())
    assert (classes[0], classes[-1]) == ("background", "occluder")
    for sample in dataset.samples():
        mask = np.asarray(PillowImage.open(root / "ann_dir" / sample.split / f"{sample.stem}.png"))
        same_pixels(sample, None, mask, "parts")


def _flip(config: dict[str, Any]) -> dict[str, Any]:
    return next(step for step in config["train_pipeline"] if step["type"] == "RandomFlip")


def test_left_and_right_change_places_where_pictures_are_mirrored(dataset: SourceDataset, exported: Callable[..., Path]) -> None:
    parts = _config(exported("mmseg", "--set", "labels=parts"))
    names = parts["metainfo"]["classes"]
    pairs = [(names[left], names[right]) for left, right in _flip(parts)["swap_seg_labels"]]
    assert pairs == [("l_eye", "r_eye"), ("l_brow", "r_brow"), ("l_ear", "r_ear")]
    assert "swap_seg_labels" not in _flip(_config(exported("mmseg")))


def test_a_stage_without_a_split_says_which_it_takes(exported: Callable[..., Path]) -> None:
    root = exported("mmseg", "--split", "train")
    assert sorted(path.name for path in (root / "img_dir").iterdir()) == ["train"]
    for stage in ("train", "val", "test"):
        assert _config(root)[f"{stage}_dataloader"]["dataset"]["data_prefix"]["img_path"] == "img_dir/train"
    assert "no split 'val'" in (root / "dataset.py").read_text()


def test_a_name_stays_a_comment(dataset: SourceDataset, exported: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SourceDataset, "name", "evil\nraise SystemExit(7)  # \r\x85 {{ fileDirname }}")
    assert "SystemExit" not in _config(exported("mmseg"))


def test_classes_with_gaps_are_refused(dataset: SourceDataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SourceDataset, "classes", lambda *_: {0: "background", 3: "skin"})
    with pytest.raises(UsageError, match="none of value 1"):
        MmsegExport().check(dataset)


def test_colours_differ() -> None:
    colours = {tuple(colour) for colour in palette(20)}
    assert len(colours) == 20
