"""A change of colours, smooth but for the edges of what it is made on: learnt on a small picture, applied to a large one."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import numpy.typing as npt

from natocc.compose.colour_spaces import Float
from natocc.core.samples import Image

Plane = npt.NDArray[np.float32]

_RADIUS = 4  # px
_EDGE = 20.0  # levels: the change follows luma steps well above this and ignores those well below
_SMOOTH_HUE = 0.7  # px


@dataclasses.dataclass(frozen=True, eq=False)
class Change:
    """What is added to colours.

    Parameters
    ----------
    gain : (h, w) float32
        This share of a colour's luma is added to each of R, G and B.
    offset : (h, w, 3) float32
        Added to R, G and B.
    """

    gain: Plane
    offset: Float

    def of(self, colours: Float) -> Float:
        """Colours (h, w, 3), sRGB 0-255, after the change; not clipped."""
        return colours + self.offset + _grey(self.gain * _luma(colours))

    def of_image(self, image: Image) -> Image:
        """A picture (H, W, 3) after a change that was learnt on a smaller one; clipped and rounded."""
        size = (image.shape[1], image.shape[0])
        gain, offset = (cv2.resize(part, size, interpolation=cv2.INTER_LINEAR) for part in (self.gain, self.offset))
        brighter = cv2.multiply(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), gain, dtype=cv2.CV_32F)
        added = cv2.add(offset, cv2.merge([brighter] * 3), dst=offset)
        return np.asarray(cv2.add(image, added, dtype=cv2.CV_8U), dtype=np.uint8)

    def then(self, second: Change) -> Change:
        """One change with the effect of two, one after the other."""
        gain = self.gain + second.gain + second.gain * self.gain
        return Change(gain, self.offset + second.offset + _grey(second.gain * _luma(self.offset)))

    def at(self, rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp]) -> Change:
        """The change at these places."""
        return Change(self.gain[rows, columns], self.offset[rows, columns])


def learn_change(colours: Float, wanted: Float, weight: Plane) -> Change:
    """The change that brings colours close to the wanted ones, smooth but for edges of luma [1]_.

    Parameters
    ----------
    colours, wanted : (h, w, 3) float32
        sRGB, 0-255.
    weight : (h, w) float32
        Weight of each pixel, in [0, 1].

    Returns
    -------
    change : Change

    References
    ----------
    .. [1] K. He, J. Sun, X. Tang, "Guided Image Filtering", TPAMI 35(6), 2013.
    """
    counted = weight + 1e-3
    around = _summed(counted)

    def mean(plane: Plane) -> Plane:
        return _summed(plane * counted) / around

    luma, brighter = _luma(colours), _luma(wanted - colours)
    light, lighter = mean(luma), mean(brighter)
    covariance, variance = mean(luma * brighter) - light * lighter, mean(luma * luma) - light * light
    slope = np.asarray(covariance / (np.maximum(variance, 0) + _EDGE**2), np.float32)
    gain, offset = mean(slope), mean(lighter - slope * light)
    tints = (wanted - colours - _grey(brighter)) * _grey(counted)
    near = np.asarray(cv2.GaussianBlur(counted, (0, 0), _SMOOTH_HUE), np.float32)
    return Change(gain, cv2.divide(cv2.GaussianBlur(tints, (0, 0), _SMOOTH_HUE), _grey(near)) + _grey(offset))


def _grey(plane: Plane) -> Float:
    """A plane as three channels: many times faster than NumPy's stacking, and than its arithmetic on narrow axes."""
    return np.asarray(cv2.merge([plane] * 3), dtype=np.float32)


def _luma(colours: Float) -> Plane:
    return np.asarray(cv2.cvtColor(colours, cv2.COLOR_RGB2GRAY), dtype=np.float32)


def _summed(plane: Plane) -> Plane:
    side = (2 * _RADIUS + 1, 2 * _RADIUS + 1)
    return np.asarray(cv2.blur(plane, side, borderType=cv2.BORDER_REFLECT), dtype=np.float32)
