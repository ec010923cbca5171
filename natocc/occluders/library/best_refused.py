"""The best of the cutouts that were refused for their quality: small pictures, for those who judge whether the limit is right."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from natocc.core.samples import Image, Matte
from natocc.io.files import is_file
from natocc.io.images import decode_rgba, encode_png, read_bytes
from natocc.occluders.cutting.judging import PoorCutoutError
from natocc.occluders.library.packed import reduced

MOST = 20
"""How many are kept, of a whole library."""

_FOLDER, _INDEX = "refused", "index.json"
_LONGEST = 192  # px: as large as it is shown


@dataclasses.dataclass(frozen=True, eq=False)
class RefusedCutout:
    """A cutout that was refused, reduced.

    Parameters
    ----------
    foreground, matte : (h, w, 3) uint8, (h, w) uint8
        As those of a cutout.
    category : str
        Such as ``cup``.
    score : float
        Its quality.
    flaw : str
        What is worst about it.
    """

    foreground: Image
    matte: Matte
    category: str
    score: float
    flaw: str


def keep_refused(folder: Path, chunk: int, refused: Sequence[PoorCutoutError]) -> list[dict[str, Any]]:
    """Write the best ones of a chunk; gives what :func:`keep_best` needs of them."""
    rows = []
    for rank, poor in enumerate(sorted(refused, key=lambda poor: -poor.cutout.quality.score)[:MOST]):
        cutout = poor.cutout
        file = f"{_FOLDER}/{chunk:05d}-{rank:02d}.png"
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).write_bytes(encode_png(reduced(np.dstack([cutout.foreground, cutout.matte]), _LONGEST)))
        rows.append({"file": file, "category": cutout.category, "score": cutout.quality.score, "flaw": cutout.quality.flaw})
    return rows


def keep_best(folder: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Of those of all chunks, keep the best ones of the library, and delete the pictures of the others."""
    best = sorted(rows, key=lambda row: (-row["score"], row["file"]))[:MOST]
    kept = {row["file"] for row in best}
    for path in (folder / _FOLDER).glob("*.png"):
        if f"{_FOLDER}/{path.name}" not in kept:
            path.unlink()
    if best:
        (folder / _FOLDER / _INDEX).write_text(json.dumps(best, indent=1), encoding="ascii")


def best_refused(folder: Path) -> list[RefusedCutout]:
    """Those of a library, the best first; none where nothing was refused for its quality.

    Raises
    ------
    BadDataError
        If a picture is gone or damaged.
    ValueError, KeyError
        If their index is damaged.
    """
    index = folder / _FOLDER / _INDEX
    if not is_file(index):
        return []
    found = []
    for row in json.loads(index.read_text(encoding="ascii")):
        rgba = decode_rgba(read_bytes(folder / row["file"]), row["file"])
        foreground, matte = np.ascontiguousarray(rgba[..., :3]), np.ascontiguousarray(rgba[..., 3])
        found.append(RefusedCutout(foreground, matte, row["category"], row["score"], row["flaw"]))
    return found
