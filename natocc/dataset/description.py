"""dataset.json: what a dataset is, and that a folder is natocc's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from natocc.core.errors import UsageError
from natocc.core.plans import Json
from natocc.core.versions import __version__
from natocc.dataset.layout import Layout, dataset_file
from natocc.io.atomic import encode_json, read_json, write_aside
from natocc.io.sealed_json import seal

FORMAT = 1
"""Of the folder as a whole; a reader refuses a newer one."""

STATUSES = ("building", "part", "complete")
"""``part``: some shards of a dataset, made by themselves; ``shards`` says which, ``samples`` how many samples all shards hold."""


def write_dataset(layout: Layout, description: Mapping[str, Json]) -> None:
    """Write ``dataset.json``, replacing the one before.

    Parameters
    ----------
    layout : Layout
        Its root exists.
    description : mapping
        JSON: ``status`` (one of :data:`STATUSES`), resolved recipe, versions, labels, counts. ``natocc`` (the version) and
        ``format`` are put before it, and the sha256 of all that (:func:`natocc.io.sealed_json.seal`) behind it.

    Raises
    ------
    ValueError
        If the status is unknown or a number is not finite.
    RunError
        If the disk refuses.
    """
    if description.get("status") not in STATUSES:
        raise ValueError(f"status must be one of {STATUSES}, got {description.get('status')!r}")
    content = {"natocc": __version__, "format": FORMAT, **description}
    write_aside(layout.dataset, encode_json(seal(content), indent=2))


def read_dataset(root: Path, shown: str | None = None) -> dict[str, Json]:
    """What :func:`write_dataset` wrote.

    Parameters
    ----------
    root : Path
        The dataset's folder.
    shown : str, optional
        How messages name it; its path by default.

    Returns
    -------
    description : dict
        With ``natocc``, ``format`` and ``status``.

    Raises
    ------
    UsageError
        If `root` is no folder, holds no ``dataset.json``, or one that is damaged, not natocc's, or of a newer format.
    """
    path = dataset_file(root)
    if not root.is_dir():
        raise UsageError(f"no folder {root}; expected a dataset that natocc built")
    if not path.exists():
        raise UsageError(f"{root} is not a natocc dataset: it holds no {path.name}")
    name = f"{shown or root}/{path.name}"
    content = read_json(path, name)
    if not isinstance(content.get("natocc"), str) or not isinstance(content.get("format"), int):
        raise UsageError(f"{name} is not natocc's: expected the keys 'natocc' and 'format', found {_some(content)}")
    if content["format"] != FORMAT:
        raise UsageError(f"{name} has format {content['format']}, written by natocc {content['natocc']}; this one reads {FORMAT}")
    if content.get("status") not in STATUSES:
        raise UsageError(f"{name} is damaged: expected a status of {', '.join(STATUSES)}, found {content.get('status')!r}")
    return content


def _some(content: Mapping[str, Json]) -> str:
    shown = ", ".join(repr(key) for key in list(content)[:5])
    return shown + (", ..." if len(content) > 5 else "") if content else "none"
