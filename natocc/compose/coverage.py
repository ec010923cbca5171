"""How much of a face a placed occluder covers, and the search for a placement that covers the wanted share."""

from __future__ import annotations

import functools
from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from natocc.compose.reduced import reduced
from natocc.compose.warp import warp_cutout, warp_matte, window
from natocc.core.plans import Affine, Placement
from natocc.core.samples import MATTE_THRESHOLD, Cutout, Mask, Matte

_COARSE = 96  # px: longer side of the masks that are searched first
_COARSE_STEPS = 12
_EXACT_STEPS = 12
_AROUND = 0.06  # of the interval: how far the exact answer may lie from the coarse one
_CLOSE = 0.004  # of the face: a ratio this near to the wanted one is accepted
_NOTHING = (0, 0, np.zeros((0, 0), np.uint8))


class Coverage:
    """How much of a face is covered when one more occluder is laid on it.

    Parameters
    ----------
    face_mask : (H, W) uint8
        1 on the face, not empty.
    hidden : (H, W) uint8
        1 where other occluders lie already.
    cutout : Cutout
        The occluder.
    softness : float, optional
        As for :func:`natocc.compose.warp.warp_matte`.
    """

    def __init__(self, face_mask: Mask, hidden: Mask, cutout: Cutout, softness: float | None) -> None:
        self._face, self._hidden, self._cutout, self._softness = face_mask, hidden, cutout, softness
        self._to_small = min(1.0, _COARSE / max(face_mask.shape))

    @functools.cached_property
    def _pixels(self) -> tuple[int, int]:
        """Of the face, and those of them that are hidden already."""
        return cv2.countNonZero(self._face), cv2.countNonZero(self._face & self._hidden)

    def exact(self, placement: Placement) -> float:
        """Occlusion ratio, as :func:`natocc.compose.render.render` will make it."""
        placed = warp_matte(self._cutout.matte, placement.affine, self._shape, self._softness)
        return self._ratio(*(placed or _NOTHING))

    def laid(self, placement: Placement) -> tuple[float, Mask]:
        """Occlusion ratio, exactly as :func:`natocc.compose.render.render` makes it, and (H, W): 1 where the occluder lies."""
        layer, mask = warp_cutout(self._cutout, placement.affine, self._shape, self._softness), np.zeros_like(self._face)
        if layer is None:
            return self._ratio(*_NOTHING), mask
        mask[layer.window] = layer.matte >= MATTE_THRESHOLD
        return self._ratio(layer.left, layer.top, layer.matte), mask

    def _ratio(self, left: int, top: int, matte: Matte) -> float:
        face, before = self._pixels
        box = window(left, top, matte.shape[::-1])
        more = (self._face[box] > self._hidden[box]) & (matte >= MATTE_THRESHOLD)
        return (before + int(np.count_nonzero(more))) / face

    @property
    def _shape(self) -> tuple[int, int]:
        height, width = self._face.shape
        return height, width

    def coarse(self, placement: Placement) -> float:
        """Occlusion ratio on reduced masks: fast, and wrong by a percent or two."""
        face, hidden, matte = self._small
        small = cv2.warpAffine(matte, self._between(placement.affine), face.shape[::-1], flags=cv2.INTER_LINEAR)
        covered = (small >= MATTE_THRESHOLD) | hidden
        return int(np.count_nonzero(covered & face)) / max(int(np.count_nonzero(face)), 1)

    @functools.cached_property
    def _small(self) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_], Matte]:
        """The face, what is hidden already, and the matte of the occluder, reduced."""
        size, matte = _scaled(self._face.shape, self._to_small), self._cutout.matte
        face, hidden = (reduced(mask * np.uint8(255), size) >= MATTE_THRESHOLD for mask in (self._face, self._hidden))
        return face, hidden, reduced(matte, _scaled(matte.shape, 1 / self._from_small))

    @functools.cached_property
    def _from_small(self) -> float:
        longer: int = max(self._cutout.matte.shape)
        return max(1.0, longer / _COARSE)

    def _between(self, affine: Affine) -> Affine:
        """The placement between the reduced pictures; a half-pixel offset does not matter here."""
        small = affine.copy()
        small[:, :2] *= self._from_small * self._to_small
        small[:, 2] *= self._to_small
        return small


def _scaled(shape: tuple[int, ...], scale: float) -> tuple[int, int]:
    """Width and height of a plane that is reduced."""
    return max(1, round(scale * shape[1])), max(1, round(scale * shape[0]))


def search(
    place: Callable[[float], Placement],
    limits: tuple[float, float],
    coverage: Coverage,
    wanted: float,
    accepted: tuple[float, float],
) -> Placement | None:
    """Find the placement that covers the wanted share, along a line of placements: by bisection, first on reduced masks.

    Parameters
    ----------
    place : callable
        Number to placement; the larger the number, the more is covered.
    limits : (float, float)
        Smallest and largest number.
    coverage : Coverage
        Measures the occlusion ratio.
    wanted : float
        The wanted occlusion ratio.
    accepted : (float, float)
        Smallest and largest ratio that may be returned.

    Returns
    -------
    placement : Placement or None
        One whose exact ratio is accepted and within 0.004 of the wanted one, or None.
    """
    low, high = limits
    if not coverage.coarse(place(low)) <= wanted <= coverage.coarse(place(high)) + 0.02:
        return None
    for _ in range(_COARSE_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if coverage.coarse(place(middle)) < wanted else (low, middle)
    around = _AROUND * (limits[1] - limits[0])
    low, high = max(low - around, limits[0]), min(high + around, limits[1])
    number = (low + high) / 2
    for _ in range(_EXACT_STEPS):
        placement = place(number)
        ratio = coverage.exact(placement)
        if abs(ratio - wanted) <= _CLOSE and accepted[0] <= ratio <= accepted[1]:
            return placement
        low, high = (number, high) if ratio < wanted else (low, number)
        number = (low + high) / 2
    return None
