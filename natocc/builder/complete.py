"""The last step of a dataset: all shards are whole, and what is made of their records is written."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from natocc.dataset.description import Counts, DatasetDescription, write_dataset
from natocc.dataset.layout import Layout
from natocc.dataset.write.folder import clean_staging
from natocc.report.card import write_card
from natocc.report.contact_sheet import dataset_contact_sheet


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
    RunError
        If writing fails (disk full, read-only, no permission).
    """
    write_card(layout)
    if made:
        dataset_contact_sheet(layout)
    clean_staging(layout)
    complete = dataclasses.replace(description, status="complete", samples=samples, counts=Counts(made, rejected))
    write_dataset(layout.root, complete)
