"""The tone of a picture's own hair, from shadow to highlight."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from natocc.core.discs import grown
from natocc.core.samples import Image, Mask
from natocc.occluders.drawn_on_faces import Sitter

Float = npt.NDArray[np.float64]

STEPS = 5
"""Colours in a palette, from shadow to highlight, evenly spaced."""
_RANKS = (
    (0.1, 0.24),
    (0.34, 0.48),
    (0.58, 0.7),
    (0.78, 0.87),
    (0.9, 0.96),
)  # of lightness; the deep shade of back hair left out
_LUMA = np.array([0.299, 0.587, 0.114])
_BELOW = 40.0  # mm below the eyes: hair that lies lower is beside the neck, in the shade
_BESIDE = 10.0  # mm around the face in which hair is looked for where it is not labelled
_LEAST = 60  # pixels
_MOST = 8192  # pixels: more say the same
_LEAST_SPREAD = (20.0, 0.4)  # levels of luma from shadow to highlight: at least so many, and of the middle one so much more
_LIKE_SKIN = 14.0  # CIELAB: a colour nearer to the skin's is skin
_GREY = 6.0  # CIELAB chroma: a picture whose skin has less is black and white
_SKIN = 165.0  # luma of skin under which the natural tones look as they are written
_NATURAL: tuple[tuple[tuple[int, int, int], tuple[int, int, int]], ...] = (  # shadow and highlight
    ((16, 14, 14), (82, 74, 70)),
    ((26, 18, 14), (112, 82, 62)),
    ((44, 28, 18), (146, 104, 72)),
    ((74, 52, 32), (196, 156, 112)),
    ((112, 86, 54), (232, 204, 158)),
    ((58, 24, 14), (170, 92, 54)),
    ((70, 70, 72), (198, 198, 200)),
)


def draw_palette(rng: np.random.Generator, sitter: Sitter) -> list[list[int]]:
    """Five sRGB colours of hair, from shadow to highlight.

    They are those of the hair where the face source labels hair; else of what lies around the upper face, as far as hair could
    have that colour; else one of a few natural tones, as light as the skin is lit.

    Parameters
    ----------
    rng : numpy.random.Generator
        Chooses among the natural tones.
    sitter : Sitter
        The face.
    """
    natural = _NATURAL[int(rng.integers(len(_NATURAL)))]
    pixels = _hair(sitter)
    if pixels is None:
        shadow, highlight = (np.array(tone, dtype=np.float64) for tone in natural)
        skin = np.median(sitter.face.image[sitter.face.face_mask > 0], axis=0)
        palette = shadow + np.linspace(0, 1, STEPS)[:, None] ** 1.3 * (highlight - shadow)
        palette *= float(np.clip(skin @ _LUMA / _SKIN, 0.4, 1.2))
        if np.hypot(*_lab(skin[None])[0, 1:]) < _GREY:
            palette = np.repeat((palette @ _LUMA)[:, None], 3, axis=1)
    else:
        ordered = pixels[np.argsort(pixels @ _LUMA, kind="stable")]
        count = len(ordered)
        palette = np.stack([ordered[int(low * count) : int(high * count) + 1].mean(axis=0) for low, high in _RANKS])
        palette = _told_apart(palette)
    return [[int(value) for value in colour] for colour in np.rint(palette.clip(0, 255))]


def _told_apart(palette: Float) -> Float:
    """A palette whose shadow and highlight differ enough for strands to be seen: short hair has hardly any of its own."""
    middle = palette[STEPS // 2]
    spread, least = float((palette[-1] - palette[0]) @ _LUMA), _LEAST_SPREAD[0] + _LEAST_SPREAD[1] * float(middle @ _LUMA)
    if spread <= 1:
        return np.asarray(middle * np.linspace(0.75, 1.25, STEPS)[:, None])
    return np.asarray(middle + (palette - middle) * max(1.0, least / spread))


def _hair(sitter: Sitter) -> Float | None:
    """(n, 3) pixels of hair; None where there is none, or nobody can tell."""
    face = sitter.face
    low = round(float(sitter.pose.project(np.array([[0.0, _BELOW, 0.0]]))[0, 1]))
    rows = slice(0, max(low, 1))
    labelled = sitter.regions.get("hair")
    radius = max(1, round(0.7 * sitter.px_per_mm))
    if labelled is not None:
        sure = cv2.erode(labelled, np.ones((2 * radius + 1,) * 2, np.uint8))
        pixels = _some(face.image[rows][sure[rows] > 0])
        return pixels if len(pixels) >= _LEAST else None
    near = _ring(face.face_mask, radius, radius + max(2, round(_BESIDE * sitter.px_per_mm)))
    pixels = _some(face.image[rows][near[rows] > 0])
    if len(pixels) < _LEAST:
        return None
    return _could_be_hair(pixels, face.image[face.face_mask > 0])


def _some(pixels: Image) -> Float:
    return pixels[:: 1 + len(pixels) // _MOST].astype(np.float64)


def _ring(mask: Mask, inner: int, outer: int) -> Mask:
    """1 on what lies around a mask, from `inner` to `outer` px away from it."""
    return np.asarray(grown(mask, outer) & (1 - grown(mask, inner)), dtype=np.uint8)


def _could_be_hair(pixels: Float, skin: Image) -> Float | None:
    """Those of the pixels around a face that have the colour which most of them have, if hair could have it.

    Hair and what is behind it are told apart by the mean lightness and colour of two groups (k-means, started from the darkest
    and the lightest tenth).
    """
    lab = _lab(pixels)
    order = np.argsort(lab[:, 0], kind="stable")
    tenth = max(1, len(order) // 10)
    centres = np.stack([lab[order[:tenth]].mean(axis=0), lab[order[-tenth:]].mean(axis=0)])
    for _ in range(8):
        nearer = np.linalg.norm(lab[:, None] - centres, axis=2).argmin(axis=1)
        centres = np.stack([lab[nearer == group].mean(axis=0) if (nearer == group).any() else centres[group] for group in (0, 1)])
    typical = np.median(_lab(skin[:: 1 + len(skin) // 4096].astype(np.float64)), axis=0)
    for group in np.argsort(-np.bincount(nearer, minlength=2), kind="stable"):
        lightness, a, b = centres[group]
        natural = lightness < 82 and -5 < a < 24 and -6 < b < 38
        if natural and np.linalg.norm(centres[group] - typical) > _LIKE_SKIN and np.count_nonzero(nearer == group) >= _LEAST:
            return np.asarray(pixels[nearer == group])
    return None


def _lab(pixels: Float) -> Float:
    """CIELAB of (n, 3) sRGB."""
    return np.asarray(cv2.cvtColor((pixels[None] / 255).astype(np.float32), cv2.COLOR_RGB2LAB)[0], dtype=np.float64)
