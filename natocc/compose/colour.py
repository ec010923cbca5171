"""Colour transfer: an occluder takes on the colours of a face's skin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from natocc.options import Options
from natocc.samples import AlignedFace, Image, Mask, Matte

Lab: TypeAlias = npt.NDArray[np.float32]
Transfer: TypeAlias = Callable[[Lab, Lab, Lab], Lab]

_MOST_SAMPLES = 4096
_TRANSPORT_STEPS = 12
_TRANSPORT_SIDE = 160
_QUANTILES = np.linspace(0.01, 0.99, 50)
_SKIN = (1, 2)  # skin, nose: the indices in natocc.parts.PARTS


class ColourRule(Options):
    """Which colour transfer a set uses: ``sot``, ``reinhard`` or ``none``."""

    transfer: Literal["none", "reinhard", "sot"] = "none"


def skin_pixels(face: AlignedFace) -> Image:
    """Pixels of a face's skin.

    Parameters
    ----------
    face : AlignedFace
        Where it has parts, its skin and nose count (no lips, eyes, brows); else the whole face mask.

    Returns
    -------
    pixels : (n, 3) uint8
        sRGB; at most 4096, evenly taken, without the darkest and lightest twentieth (shadows, highlights). May be empty.
    """
    mask: Mask = face.face_mask
    if face.parts is not None:
        skin = (np.isin(face.parts, _SKIN) & (face.face_mask > 0)).astype(np.uint8)
        mask = skin if skin.any() else mask
    pixels = face.image[mask > 0]
    pixels = pixels[:: 1 + len(pixels) // _MOST_SAMPLES]
    if len(pixels) < 20:
        return pixels
    lightness = _to_lab(pixels[None])[0, :, 0]
    low, high = np.quantile(lightness, (0.05, 0.95))
    middle: Image = pixels[(lightness >= low) & (lightness <= high)]
    return middle


def transfer_colour(foreground: Image, matte: Matte, reference: Image, transfer: str) -> Image:
    """Give an occluder the colours of a reference.

    Parameters
    ----------
    foreground : (h, w, 3) uint8
        sRGB, straight.
    matte : (h, w) uint8
        Fully covered pixels (255) are what is learnt from; every pixel is recoloured, those beyond the edge too.
    reference : (n, 3) uint8
        Pixels whose colours are wanted, such as :func:`skin_pixels`.
    transfer : str
        A key of :data:`TRANSFERS`, or ``none``.

    Returns
    -------
    recoloured : (h, w, 3) uint8
        The input itself where there is nothing to learn from (no reference, no covered pixel) or `transfer` is ``none``.
        Detail is kept: the change of colour is found on a reduced picture and varies smoothly over the occluder.
    """
    covered = np.count_nonzero(matte == 255)
    if transfer == "none" or len(reference) < 2 or covered < 2:
        return foreground
    reduction = max(1.0, max(matte.shape) / _TRANSPORT_SIDE)
    size = (max(1, round(matte.shape[1] / reduction)), max(1, round(matte.shape[0] / reduction)))
    small = _to_lab(np.asarray(cv2.resize(foreground, size, interpolation=cv2.INTER_AREA), dtype=np.uint8))
    inside = cv2.resize(matte, size, interpolation=cv2.INTER_AREA) == 255
    learnt = _to_lab(foreground[matte == 255][:: 1 + covered // _MOST_SAMPLES][None])[0] if not inside.any() else small[inside]
    learnt = learnt[:: 1 + len(learnt) // _MOST_SAMPLES]
    target = _to_lab(reference[:: 1 + len(reference) // _MOST_SAMPLES][None])[0]
    moved = TRANSFERS[transfer](small.reshape(-1, 3), learnt, target).reshape(small.shape)
    shift = cv2.GaussianBlur(moved - small, (0, 0), 1.0)
    shift = cv2.resize(shift, (matte.shape[1], matte.shape[0]), interpolation=cv2.INTER_LINEAR)
    return _to_srgb(_to_lab(foreground) + shift)


def reinhard(colours: Lab, source: Lab, target: Lab) -> Lab:
    """Match mean and deviation of each CIELAB channel [1]_.

    Parameters
    ----------
    colours : (n, 3) float32
        CIELAB colours to recolour.
    source, target : (k, 3), (m, 3) float32
        Samples of what they come from and of what is wanted.

    Returns
    -------
    recoloured : (n, 3) float32
        A channel without deviation is shifted only; contrast changes by a factor of at most 2 either way.

    References
    ----------
    .. [1] E. Reinhard et al., "Color Transfer between Images", IEEE Computer Graphics and Applications 21(5), 2001.
    """
    deviation = source.std(axis=0)
    ratio = np.where(deviation > 1e-3, target.std(axis=0) / np.maximum(deviation, 1e-3), 1.0).clip(0.5, 2.0)
    recoloured: Lab = ((colours - source.mean(axis=0)) * ratio + target.mean(axis=0)).astype(np.float32)
    return recoloured


def sliced_transport(colours: Lab, source: Lab, target: Lab) -> Lab:
    """Move a colour distribution onto another by sliced optimal transport [1]_, [2]_.

    Parameters
    ----------
    colours : (n, 3) float32
        CIELAB colours to recolour.
    source, target : (k, 3), (m, 3) float32
        Samples of what they come from and of what is wanted.

    Returns
    -------
    recoloured : (n, 3) float32
        After twelve steps; each rotates the axes and matches the one-dimensional quantiles along all three.

    Notes
    -----
    The rotations are a fixed low-discrepancy sequence, not drawn: the result is a function of its arguments.

    References
    ----------
    .. [1] F. Pitié, A. C. Kokaram, R. Dahyot, "Automated colour grading using colour distribution transfer", CVIU 107, 2007.
    .. [2] N. Bonneel et al., "Sliced and Radon Wasserstein Barycenters of Measures", JMIV 51, 2015.
    """
    moved, learnt = colours.astype(np.float64), source.astype(np.float64)
    wanted = target.astype(np.float64)
    for step in range(_TRANSPORT_STEPS):
        axes = _rotation(step)
        moved, learnt, wanted_turned = moved @ axes.T, learnt @ axes.T, wanted @ axes.T
        for axis in range(3):
            have = np.quantile(learnt[:, axis], _QUANTILES)
            want = np.quantile(wanted_turned[:, axis], _QUANTILES)
            moved[:, axis] = _match(moved[:, axis], have, want)
            learnt[:, axis] = _match(learnt[:, axis], have, want)
        moved, learnt = moved @ axes, learnt @ axes
    return moved.astype(np.float32)


TRANSFERS: Mapping[str, Transfer] = {"reinhard": reinhard, "sot": sliced_transport}


def _match(
    values: npt.NDArray[np.float64], have: npt.NDArray[np.float64], want: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Monotone map that takes the quantiles `have` to `want`; beyond them the shift at the end is kept."""
    inside = values.clip(have[0], have[-1])
    matched: npt.NDArray[np.float64] = np.interp(inside, have, want) + (values - inside)
    return matched


def _rotation(step: int) -> npt.NDArray[np.float64]:
    """The step-th of a low-discrepancy sequence of rotations (Shoemake's uniform quaternions of an additive recurrence)."""
    u, v, w = (step * np.array([0.8191725, 0.6710436, 0.5497005])) % 1.0
    a, b = np.sqrt(1 - u), np.sqrt(u)
    x, y, z, s = a * np.sin(2 * np.pi * v), a * np.cos(2 * np.pi * v), b * np.sin(2 * np.pi * w), b * np.cos(2 * np.pi * w)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * s), 2 * (x * z + y * s)],
            [2 * (x * y + z * s), 1 - 2 * (x * x + z * z), 2 * (y * z - x * s)],
            [2 * (x * z - y * s), 2 * (y * z + x * s), 1 - 2 * (x * x + y * y)],
        ]
    )


def _to_lab(image: Image) -> Lab:
    """(h, w, 3) uint8 sRGB to float32 CIELAB (L 0-100, D65)."""
    return np.asarray(cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2Lab), dtype=np.float32)


def _to_srgb(lab: Lab) -> Image:
    rgb = cv2.cvtColor(lab, cv2.COLOR_Lab2RGB)
    image: Image = np.rint(np.clip(rgb, 0, 1) * 255).astype(np.uint8)
    return image
