"""A mask shown on its picture."""

from __future__ import annotations

import cv2
import numpy as np

from natocc.core.samples import Image, Mask

_VISIBLE = (40, 220, 90)
_OCCLUDED = (235, 50, 60)
_STRENGTH = 0.4


def overlay(image: Image, modal: Mask, amodal: Mask | None = None) -> Image:
    """Tint a face: what is visible green, what is occluded red, each with a line around it.

    Parameters
    ----------
    image : (H, W, 3) uint8
        sRGB; not changed.
    modal : (H, W) uint8
        1 on the visible face; other values, such as 255 for "ignore", are not face.
    amodal : (H, W) uint8, optional
        1 on the face before anything covered it.

    Returns
    -------
    shown : (H, W, 3) uint8
        The image where there is no face.
    """
    shown = image.copy()
    occluded = np.zeros_like(modal) if amodal is None else ((amodal == 1) & (modal != 1)).astype(np.uint8)
    for region, colour in ((occluded, _OCCLUDED), ((modal == 1).astype(np.uint8), _VISIBLE)):
        inside = region > 0
        tinted = image[inside] * (1 - _STRENGTH) + np.array(colour) * _STRENGTH
        shown[inside] = np.rint(tinted).astype(np.uint8)
        line = inside & (cv2.erode(region, np.ones((3, 3), np.uint8), borderValue=0) == 0)
        shown[line] = colour
    return shown
