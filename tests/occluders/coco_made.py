"""COCO files made for tests: pictures with a disc each, and what a tool may have written about them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from natocc.io.images import encode_jpeg

HEIGHT, WIDTH = 140, 160
_ROWS, _COLUMNS = np.mgrid[:HEIGHT, :WIDTH]
DISC = ((_ROWS - 70) ** 2 + (_COLUMNS - 80) ** 2 < 40**2).astype(np.uint8)
_AROUND = np.linspace(0, 2 * np.pi, 30, endpoint=False)
CIRCLE: list[float] = np.stack([80 + 40 * np.cos(_AROUND), 70 + 40 * np.sin(_AROUND)], axis=1).ravel().round(2).tolist()
COUNTS: list[int] = np.diff(np.flatnonzero(np.diff(DISC.ravel(order="F"), prepend=2, append=2))).tolist()
RUNS = {"size": [HEIGHT, WIDTH], "counts": COUNTS}


def picture(number: int = 0) -> bytes:
    """A JPEG, another for each number."""
    return encode_jpeg(np.dstack([_COLUMNS, _ROWS, np.where(DISC, 250 - number, 20)]).astype(np.uint8), 95)


def entry(number: Any, file_name: str, **more: Any) -> dict[str, Any]:
    """An entry of ``images``."""
    return {"id": number, "file_name": file_name, "height": HEIGHT, "width": WIDTH, **more}


def annotation(number: Any, picture_id: Any, **more: Any) -> dict[str, Any]:
    """An annotation of the disc, a cup."""
    return {"id": number, "image_id": picture_id, "category_id": 1, "iscrowd": 0, "segmentation": [CIRCLE], **more}


def content(names: Sequence[str] = ("p0.jpg", "p1.jpg"), **more: Any) -> dict[str, Any]:
    """A COCO file with an object a picture."""
    return {
        "images": [entry(number, name) for number, name in enumerate(names)],
        "annotations": [annotation(number, number) for number in range(len(names))],
        "categories": [{"id": 1, "name": "cup"}],
        **more,
    }


def write(root: Path, files: Mapping[str, Any]) -> Path:
    """Files below a folder: pictures for None, other values as JSON or as they are."""
    for number, (name, value) in enumerate(files.items()):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if value is None:
            path.write_bytes(picture(number))
        elif isinstance(value, bytes):
            path.write_bytes(value)
        else:
            path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return root
