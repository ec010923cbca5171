"""The outline of a face estimated on the picture: between landmarks and colours.

The outline that the landmarks give is moved along rays from the bridge of the nose. How far on each ray is found exactly by
dynamic programming, as in [1]_ for a closed outline: colours inside should look like this face's skin and those outside like what
surrounds it, the outline should stay near where the landmarks put it (closely at the jaw, which dlib sees; loosely over the
forehead, where hair begins anywhere), and neighbouring rays should move alike. The colours are learnt anew from each estimate, as
GrabCut does [2]_; unlike GrabCut's, the result is one piece without holes by construction, and no random number is drawn.

.. [1] A. A. Amini, T. E. Weymouth, R. C. Jain, "Using Dynamic Programming for Solving Variational Problems in Vision",
   TPAMI 1990.
.. [2] C. Rother, V. Kolmogorov, A. Blake, "GrabCut: Interactive Foreground Extraction using Iterated Graph Cuts", SIGGRAPH 2004.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from natocc.core.samples import Image, Mask, Points
from natocc.faces.alignment.crop import ffhq_matrix, warp_labels, warp_picture
from natocc.faces.alignment.landmark_outline import landmark_hull, outline_of
from natocc.faces.alignment.skin_colours import Bins, colour_bins, evidence

WORK_SIDE = 192
"""Side, px, of the FFHQ crop on which the outline is estimated; a frontal face has its eyes a quarter of it apart."""

_UNIT = WORK_SIDE / 4
_RAYS = 128
_STEP = 0.025  # units between neighbouring positions on a ray
_START = 48  # position on the landmarks' outline: a ray begins 1.2 units inside it
_POSITIONS = 93  # and ends 1.1 units outside
_AT_JAW, _AT_FOREHEAD = 0.1, 0.9  # units off the landmarks' outline that cost 1: at the jaw, and how many more at the top
_ROUGHNESS = 0.3  # cost of one step between neighbouring rays
_EVIDENCE = 2.0  # gain of evidence 1 along a unit
_MOST_EVIDENCE = 3.0  # of one pixel
_OFF_PICTURE = -0.3  # evidence where there is no picture
_ROUNDS = 3
_EDGE = 0.2  # units inside the outline at which its clearness is judged

_Float = npt.NDArray[np.float64]


def estimate_face_outline(image: Image, landmarks_xy: Points) -> tuple[_Float, float]:
    """Outline of a face in a photograph, without ears, along the hair.

    Parameters
    ----------
    image : (H, W, 3) uint8
        sRGB.
    landmarks_xy : (68, 2) float32
        In pixels.

    Returns
    -------
    outline_xy, confidence
        As :func:`estimate_outline`, in pixels of `image`.

    Raises
    ------
    BadDataError
        ``degenerate-landmarks`` if they are no face's.
    """
    to_crop, shape = ffhq_matrix(landmarks_xy, WORK_SIDE), (WORK_SIDE, WORK_SIDE)
    seen = warp_labels(np.ones(image.shape[:2], np.uint8), to_crop, shape)
    points = (landmarks_xy @ to_crop[:, :2].T + to_crop[:, 2]).astype(np.float32)
    outline_xy, confidence = estimate_outline(warp_picture(image, to_crop, shape), seen, points)
    to_image = np.asarray(cv2.invertAffineTransform(to_crop), dtype=np.float64)
    return outline_xy @ to_image[:, :2].T + to_image[:, 2], round(confidence, 4)


def estimate_outline(crop: Image, seen: Mask, landmarks_xy: Points) -> tuple[_Float, float]:
    """Outline of the face without ears, along the hair.

    Parameters
    ----------
    crop : (192, 192, 3) uint8
        sRGB, aligned by FFHQ's construction.
    seen : (192, 192) uint8
        1 where `crop` shows the photograph, 0 beyond its border.
    landmarks_xy : (68, 2) float32
        In pixels of `crop`.

    Returns
    -------
    outline_xy : (128, 2) float64
        Polygon in pixels of `crop`; may leave it.
    confidence : float
        In [0, 1]: how clearly the forehead's edge looks like this face's skin, less the farther it lies from where the
        landmarks put it.
    """
    near = _resampled(outline_of(landmarks_xy))
    rays = near - landmarks_xy[27]
    reach = np.hypot(rays[:, 0], rays[:, 1])[:, None]
    rays = rays / np.maximum(reach, 1e-6)
    positions = np.arange(_POSITIONS)
    offsets = np.asarray((positions - _START) * _STEP, dtype=np.float64)
    candidates = near[:, None] + rays[:, None] * (offsets[:, None] * _UNIT)
    # From just below the eyes upwards the outline becomes freer.
    freedom = np.clip((0.1 - rays[:, 1]) / 0.6, 0, 1)[:, None]
    off = (offsets / (_AT_JAW + _AT_FOREHEAD * freedom)) ** 2
    off[_blocked(candidates, landmarks_xy, crop.shape[:2]) | (offsets * _UNIT < -reach)] = np.inf
    off[0] = np.where(positions == _START, 0, np.inf)  # the chin stays: the outline is closed there

    bins = np.where(seen > 0, colour_bins(crop), -1)
    skin, along = bins[_skin(landmarks_xy, seen) > 0], _sampled(bins, candidates)
    known, above = along >= 0, (rays[:, 1] < 0)[:, None]
    place = np.full(_RAYS, _START)
    for turn in range(_ROUNDS):
        inside = positions < place[:, None]
        inner = along[known & above & inside & (turn > 0)]
        ratio = evidence(np.concatenate([skin, inner]), along[known & above & ~inside], _MOST_EVIDENCE)
        speaks = np.where(known, ratio[along], _OFF_PICTURE)
        gained = np.cumsum(speaks, axis=1) * (_EVIDENCE * _STEP)
        place = _cheapest(off - gained)
    moved = _smooth(offsets[place])
    return near + rays * (moved[:, None] * _UNIT), _confidence(speaks, place, moved, freedom[:, 0])


def _confidence(speaks: _Float, place: npt.NDArray[np.intp], moved: _Float, freedom: _Float) -> float:
    """How clearly the colours just inside speak for skin, less the farther the outline moved; both meant over the forehead."""
    behind = place[:, None] - np.arange(speaks.shape[1])
    edge = (behind > 0) & (behind <= _EDGE / _STEP)
    clear = (speaks * edge).sum(axis=1) / np.maximum(edge.sum(axis=1), 1) / _MOST_EVIDENCE
    free = freedom + 1e-9  # no ray is free where the landmarks have no forehead
    clearness, distance = np.average(clear, weights=free), np.average(np.abs(moved), weights=free)
    return float(np.clip(clearness, 0, 1) * np.exp(-2 * distance))


def _resampled(outline_xy: _Float) -> _Float:
    """The closed outline as 128 points at equal distances, from the chin on."""
    closed = np.concatenate([outline_xy[8:], outline_xy[:9]])
    along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    wanted = np.linspace(0, along[-1], _RAYS, endpoint=False)
    return np.stack([np.interp(wanted, along, closed[:, axis]) for axis in (0, 1)], axis=1)


def _sampled(bins: Bins, points_xy: _Float) -> Bins:
    """Bins at positions, nearest neighbour; -1 off the picture."""
    columns, rows = np.rint(points_xy[..., 0]).astype(np.intp), np.rint(points_xy[..., 1]).astype(np.intp)
    height, width = bins.shape
    sampled = bins[rows.clip(0, height - 1), columns.clip(0, width - 1)]
    return np.where((rows >= 0) & (rows < height) & (columns >= 0) & (columns < width), sampled, -1)


def _blocked(points_xy: _Float, landmarks_xy: Points, shape: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """Where the outline would cut into eyes, nose or mouth."""
    features = _sampled(landmark_hull(landmarks_xy[27:], shape).astype(np.intp), points_xy) > 0
    features[:, -1] = False  # whatever the landmarks are, there is a way around
    return np.asarray(np.maximum.accumulate(features[:, ::-1], axis=1)[:, ::-1])


def _skin(landmarks_xy: Points, seen: Mask) -> Mask:
    """Cheeks, nose and chin: skin in nearly every picture."""
    shape = (seen.shape[0], seen.shape[1])
    skin = np.asarray(cv2.erode(landmark_hull(np.concatenate([landmarks_xy[1:16], landmarks_xy[36:48]]), shape), np.ones((5, 5))))
    for feature in (slice(36, 42), slice(42, 48), slice(48, 60)):
        skin[cv2.dilate(landmark_hull(landmarks_xy[feature], shape), np.ones((7, 7))) > 0] = 0
    return np.asarray(skin * seen)


def _cheapest(costs: _Float) -> npt.NDArray[np.intp]:
    """Position on every ray that makes the sum of costs and roughness least (Viterbi); the first ray has one finite cost."""
    positions = np.arange(costs.shape[1])
    steps = _ROUGHNESS * np.abs(np.subtract.outer(positions, positions))
    total = costs[0]
    came_from = np.zeros(costs.shape, np.intp)
    for ray in range(1, len(costs) + 1):
        through = total + steps
        came_from[ray % len(costs)] = through.argmin(axis=1)
        total = through.min(axis=1) + costs[ray % len(costs)]
    place = np.full(len(costs), np.argmin(total))
    for ray in range(len(costs), 1, -1):
        place[ray - 1] = came_from[ray % len(costs), place[ray % len(costs)]]
    return place


def _smooth(values: _Float) -> _Float:
    """Binomial filter over neighbours on a circle."""
    near = [weight / 16 * np.roll(values, shift) for shift, weight in zip(range(-2, 3), (1, 4, 6, 4, 1), strict=True)]
    return np.asarray(np.sum(near, axis=0))
