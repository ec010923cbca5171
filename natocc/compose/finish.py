"""Finishing: what is done to the whole picture, if anything."""

from __future__ import annotations

import cv2
import numpy as np
from pydantic import Field

from natocc.core.plans import Finish
from natocc.core.samples import Image
from natocc.io.images import MOST_PIXELS, decode_rgb, encode_jpeg
from natocc.plugins.options import Options
from natocc.plugins.ranges import BlurRange, PositiveRange, QualityRange, Range, uniform

_GREY = 128


class FinishRule(Options):
    """Steps for the whole picture, as the paper applies them; each is off unless given.

    While all are off, pixels outside the matte stay those of the source, bit for bit.
    """

    flip: float = Field(0.0, ge=0, le=1)
    """Probability of mirroring picture, masks and landmarks."""
    blur: BlurRange | None = None
    """Standard deviation of a Gaussian blur, px."""
    brightness: Range | None = None
    """Value added to sRGB values, as a share of white."""
    contrast: PositiveRange | None = None
    """Factor on sRGB values, around middle grey."""
    jpeg: QualityRange | None = None
    """Quality at which the picture is compressed once, before it is encoded as a file."""


def draw_finish(rng: np.random.Generator, rule: FinishRule) -> Finish:
    """Draw what is done to the whole picture."""
    return Finish(
        flip=bool(rng.random() < rule.flip),
        blur=0.0 if rule.blur is None else uniform(rng, rule.blur),
        brightness=0.0 if rule.brightness is None else uniform(rng, rule.brightness),
        contrast=1.0 if rule.contrast is None else uniform(rng, rule.contrast),
        jpeg=None if rule.jpeg is None else int(rng.integers(rule.jpeg[0], rule.jpeg[1] + 1)),
    )


def finished(image: Image, finish: Finish) -> Image:
    """The picture after blur, brightness and contrast, and compression; mirroring happens before occluders are laid on it.

    Parameters
    ----------
    image : (H, W, 3) uint8
        sRGB; returned as it is where there is nothing to do.
    finish : Finish
        From the plan.
    """
    if finish.blur > 0:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), finish.blur), dtype=np.uint8)
    if finish.brightness or finish.contrast != 1:
        levels = (np.arange(256) - _GREY) * finish.contrast + _GREY + 255 * finish.brightness
        image = np.asarray(cv2.LUT(image, np.rint(levels.clip(0, 255)).astype(np.uint8)), dtype=np.uint8)
    return image if finish.jpeg is None else decode_rgb(encode_jpeg(image, finish.jpeg), "picture", MOST_PIXELS)
