"""Anchors of templates that come without points, by rules about their outlines."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np

from natocc.core.samples import MATTE_THRESHOLD, Matte
from natocc.occluders.worn.face_model import ANCHORS, Float
from natocc.occluders.worn.template import Anchors

_GLASSES_WIDE = 138.0  # mm: what a frame measures from hinge to hinge
_PUPILS_DOWN = 0.42  # of a lens's height: where eyes look through


def of_mask(alpha: Matte) -> Anchors:
    """Anchors of a mask for mouth and nose that is seen from the front, without its loops.

    The middle of its top edge lies on the bridge of the nose, the middle of its bottom edge on the chin, its corners at the jaw
    beside the nose and beside the mouth; between corner and chin its outline runs along the jaw.

    Parameters
    ----------
    alpha : (h, w) uint8
        Its matte.
    """
    outline = _outline(alpha)
    middle = (outline[:, 0].min() + outline[:, 0].max()) / 2
    half = float(np.ptp(outline[:, 0])) / 2
    central = outline[np.abs(outline[:, 0] - middle) < 0.05 * half]
    points = {"28": (middle, float(central[:, 1].min())), "8": (middle, float(central[:, 1].max()))}
    for side, top, bottom in ((-1, "2", "4"), (1, "14", "12")):
        points[top] = _farthest(outline, (side, -0.35))
        points[bottom] = _farthest(outline, (side, 0.35))
    return {**points, **along_jaw(alpha, points)}


def of_glasses(alpha: Matte) -> Anchors:
    """Anchors of glasses that are seen from the front.

    Their outermost points lie at the temples, the middle of their top edge on the bridge of the nose; the eyes look through the
    lenses a little above the middle of their height.

    Parameters
    ----------
    alpha : (h, w) uint8
        Their matte.
    """
    outline = _outline(alpha)
    left, right = float(outline[:, 0].min()), float(outline[:, 0].max())
    top, bottom = float(outline[:, 1].min()), float(outline[:, 1].max())
    middle, eyes, per_mm = (left + right) / 2, top + _PUPILS_DOWN * (bottom - top), (right - left) / _GLASSES_WIDE
    wanted = ("36", "39", "42", "45", "27", "28", "17", "26")
    return {name: (middle + per_mm * ANCHORS[name][0], eyes + per_mm * ANCHORS[name][1]) for name in wanted}


def along_jaw(alpha: Matte, points: Anchors) -> Anchors:
    """Jaw points 5-7 and 9-11 of a mask: where its outline is met from its middle, between its bottom corners and its chin.

    Parameters
    ----------
    alpha : (h, w) uint8
        Its matte.
    points : mapping
        ``"4"``, ``"8"`` and ``"12"`` of it.
    """
    outline = _outline(alpha)
    chin = np.array(points["8"])
    centre = (np.array(points["4"]) + points["12"]) / 2
    found = {}
    for corner, names in (("4", ("5", "6", "7")), ("12", ("11", "10", "9"))):
        for share, name in zip((0.27, 0.52, 0.77), names, strict=True):
            towards = np.array(points[corner]) + share * (chin - points[corner]) - centre
            angle = np.arctan2(*(outline - centre).T[::-1]) - np.arctan2(towards[1], towards[0])
            near = outline[np.abs((angle + np.pi) % (2 * np.pi) - np.pi) < 0.03]
            if len(near):
                x, y = near[int(np.hypot(*(near - centre).T).argmax())]
                found[name] = (float(x), float(y))
    return found


def _outline(alpha: Matte) -> Float:
    """(n, 2): points of the outline of the largest piece."""
    outlines, _ = cv2.findContours((alpha >= MATTE_THRESHOLD).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.asarray(max(outlines, key=cv2.contourArea)[:, 0], dtype=np.float64)


def _farthest(outline: Float, direction: tuple[float, float]) -> tuple[float, float]:
    x, y = outline[int((outline @ np.array(direction)).argmax())]
    return float(x), float(y)


POINTS_BY_RULE: Mapping[str, Callable[[Matte], Anchors]] = {"mask": of_mask, "glasses": of_glasses}
"""Name of a rule to what finds the anchors by it."""
