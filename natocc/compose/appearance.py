"""A face's picture, and what compositing must know about it: measured once, when it is first needed."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from natocc.compose.colour_spaces import LUMA, chroma, to_lab
from natocc.compose.lens import edge_blurs, noise_level, ranked
from natocc.compose.light import Shading, fit_shading
from natocc.compose.quantiles import medians, quantile
from natocc.compose.reduced import sampled
from natocc.compose.small_face import SmallFace, small_face
from natocc.compose.tint import Tint, measure_tint
from natocc.core.samples import AlignedFace, Image, Mask

_MOST_SAMPLES = 4096
_FEATURES = (slice(17, 27), slice(36, 42), slice(42, 48), slice(48, 60))  # of 68 landmarks: brows, eyes, mouth
_DARK, _LIGHT = 12, 235  # levels of the brightest channel: beyond them pixels lose the colour of skin
_FEW = 0.2
_FAR = 3.0  # standard deviations
_TRIMS = 3
_BIN = 16  # levels of luma
_SHARE_OF_BIN = 0.02  # of the skin: fewer pixels do not tell a hue
_APART = 1.8  # standard deviations: what is make-up, or not skin
_BRIGHT = 0.91
_GREY_CHROMA = 6.0  # CIELAB: a picture with less is black and white
_ENDS = (0.01, 0.99)
_MEDIAN = 0.5  # rank of the edge that an occluder's own edges are brought to
_SOFTER = 0.92  # rank of the edge that an outline is made as soft as
_SHARP = 0.5  # px: blur assumed of a picture without edges


class Photo:
    """An aligned face and the light, the colours and the lens of its picture.

    Parameters
    ----------
    face : AlignedFace
        Not changed.
    skin_values : sequence of int
        Values of the face's part map that are skin; without any, skin is told by the landmarks.
    """

    def __init__(self, face: AlignedFace, skin_values: Sequence[int] = ()) -> None:
        self.face = face
        self._skin_values = tuple(skin_values)

    @functools.cached_property
    def labels_sha256(self) -> str:
        """Hexadecimal SHA-256 of what labels the face: its masks, parts and landmarks. It tells whether they are the same."""
        face = self.face
        labels = (face.face_mask, face.parts, face.unlabelled, face.landmarks_xy)
        digest = hashlib.sha256()
        for array in labels:
            digest.update(b"" if array is None else _packed(array).data)
        return digest.hexdigest()

    @functools.cached_property
    def skin_mask(self) -> Mask:
        """(H, W) 1 on skin: by the part map where it tells skin, else without what lies around brows, eyes and mouth."""
        return self._skin()

    @functools.cached_property
    def small(self) -> SmallFace:
        """The reduced picture on which light and colours are measured."""
        return small_face(self.face.image, self.skin_mask, self.face.face_mask)

    @functools.cached_property
    def skin(self) -> Image:
        """(n, 3) sRGB pixels of the skin, about 4096 at most, evenly spaced.

        Clipped pixels are left out, then deep shadows and highlights: the ends of lightness, and colours far from the others by
        Mahalanobis distance in CIELAB. The face's own shading stays in: it is what gives a hand relief.
        """
        return self._skin_colours[0]

    @functools.cached_property
    def _skin_colours(self) -> tuple[Image, npt.NDArray[np.float32]]:
        """Those pixels, and their (3, n) CIELAB."""
        pixels = sampled(self.face.image, self.skin_mask, _MOST_SAMPLES)
        light, dark = (cv2.inRange(pixels[None], (0, 0, 0), (level,) * 3)[0] > 0 for level in (_LIGHT - 1, _DARK))
        usable = light & ~dark
        pixels = pixels.compress(usable, axis=0) if np.count_nonzero(usable) > _FEW * len(usable) else pixels
        colours = np.ascontiguousarray(to_lab(pixels[None])[0].T)
        low, high = (quantile(colours[0], end) for end in _ENDS)
        central = (colours[0] >= low) & (colours[0] <= high) & _central(colours)
        return pixels.compress(central, axis=0), colours.compress(central, axis=1)

    @functools.cached_property
    def skin_tone(self) -> npt.NDArray[np.float32]:
        """(3,) CIELAB: middle of the main mode of the skin's colours, without lips, blush, eye shadow and deep shadows."""
        colours = self._skin_colours[1]
        for _ in range(_TRIMS):
            apart = np.abs(colours - medians(colours.T)[:, None])
            near = apart <= _APART * np.maximum(1.4826 * medians(apart.T), 1.0)[:, None]
            if np.count_nonzero(kept := near.all(axis=0)) < _FEW * len(kept):
                break
            colours = colours.compress(kept, axis=1)
        return np.asarray(medians(colours.T), dtype=np.float32)

    @functools.cached_property
    def skin_hues(self) -> npt.NDArray[np.float32]:
        """(256, 3): by how much R, G and B of skin differ from its luma, for each luma: shadows may be red, or a picture sepia.

        Proportional to luma below the darkest and above the lightest skin.
        """
        luma = np.rint(self.skin @ LUMA).astype(np.intp)
        apart, steps = self.skin - luma[:, None], luma // _BIN
        bins = [step for step in range(256 // _BIN) if np.count_nonzero(steps == step) >= _SHARE_OF_BIN * len(luma)]
        if not bins:
            return np.zeros((256, 3), np.float32)
        at = np.array([(step + 0.5) * _BIN for step in bins])
        middle = np.array([medians(apart.compress(steps == step, axis=0)) for step in bins])
        levels = np.arange(256)
        table = np.stack([np.interp(levels, at, middle[:, channel]) for channel in range(3)], axis=1)
        beyond = levels / np.clip(levels, at[0], at[-1])
        return np.asarray(table * beyond[:, None], dtype=np.float32)

    @functools.cached_property
    def grey(self) -> bool:
        """Whether the picture is black and white."""
        return self.chroma < _GREY_CHROMA

    @functools.cached_property
    def shading(self) -> Shading:
        """Low-frequency shading of the face."""
        return fit_shading(self.small, self.face.box)

    @functools.cached_property
    def blur(self) -> float:
        """Median blur of its stronger edges, px: what an occluder's own edges are brought to."""
        return self._blur_of_rank(_MEDIAN)

    @functools.cached_property
    def softness(self) -> float:
        """Blur of the softer among its stronger edges, px: what an occluder's outline is brought to.

        Outlines as sharp as the median of those edges are sharper than those of hands and things that really are before faces;
        softer ones than this are softer (``make bench-natural``).
        """
        return self._blur_of_rank(_SOFTER)

    @functools.cached_property
    def _blurs(self) -> npt.NDArray[np.float32] | None:
        return edge_blurs(self.face.image)

    def _blur_of_rank(self, rank: float) -> float:
        return _SHARP if self._blurs is None else ranked(self._blurs, rank)

    @functools.cached_property
    def noise(self) -> npt.NDArray[np.float32]:
        """(3,) standard deviation of the noise in luma and chroma, 0-255."""
        measured = noise_level(self.face.image, self.face.face_mask)
        return np.zeros(3, np.float32) if measured is None else measured

    @functools.cached_property
    def tint(self) -> Tint:
        """What light and film did to its colours."""
        return measure_tint(self.small)

    @functools.cached_property
    def chroma(self) -> float:
        """CIELAB chroma of its more colourful pixels (95th percentile)."""
        return chroma(self.small.few[0].reshape(-1, 3))

    @functools.cached_property
    def brightness(self) -> float:
        """Luminance of the face's bright side, in [0.01, 1.01]: the 91st percentile, on whole pixels the 90th."""
        return quantile(self.small.luminance[self.small.face > 0], _BRIGHT) + 0.01

    def _skin(self) -> Mask:
        face = self.face
        if face.parts is not None and self._skin_values:
            is_skin = np.isin(np.arange(256), self._skin_values).astype(np.uint8)
            skin = np.asarray(cv2.LUT(face.parts, is_skin), dtype=np.uint8) & face.face_mask
            return skin if skin.any() else face.face_mask
        if face.landmarks_xy is None or len(face.landmarks_xy) != 68:
            return face.face_mask
        features = np.zeros_like(face.face_mask)
        for outline in _FEATURES:
            hull = cv2.convexHull(face.landmarks_xy[outline].clip(-10_000, 10_000)).round().astype(np.int32)
            cv2.fillConvexPoly(features, hull, 1)
        room = 1 + 2 * (min(face.face_mask.shape) // 60)
        around = cv2.dilate(features, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (room, room)))
        skin = face.face_mask * (around == 0).astype(np.uint8)
        return skin if skin.any() else face.face_mask


def _packed(labels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The same in less memory, where it is a mask: hashing takes longer than packing."""
    is_mask = labels.dtype == np.uint8 and labels.max(initial=0) <= 1
    return np.packbits(labels) if is_mask else np.ascontiguousarray(labels)


def _central(colours: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Which of (3, n) colours are no outliers."""
    count = colours.shape[1]
    if count < 4:
        return np.ones(count, np.bool_)
    offset = colours - colours.mean(axis=1)[:, None]
    spread = offset @ offset.T / (count - 1) + np.eye(3, dtype=np.float32)
    distance = np.ones(3, np.float32) @ (offset * (np.linalg.inv(spread) @ offset))
    return np.asarray(distance <= _FAR**2)
