"""Outlines of masks as polygons: holes are cut open to the outside, parts may be linked into one polygon.

A point (x, y) is in pixels, (0, 0) the corner of the picture. Outlines run a quarter of a pixel within the outermost pixels, so
that the centre of a pixel is inside exactly where the mask is, and that cutting the fraction off gives the pixel itself: readers
that fill by centres (pycocotools) and readers that cut off (Ultralytics) both get the mask back where nothing was simplified.
Readers that round get a pixel more to the right and below.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from natocc.core.samples import Mask

Polygon: TypeAlias = npt.NDArray[np.float64]


def polygons(mask: Mask, tolerance: float) -> list[Polygon]:
    """One polygon a part (8-connected) of a mask, from left to right.

    Parameters
    ----------
    mask : (H, W) uint8
        1 inside.
    tolerance : float
        How far, px, a simplified outline may lie from the true one; 0 leaves it as it is.

    Returns
    -------
    polygons : list of (n, 2) float64
        Not closed; n is 3 or more. A hole is reached by a cut without width, gone along twice.
    """
    left, top, width, height = cv2.boundingRect(mask)
    if not width:
        return []
    fine = mask[top : top + height, left : left + width].repeat(2, axis=0).repeat(2, axis=1)
    contours, tree = cv2.findContours(fine, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    outlines = [(_simplified(contour, 2 * tolerance)[:, 0].astype(np.float64) + 0.5) / 2 + (left, top) for contour in contours]
    parents = tree[0, :, 3]
    parts = []
    for number in np.flatnonzero(parents < 0):
        parts.append(_cut_open(outlines[number], [outlines[hole] for hole in np.flatnonzero(parents == number)]))
    return sorted(parts, key=lambda part: (part[:, 0].min(), part[:, 1].min()))


def linked(parts: Sequence[Polygon]) -> Polygon:
    """Parts as one polygon, each linked to those before it by a line without width between their nearest points."""
    whole = parts[0]
    for part in parts[1:]:
        distances = np.array([((whole - point) ** 2).sum(axis=1).min() for point in part])
        start = int(distances.argmin())
        near = int(((whole - part[start]) ** 2).sum(axis=1).argmin())
        whole = np.concatenate([whole[: near + 1], part[start:], part[: start + 1], whole[near:]])
    return whole


def _simplified(contour: npt.NDArray[Any], tolerance: float) -> npt.NDArray[Any]:
    if tolerance > 0:
        simple = cv2.approxPolyDP(contour, tolerance, closed=True)
        if len(simple) >= 3:
            return np.asarray(simple)
    return contour


def _cut_open(outline: Polygon, holes: Sequence[Polygon]) -> Polygon:
    """An outline with its holes: from the leftmost point of each, a cut to whatever lies to the left, leftmost hole first."""
    for hole in sorted(holes, key=lambda outline: float(outline[:, 0].min())):
        leftmost = int(hole[:, 0].argmin())
        x, y = hole[leftmost]
        ends = np.roll(outline, -1, axis=0)
        crossing = np.flatnonzero((outline[:, 1] > y) != (ends[:, 1] > y))
        start, end = outline[crossing], ends[crossing]
        crossed = start[:, 0] + (y - start[:, 1]) * (end[:, 0] - start[:, 0]) / (end[:, 1] - start[:, 1])
        crossed[crossed > x] = -np.inf
        if not len(crossed) or np.isneginf(crossed.max()):  # simplified until the hole lay outside
            continue
        edge = int(crossing[crossed.argmax()])
        door = np.array([[crossed.max(), y]])
        outline = np.concatenate([outline[: edge + 1], door, hole[leftmost:], hole[: leftmost + 1], door, outline[edge + 1 :]])
    return outline
