"""A texture for shapes: stripes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from natocc import Origin, TextureOptions


class StripeTextures(TextureOptions):
    """Stripes of random widths."""

    source: Literal["stripes"] = "stripes"

    def open(self, data: Path) -> Stripes:
        return Stripes()


class Stripes:
    """Stripes of a random width."""

    def __len__(self) -> int:
        return 1

    def draw(self, rng: np.random.Generator) -> dict[str, Any]:
        return {"stripe": int(rng.integers(2, 20))}

    def subset(self, keep: Callable[[str], bool]) -> Stripes:
        return self

    def texture(self, reference: Mapping[str, Any], height: int, width: int) -> tuple[npt.NDArray[np.uint8], str, Origin]:
        bright = np.arange(width) // reference["stripe"] % 2 * 255
        picture = np.broadcast_to(bright[None, :, None], (height, width, 3)).astype(np.uint8)
        return picture, "stripes", Origin("stripes", "stripes", "0" * 64, "CC0-1.0")
