"""Hands that reach in from outside: where the wrist is cut, and whether the cut is visible."""

from __future__ import annotations

import functools

import cv2
import numpy as np
import numpy.typing as npt

from natocc.compose.pose import Pose
from natocc.core.discs import grown
from natocc.core.plans import Placement
from natocc.core.samples import MATTE_THRESHOLD, AlignedFace, Cutout, Mask

_CUT = 0.06  # share of a hand's length, from the wrist's end, that counts as the cut
_FEW = 0.05  # share of the cut that may be visible without being noticed
_NEAR = 0.06  # of the face's width: this near to the face is next to it
_FINE = 4  # px: what is next to a face is as wide as that, or more, where it is looked at
_MOST_POINTS = 64


def wrist_cut(cutout: Cutout) -> npt.NDArray[np.float64] | None:
    """Points along the cut at a hand's wrist, (n, 2) x, y in cutout px; None if the cutout is not a hand."""
    if cutout.points_to_xy is None:
        return None
    height, width = cutout.matte.shape
    across, down = cutout.points_to_xy
    along = np.add.outer(down * np.arange(height, dtype=np.float32), across * np.arange(width, dtype=np.float32))
    covered = (cutout.matte >= MATTE_THRESHOLD).astype(np.uint8)
    least, most, _, _ = cv2.minMaxLoc(along, covered)
    at_end = np.flatnonzero((along <= least + _CUT * (most - least)) & (covered > 0))
    rows, columns = np.divmod(at_end[:: 1 + len(at_end) // _MOST_POINTS], width)
    return np.stack([columns, rows], axis=1).astype(np.float64)


def cut_shows(placement: Placement, cut_xy: npt.NDArray[np.float64], face: AlignedFace) -> bool:
    """Whether the cut of a placed hand is visible on the face or next to it.

    Parameters
    ----------
    placement : Placement
        Placement of the hand.
    cut_xy : (n, 2) float64
        From :func:`wrist_cut`.
    face : AlignedFace
        The face that it lies on.
    """
    height, width = face.face_mask.shape
    near, step = _near(face)
    placed = np.rint(cut_xy @ placement.affine[:, :2].T + placement.affine[:, 2]).astype(np.intp)
    inside = placed[((placed >= 0) & (placed < (width, height))).all(axis=1)]
    columns, rows = (inside // step).T
    return int(np.count_nonzero(near[rows, columns])) > _FEW * len(cut_xy)


@functools.lru_cache(maxsize=2)
def _near(face: AlignedFace) -> tuple[Mask, int]:
    """1 on a face and next to it, on every so many pixels; kept, since many hands are tried on one."""
    reach = max(1, round(_NEAR * face.box[2]))
    step = max(1, reach // _FINE)
    return grown(np.ascontiguousarray(face.face_mask[::step, ::step]), reach / step), step


def out_of_picture(pose: Pose, cut_xy: npt.NDArray[np.float64], shape: tuple[int, int], scale: float) -> Placement:
    """The pose scaled, and moved back along the hand until its cut lies outside the picture; never moved forward."""
    assert pose.points_to_xy is not None
    return pose.placement(scale, max(-room_to_reach(pose, cut_xy, shape, scale), 0.0) * -pose.points_to_xy)


def room_to_reach(pose: Pose, cut_xy: npt.NDArray[np.float64], shape: tuple[int, ...], scale: float = 1.0) -> float:
    """How far a hand can be moved along its fingers with its cut outside the picture, px; below 0 where the cut is in it."""
    assert pose.points_to_xy is not None
    placed = pose.placement(scale)
    cut = cut_xy @ placed.affine[:, :2].T + placed.affine[:, 2]
    back = -pose.points_to_xy
    height, width = shape
    # How far each point must go back to leave through the border that it heads for; the nearer of the two counts.
    ways = np.full((len(cut), 2), np.inf)
    for axis, length in enumerate((width, height)):
        if abs(back[axis]) > 1e-6:
            ways[:, axis] = ((length if back[axis] > 0 else -1) - cut[:, axis]) / back[axis]
    return -float(ways.min(axis=1).max())


def cut_in_picture(placement: Placement, cut_xy: npt.NDArray[np.float64], shape: tuple[int, ...]) -> bool:
    """Whether the cut of a placed hand lies in the picture."""
    placed = np.rint(cut_xy @ placement.affine[:, :2].T + placement.affine[:, 2])
    height, width = shape
    return int(np.count_nonzero(((placed >= 0) & (placed < (width, height))).all(axis=1))) > _FEW * len(cut_xy)
