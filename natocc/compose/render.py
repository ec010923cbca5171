"""Apply: a plan, its face and its cutouts make a composite. Deterministic; takes no Generator."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from natocc.compose.blend import BLENDS
from natocc.compose.colour import skin_pixels, transfer_colour
from natocc.compose.warp import warp_cutout
from natocc.plans import Plan
from natocc.samples import AlignedFace, Composite, Cutout, Mask, Matte


def render(face: AlignedFace, cutouts: Sequence[Cutout], plan: Plan) -> Composite:
    """Lay cutouts on a face as a plan says.

    Parameters
    ----------
    face : AlignedFace
        Not changed.
    cutouts : sequence of Cutout
        One for each occluder of the plan, in its order (deepest first).
    plan : Plan
        The decisions.

    Returns
    -------
    composite : Composite
        Pixels where every matte is 0 are the face's, bit for bit. A face pixel is visible where no matte reaches
        :data:`natocc.samples.MATTE_THRESHOLD`, so visible and occluded face partition the face mask.

    Raises
    ------
    ValueError
        If there are not as many cutouts as the plan places.
    """
    if len(cutouts) != len(plan.occluders):
        raise ValueError(f"the plan places {len(plan.occluders)} occluders, got {len(cutouts)} cutouts")
    height, width = face.face_mask.shape
    image, modal = face.image.copy(), face.face_mask.copy()
    masks: list[Mask] = []
    mattes: list[Matte] = []
    for cutout, occluder in zip(cutouts, plan.occluders, strict=True):
        mask, matte = np.zeros((height, width), np.uint8), np.zeros((height, width), np.uint8)
        layer = warp_cutout(cutout, occluder.placement.affine, (height, width))
        if layer is not None:
            mask = layer.occludes((height, width))
            matte[layer.window] = layer.matte
            foreground = layer.foreground
            if occluder.transfer != "none":
                foreground = transfer_colour(foreground, layer.matte, skin_pixels(face), occluder.transfer)
            alpha = (layer.matte.astype(np.float32) * (occluder.opacity / 255)).clip(0, 1)
            image[layer.window] = BLENDS[occluder.blend](image[layer.window], foreground, alpha)
        masks.append(mask)
        mattes.append(matte)
        modal[mask > 0] = 0
    return Composite(image, face.face_mask, modal, tuple(masks), tuple(mattes))
