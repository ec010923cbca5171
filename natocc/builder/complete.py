"""The last step of a dataset: all shards are whole, and what is made of their records is written; whether that was done."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from natocc.core.rejections import may_be_made
from natocc.dataset.description import Counts, DatasetDescription, write_dataset
from natocc.dataset.layout import Layout, shard_count
from natocc.dataset.records import whole_shards
from natocc.dataset.write.folder import clean_staging
from natocc.io.atomic import write_aside
from natocc.io.images import sha256
from natocc.report.card import card_of
from natocc.report.contact_sheet import sheet_of


def write_complete(layout: Layout, description: DatasetDescription, samples: int, made: int, rejected: Mapping[str, int]) -> None:
    """Write the card and the contact sheet, and mark the dataset complete, which comes last.

    Parameters
    ----------
    layout : Layout
        All its shards are whole, and ``dataset.json`` and the manifest exist.
    description : DatasetDescription
        See :func:`natocc.pipeline.fingerprint.describe`.
    samples, made : int
        In all, and those that were not rejected.
    rejected : mapping of str to int
        Samples that were, by reason.

    Raises
    ------
    UsageError, BadDataError
        If the manifest, a record or a picture that the sheet shows is damaged.
    RunError
        If writing fails (disk full, read-only, no permission).
    """
    written = {layout.card: card_of(layout, description)}
    if made:
        written[layout.contact_sheet] = sheet_of(layout)
    for path, content in written.items():
        write_aside(path, content)
    clean_staging(layout)
    files = {path.name: sha256(content) for path, content in written.items()}
    counts = Counts(made, rejected)
    complete = dataclasses.replace(description, status="complete", samples=samples, counts=counts, files=files)
    write_dataset(layout.root, complete)


def is_complete(layout: Layout, samples: int, existing: DatasetDescription, wanted: DatasetDescription) -> bool:
    """Whether nothing is left to do for `wanted`, of so many samples; a look at names only."""
    if existing.counts is not None and may_be_made(existing.counts.rejected):
        return False
    complete = dataclasses.replace(wanted, status="complete", samples=samples)
    counts, files, processors = existing.counts, existing.files, existing.processors
    return (
        existing == dataclasses.replace(complete, counts=counts, files=files, processors=processors)
        and layout.manifest.exists()
        and whole_shards(layout) == list(range(shard_count(samples, layout.shard_size)))
    )
