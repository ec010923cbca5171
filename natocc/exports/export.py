"""From a dataset to a folder that another tool reads."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from natocc.core.errors import UsageError
from natocc.core.plans import Json
from natocc.core.progress import Progress
from natocc.core.text import nearest
from natocc.exports import FORMATS
from natocc.exports.format import ExportOptions
from natocc.exports.reader import SourceDataset, SourceSample
from natocc.exports.target import check_target, staged
from natocc.exports.writer import ExportWriter
from natocc.plugins.faults import faults
from natocc.plugins.options import choose_by_name


@dataclasses.dataclass(frozen=True)
class Exported:
    """What an export wrote.

    Parameters
    ----------
    samples : mapping of str to int
        Samples, by split.
    files : mapping of str to int
        Files of the export, by how they came: ``linked``, ``copied``, ``written``.
    seconds : float
        Wall time.
    left_out : tuple of str
        Folders of the dataset's pictures for which the format has no place.
    """

    samples: Mapping[str, int]
    files: Mapping[str, int]
    seconds: float
    left_out: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Json]:
        """As plain JSON."""
        counts: dict[str, Json] = {"samples": dict(self.samples), "files": dict(self.files)}
        return counts | {"seconds": round(self.seconds, 3), "left_out": list(self.left_out)}


def choose_format(raw: Mapping[str, Any]) -> ExportOptions:
    """The options of the format that `raw` names under ``to``.

    Raises
    ------
    UsageError
        One line a fault.
    """
    if raw["to"] not in FORMATS:
        raise UsageError(f"--to {raw['to']!r}: no such format{nearest(str(raw['to']), list(FORMATS))}")
    try:
        return choose_by_name(raw, ExportOptions, FORMATS, "to")
    except ValidationError as error:
        raise UsageError(*(f"--to {raw['to']}: {line}" for line in faults(error))) from None
    except ValueError as error:  # a plug-in that cannot be used
        raise UsageError(f"--to {raw['to']}: {error}") from None


def write_export(options: ExportOptions, dataset: SourceDataset, target: Path, link: bool, progress: Progress) -> Exported:
    """Write a dataset for another tool.

    Parameters
    ----------
    options : ExportOptions
        For which tool, and how.
    dataset : SourceDataset
        What of.
    target : Path
        A folder that is new, empty, or an earlier export of the same dataset to the same format, which is replaced.
    link : bool
        Whether files may be hard links to those of the dataset.
    progress : callable
        Called with what is being done, samples done, and how many there are.

    Returns
    -------
    exported : Exported

    Raises
    ------
    UsageError
        If the target is not free, the format cannot express the dataset, or the dataset is damaged. The target is then as it was.
    RunError
        If writing fails (disk full, read-only, no permission).
    """
    begin = time.monotonic()
    identity: dict[str, Json] = {"to": options.to, "dataset": dataset.name}
    options.check(dataset)
    check_target(target, dataset.root, identity)
    details: dict[str, Json] = {
        "options": options.model_dump(mode="json"),
        "recipe_sha256": dataset.recipe_sha256,
        "samples": dict(dataset.counts),
    }
    with staged(target, identity, details) as part:
        writer = ExportWriter(part, link)
        options.write(dataset, _counted(dataset, options.to, progress), writer, target)
    left_out = ("clean",) if "clean" in dataset.folders and not options.takes_clean else ()
    return Exported(dataset.counts, writer.counts, time.monotonic() - begin, left_out)


def _counted(dataset: SourceDataset, name: str, progress: Progress) -> Iterator[SourceSample]:
    total = len(dataset)
    progress(f"exporting to {name}", 0, total)
    for done, sample in enumerate(dataset.samples(), start=1):
        yield sample
        progress(f"exporting to {name}", done, total)
