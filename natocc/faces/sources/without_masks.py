"""Faces that have no masks: what finds them, where a recipe names a network."""

from __future__ import annotations

from pathlib import Path

from natocc.core.errors import UsageError
from natocc.faces.sources.base import FaceOptions, FaceSource
from natocc.io.segmenter import Segmenter


def open_network(options: FaceOptions, faces: FaceSource, data: Path) -> Segmenter | None:
    """The network that finds the masks of `faces`; None where outlines are estimated, or there are masks.

    Parameters
    ----------
    options : FaceOptions
        Whose ``mask`` may name it.
    faces : FaceSource
        That are to have the masks.
    data : Path
        The data root.

    Raises
    ------
    UsageError
        If there is no such file, it is no network of natocc's, or the faces have masks.
    """
    if options.mask is None:
        return None
    if faces.has_masks:
        raise UsageError(
            f"faces.mask: the faces of source {options.source!r} have masks, and a network is for photographs that have none: "
            "leave faces.mask out, or take the photographs alone with faces.source=folder"
        )
    return Segmenter.at(options.mask.model, data, "faces.mask.model")
