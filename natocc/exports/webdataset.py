"""WebDataset: tars of samples, the same bytes each time."""

from __future__ import annotations

import contextlib
import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field

from natocc.dataset.layout import PICTURES
from natocc.exports.format import ExportOptions
from natocc.exports.reader import SourceDataset, SourceSample
from natocc.exports.writer import ExportWriter


class WebDatasetExport(ExportOptions):
    """``SPLIT/000000.tar ...``: of each sample ``jpg`` (or ``png``), ``mask.png``, the other folders by name, and ``json``."""

    to: Literal["webdataset"] = "webdataset"
    takes_clean = True
    samples_per_tar: int = Field(1000, ge=1)
    """Samples in a tar; the last tar of a split may hold fewer."""

    def write(self, dataset: SourceDataset, samples: Iterator[SourceSample], writer: ExportWriter, target: Path) -> None:
        """Write the tars of all splits side by side."""
        del target
        suffix = dataset.image_suffix
        extensions = {folder: f".{folder}{suffix if folder in PICTURES else '.png'}" for folder in dataset.folders}
        extensions |= {"images": suffix, self.labels: ".mask.png"}
        with contextlib.ExitStack() as stack:
            tars = {split: stack.enter_context(contextlib.ExitStack()) for split in dataset.counts}
            current: dict[str, tarfile.TarFile] = {}
            done = dict.fromkeys(dataset.counts, 0)
            for sample in samples:
                split = sample.split
                if done[split] % self.samples_per_tar == 0:
                    tars[split].close()
                    name = f"{split}/{done[split] // self.samples_per_tar:06d}.tar"
                    opened = tars[split].enter_context(writer.open(name))
                    tar = tarfile.open(fileobj=opened, mode="w", format=tarfile.USTAR_FORMAT)  # noqa: SIM115
                    current[split] = tars[split].enter_context(tar)
                done[split] += 1
                members = {extension: sample.read(folder) for folder, extension in extensions.items()}
                members[".json"] = json.dumps(sample.described(), sort_keys=True, allow_nan=False).encode("ascii")
                for extension in sorted(members):
                    _add(current[split], sample.stem + extension, members[extension])


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    """A member that tells nothing of when and by whom it was made."""
    member = tarfile.TarInfo(name)
    member.size, member.mtime, member.mode = len(data), 0, 0o644
    tar.addfile(member, io.BytesIO(data))
