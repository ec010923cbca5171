"""Exports that natocc, in its own environment, made of one small dataset; here they are read by the tools that they are for.

``NATOCC`` names natocc's command. Nothing of natocc is imported here: its environment and that of the tools need not agree.
"""

from __future__ import annotations

import dataclasses
import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest
from PIL import Image

_SETTINGS = tempfile.TemporaryDirectory(prefix="clients-")
os.environ |= {  # the tools ask no server for anything, and keep their settings out of the home folder
    "YOLO_OFFLINE": "1",
    "YOLO_CONFIG_DIR": _SETTINGS.name,
    "HF_HUB_OFFLINE": "1",
    "HF_HOME": _SETTINGS.name,
    "FIFTYONE_DO_NOT_TRACK": "1",
}

EDITS = (
    "name=small",
    "faces.align.size=80",
    "sets.0.samples_per_face=3",
    "sets.1.samples_per_face=3",
    "sets.1.occluders.textures={source: noise}",
    "sets.1.transparency={probability: 0.5, label: ignore}",
    "splits={train: 0.5, val: 0.25, test: 0.25}",
    "output.masks=[face, amodal, occluder, parts, kinds, regions]",
)
FOLDERS = ("images", "masks", "amodal", "occluders", "parts", "kinds", "regions")


@dataclasses.dataclass(frozen=True)
class Sample:
    """A sample as the dataset itself has it: its row of the manifest, picture and label maps as arrays, by folder."""

    stem: str
    row: Mapping[str, Any]
    arrays: Mapping[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Dataset:
    """What natocc built, and what it says of it."""

    root: Path
    samples: Mapping[str, Sample]

    def of(self, split: str) -> list[Sample]:
        """Samples of a split, by index."""
        return [sample for sample in self.samples.values() if sample.row["split"] == split]


@pytest.fixture(scope="session")
def natocc() -> Callable[..., None]:
    """Runs natocc's command."""

    def run(*arguments: object) -> None:
        done = subprocess.run([os.environ["NATOCC"], *map(str, arguments)], capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stderr

    return run


@pytest.fixture(scope="session")
def dataset(natocc: Callable[..., None], tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Twelve samples of two people in two splits, with every kind of label map."""
    root = tmp_path_factory.mktemp("dataset") / "small"
    edits = [word for edit in EDITS for word in ("--set", edit)]
    natocc("build", "demo", *edits, "-o", root, "-j", 1, "--cache", root.parent / "cache")
    rows = pyarrow.parquet.read_table(root / "manifest.parquet").to_pylist()
    samples = {}
    for row in rows:
        arrays = {folder: np.asarray(Image.open(root / row[f"{folder}_path"])) for folder in FOLDERS}
        samples[f"{row['index']:09d}"] = Sample(f"{row['index']:09d}", row, arrays)
    return Dataset(root, samples)


@pytest.fixture(scope="session")
def export(natocc: Callable[..., None], dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Exports the dataset: the format, then options such as ``labels="parts"``."""

    def run(to: str, **options: object) -> Path:
        target = tmp_path_factory.mktemp("export") / to
        words = [word for key, value in options.items() for word in ("--set", f"{key}={value}")]
        natocc("export", dataset.root, "--to", to, "-o", target, *words)
        return target

    return run


def same_but_for_a_pixel(mask: np.ndarray, wanted: np.ndarray) -> None:
    """For polygons: nothing is wrong but along the edges."""
    import cv2

    edges = cv2.morphologyEx(wanted.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    assert not ((mask != wanted) & (edges == 0)).any()
