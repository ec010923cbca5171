"""A face source: drawn ovals, each with its exact mask."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from pydantic import Field

from natocc import FaceOptions, FaceSample, FaceSource, Origin, sha256


class OvalFaces(FaceOptions):
    """Drawn ovals."""

    source: Literal["ovals"] = "ovals"
    faces: int = Field(4, ge=1, le=1000)
    """How many are drawn."""

    def open(self, data: Path, cache: Path, jobs: int = 1) -> FaceSource:
        return self.with_landmarks(Ovals(self.select((f"oval-{number}" for number in range(self.faces)), data)), data)


class Ovals(FaceSource):
    """Ids, and a picture made of each."""

    def __init__(self, ids: tuple[str, ...]) -> None:
        self._ids = ids

    def ids(self) -> tuple[str, ...]:
        return self._ids

    def read(self, face_id: str) -> FaceSample:
        number = int(face_id.removeprefix("oval-"))
        mask = np.zeros((192, 160), np.uint8)
        cv2.ellipse(mask, (80, 96), (44 + number % 8, 60), 0, 0, 360, 1, -1)
        image = np.where(mask[..., None] > 0, (205, 160, 140), (70, 90, 110)).astype(np.uint8)
        return FaceSample(image, mask, None, None, Origin("ovals", face_id, sha256(image.tobytes()), "CC0-1.0"))
