"""How much of a face a placed occluder covers, and the search for a placement that covers the wanted share."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from natocc.compose.warp import placed_matte, window
from natocc.core.plans import Affine, Placement
from natocc.core.samples import MATTE_THRESHOLD, Cutout, Mask, Matte

_COARSE = 96  # px: longer side of the masks that are searched first
_COARSE_STEPS = 12
_EXACT_STEPS = 12
_AROUND = 0.06  # of the interval: how far the exact answer may lie from the coarse one
_CLOSE = 0.004  # of the face: a ratio this near to the wanted one is accepted


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
        As for :func:`natocc.compose.warp.placed_matte`.
    """

    def __init__(self, face_mask: Mask, hidden: Mask, cutout: Cutout, softness: float | None) -> None:
        self._face, self._hidden, self._cutout, self._softness = face_mask, hidden, cutout, softness
        self._face_pixels = int(np.count_nonzero(face_mask))
        self._to_small = min(1.0, _COARSE / max(face_mask.shape))
        self._from_small = max(1.0, max(cutout.matte.shape) / _COARSE)
        self._small_matte: Matte | None = None
        self._last: tuple[Placement, Mask] | None = None  # the mask of a placement is mostly wanted right after its ratio

    def exact(self, placement: Placement) -> float:
        """Occlusion ratio, exactly as :func:`natocc.compose.render.render` will make it."""
        self._last = (placement, self._mask(placement))
        covered = self._last[1] | self._hidden
        return int(np.count_nonzero(covered & self._face)) / self._face_pixels

    def mask(self, placement: Placement) -> Mask:
        """(H, W): 1 where the occluder will lie."""
        return self._last[1] if self._last is not None and self._last[0] == placement else self._mask(placement)

    def _mask(self, placement: Placement) -> Mask:
        height, width = self._face.shape
        mask = np.zeros((height, width), np.uint8)
        warped = placed_matte(self._cutout, placement.affine, (height, width), self._softness)
        if warped is not None:
            left, top, matte = warped
            mask[window(left, top, matte.shape[::-1])] = matte >= MATTE_THRESHOLD
        return mask

    def coarse(self, placement: Placement) -> float:
        """Occlusion ratio on reduced masks: fast, and wrong by a percent or two."""
        if self._small_matte is None:
            self._reduce()
        assert self._small_matte is not None
        height, width = self._small_face.shape
        small = cv2.warpAffine(self._small_matte, self._between(placement.affine), (width, height), flags=cv2.INTER_LINEAR)
        covered = (small >= MATTE_THRESHOLD) | (self._small_hidden > 0)
        return int(np.count_nonzero(covered & (self._small_face > 0))) / max(int(np.count_nonzero(self._small_face)), 1)

    def _reduce(self) -> None:
        height, width = self._face.shape
        size = (max(1, round(width * self._to_small)), max(1, round(height * self._to_small)))
        self._small_face = (cv2.resize(self._face * 255, size, interpolation=cv2.INTER_AREA) >= 128).astype(np.uint8)
        self._small_hidden = (cv2.resize(self._hidden * 255, size, interpolation=cv2.INTER_AREA) >= 128).astype(np.uint8)
        height, width = self._cutout.matte.shape
        size = (max(1, round(width / self._from_small)), max(1, round(height / self._from_small)))
        self._small_matte = np.asarray(cv2.resize(self._cutout.matte, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)

    def _between(self, affine: Affine) -> Affine:
        """The placement between the reduced pictures; a half-pixel offset does not matter here."""
        small = affine.copy()
        small[:, :2] *= self._from_small * self._to_small
        small[:, 2] *= self._to_small
        return small


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
