"""An occluder kind: soft discs of one colour."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from natocc import Cutout, OccluderOptions, OccluderSource, Origin


class DiscOccluders(OccluderOptions):
    """Soft discs of one colour."""

    source: Literal["discs"] = "discs"
    radius: int = 40
    """Radius of a disc, px."""

    def check(self, data: Path) -> int:
        return 1

    def kinds_of(self, source: OccluderSource) -> tuple[str, ...]:
        return ("disc",)  # for output.masks: [kinds]

    def open(self, data: Path, cache: Path, jobs: int = 1) -> Discs:
        return Discs(self.radius)


class Discs(OccluderSource):  # from which it has size: not known before a disc is made
    """Made on demand: a reference says all that there is to a disc."""

    def __init__(self, radius: int) -> None:
        self._radius = radius

    def draw(self, rng: np.random.Generator) -> dict[str, Any]:
        return {"colour": [int(value) for value in rng.integers(256, size=3)]}

    def subset(self, keep: Callable[[str], bool]) -> Discs:
        return self  # of no picture: there is nothing to divide among splits

    def cutout(self, reference: Mapping[str, Any]) -> Cutout:
        side = 2 * self._radius + 5
        rows, columns = np.mgrid[:side, :side] - side // 2
        matte = np.clip(255 * (self._radius + 0.5 - np.hypot(rows, columns)), 0, 255).astype(np.uint8)
        foreground = np.broadcast_to(np.array(reference["colour"], np.uint8), (side, side, 3)).copy()
        return Cutout(foreground, matte, "disc", Origin("discs", "disc", "0" * 64, "CC0-1.0"))
