"""The last step of a dataset: all shards are whole, and what is made of their records is written."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from natocc.dataset.description import Counts, DatasetDescription, write_dataset
from natocc.dataset.layout import Layout
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
