"""Numbers about a sample: how much is occluded, of the face and of its parts, where the face lies, which landmarks are hidden."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

from natocc.core.samples import AlignedFace, Composite, Landmark, Mask
from natocc.faces.alignment.landmark_outline import fill_polygon
from natocc.faces.classes import REGIONS, values_of
from natocc.io.masks import mask_of

_OUTLINES: Mapping[str, tuple[slice, ...]] = {
    "eyes": (slice(36, 42), slice(42, 48)),
    "nose": (slice(27, 36),),
    "mouth": (slice(48, 60),),
}
"""The 68 landmarks around each of :data:`natocc.faces.classes.REGIONS`, for faces without parts."""


def measures(face: AlignedFace, classes: Mapping[int, str], composite: Composite) -> dict[str, float]:
    """What the manifest says about a sample in numbers.

    Parameters
    ----------
    face : AlignedFace
        Before it was covered.
    classes : mapping of int to str
        Names of the values of its part map.
    composite : Composite
        After.

    Returns
    -------
    values : dict of str to float
        Names are those of :data:`natocc.dataset.measures.MEASURES`. Regions of which the face shows nothing are left out.
    """
    left, top, width, height = face.box
    values: dict[str, float] = {
        "occlusion_ratio": composite.occlusion_ratio,
        "face_pixels": cv2.countNonZero(composite.amodal),
        "visible_pixels": int(np.count_nonzero(composite.modal == 1)),
        "width": composite.image.shape[1],
        "height": composite.image.shape[0],
        "face_left": left,
        "face_top": top,
        "face_width": width,
        "face_height": height,
        "mask_estimated": int(face.mask_estimated),
    }
    if face.mask_confidence is not None:
        values["mask_confidence"] = face.mask_confidence
    if face.inter_ocular is not None:
        values["inter_ocular"] = face.inter_ocular
    for name, (all_of_it, hidden_of_it) in _regions(face, classes, composite).items():
        if all_of_it:
            values[f"{name}_occluded"] = hidden_of_it / all_of_it
    return values


def hidden_landmarks(face: AlignedFace, composite: Composite) -> tuple[Landmark, ...]:
    """Every landmark's x and y in crop pixels, rounded to a hundredth, and whether an occluder hides it."""
    if face.landmarks_xy is None:
        return ()
    hidden = composite.occluded
    height, width = hidden.shape
    landmarks = []
    for x, y in face.landmarks_xy.tolist():
        column, row = round(x), round(y)
        inside = 0 <= column < width and 0 <= row < height
        landmarks.append((round(x, 2), round(y, 2), bool(inside and hidden[row, column])))
    return tuple(landmarks)


def labelled_regions(face: AlignedFace, classes: Mapping[int, str]) -> dict[str, Mask]:
    """(H, W): 1 on ``hair`` and each of :data:`natocc.faces.classes.REGIONS`, as far as the part map of a face labels them."""
    if face.parts is None:
        return {}
    values = {name: values_of(classes, parts) for name, parts in {**REGIONS, "hair": ("hair",)}.items()}
    return {name: mask_of(face.parts, among) for name, among in values.items() if among}


def _regions(face: AlignedFace, classes: Mapping[int, str], composite: Composite) -> dict[str, tuple[int, int]]:
    """Pixels of each region that is known, and those of them that are hidden: by the part map, else by 68 landmarks."""
    if face.parts is not None:
        values = {name: among for name, parts in REGIONS.items() if (among := values_of(classes, parts))}
        masks = {name: mask_of(face.parts, among) for name, among in values.items()}
        return {name: (cv2.countNonZero(mask), cv2.countNonZero(mask & composite.occluded)) for name, mask in masks.items()}
    if face.landmarks_xy is None or len(face.landmarks_xy) != 68:
        return {}
    pixels = {}
    for name, outlines in _OUTLINES.items():
        region = np.zeros_like(face.face_mask)
        for outline in outlines:
            hull = cv2.convexHull(face.landmarks_xy[outline])[:, 0]
            fill_polygon(region, hull.clip(-50_000, 50_000), 1)
        pixels[name] = (int(np.count_nonzero(region)), int(np.count_nonzero(region & composite.occluded)))
    return pixels
