"""An occluder before a face: what light and nearness do to both."""

from __future__ import annotations

import cv2
import numpy as np

from natocc.compose.appearance import Photo
from natocc.compose.colour_spaces import GAMMA, Float, to_lab
from natocc.compose.contrast import missing_lightness, sides
from natocc.compose.crease import crease
from natocc.compose.light import shaded, side_light
from natocc.compose.overview import Overview, look_over
from natocc.compose.quantiles import quantile
from natocc.compose.shadow import OUTLINE, Shade, cast_shadow, room_for, shade_of
from natocc.compose.tone import rounded, toning
from natocc.compose.warp import Layer
from natocc.core.plans import SKIN, Look, Tone
from natocc.core.samples import Image

_BY_HAND = 0.5  # of a missing contrast: by so much the hand becomes lighter; the rest is shadow on the face
_ROUNDS = 2
_MOST_SHADE = 14.0  # L*: what shadows add to a contrast


def before_face(image: Image, layer: Layer, photo: Photo, look: Look) -> Layer:
    """Darken a face where an occluder is before it, in place, and give a hand its tone.

    Parameters
    ----------
    image : (H, W, 3) uint8
        The face's picture; darkened where a shadow falls.
    layer : Layer
        The occluder.
    photo : Photo
        The face.
    look : Look
        From the plan.

    Returns
    -------
    layer : Layer
        The same but for the colours of its foreground, if it is a hand that takes on the skin's.
    """
    shadow = look.shadow
    if look.transfer != SKIN and shadow is None:
        return layer
    room = 0 if shadow is None else room_for(shadow)
    overview = look_over(layer, photo.face.face_mask, 2 * photo.shading.half, room)
    shade, more = None if shadow is None else shade_of(overview, shadow), 0.0
    if look.transfer == SKIN:
        layer, more = _toned(image, layer, photo, look, overview, shade)
    if shadow is None or shade is None:
        return layer
    face, shading = photo.face.face_mask, photo.shading
    cast_shadow(image, face, overview, shade.light_left(more), photo.grey)
    if look.transfer != SKIN:
        return layer
    return crease(image, layer, face, shadow.contact + more, 2 * shading.half, shading.towards_light, photo.grey)


def _toned(image: Image, layer: Layer, photo: Photo, look: Look, overview: Overview, shade: Shade | None) -> tuple[Layer, float]:
    """A hand in the tone that is wanted beside the face, and the contact that is missing for the contrast that is wanted."""
    tone, shading = look.tone or Tone(), photo.shading
    lightness = cv2.cvtColor(overview.placed(layer.foreground), cv2.COLOR_RGB2Lab)[..., 0] * np.float32(100 / 255)
    turned = rounded(overview, np.asarray(lightness, dtype=np.float32), tone.rim, shading.towards_light)
    layer = layer.with_foreground(shaded(layer, shading, look.shading, turned))
    change = toning(layer.foreground, layer.matte, photo, tone, look.shading * side_light(layer, shading))
    hand, behind, more = overview.placed(layer.foreground), overview.reduced(image), 0.0
    for _ in range(_ROUNDS):
        face: Image | Float = behind
        if shade is not None:
            face = behind * cv2.merge([cv2.pow(shade.light_left(more), 1 / GAMMA)] * 3)
        one, other = sides(overview, to_lab(change.apply(hand)), to_lab(face))
        lighter, darker = change.room
        missing = missing_lightness(one, other, tone.contrast, lighter + (0 if shade is None else _MOST_SHADE), darker)
        if missing == 0:
            break
        by_hand = missing if missing < 0 or shade is None else min(_BY_HAND * missing, lighter)
        change, more = change.lighter(by_hand), more + _contact(quantile(other[:, 0], 0.5), missing - by_hand)
    return layer.with_foreground(change.apply(layer.foreground)), more


def _contact(lightness: float, by: float) -> float:
    """What darkens a face of this lightness beside an outline by so many L*."""
    left = (max(lightness - by, 0.0) + 16) / (lightness + 16)
    return (1 - left**3) / OUTLINE
