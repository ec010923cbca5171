"""WebDataset: tars of samples, the same bytes each time, their counts and an index, and a script that reads them."""

from __future__ import annotations

import contextlib
import io
import json
import math
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from natocc.core.plans import Json
from natocc.dataset.layout import PICTURES
from natocc.exports.described import arrow_fields, described
from natocc.exports.format import ExportOptions
from natocc.exports.reader import SourceDataset, SourceSample
from natocc.exports.writer import ExportWriter

_TARS = 16
"""Into how many tars a split is divided unless that makes them too large: workers share tars, not samples."""
_MOST = 1000

_SCRIPT = '''"""Samples of the tars beside this file; needs webdataset, numpy and Pillow.

Masks are values of classes. Do not decode them as pictures, as WebDataset's .decode("torchrgb") does: 1 would become 0.0039.
"""

import io
import json
from pathlib import Path

import numpy as np
import webdataset
from PIL import Image

ROOT = Path(__file__).resolve().parent
SAMPLES = {samples!r}
CLASSES = {classes!r}  # 255 is to be ignored
FLIP_PAIRS = {pairs!r}  # values that change places where a picture is mirrored


def read(sample):
    """Image (H, W, 3) uint8, mask (H, W) uint8, and what is known of the sample."""
    image = np.array(Image.open(io.BytesIO(sample[{suffix!r}])).convert("RGB"))
    mask = np.array(Image.open(io.BytesIO(sample["mask.png"])))
    return image, mask, json.loads(sample["json"])


def dataset(split, shuffle=0):
    """Samples of a split; ``shuffle`` is how many are in memory to draw from. A DataLoader's workers share its tars."""
    tars = sorted(str(path) for path in (ROOT / split).glob("*.tar"))
    found = webdataset.WebDataset(tars, shardshuffle=len(tars) if shuffle else False, empty_check=False)
    return found.shuffle(shuffle).map(read)


if __name__ == "__main__":
    for split in SAMPLES:
        values, counts = np.unique(np.concatenate([mask.ravel() for _, mask, _ in dataset(split)]), return_counts=True)
        print(split, SAMPLES[split], "samples; pixels of each value:", dict(zip(values.tolist(), counts.tolist())))
'''


class WebDatasetExport(ExportOptions):
    """``SPLIT/000000.tar ...``: of each sample ``jpg`` (or ``png``), ``mask.png``, the other folders by name, and ``json``.

    Beside each tar lies its index in Parquet, as img2dataset writes it, in each split ``sizes.json``, samples by tar, and above
    them ``load.py``, which reads masks as they are.
    """

    to: Literal["webdataset"] = "webdataset"
    takes_clean = True
    samples_per_tar: int | None = Field(None, ge=1)
    """Samples in a tar; the last tar of a split may hold fewer. By default as many as make 16 tars of a split, so that workers
    have tars to share, and at most 1000."""

    def write(self, dataset: SourceDataset, samples: Iterator[SourceSample], writer: ExportWriter, target: Path) -> None:
        """Write the tars of all splits side by side, then the script."""
        del target
        suffix = dataset.image_suffix
        extensions = {folder: f".{folder}{suffix if folder in PICTURES else '.png'}" for folder in dataset.folders}
        extensions |= {"images": suffix, self.labels: ".mask.png"}
        with contextlib.ExitStack() as stack:
            splits = {
                split: stack.enter_context(_Split(writer, split, self.samples_per_tar or min(_MOST, math.ceil(count / _TARS))))
                for split, count in dataset.counts.items()
            }
            for sample in samples:
                members = {extension: sample.read(folder) for folder, extension in extensions.items()}
                splits[sample.split].add(sample, members)
        for split, written in splits.items():
            writer.write_json(f"{split}/sizes.json", dict(written.sizes))
        classes, pairs = dataset.classes(self.labels), dataset.flip_pairs(self.labels)
        told = {"samples": dict(dataset.counts), "classes": classes, "pairs": list(pairs), "suffix": suffix.removeprefix(".")}
        writer.write("load.py", _SCRIPT.format(**told))


class _Split(contextlib.AbstractContextManager["_Split"]):
    """The tars of one split, one of them open; the rows of its index are in memory."""

    def __init__(self, writer: ExportWriter, split: str, most: int) -> None:
        self._target, self._split, self._most = writer, split, most
        self._open = contextlib.ExitStack()
        self._tar: tarfile.TarFile | None = None
        self._rows: list[dict[str, Json]] = []
        self.sizes: dict[str, int] = {}
        """Name of a tar to its samples."""

    def add(self, sample: SourceSample, members: Mapping[str, bytes]) -> None:
        if self._tar is None:
            opened = self._open.enter_context(self._target.open(f"{self._name}.tar"))
            tar = tarfile.open(fileobj=opened, mode="w", format=tarfile.USTAR_FORMAT)  # noqa: SIM115
            self._tar = self._open.enter_context(tar)
        known = described(sample)
        text = json.dumps(known, sort_keys=True, allow_nan=False).encode("ascii")
        for extension, data in sorted({**members, ".json": text}.items()):
            _add(self._tar, sample.stem + extension, data)
        self._rows.append({"key": sample.stem, "status": "success", "sha256": sample.sha256("images"), **known})
        if len(self._rows) == self._most:
            self._finish()

    def __exit__(self, *error: object) -> None:
        if error[0] is None and self._tar is not None:
            self._finish()
        self._open.close()

    @property
    def _name(self) -> str:
        return f"{self._split}/{len(self.sizes):06d}"

    def _finish(self) -> None:
        import pyarrow
        import pyarrow.parquet

        self._open.close()
        with self._target.open(f"{self._name}.parquet") as file:
            pyarrow.parquet.write_table(pyarrow.Table.from_pylist(self._rows, schema=_schema()), file)
        self.sizes[f"{len(self.sizes):06d}.tar"] = len(self._rows)
        self._tar, self._rows = None, []


def _schema() -> Any:
    """Columns of the index; the first three are called as img2dataset calls them."""
    import pyarrow

    return pyarrow.schema([*((name, pyarrow.string()) for name in ("key", "status", "sha256")), *arrow_fields()])


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    """A member that tells nothing of when and by whom it was made."""
    member = tarfile.TarInfo(name)
    member.size, member.mtime, member.mode = len(data), 0, 0o644
    tar.addfile(member, io.BytesIO(data))
