"""COCO segmentations as masks, checked before pycocotools' C code sees them.

That code ends the process on NaN or huge coordinates and returns uninitialised memory for run lengths that are too short.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt

from natocc.core.errors import BadDataError, Reason
from natocc.core.samples import Mask
from natocc.occluders.coco.scalars import whole

_MAX_POLYGONS = 10_000
_MAX_POINTS = 2_000_000
_NUMBERS = re.compile(r"\[?\s*[0-9]+(\.0)?([\s,]+[0-9]+(\.0)?)+\s*\]?")
_MAX_OUTLINE = 2_000_000.0  # px; the C code needs about 100 bytes a pixel of outline


def decode(segmentation: Any, height: int, width: int) -> Mask:
    """Mask of an annotation's ``segmentation``.

    Parameters
    ----------
    segmentation : list or dict
        Polygons (each a flat list x0, y0, x1, y1, ... or a list of x, y pairs, in pixels, clipped to the picture), one polygon
        alone, or run lengths, column by column, as ``{"size": [height, width], "counts": list or compressed string}``. Polygons
        that enclose nothing, such as one of two points, are left out.
    height, width : int
        Of the picture.

    Returns
    -------
    mask : (height, width) uint8
        0 and 1.

    Raises
    ------
    BadDataError
        ``bad-annotation`` saying what was expected and found.
    """
    if isinstance(segmentation, list) and len(segmentation) == 1 and isinstance(segmentation[0], dict):
        segmentation = segmentation[0]
    if isinstance(segmentation, dict):
        return _decode_runs(segmentation, height, width)
    if not isinstance(segmentation, list) or not segmentation:
        raise _bad("expected polygons or run lengths", segmentation)
    listed = _list_polygons(segmentation, depth=2)
    if len(listed) > _MAX_POLYGONS:
        raise BadDataError(Reason.BAD_ANNOTATION, f"segmentation has {len(listed)} polygons")
    polygons = [_check_polygon(polygon, height, width) for polygon in listed if not _is_sliver(polygon)]
    if not polygons:
        raise _bad("expected a polygon of three or more x, y pairs", segmentation)
    outline = sum(float(np.abs(polygon - np.roll(polygon, 1, axis=0)).sum()) for polygon in polygons)
    if outline > _MAX_OUTLINE or sum(map(len, polygons)) > _MAX_POINTS:
        raise BadDataError(Reason.BAD_ANNOTATION, f"the polygons have an outline of {outline:.0f} px")

    from pycocotools import mask as coco_masks

    runs = coco_masks.frPyObjects([polygon.ravel().tolist() for polygon in polygons], height, width)
    return np.ascontiguousarray(coco_masks.decode(coco_masks.merge(runs)))


def _list_polygons(value: list[Any], depth: int) -> list[Any]:
    """Polygons as flat lists, from one alone, from lists of pairs, or from one list too many around them."""
    if not any(isinstance(item, list) for item in value):
        return [value]
    if len(value) > 2 and all(_is_pair(item) for item in value):
        return [[number for pair in value for number in pair]]
    polygons: list[Any] = []
    for item in value:
        if isinstance(item, list) and any(isinstance(inner, list) for inner in item):
            if not depth:
                raise _bad("expected polygons, found lists within lists", value)
            polygons += _list_polygons(item, depth - 1)
        else:
            polygons.append(item)
    return polygons


def _is_pair(item: Any) -> bool:
    return isinstance(item, list) and len(item) == 2 and not any(isinstance(number, list) for number in item)


def _is_sliver(polygon: Any) -> bool:
    """Whether it is what tools leave of a speck, which encloses nothing."""
    return polygon is None or (isinstance(polygon, list) and (len(polygon) < 6 or len(polygon) % 2 == 1))


def _check_polygon(polygon: Any, height: int, width: int) -> npt.NDArray[np.float64]:
    """Corners (n, 2) of a polygon, clipped to the picture."""
    if not isinstance(polygon, list):
        raise _bad("expected a polygon of three or more x, y pairs", polygon)
    if len(polygon) > 2 * _MAX_POINTS:
        raise BadDataError(Reason.BAD_ANNOTATION, f"a polygon has {len(polygon) // 2} points")
    if not all(type(number) in (int, float) for number in polygon):
        raise _bad("expected numbers in a polygon", polygon)
    size = max(height, width)
    # Plain comparison first: NaN fails it, and integers beyond any float are caught before numpy sees them.
    if not all(-size <= number <= 2 * size for number in polygon):
        raise _bad(f"expected polygon coordinates within a picture of {width} x {height}", polygon)
    corners = np.array(polygon, dtype=np.float64).reshape(-1, 2)
    return np.clip(corners, 0, [width, height])


def _decode_runs(runs: dict[Any, Any], height: int, width: int) -> Mask:
    size, counts = runs.get("size"), runs.get("counts")
    stated = [whole(side) for side in size] if isinstance(size, list) else []
    if stated != [height, width]:
        swapped = " (height first; they look swapped)" if stated == [width, height] else ""
        raise _bad(f"expected run lengths of size [{height}, {width}]{swapped}", size)
    lengths = _read_counts(counts)
    if lengths is None:
        raise _bad("expected run lengths as a list of integers or a compressed string", counts)
    if len(lengths) > height * width + 1 or min(lengths, default=0) < 0 or sum(lengths) != height * width:
        raise _bad(f"expected run lengths that add up to {height * width}", counts)
    values = np.arange(len(lengths), dtype=np.uint8) & 1
    return np.ascontiguousarray(np.repeat(values, lengths).reshape(width, height).T)


def _read_counts(counts: Any) -> list[int] | None:
    """Run lengths from a list of whole numbers, however they are written, or from a string; None where it is neither."""
    if isinstance(counts, str):
        if not _NUMBERS.fullmatch(counts):
            return _decompress(counts)
        counts = counts.strip("[] ").replace(",", " ").split()
    if not isinstance(counts, list):
        return None
    if all(type(count) is int for count in counts):
        return counts
    lengths = [whole(count) for count in counts]
    return None if None in lengths else [length for length in lengths if length is not None]


def _decompress(text: str) -> list[int]:
    """COCO's compressed run lengths: 6-bit characters, 5 bits of value each, differences to the last but one.

    Examples
    --------
    >>> _decompress("52203")
    [5, 2, 2, 2, 5]
    """
    lengths: list[int] = []
    value, shift = 0, 0
    for character in text:
        bits = ord(character) - 48
        if not 0 <= bits < 64 or shift > 60:
            raise _bad("expected compressed run lengths", text)
        value |= (bits & 0x1F) << shift
        shift += 5
        if not bits & 0x20:
            if bits & 0x10:
                value -= 1 << shift
            lengths.append(value + lengths[-2] if len(lengths) > 2 else value)
            value, shift = 0, 0
    if shift:
        raise _bad("expected compressed run lengths, found them cut short", text)
    return lengths


def _bad(expected: str, value: Any) -> BadDataError:
    shown = list(value) if isinstance(value, dict) else value[:8] if isinstance(value, list | str) else value
    return BadDataError(Reason.BAD_ANNOTATION, f"{expected}, found {repr(shown)[:80]}")
