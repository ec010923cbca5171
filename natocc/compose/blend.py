"""Blending: how a foreground and what lies behind it become one picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from natocc.options import Options
from natocc.samples import Image

Alpha: TypeAlias = npt.NDArray[np.float32]
Blend: TypeAlias = Callable[[Image, Image, Alpha], Image]

_POISSON_MARGIN = 4


class BlendRule(Options):
    """Which blend a set uses: ``alpha`` (the *over* operator) or ``poisson``."""

    method: Literal["alpha", "poisson"] = "alpha"


def alpha_over(background: Image, foreground: Image, alpha: Alpha) -> Image:
    """Composite a foreground over an opaque background (the *over* operator [1]_).

    Parameters
    ----------
    background, foreground : (H, W, 3) uint8
        sRGB images, 0-255; `foreground` is straight, not premultiplied.
    alpha : (H, W) float32
        Foreground coverage in [0, 1]; 0 keeps the background, bit for bit.

    Returns
    -------
    composite : (H, W, 3) uint8
        New array, rounded half to even; between background and foreground in every channel.

    Raises
    ------
    ValueError
        If the shapes differ, or `alpha` leaves [0, 1] or is NaN.

    References
    ----------
    .. [1] T. Porter, T. Duff, "Compositing Digital Images", SIGGRAPH 1984.

    Examples
    --------
    >>> black, white = np.zeros((1, 2, 3), np.uint8), np.full((1, 2, 3), 255, np.uint8)
    >>> alpha_over(black, white, np.array([[0, 0.2]], np.float32))[0, :, 0].tolist()
    [0, 51]
    """
    if not background.shape == foreground.shape == (*alpha.shape, 3):
        raise ValueError(f"shapes differ: background {background.shape}, foreground {foreground.shape}, alpha {alpha.shape}")
    if alpha.size and not (alpha.min() >= 0 and alpha.max() <= 1):
        raise ValueError(f"alpha must lie in [0, 1], found {alpha.min()} to {alpha.max()}")
    behind = background.astype(np.float32)
    composite: Image = np.rint(behind + alpha[..., None] * (foreground.astype(np.float32) - behind)).astype(np.uint8)
    return composite


def poisson_over(background: Image, foreground: Image, alpha: Alpha) -> Image:
    """Blend a foreground by its gradients [1]_, then composite the result over the background by the matte.

    Parameters
    ----------
    background, foreground, alpha
        As for :func:`alpha_over`.

    Returns
    -------
    composite : (H, W, 3) uint8
        The background, bit for bit, where alpha is 0. Equal to :func:`alpha_over` where the matte is too small for a gradient
        to exist (under 3 pixels in a direction).

    References
    ----------
    .. [1] P. Pérez, M. Gangnet, A. Blake, "Poisson Image Editing", SIGGRAPH 2003.
    """
    covered = (alpha > 0).astype(np.uint8)
    left, top, width, height = cv2.boundingRect(covered)
    if min(width, height) < 3:
        return alpha_over(background, foreground, alpha)
    # OpenCV's solver wants its mask clear of the border; the margin repeats the picture's edge.
    margins = (_POISSON_MARGIN,) * 4
    behind = cv2.copyMakeBorder(background, *margins, cv2.BORDER_REPLICATE)
    before = cv2.copyMakeBorder(foreground, *margins, cv2.BORDER_REPLICATE)
    mask = cv2.copyMakeBorder(covered * 255, *margins, cv2.BORDER_CONSTANT, value=0)
    centre = (left + _POISSON_MARGIN + width // 2, top + _POISSON_MARGIN + height // 2)
    cloned = np.asarray(cv2.seamlessClone(before, behind, mask, centre, cv2.NORMAL_CLONE), dtype=np.uint8)
    inner = slice(_POISSON_MARGIN, -_POISSON_MARGIN)
    return alpha_over(background, np.ascontiguousarray(cloned[inner, inner]), alpha)


BLENDS: Mapping[str, Blend] = {"alpha": alpha_over, "poisson": poisson_over}
