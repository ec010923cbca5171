"""What a crop shows where it leaves the photograph, and what of it may be a face."""

from __future__ import annotations

from typing import Literal, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from natocc.core.samples import Image, Mask

Border: TypeAlias = Literal["blur", "reflect", "constant", "reject"]
"""What lies outside the photograph; see ``faces.align.border``."""

Pixels: TypeAlias = npt.NDArray[np.int64]

_SMEARED_FROM = 0.04  # of the crop's side: how far inside the photograph colours are taken from
_SMEARED_AT = 1024  # px of the longer side at which colours are smeared: nothing finer is left, and 4096 px would take 0.6 GB
_BLUR_SHARE = 0.05  # of the crop's side: how blurred what was mirrored becomes
_BLUR_WITHIN = 0.04  # of the crop's side: how far outside the source it takes to become so
_BLUR_AT = 128  # px of the longer side at which the blur is computed: nothing finer is left, and 4096 px would take 50 s


def fill_outside(mirrored: Image, seen: Mask, border: Border) -> Image:
    """A crop with what is outside the photograph made up.

    Parameters
    ----------
    mirrored : (H, W, 3) uint8
        The crop, sRGB, mirrored outside the photograph.
    seen : (H, W) uint8
        1 where the crop shows the photograph, 0 outside; some of it is 1.
    border : str
        ``reflect``: mirrored, and blurred the more the farther out. ``blur``: the colours near the photograph's edge, smeared
        outwards ever more broadly [1]_. ``constant`` and ``reject``: black.

    Returns
    -------
    filled : (H, W, 3) uint8
        The same within the photograph.

    References
    ----------
    .. [1] S. J. Gortler et al., "The Lumigraph", SIGGRAPH 1996, section 3.4.2 (pull-push).
    """
    if border == "reflect":
        distance = cv2.distanceTransform(1 - seen, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        share = np.clip(distance / (_BLUR_WITHIN * max(seen.shape)), 0, 1)[..., None]
        mixed: Image = np.rint(mirrored + share * (_blurred(mirrored).astype(np.float32) - mirrored)).astype(np.uint8)
        return mixed
    outside = _smeared(mirrored, seen) if border == "blur" else np.zeros_like(mirrored)
    return np.where(seen[..., None] > 0, mirrored, outside)


def nearest_shown(places: Pixels, length: int, border: Border) -> Pixels:
    """Where in a photograph the colours of places outside it come from, along one axis.

    Parameters
    ----------
    places : (N,) int
        In pixels of the photograph; may lie outside.
    length : int
        Of the photograph along this axis.
    border : ``reflect`` or ``blur``
        Mirrored at the edge, or the edge itself.

    Returns
    -------
    places : (N,) int
        In [0, length).

    Examples
    --------
    >>> nearest_shown(np.array([-2, 1, 5]), 4, "reflect")
    array([1, 1, 2])
    >>> nearest_shown(np.array([-2, 1, 5]), 4, "blur")
    array([0, 1, 3])
    """
    if border != "reflect":
        return places.clip(0, length - 1)
    folded = places % (2 * length)
    return np.minimum(folded, 2 * length - 1 - folded)


def _blurred(image: Image) -> Image:
    """The picture blurred by a Gaussian whose standard deviation is a twentieth of its longer side."""
    height, width = image.shape[:2]
    scale = min(1.0, _BLUR_AT / max(height, width))
    small = (max(1, round(width * scale)), max(1, round(height * scale)))
    reduced = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(reduced, (0, 0), _BLUR_SHARE * max(small))
    return np.asarray(cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def _smeared(image: Image, seen: Mask) -> Image:
    """Colours of the rim of what is seen, everywhere: averages over ever larger neighbourhoods where none is near."""
    height, width = seen.shape
    rim = (cv2.distanceTransform(seen, cv2.DIST_L2, cv2.DIST_MASK_5) <= _SMEARED_FROM * max(seen.shape)).view(np.uint8) & seen
    scale = min(1.0, _SMEARED_AT / max(height, width))
    small = (max(1, round(width * scale)), max(1, round(height * scale)))
    weighted = np.dstack([image, np.full_like(seen, 255)]) * (rim * np.uint16(256))[..., None]
    levels = [cv2.resize(weighted, small, interpolation=cv2.INTER_AREA).astype(np.float32) / np.float32(255 * 256)]
    while max(levels[-1].shape[:2]) > 2:
        levels.append(np.asarray(cv2.pyrDown(levels[-1]), dtype=np.float32))
    smooth = _mean(levels.pop())
    for level in reversed(levels):
        coarse = np.asarray(cv2.pyrUp(smooth, dstsize=level.shape[1::-1]), dtype=np.float32)
        known = np.minimum(4 * level[..., 3:], 1)
        smooth = coarse + known * (_mean(level) - coarse)
    full = cv2.resize(smooth, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.rint(255 * np.asarray(full)).clip(0, 255).astype(np.uint8)


def _mean(level: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Colours over weights, the last channel; in [0, 1]."""
    return np.asarray(level[..., :3] / np.maximum(level[..., 3:], 1e-6), dtype=np.float32)
