"""Apply: a plan, its face and its cutouts make a composite. Deterministic; takes no Generator."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from natocc.compose.appearance import Photo
from natocc.compose.before import before_face
from natocc.compose.blend import blend_over
from natocc.compose.colour import transfer_colour
from natocc.compose.defocus import out_of_focus
from natocc.compose.finish import finished
from natocc.compose.grain import match_grain
from natocc.compose.light import shaded
from natocc.compose.light_colour import shift_to_light
from natocc.compose.optics import match_sharpness, once_compressed
from natocc.compose.warp import Layer, warp_cutout
from natocc.core.plans import SKIN, Look, Plan
from natocc.core.samples import IGNORE, Composite, Cutout, Mask, Matte

_COVERAGE = (np.arange(256) / 255).astype(np.float32)


def render(photo: Photo, cutouts: Sequence[Cutout], plan: Plan) -> Composite:
    """Lay cutouts on a face as a plan says.

    Parameters
    ----------
    photo : Photo
        The face, mirrored already if the plan says so; not changed.
    cutouts : sequence of Cutout
        One for each occluder of the plan, in its order (deepest first).
    plan : Plan
        The decisions.

    Returns
    -------
    composite : Composite
        Pixels where every matte is 0 are the face's, bit for bit, unless the plan casts shadows or finishes the picture. A face
        pixel is visible where no matte reaches the level from which its occluder is labelled; so visible, occluded and ignored
        face partition the face mask.

    Raises
    ------
    ValueError
        If there are not as many cutouts as the plan places.
    """
    if len(cutouts) != len(plan.occluders):
        raise ValueError(f"expected {len(plan.occluders)} cutouts as the plan places, found {len(cutouts)}")
    face = photo.face
    height, width = face.face_mask.shape
    image = face.image.copy()
    occluded, ignored = np.zeros((height, width), np.uint8), np.zeros((height, width), np.uint8)
    masks: list[Mask] = []
    mattes: list[Matte] = []
    for cutout, occluder in zip(cutouts, plan.occluders, strict=True):
        matte, covers = np.zeros((height, width), np.uint8), np.zeros((height, width), np.uint8)
        layer = warp_cutout(cutout, occluder.placement.affine, (height, width), occluder.softness)
        if layer is not None:
            layer = _looked(before_face(image, layer, photo, occluder.look), photo, occluder.look)
            box = layer.window
            matte[box] = layer.matte
            covers[box] = layer.matte >= occluder.occludes_from
            alpha = np.asarray(cv2.LUT(layer.matte, (_COVERAGE * occluder.opacity).clip(0, 1)), dtype=np.float32)
            image[box] = blend_over(occluder.blend, image[box], layer.foreground, alpha)
            labels = ignored if occluder.ignored else occluded
            labels[box] |= covers[box]
        masks.append(covers)
        mattes.append(matte)
    if face.unlabelled is not None:
        ignored |= face.unlabelled
    free = 1 - occluded
    modal = face.face_mask & free
    if ignored.any():
        ignored &= free
        labelled = face.face_mask if face.unlabelled is None else face.face_mask | face.unlabelled
        modal[(ignored > 0) & (labelled > 0)] = IGNORE
    image, categories = finished(image, plan.finish), tuple(cutout.category for cutout in cutouts)
    return Composite(image, face.face_mask, modal, tuple(masks), tuple(mattes), ignored, categories)


def _looked(layer: Layer, photo: Photo, look: Look) -> Layer:
    """A layer as the face's camera would have seen it."""
    if look.transfer not in ("none", SKIN):
        layer = layer.with_foreground(transfer_colour(layer.foreground, layer.matte, photo.skin, look.transfer))
    if look.shift > 0:
        layer = layer.with_foreground(shift_to_light(layer.foreground, layer.matte, photo, look.shift))
    if look.transfer != SKIN and look.shading > 0:
        layer = layer.with_foreground(shaded(layer, photo.shading, look.shading))
    if look.sharpness > 0:
        layer = layer.with_foreground(match_sharpness(layer.foreground, layer.matte, photo.blur, look.sharpness))
    layer = out_of_focus(layer, look.defocus, look.motion, photo.face.face_mask.shape)
    foreground = layer.foreground
    if look.grain > 0:
        foreground = match_grain(foreground, layer.matte, photo.noise, photo.blur, look.grain, look.grain_seed)
    return layer.with_foreground(
        foreground if look.jpeg is None else once_compressed(foreground, layer.left, layer.top, look.jpeg)
    )
