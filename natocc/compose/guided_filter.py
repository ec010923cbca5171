"""A change of colours, smooth but for the edges of what it is made on: learnt on a small picture, applied to a large one."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import numpy.typing as npt

from natocc.compose.colour_spaces import LUMA, Float
from natocc.compose.gaussian import gaussian
from natocc.core.samples import Image

Plane = npt.NDArray[np.float32]
Places = npt.NDArray[np.intp]

_RADIUS = 4  # px
_EDGE = 20.0  # levels: the change follows luma steps well above this and ignores those well below
_SMOOTH_HUE = 0.7  # px
_REACH = 2.5  # of that blur, in its standard deviations
_TO_LUMA_AND_HUES = np.array([[0, 0, 0], [1, 0, 0], [0, 0, 1]]) + np.array([[1], [-1], [-1]]) * LUMA
_TO_RGB = np.linalg.inv(_TO_LUMA_AND_HUES)


@dataclasses.dataclass(frozen=True, eq=False)
class Change:
    """What is added to colours whose first channel tells how light they are, and the others their hue: CIELAB, or luma first.

    Parameters
    ----------
    gain : (h, w) float32
        This share of a colour's luma is added to the first channel.
    offset : (h, w, 3) float32
        Added to all.
    """

    gain: Plane
    offset: Float

    def of(self, colours: Float, luma: Plane) -> Float:
        """Colours (h, w, 3) of this luma (h, w) after the change."""
        changed = np.asarray(colours + self.offset, dtype=np.float32)
        changed[..., 0] += self.gain * luma
        return changed

    def of_image(self, image: Image) -> Image:
        """A picture (H, W, 3), sRGB, after a change of :func:`luma_and_hues` on a smaller one; clipped and rounded."""
        size = (image.shape[1], image.shape[0])
        gain = cv2.resize(self.gain, size, interpolation=cv2.INTER_LINEAR)
        changed = cv2.resize(cv2.transform(self.offset, _TO_RGB), size, interpolation=cv2.INTER_LINEAR)
        brighter = cv2.multiply(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), gain, dtype=cv2.CV_32F)
        cv2.add(changed, cv2.merge([brighter] * 3), dst=changed)
        cv2.accumulate(image, changed)  # and then to levels: half the time of one sum in levels
        return np.asarray(cv2.convertScaleAbs(cv2.threshold(changed, 0, 0, cv2.THRESH_TOZERO, dst=changed)[1]), dtype=np.uint8)

    def at(self, places: Places) -> Change:
        """The change at (n,) flat indices of (h, w), as a picture of (1, n)."""
        return Change(self.gain.ravel().take(places)[None], self.offset.reshape(-1, 3).take(places, axis=0)[None])


class Guide:
    """Luma whose edges a change may follow: measured once, however often one is smoothed.

    Parameters
    ----------
    luma : (h, w) float32
        Of the picture, 0-255.
    weight : (h, w) float32
        Weight of each pixel, in [0, 1].
    """

    def __init__(self, luma: Plane, weight: Plane) -> None:
        self._luma, self._counted = luma, weight + 1e-3
        self._around = _summed(self._counted)
        self._light = self._mean(luma)
        variance = np.maximum(self._mean(luma * luma) - self._light * self._light, 0)
        self._variance = np.asarray(variance + _EDGE**2, dtype=np.float32)
        self._counted_each = _grey(self._counted)
        self._near = _grey(_smooth(self._counted))

    def smooth(self, wanted: Float) -> Change:
        """The change that is close to a wanted one (h, w, 3): smooth, but its first channel follows edges of luma [1]_.

        References
        ----------
        .. [1] K. He, J. Sun, X. Tang, "Guided Image Filtering", TPAMI 35(6), 2013.
        """
        lighter = np.asarray(cv2.extractChannel(wanted, 0), dtype=np.float32)
        around = self._mean(lighter)
        slope = np.asarray((self._mean(lighter * self._luma) - around * self._light) / self._variance, dtype=np.float32)
        gain, offset = self._mean(slope), self._mean(around - slope * self._light)
        hues = cv2.divide(_smooth(wanted * self._counted_each), self._near)
        return Change(gain, np.asarray(cv2.insertChannel(offset, hues, 0), dtype=np.float32))

    def _mean(self, plane: Plane) -> Plane:
        return _summed(plane * self._counted) / self._around


def luma_of(colours: Float) -> Plane:
    """(h, w) luma of sRGB colours (h, w, 3), 0-255."""
    return np.asarray(cv2.cvtColor(colours, cv2.COLOR_RGB2GRAY), dtype=np.float32)


def luma_and_hues(colours: Float) -> Float:
    """(h, w, 3): luma of sRGB colours, and by how much R and B differ from it."""
    return np.asarray(cv2.transform(colours, _TO_LUMA_AND_HUES), dtype=np.float32)


def _grey(plane: Plane) -> Float:
    """A plane as three channels: many times faster than NumPy's stacking, and than its arithmetic on narrow axes."""
    return np.asarray(cv2.merge([plane] * 3), dtype=np.float32)


def _summed(plane: Plane) -> Plane:
    side = (2 * _RADIUS + 1, 2 * _RADIUS + 1)
    return np.asarray(cv2.blur(plane, side, borderType=cv2.BORDER_REFLECT), dtype=np.float32)


def _smooth(picture: Float) -> Float:
    return gaussian(picture, _SMOOTH_HUE, _REACH)
