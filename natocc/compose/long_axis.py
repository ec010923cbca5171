"""The long axis of a cutout: how long it is, and which of its ends is the tip."""

from __future__ import annotations

import dataclasses
import math

import cv2
import numpy as np
import numpy.typing as npt

from natocc.compose.sizes import Thing, Tip
from natocc.core.samples import MATTE_THRESHOLD, Cutout

_SIDE = 256  # px: longer side of the mask on which it is measured
_END = 0.2  # share of the length that counts as an end
_EDGE = 0.04  # share of the length over which the tip is averaged
_CLEARLY = 1.15  # ratio of the ends' breadths below which they are not told apart
_LONG = 1.3  # ratio of the axes above which a thing has a long one
_ROUND = 0.8  # share of the circle around it that a cup fills when it is seen from above


@dataclasses.dataclass(frozen=True, eq=False)
class LongAxis:
    """The axis, in cutout px.

    Parameters
    ----------
    tip_xy, far_xy : (2,) float64
        Middle of either end.
    along : (2,) float64
        Unit vector from the tip to the far end.
    length : float
        Of the cutout along it, px.
    broadest : float
        Diameter of the largest circle within the cutout, px.
    broadest_xy : (2,) float64
        Its centre: of a hand, the palm.
    """

    tip_xy: npt.NDArray[np.float64]
    far_xy: npt.NDArray[np.float64]
    along: npt.NDArray[np.float64]
    length: float
    broadest: float
    broadest_xy: npt.NDArray[np.float64]


def long_axis(cutout: Cutout, tip: Tip) -> LongAxis | None:
    """Read the long axis off a matte.

    Parameters
    ----------
    cutout : Cutout
        Of a hand, the axis is the direction in which its fingers point, and they are the tip. Of anything else, it is the
        principal axis of what the matte covers; where that is hardly longer than the other, the picture's vertical.
    tip : {"wide", "narrow", "top", "either"}
        See :class:`natocc.compose.sizes.Thing`. What has its top on neither end, since it lies, has it at the wider one; a bottle
        whose ends are equally broad has its neck above. ``either`` is the upper end.

    Returns
    -------
    axis : LongAxis or None
        None where the ends are as broad as each other, or where a cup is seen from above.
    """
    mask = (cutout.matte >= MATTE_THRESHOLD).astype(np.uint8)
    factor = max(1.0, max(mask.shape) / _SIDE)
    if factor > 1:
        size = (max(1, round(mask.shape[1] / factor)), max(1, round(mask.shape[0] / factor)))
        mask = (cv2.resize(mask * 255, size, interpolation=cv2.INTER_AREA) >= MATTE_THRESHOLD).astype(np.uint8)
        if not mask.any():  # a thread
            return None
    rows, columns = np.nonzero(mask)
    points = np.stack([columns, rows], axis=1).astype(np.float64)
    middle = points.mean(axis=0)
    if cutout.points_to_xy is not None:
        along = -np.array(cutout.points_to_xy, dtype=np.float64)
    else:
        if tip == "top" and _is_round(points):
            return None
        found = _along(points, middle, tip)
        if found is None:
            return None
        along = found
    place = (points - middle) @ along
    across = np.array([-along[1], along[0]])

    def end(from_tip: bool) -> npt.NDArray[np.float64]:
        """Middle of the breadth of an end, on its very edge."""
        edge = place.min() if from_tip else place.max()
        near = points[np.abs(place - edge) <= max(_EDGE * float(np.ptp(place)), 1.0)]
        sideways = (near - middle) @ across
        return np.asarray(middle + edge * along + (sideways.min() + sideways.max()) / 2 * across)

    within = cv2.distanceTransform(cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0), cv2.DIST_L2, 5)[1:-1, 1:-1]
    row, column = np.unravel_index(int(within.argmax()), within.shape)

    def back(point: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.asarray((point + 0.5) * factor - 0.5)

    return LongAxis(
        tip_xy=back(end(True)),
        far_xy=back(end(False)),
        along=along,
        length=factor * (float(np.ptp(place)) + 1),
        broadest=factor * 2 * float(within.max()),
        broadest_xy=back(np.array([column, row], dtype=np.float64)),
    )


def scale_to(axis: LongAxis, thing: Thing, length_cm: float, pixels_per_cm: float) -> tuple[float, float]:
    """Factor on a cutout's sides that makes it as long as it is, or as broad as it can be; and the length in cm that it gets."""
    scale = length_cm * pixels_per_cm / axis.length
    if thing.broadest is not None:
        scale = min(scale, thing.broadest * pixels_per_cm / axis.broadest)
    return scale, round(scale * axis.length / pixels_per_cm, 2)


def _along(points: npt.NDArray[np.float64], middle: npt.NDArray[np.float64], tip: Tip) -> npt.NDArray[np.float64] | None:
    """Unit vector from the tip to the far end; None where they are not told apart."""
    _, spread, axes = np.linalg.svd(points[:: 1 + len(points) // 5000] - middle, full_matrices=False)
    along = axes[0] if spread[0] >= _LONG * spread[1] else np.array([0.0, 1.0])
    if along[1] < 0:
        along = -along  # the tip is above
    lies = abs(along[1]) < 0.5
    if tip == "either" or (tip == "top" and not lies):
        return np.asarray(along)
    place = (points - middle) @ along
    sideways = (points - middle) @ np.array([-along[1], along[0]])
    room = _END * float(np.ptp(place))
    above = float(np.ptp(sideways[place <= place.min() + room]))
    below = float(np.ptp(sideways[place >= place.max() - room]))
    if max(above, below) < _CLEARLY * min(above, below):
        return np.asarray(along) if tip == "narrow" and not lies else None
    return np.asarray(along if (above > below) == (tip != "narrow") else -along)


def _is_round(points: npt.NDArray[np.float64]) -> bool:
    _, radius = cv2.minEnclosingCircle(points.astype(np.float32))
    return len(points) > _ROUND * math.pi * radius**2
