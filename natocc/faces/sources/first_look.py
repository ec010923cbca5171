"""A look at a few masks: what would reject every picture is said before a build starts."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from natocc.core.errors import BadDataError, Reason, UsageError
from natocc.faces.classes import CLASS_TABLES, NOT_LABELLED
from natocc.io import images
from natocc.io.images import Channel

_LOOKED_AT = 10


def some_masks(masks: Sequence[tuple[Path, str]]) -> list[Path]:
    """Paths of a few masks, from the first to the last, of folders and names below them."""
    indices = {round(place) for place in np.linspace(0, len(masks) - 1, _LOOKED_AT)} if masks else ()
    return [folder / name for folder, name in (masks[index] for index in sorted(indices))]


def refuse_label_maps(paths: Sequence[Path], max_pixels: int, channel: Channel) -> None:
    """Refuse masks of which none is two-valued.

    Raises
    ------
    UsageError
        If there are masks that need a key to be understood, and none that does not; names the values or colours found, and the
        tables of classes that fit them.
    """
    refused: list[tuple[Path, BadDataError]] = []
    for path in paths:
        try:
            images.read_mask(path, max_pixels, channel)
            return
        except BadDataError as error:
            if error.reason == Reason.BAD_MASK:
                refused.append((path, error))
    if not refused:
        return
    values: set[int] = set()
    for path, _ in refused:
        with contextlib.suppress(BadDataError):
            values |= set(np.unique(images.read_labels(path, max_pixels, channel)).tolist())
    if len(values - {0}) < 2:  # no label map: colours, or two channels that disagree
        raise UsageError(
            f"{refused[0][1].detail}; no mask can be read so: values get their meaning from faces.classes={{1: skin, ...}}, "
            "colours from faces.colours={face: [red, green, blue], ...}"
        )
    fitting = [name for name, table in CLASS_TABLES.items() if values <= {*table, NOT_LABELLED}]
    tables = f"faces.classes={' or '.join(fitting)}, or " if fitting else ""
    raise UsageError(
        f"{refused[0][0]} and others are label maps, with the values {images.list_values(sorted(values))}; "
        f"say what they mean: {tables}faces.classes={{1: skin, ...}}"
    )
