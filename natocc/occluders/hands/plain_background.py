"""The mask of an object photographed in front of a plain background, such as 11k Hands' white one."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from natocc.core.errors import BadDataError, Reason
from natocc.core.samples import Image, Mask
from natocc.occluders.cutting.regions import distance, dot

_Plane = npt.NDArray[np.float32]

_FRAME = 0.03  # of the shorter side: how broad the strip along the border is that shows the background
_LEAST_BACKGROUND = 0.5  # share of that strip that must be background: a wrist crosses one side of four
_MOST_SPREAD = 6.0  # CIELAB units: a background that differs more from a smooth surface is not plain
_LEAST_DIFFERENCE = 9.0  # CIELAB units between object and background, however little noise there is
_NOISE = 5.0  # standard deviations of the background that may still be background
_SHADOW, _DEEPEST = 0.35, 0.45  # weight of a shadow on the background, and how much of the light the deepest one leaves
_LEAST_HOLE = 0.0005  # of the object's area: smaller holes are specks, not gaps between fingers
_FIT_SIDE = 256  # px: a smooth surface needs no more


def plain_background_mask(image: Image) -> Mask:
    """Mask of the one object in front of a plain background.

    The background's colour is a quadratic surface in CIELAB, fitted to the strip along the border without what does not belong to
    it; an object pixel is one that differs from it by more than its noise and more than Otsu's threshold [1]_. The background
    itself in less light counts little: that is a shadow.

    Parameters
    ----------
    image : (H, W, 3) uint8
        sRGB.

    Returns
    -------
    mask : (H, W) uint8
        1 on the largest object; gaps through which the background shows, as between fingers, are holes.

    Raises
    ------
    BadDataError
        ``background-not-plain`` if less than half of the border is one smooth surface; ``empty-mask`` if nothing differs
        from it.

    References
    ----------
    .. [1] N. Otsu, "A Threshold Selection Method from Gray-Level Histograms", IEEE SMC 1979.
    """
    lab = np.asarray(cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), dtype=np.float32)
    background, noise = _background(lab)
    shaded = _shaded(image, background)
    shadow = np.float32(_SHADOW) * np.abs(shaded[..., 0] - background[..., 0])
    away = distance(lab, shaded) + shadow
    scaled = np.clip(away * 2, 0, 255).astype(np.uint8)
    otsu, _ = cv2.threshold(scaled, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    # Otsu separates the object's own light and dark where there is little background: half of it is enough to be object.
    threshold = max(_LEAST_DIFFERENCE, _NOISE * noise, otsu / 4)
    mask = _largest((cv2.GaussianBlur(away, (0, 0), 1.0) > threshold).astype(np.uint8))
    if not mask.any():
        raise BadDataError(Reason.EMPTY_MASK, "nothing differs from the plain background")
    return _without_specks(mask)


def _shaded(image: Image, background: _Plane) -> _Plane:
    """(H, W, 3) colour that the background would have in the shadow that fits each pixel best, CIELAB."""
    lit = np.asarray(cv2.cvtColor(background, cv2.COLOR_LAB2RGB), dtype=np.float32)
    seen = image.astype(np.float32) / np.float32(255)
    light = (dot(seen, lit) / np.maximum(dot(lit, lit), np.float32(1e-4))).clip(np.float32(_DEEPEST), 1)
    return np.asarray(cv2.cvtColor(lit * cv2.merge([light, light, light]), cv2.COLOR_RGB2LAB), dtype=np.float32)


def _background(lab: _Plane) -> tuple[_Plane, float]:
    """(H, W, 3) colour of the background everywhere, and by how much it differs from that where it is seen."""
    height, width = lab.shape[:2]
    scale = min(1.0, _FIT_SIDE / max(height, width))
    small = (max(8, round(width * scale)), max(8, round(height * scale)))
    seen = np.asarray(cv2.resize(lab, small, interpolation=cv2.INTER_AREA))
    frame = np.ones(seen.shape[:2], bool)
    strip = max(2, round(_FRAME * min(small)))
    frame[strip:-strip, strip:-strip] = False
    colours, terms = seen[frame].astype(np.float64), _terms(*seen.shape[:2])[frame]
    kept = np.hypot(*(colours - np.median(colours, axis=0))[:, 1:].T) < 25
    kept &= np.abs(colours[:, 0] - np.median(colours[:, 0])) < 25
    for _ in range(5):
        if np.count_nonzero(kept) < _LEAST_BACKGROUND * kept.size:
            break
        some = terms[kept]
        surface = np.linalg.solve(some.T @ some, some.T @ colours[kept])
        off = np.linalg.norm(colours - terms @ surface, axis=1)
        kept = off < max(3.0, 3 * float(np.median(off[kept])))
    share = np.count_nonzero(kept) / kept.size
    if share < _LEAST_BACKGROUND or float(np.median(off[kept])) > _MOST_SPREAD:
        raise BadDataError(
            Reason.BACKGROUND_NOT_PLAIN,
            f"{share:.0%} of the border is one smooth background, expected {_LEAST_BACKGROUND:.0%} or more",
        )
    whole = (_terms(*seen.shape[:2]) @ surface).astype(np.float32)
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_LINEAR)), float(np.std(off[kept]))


def _terms(height: int, width: int) -> npt.NDArray[np.float64]:
    """(H, W, 6): the terms of a quadratic surface at every pixel."""
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)


def _largest(mask: Mask) -> Mask:
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count < 2:
        return np.zeros_like(mask)
    return np.asarray(labels == 1 + int(statistics[1:, cv2.CC_STAT_AREA].argmax()), dtype=np.uint8)


def _without_specks(mask: Mask) -> Mask:
    """The mask with its smallest holes filled."""
    _, labels, statistics, _ = cv2.connectedComponentsWithStats(1 - mask, connectivity=4)
    small = np.flatnonzero(statistics[:, cv2.CC_STAT_AREA] < max(9, _LEAST_HOLE * np.count_nonzero(mask)))
    return np.asarray(mask | np.isin(labels, small[small > 0]), dtype=np.uint8)
