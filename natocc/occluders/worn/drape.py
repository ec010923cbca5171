"""Putting a template on a face: pixels of the template to points of the head, the head to the picture, corrected by landmarks.

The template's anchors say where its pixels lie on the generic head (a thin-plate spline), and the head's own shape how deep they
are. The head is turned as the face is. What its projected anchors miss of the face's landmarks is spread between them by a
second spline, so that the sheet lies where the landmarks are; what is nearer hides what is farther, so that the far side of a
turned head ends where the head does.
"""

from __future__ import annotations

import functools
import math
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from natocc.core.errors import BadDataError, Reason
from natocc.core.samples import MATTE_THRESHOLD, Image, Matte, Points
from natocc.occluders.cutting.matting import spread
from natocc.occluders.worn.face_model import ANCHORS, MODEL, Float
from natocc.occluders.worn.fits import Fit, Point3, Wearing
from natocc.occluders.worn.head_pose import HeadPose, solve_pose
from natocc.occluders.worn.mesh import visible
from natocc.occluders.worn.spline import Similarity, ThinPlate
from natocc.occluders.worn.template import WornTemplate

Outline: TypeAlias = npt.NDArray[np.int32]

_FINER = 2  # edges are drawn twice as fine, then averaged
_CELL = 7.0  # px of the picture, at most about, between knots
_KNOTS = (24, 96)
_SPARSE = 4  # every so many rows tell how much the template shrinks
_ROOM = 8  # px around the picture, so that an edge at its border is no edge
_MARGIN = 3  # px around what is covered
_CONTOUR_STEPS = 24
_SIDEWAYS = 8.0  # degrees from which jaw points of the far side are taken for the outline that the camera sees
# Where a mask begins that is worn otherwise, and where what should be at the chin lies then; mm below the eyes.
_WORN: dict[Wearing, tuple[float, float]] = {"below_nose": (51.0, 115.0), "chin": (88.0, 128.0)}
_MIDDLE, _LOWEST_TOP = 8.0, 40.0  # mm: where a mask's top edge is looked for
_WRONG_HELD = ("33", "57")  # then its edge lies on the lip or the chin
_ABOVE_CHIN = 6  # jaw points whose distance is the face's width
_SIDES = (66.0, 74.0)  # mm from the middle: loops keep their place at the ears however the mask is worn


def drape(
    template: WornTemplate, landmarks_xy: Points, fit: Fit, wearing: Wearing, face_outline: Outline, shape: tuple[int, int]
) -> tuple[Image, Matte, tuple[int, int]]:
    """A template as it looks on a face.

    Parameters
    ----------
    template : WornTemplate
    landmarks_xy : (68, 2) float
        Of the face, px of its picture.
    fit : Fit
        How it sits.
    wearing : str
        ``proper``, or how a mask is worn wrongly.
    face_outline : (n, 2) int32
        Of the face and a margin, px: loops and temples end there, and go on under the hair or behind the ear.
    shape : (int, int)
        Height and width of the picture; nothing far beyond it is drawn.

    Returns
    -------
    foreground : (h, w, 3) uint8
        Straight colour, valid beyond the matte's edge.
    matte : (h, w) uint8
        Opacity.
    at_xy : (int, int)
        Where the first pixel of both lies in the picture.

    Raises
    ------
    BadDataError
        ``no-placement`` as :func:`natocc.occluders.worn.head_pose.solve_pose`, or if nothing of it lies in the picture.
    """
    pose = solve_pose(landmarks_xy)
    sheet = _grid(template, pose)
    flat = sheet.reshape(-1, 2)
    on_face = _to_model(template, fit)(flat)
    if wearing != "proper":
        on_face = _moved_down(on_face, _top(template, sheet, on_face), wearing)
    points = np.column_stack([on_face, _depth(fit.surface)(on_face)])
    seen = pose.project(points)
    seen[:, :2] += _correction(pose, np.asarray(landmarks_xy, dtype=np.float64), fit, wearing)(seen[:, :2])
    box = _box(seen, shape)
    if box is None:
        raise BadDataError(Reason.NO_PLACEMENT, f"nothing of the {template.kind} would lie in the picture")
    left, top, width, height = box
    seen[:, :2] = (seen[:, :2] - (left, top)) * _FINER + (_FINER - 1) / 2
    knots = np.dstack([sheet, np.abs(on_face[:, 0]).reshape(sheet.shape[:2])])
    looks_at, hit = visible(seen.reshape(*sheet.shape[:2], 3), knots, width * _FINER, height * _FINER)
    if fit.straps_from is not None:
        hit &= (looks_at[..., 2] < fit.straps_from) | _inside(face_outline, left, top, hit.shape)
    foreground, matte = _looked_up(template, looks_at[..., :2], hit)
    if matte.max(initial=0) < MATTE_THRESHOLD:
        raise BadDataError(Reason.NO_PLACEMENT, f"nothing of the {template.kind} would lie in the picture")
    x, y, wide, high = cv2.boundingRect(matte)
    rows, columns = slice(max(y - _MARGIN, 0), y + high + _MARGIN), slice(max(x - _MARGIN, 0), x + wide + _MARGIN)
    matte = matte[rows, columns].copy()
    matte[[0, -1]], matte[:, [0, -1]] = 0, 0
    return foreground[rows, columns].copy(), matte, (left + columns.start, top + rows.start)


def _to_model(template: WornTemplate, fit: Fit) -> ThinPlate:
    """Pixels of a template to x and y of the generic head, mm."""
    names = [name for name in template.points if name in fit.shape]
    if len(names) < 4:
        names = list(template.points)
    where = np.array([template.points[name] for name in names], dtype=np.float64)
    return ThinPlate(where, np.array([ANCHORS[name][:2] for name in names]))


@functools.lru_cache(maxsize=32)
def _depth(surface: tuple[Point3, ...]) -> ThinPlate:
    """How deep a surface is at x and y, mm."""
    points = np.array(surface)
    return ThinPlate(points[:, :2], points[:, 2:])


def _top(template: WornTemplate, sheet: Float, on_face: Float) -> float:
    """Where a mask begins over the nose, mm."""
    columns, rows = np.rint(sheet.reshape(-1, 2)).astype(np.intp).T
    height, width = template.matte.shape
    covered = template.matte[rows.clip(0, height - 1), columns.clip(0, width - 1)] >= MATTE_THRESHOLD
    middle = covered & (np.abs(on_face[:, 0]) < _MIDDLE)
    return float(on_face[middle, 1].min(initial=_LOWEST_TOP))


def _moved_down(on_face: Float, top: float, wearing: Wearing) -> Float:
    """Points of the head, moved down to where a mask is worn that begins at `top` when it is worn properly."""
    new_top, new_chin = _WORN[wearing]
    chin = float(MODEL[8, 1])
    x, y = on_face.T
    moved = new_top + (y - top) * (new_chin - new_top) / (chin - top)
    narrower = _half_width(moved) / _half_width(y)
    share = ((_SIDES[1] - np.abs(x)) / (_SIDES[1] - _SIDES[0])).clip(0, 1)
    return np.column_stack([x + share * (narrower - 1) * x, y + share * (moved - y)])


def _half_width(y: Float) -> Float:
    """Half the width of the generic face at a height, mm; below the corners of the chin it narrows no more."""
    return np.asarray(np.interp(y, MODEL[9:17, 1][::-1][:_ABOVE_CHIN], MODEL[9:17, 0][::-1][:_ABOVE_CHIN]))


def _correction(pose: HeadPose, landmarks: Float, fit: Fit, wearing: Wearing) -> ThinPlate | Similarity:
    """What is to be added to x and y of the projected head, so that its anchors lie on the landmarks."""
    held = [int(name) for name in (*fit.held, *(() if wearing == "proper" else _WRONG_HELD))]
    points = np.column_stack([MODEL[held, :2], _depth(fit.surface)(MODEL[held, :2])])
    if abs(pose.yaw) > _SIDEWAYS:
        for row, index in enumerate(held):
            if index < 17 and index != 8 and (MODEL[index, 0] > 0) == (pose.yaw > 0):
                points[row] = _on_contour(pose, index, fit.surface)
    there = pose.project(points)[:, :2]
    if fit.stiffness is None:
        return Similarity(there, landmarks[held])
    return ThinPlate(there, landmarks[held] - there, fit.stiffness)


def _on_contour(pose: HeadPose, index: int, surface: tuple[Point3, ...]) -> Float:
    """The point of a surface's outline that stands for a jaw point of the far side: jaw points are marked on what is seen of it.

    References
    ----------
    .. [1] X. Zhu et al., "High-Fidelity Pose and Expression Normalization for Face Recognition in the Wild", CVPR 2015 (landmark
       marching).
    """
    x, y, _ = MODEL[index]
    along = np.column_stack([np.linspace(x, 0.3 * x, _CONTOUR_STEPS), np.full(_CONTOUR_STEPS, y)])
    line = np.column_stack([along, _depth(surface)(along)])
    across = pose.project(line)[:, 0] * math.copysign(1, pose.yaw)
    return np.asarray(line[int(across.argmax())])


def _grid(template: WornTemplate, pose: HeadPose) -> Float:
    """Knots (R, C, 2) on the template, px: around what it covers."""
    left, top, width, height = cv2.boundingRect((template.matte > 0).astype(np.uint8))
    points = np.array(list(template.points.values()), dtype=np.float64)
    names = np.array([ANCHORS[name][:2] for name in template.points])
    per_mm = float(np.sqrt(np.ptp(points, axis=0).prod() / max(np.ptp(names, axis=0).prod(), 1e-9)))
    cell = _CELL * per_mm / max(pose.px_per_mm, 1e-9)
    columns, rows = (int(np.clip(math.ceil(length / cell), *_KNOTS)) for length in (width, height))
    x, y = np.linspace(left - 2, left + width + 1, columns), np.linspace(top - 2, top + height + 1, rows)
    return np.stack(np.meshgrid(x, y), axis=2)


def _box(seen: Float, shape: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """Left, top, width and height of what is seen, as far as it lies in or close to the picture."""
    low = np.maximum(np.floor(seen[:, :2].min(axis=0)) - 1, -_ROOM)
    high = np.minimum(np.ceil(seen[:, :2].max(axis=0)) + 2, (shape[1] + _ROOM, shape[0] + _ROOM))
    if not (high > low).all():
        return None
    return int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1])


def _inside(outline: Outline, left: int, top: int, shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Which of the finer pixels of a box lie within an outline."""
    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [((outline - (left, top)) * _FINER).astype(np.int32)], 1)
    return mask > 0


def _looked_up(template: WornTemplate, looks_at: npt.NDArray[np.float32], hit: npt.NDArray[np.bool_]) -> tuple[Image, Matte]:
    """The template's pixels where the picture looks at them, averaged where it shrinks."""
    picture, matte = template.foreground, template.matte
    some = slice(None, None, _SPARSE)
    stretch = np.hypot(*np.moveaxis(np.diff(looks_at[some], axis=1), 2, 0))[hit[some, 1:] & hit[some, :-1]]
    shrink = min(1.0, 1 / max(float(np.median(stretch)), 1e-6)) if stretch.size else 1.0
    if shrink < 1:
        size = (max(1, round(matte.shape[1] * shrink)), max(1, round(matte.shape[0] * shrink)))
        factor = np.array([size[0] / matte.shape[1], size[1] / matte.shape[0]], np.float32)
        looks_at = (looks_at + np.float32(0.5)) * factor - np.float32(0.5)
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        matte = np.asarray(cv2.resize(matte, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    x, y = (np.ascontiguousarray(looks_at[..., axis], dtype=np.float32) for axis in (0, 1))
    # The fourth channel, which costs nothing, says of each pixel how much of it is hit.
    colours = cv2.remap(cv2.cvtColor(picture, cv2.COLOR_RGB2RGBA), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    opacity = cv2.remap(matte, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    size = (hit.shape[1] // _FINER, hit.shape[0] // _FINER)
    mean, small = (
        np.asarray(cv2.resize(cv2.bitwise_and(each, each, mask=hit.view(np.uint8)), size, interpolation=cv2.INTER_AREA), np.uint8)
        for each in (colours, opacity)
    )
    known = mean[..., 3]
    straight = mean[..., :3] * (np.float32(255) / np.maximum(known, 1))[..., None]
    filled = spread(straight.astype(np.float32, copy=False), (known > 0).astype(np.float32))
    return np.rint(filled.clip(0, 255)).astype(np.uint8), small
