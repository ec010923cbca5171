"""Three ways to lay the same object on the same face: plainly, as the paper's code does, and ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from measure_natural.material import Occluder, drawing
from measure_natural.transport import full_transport
from natocc.compose.appearance import Photo
from natocc.compose.colour_spaces import from_lab, to_lab
from natocc.compose.draw import draw_plan
from natocc.compose.render import render
from natocc.core.samples import Cutout, Image, Matte
from natocc.core.seeds import generator
from natocc.recipe.model import NatOccSet

WAYS = ("plain pasting", "the paper's way", "natocc")
ERODE, BLUR = 3, 5
"""Of the paper's code: px by which a mask is drawn in, and side of the Gaussian's kernel that softens it."""

_RULES: Mapping[str, Mapping[str, Any]] = {"hand": {"colour": {"transfer": "skin"}}, "object": {}}


def composite(way: str, photo: Photo, occluder: Occluder, seed: int) -> tuple[Image, Matte]:
    """The picture, and how much of each pixel the occluder covers; the placement is drawn alike in all ways.

    Raises
    ------
    BadDataError
        If no placement will do.
    """
    rng = generator(seed, "natural")
    rules = NatOccSet.model_validate(
        {"name": "natural", "occluders": {"source": "hands"}, "placement": {"occlusion": [0.1, 0.6]}, **_RULES[occluder.kind]}
    )
    cutout = occluder.cutout if way == "natocc" else occluder.plain
    plan, cutouts = draw_plan(rng, photo, drawing(cutout), rules)
    if way == "natocc":
        made = render(photo, cutouts, plan)
        return made.image, made.mattes[0]
    affine = plan.occluders[0].placement.affine
    return (_plain if way == WAYS[0] else _paper)(photo, cutout, affine, occluder.kind)


def _plain(photo: Photo, cutout: Cutout, affine: npt.NDArray[np.float64], kind: str) -> tuple[Image, Matte]:
    height, width = photo.face.face_mask.shape
    mask = cv2.warpAffine(cutout.matte, affine, (width, height), flags=cv2.INTER_NEAREST)
    foreground = cv2.warpAffine(cutout.foreground, affine, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return np.where(mask[..., None] > 0, foreground, photo.face.image).astype(np.uint8), np.asarray(mask, dtype=np.uint8)


def _paper(photo: Photo, cutout: Cutout, affine: npt.NDArray[np.float64], kind: str) -> tuple[Image, Matte]:
    """Cut to black before it is resampled, mask drawn in and blurred; a hand's colours by full transport."""
    height, width = photo.face.face_mask.shape
    foreground, covered = cutout.foreground, cutout.matte > 0
    if kind == "hand":
        lab = to_lab(foreground)
        lab[covered] = full_transport(lab[covered].astype(np.float64), to_lab(photo.skin[None])[0].astype(np.float64))
        foreground = np.rint(from_lab(lab)).astype(np.uint8)
    cut = np.where(covered[..., None], foreground, 0).astype(np.uint8)
    warped = cv2.warpAffine(cut, affine, (width, height))
    mask = cv2.warpAffine(cutout.matte, affine, (width, height))
    mask = cv2.GaussianBlur(cv2.erode(mask, np.ones((ERODE, ERODE), np.uint8)), (BLUR, BLUR), 0)
    share = mask[..., None].astype(np.float32) / 255
    mixed = photo.face.image + share * (warped.astype(np.float32) - photo.face.image)
    return np.rint(mixed).astype(np.uint8), np.asarray(mask, dtype=np.uint8)
