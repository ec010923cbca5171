"""Colour: a hand takes on the colours of a face's skin."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import Field

from natocc.compose.colour_spaces import Float, from_lab, to_lab
from natocc.compose.guided_filter import Guide, luma_and_hues, luma_of
from natocc.compose.reduced import reduced
from natocc.compose.transfers import TRANSFERS
from natocc.core.plans import SKIN
from natocc.core.samples import Image, Matte
from natocc.plugins.options import NameIn, Options
from natocc.plugins.ranges import Range, UnitRange
from natocc.plugins.table import Table

_SIDE = 128  # px: longer side of the picture on which a change of colour is learnt
_AGAIN = (1, 2)  # how far the rounds after the first go: the last makes up for what is smoothed away after it
_MOST_SAMPLES = 2048
_FEWER = 4  # every so many of them are enough for the first round
_WITHIN = (0.7548777, 0.5698403)  # a sequence of places within a pixel of the reduced picture, evenly spread


class ColourRule(Options):
    """Which colours occluders take on."""

    transfer: Annotated[str, NameIn(TRANSFERS, also=("none", SKIN))] = "none"
    """Bring an occluder's colours to those of the skin, which suits hands. ``skin`` gives it the white point and the exposure of
    the face's skin, and keeps its own detail and contrast; it differs from the face as real hands do. ``sot``, ``reinhard`` and
    ``histogram`` bring it as close to the skin as they can. ``none`` keeps its colours. Plug-ins add others."""
    shift: UnitRange = (0.0, 0.3)
    """With ``transfer: none``: strength of a shift of the white point towards the picture's, drawn for each occluder. Unless it
    is 0, a clear tint (light of a colour, sepia, black and white) is taken on in full, and exposure and colourfulness come half
    the way to the picture's."""

    variety: float = Field(1.0, ge=0, le=2)
    """With ``transfer: skin``: how much hands differ from the face in lightness and hue; 1 as in photographs, 0 not at all."""
    contrast: Range = (8.0, 25.0)
    """With ``transfer: skin``: the least step of colour across a hand's outline on the face, drawn for each hand: the median
    along the outline, in CIELAB. Where it is missing, the hand becomes lighter or darker, and the face beside it darker. On
    photographs it is 10 to 40, at the median 18.5."""

    def named(self) -> Iterable[tuple[Table[Any], str]]:
        """The transfer."""
        return () if self.transfer in ("none", SKIN) else ((TRANSFERS, self.transfer),)


def transfer_colour(foreground: Image, matte: Matte, reference: Image, transfer: str) -> Image:
    """Give an occluder the colours of a reference.

    The change is learnt from samples of both, applied to the pixels of a reduced picture, and carried from there to all pixels:
    hue changes smoothly over the occluder, lightness smoothly but for the occluder's own edges (guided filter [1]_), so that it
    keeps its relief and detail. A smooth change falls short of the full one, hence three rounds.

    Parameters
    ----------
    foreground : (h, w, 3) uint8
        sRGB, straight.
    matte : (h, w) uint8
        Weight of each pixel in learning; every pixel is recoloured, also beyond the edge.
    reference : (n, 3) uint8
        Pixels whose colours are wanted, such as :attr:`natocc.compose.appearance.Photo.skin`.
    transfer : str
        A key of :data:`natocc.compose.transfers.TRANSFERS`, or ``none``.

    Returns
    -------
    recoloured : (h, w, 3) uint8
        The input itself where there is nothing to learn from (no reference, nothing covered) or `transfer` is ``none``.

    References
    ----------
    .. [1] K. He, J. Sun, "Fast Guided Filter", arXiv 1505.00996, 2015.
    """
    if transfer == "none" or len(reference) < 2 or np.count_nonzero(matte) < 2:
        return foreground
    height, width = matte.shape
    reduction = max(1.0, max(height, width) / _SIDE)
    size = (max(1, round(width / reduction)), max(1, round(height / reduction)))
    weight = np.asarray(reduced(matte, size) / np.float32(255), dtype=np.float32)
    start = np.asarray(reduced(foreground, size), dtype=np.float32)
    luma, lab = luma_of(start), to_lab(start)
    guide = Guide(luma, weight)
    sample, near = _sample(foreground, weight)
    own, own_luma = to_lab(sample), luma_of(sample)
    target = to_lab(reference[None, :: 1 + len(reference) // _MOST_SAMPLES])[0]

    def step(colours: Float, learnt_on: Float) -> Float:
        recolour = TRANSFERS[transfer](learnt_on[0], target)
        return np.asarray(recolour(colours.reshape(-1, 3)).reshape(colours.shape) - colours, dtype=np.float32)

    wanted = step(lab, own[:, ::_FEWER])
    for strength in _AGAIN:
        change = guide.smooth(wanted)
        wanted += strength * step(change.of(lab, luma), change.at(near).of(own, own_luma))
    return guide.smooth(luma_and_hues(from_lab(lab + wanted) - start)).of_image(foreground)


def _sample(foreground: Image, weight: Float) -> tuple[Float, npt.NDArray[np.intp]]:
    """2048 pixels (1, n, 3), evenly spaced over what has weight on a reduced picture, and flat indices into that."""
    reached = np.cumsum(weight, dtype=np.float64)
    count = np.arange(_MOST_SAMPLES)
    near = np.searchsorted(reached, (count + 0.5) * (reached[-1] / _MOST_SAMPLES)).clip(0, weight.size - 1)
    rows, columns = (
        ((at + part * count % 1) * (length / few)).astype(np.intp)
        for at, part, length, few in zip(np.divmod(near, weight.shape[1]), _WITHIN, foreground.shape, weight.shape, strict=False)
    )
    return foreground[rows, columns][None].astype(np.float32), near
