"""Blending: how a foreground and what lies behind it become one picture."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Discriminator, Tag

from natocc.core.samples import Image
from natocc.plugins.options import NameIn, Options
from natocc.plugins.table import Table
from natocc.plugins.weights import Weight, draw_by_weight, some_weight

Alpha: TypeAlias = npt.NDArray[np.float32]
Blend: TypeAlias = Callable[[Image, Image, Alpha], Image]

_POISSON_MARGIN = 4
_LEVELS = 3  # of the pyramid: light is mixed over some 8 px of the edge

BLENDS = Table[Blend](
    "natocc.blends",
    {
        "alpha": "natocc.compose.blend:alpha_over",
        "poisson": "natocc.compose.blend:poisson_over",
        "pyramid": "natocc.compose.blend:pyramid_over",
    },
)
"""Name in a recipe to blend; other packages add theirs by entry points ``natocc.blends``.

A blend takes a background, a foreground and the coverage as :func:`alpha_over` does, and leaves the background, bit for bit,
where the coverage is 0; :func:`blend_over` makes sure of that.
"""

Name: TypeAlias = Annotated[str, NameIn(BLENDS)]


def _name_or_mix(method: object) -> str:
    return "(mix)" if isinstance(method, Mapping) else "(name)"


class BlendRule(Options):
    """How occluders are blended into the picture."""

    method: Annotated[
        Annotated[Name, Tag("(name)")] | Annotated[dict[Name, Weight], some_weight("a mix of blends needs"), Tag("(mix)")],
        Discriminator(_name_or_mix),
    ] = "alpha"
    """``alpha`` (the over operator), ``poisson`` or ``pyramid``; or a mapping of these to weights, so that a set mixes them and
    no model learns one kind of seam."""

    def named(self) -> Iterable[tuple[Table[Any], str]]:
        """The blend or blends."""
        return ((BLENDS, name) for name in ([self.method] if isinstance(self.method, str) else self.method))


def draw_blend(rng: np.random.Generator, rule: BlendRule) -> str:
    """Name of a blend."""
    if isinstance(rule.method, str):
        return rule.method
    return draw_by_weight(rng, rule.method)


def alpha_over(background: Image, foreground: Image, alpha: Alpha) -> Image:
    """Composite a foreground over an opaque background (the *over* operator [1]_).

    Parameters
    ----------
    background, foreground : (H, W, 3) uint8
        sRGB images, 0-255; `foreground` is straight, not premultiplied.
    alpha : (H, W) float32
        Foreground coverage in [0, 1], of which 255 steps are told apart; 0 keeps the background, bit for bit.

    Returns
    -------
    composite : (H, W, 3) uint8
        New array, rounded; between background and foreground in every channel.

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
    share = cv2.merge([cv2.convertScaleAbs(alpha, alpha=255)] * 3)
    # Differences without a sign, one of them always 0: 8 bits are mixed several times as fast as more.
    up, down = (
        cv2.multiply(cv2.subtract(one, other), share, scale=1 / 255)
        for one, other in ((foreground, background), (background, foreground))
    )
    return np.asarray(cv2.subtract(cv2.add(background, up), down), dtype=np.uint8)


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
    # OpenCV's solver needs a mask that does not touch the border; the margin repeats the picture's edge.
    margins = (_POISSON_MARGIN,) * 4
    behind = cv2.copyMakeBorder(background, *margins, cv2.BORDER_REPLICATE)
    before = cv2.copyMakeBorder(foreground, *margins, cv2.BORDER_REPLICATE)
    mask = cv2.copyMakeBorder(covered * 255, *margins, cv2.BORDER_CONSTANT, value=0)
    centre = (left + _POISSON_MARGIN + width // 2, top + _POISSON_MARGIN + height // 2)
    cloned = np.asarray(cv2.seamlessClone(before, behind, mask, centre, cv2.NORMAL_CLONE), dtype=np.uint8)
    inner = slice(_POISSON_MARGIN, -_POISSON_MARGIN)
    return alpha_over(background, np.ascontiguousarray(cloned[inner, inner]), alpha)


def pyramid_over(background: Image, foreground: Image, alpha: Alpha) -> Image:
    """Blend coarse structures over a wide edge and fine ones over a narrow edge [1]_, then composite by the matte.

    Parameters
    ----------
    background, foreground, alpha
        As for :func:`alpha_over`.

    Returns
    -------
    composite : (H, W, 3) uint8
        The background, bit for bit, where alpha is 0.

    References
    ----------
    .. [1] P. J. Burt, E. H. Adelson, "A Multiresolution Spline with Application to Image Mosaics", ACM TOG 2(4), 1983.
    """
    below, above, share = background.astype(np.float32), foreground.astype(np.float32), alpha
    bands = []
    for _ in range(_LEVELS):
        if min(share.shape) < 2:
            break
        size = (share.shape[1], share.shape[0])
        coarse_below, coarse_above, coarse_share = (np.asarray(cv2.pyrDown(plane), np.float32) for plane in (below, above, share))
        detail_below = below - cv2.pyrUp(coarse_below, dstsize=size)
        detail_above = above - cv2.pyrUp(coarse_above, dstsize=size)
        bands.append((detail_below + share[..., None] * (detail_above - detail_below), size))
        below, above, share = coarse_below, coarse_above, coarse_share
    mixed = below + share[..., None] * (above - below)
    for detail, size in reversed(bands):
        mixed = cv2.pyrUp(mixed, dstsize=size) + detail
    # The mixture contains the matte already; the background must only be kept where the matte ends.
    return alpha_over(background, np.rint(mixed.clip(0, 255)).astype(np.uint8), np.minimum(4 * alpha, 1))


def blend_over(blend: str, background: Image, foreground: Image, alpha: Alpha) -> Image:
    """Composite by the named blend; otherwise as :func:`alpha_over`.

    Raises
    ------
    ValueError
        If a plug-in returns anything but a picture like the background.
    """
    composite = BLENDS[blend](background, foreground, alpha)
    if blend in BLENDS.own:
        return composite
    if composite.shape != background.shape or composite.dtype != np.uint8:
        raise ValueError(
            f"blend {blend!r}: expected {background.shape} uint8 as the background, found {composite.shape} {composite.dtype}"
        )
    return np.where(alpha[..., None] > 0, composite, background)
