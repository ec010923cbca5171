"""Templates from files: pictures with an alpha channel, and where their anchors are.

The anchors of ``NAME.png`` lie beside it in ``NAME.json`` (``{"kind": "cloth", "points": {"28": [307, 22], ...}}``, or points
alone), in ``NAME.csv`` (lines ``name,x,y``), or in a ``masks.cfg`` as MaskTheFace [1]_ has it: six points a template, ``mask_a``
to ``mask_f``: top left, bridge of the nose, top right, bottom left, chin, bottom right. There, ``NAME_left`` and ``NAME_right``
are the same mask on a head that is turned to the left or the right of the picture.

.. [1] A. Anwar, A. Raychowdhury, "Masked Face Recognition for Secure Authentication", arXiv 2008.11104.
"""

from __future__ import annotations

import configparser
import csv
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from natocc.core.errors import BadDataError, UsageError
from natocc.core.samples import MATTE_THRESHOLD, Image, Matte
from natocc.core.text import nearest
from natocc.io.files import is_file
from natocc.io.images import MAX_PIXELS, read_bytes, read_rgba
from natocc.occluders.cutting.matting import estimate_foreground
from natocc.occluders.worn.face_model import ANCHORS
from natocc.occluders.worn.outline_points import POINTS_BY_RULE, along_jaw
from natocc.occluders.worn.template import Anchors, WornTemplate

LAYOUT = (
    "pictures with an alpha channel, each with its points beside it (NAME.json or NAME.csv: name, x, y of four or more of "
    "0-67, ear_left, ear_right, ...), or a masks.cfg as MaskTheFace has it"
)
CFG = "masks.cfg"
_LEAST = 4
_OF_CFG = {"mask_a": "2", "mask_b": "28", "mask_c": "14", "mask_d": "4", "mask_e": "8", "mask_f": "12"}
# Of a mask on a turned head, its far side is not where the jaw is; the near side has its loops.
_OF_CFG_TURNED = {
    "left": {"mask_b": "28", "mask_c": "ear_right", "mask_e": "8", "mask_f": "13"},
    "right": {"mask_b": "28", "mask_a": "ear_left", "mask_e": "8", "mask_d": "3"},
}


def read_template(path: Path, rule: str, kind: str | None, max_pixels: int = MAX_PIXELS) -> tuple[WornTemplate, str]:
    """A template, and the sha256 of its picture.

    Parameters
    ----------
    path : Path
        The picture.
    rule : str
        ``files``, or one of :data:`natocc.occluders.worn.outline_points.POINTS_BY_RULE`.
    kind : str, optional
        Of the template, unless its points say it; by default its folder's name or the first word of its own.
    max_pixels : int
        Pictures of more are refused.

    Raises
    ------
    UsageError
        In one line, if the picture cannot be read or has no alpha channel, or its points are missing, too few or unknown.
    """
    try:
        colours, alpha, digest = read_rgba(path, max_pixels)
    except BadDataError as error:
        raise UsageError(f"{path}: {error.detail}") from None
    if alpha.min() >= MATTE_THRESHOLD or alpha.max() < MATTE_THRESHOLD:
        raise UsageError(
            f"{path}: expected a picture that is transparent around what is worn; nothing or all of it is transparent"
        )
    if rule == "files":
        points, stated = _points(path, alpha)
    else:
        points, stated = POINTS_BY_RULE[rule](alpha), None
    return _template(path, colours, alpha, points, stated or kind or path.stem.split("_")[0].split("-")[0]), digest


def _template(path: Path, colours: Image, alpha: Matte, points: Anchors, kind: str) -> WornTemplate:
    if len(points) < _LEAST:
        raise UsageError(f"{path}: {len(points)} points; expected {_LEAST} or more, not on a line")
    return WornTemplate(estimate_foreground(colours, alpha), alpha, points, kind)


def _points(path: Path, alpha: Matte) -> tuple[Anchors, str | None]:
    """Anchors of a picture from beside it, and its kind where that is stated."""
    stated = None
    if is_file(beside := path.with_suffix(".json")):
        value = _json(beside)
        if isinstance(value.get("points"), Mapping):
            stated = None if value.get("kind") is None else str(value["kind"])
            value = value["points"]
        return {str(name): _point(beside, str(name), xy) for name, xy in value.items()}, stated
    if is_file(beside := path.with_suffix(".csv")):
        return _table(beside), None
    for folder in (path.parent, path.parent.parent):
        if is_file(cfg := folder / CFG):
            return _of_cfg(cfg, path.stem, alpha), None
    raise UsageError(f"{path}: no points beside it; expected {LAYOUT}, or points: {' or '.join(POINTS_BY_RULE)}")


def _json(path: Path) -> Mapping[str, Any]:
    try:
        value = json.loads(_text(path))
    except ValueError as error:
        raise UsageError(f"{path}: expected JSON: {error}") from None
    if not isinstance(value, Mapping):
        raise UsageError(f'{path}: expected {{"points": {{"28": [x, y], ...}}}}, found {type(value).__name__}')
    return value


def _table(path: Path) -> Anchors:
    rows = [[cell.strip() for cell in row] for row in csv.reader(_text(path).splitlines()) if row]
    if rows and rows[0][:3] == ["name", "x", "y"]:
        rows = rows[1:]
    return {row[0]: _point(path, row[0], row[1:3]) for row in rows}


def _of_cfg(path: Path, name: str, alpha: Matte) -> Anchors:
    """Six points of MaskTheFace's, and more of the outline between them."""
    parser = configparser.ConfigParser(strict=False)
    try:
        parser.read_string(_text(path))
    except configparser.Error as error:
        raise UsageError(f"{path}: expected sections as MaskTheFace has them: {error.message.splitlines()[0]}") from None
    if name not in parser:
        raise UsageError(f"{path}: no section [{name}]{nearest(name, parser.sections())}")
    section = parser[name]
    names = _OF_CFG_TURNED.get(name.rpartition("_")[2], _OF_CFG)
    points = {}
    for key, anchor in names.items():
        if key not in section:
            raise UsageError(f"{path}: [{name}] has no {key}; expected mask_a to mask_f")
        points[anchor] = _point(path, anchor, section[key].split(","))
    return {**points, **along_jaw(alpha, points)} if names is _OF_CFG else points


def _point(path: Path, name: str, xy: Any) -> tuple[float, float]:
    if name not in ANCHORS:
        raise UsageError(f"{path}: unknown point {name!r}{nearest(name, list(ANCHORS))}; expected 0-67 (iBUG's landmarks) or "
                         f"{', '.join(each for each in ANCHORS if not each.isdecimal())}")  # fmt: skip
    try:
        x, y = (float(value) for value in xy)
    except (TypeError, ValueError):
        raise UsageError(f"{path}: point {name}: expected x and y, found {xy!r}") from None
    if not (math.isfinite(x) and math.isfinite(y)):
        raise UsageError(f"{path}: point {name}: expected x and y, found {xy!r}")
    return x, y


def _text(path: Path) -> str:
    try:
        return read_bytes(path).decode("utf-8-sig")
    except BadDataError as error:
        raise UsageError(f"{path}: {error.detail}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: expected UTF-8 text") from None
