"""A blend: the foreground wherever it covers half a pixel."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]


def hard(background: Image, foreground: Image, alpha: npt.NDArray[np.float32]) -> Image:
    """Of pictures (H, W, 3) and a coverage (H, W) in [0, 1]."""
    return np.where(alpha[..., None] >= 0.5, foreground, background)
