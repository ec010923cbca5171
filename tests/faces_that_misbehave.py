"""Faces for tests, in any number, some of which crash or hang whoever reads them.

A ``sitecustomize.py`` on ``PYTHONPATH`` puts them into the table of sources, in the parent and in every worker: see
``conftest.py``. What is wrong with a face is its name: ``12-segfault`` is the thirteenth, and crashes.
"""

from __future__ import annotations

import ctypes
import dataclasses
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from natocc.core.samples import FaceSample, Origin
from natocc.faces.sources.base import FaceOptions, FaceSource

DEEDS: dict[str, Callable[[], object]] = {
    "segfault": lambda: ctypes.string_at(0),
    "exit": lambda: os._exit(0),
    "native": lambda: re.match(r"(a+)+$", "a" * 60 + "b"),  # holds the interpreter for ages
    "memory": lambda: np.ones(2**55, np.uint8),
    "bug": lambda: 1 // 0,
}


class MisbehavingFaces(FaceOptions):
    """``count`` faces; ``wrong`` says which do what."""

    source: Literal["misbehaving"]
    count: int = 20
    side: int = 64
    wrong: dict[int, str] = Field(default_factory=dict)

    def open(self, data: Path, cache: Path, jobs: int = 1) -> FaceSource:
        names = tuple(f"{index}-{self.wrong[index]}" if index in self.wrong else str(index) for index in range(self.count))
        return Misbehaving(names, self.side)


@dataclasses.dataclass(frozen=True)
class Misbehaving(FaceSource):
    """See the module."""

    names: tuple[str, ...]
    side: int

    def ids(self) -> tuple[str, ...]:
        return self.names

    def read(self, face_id: str) -> FaceSample:
        number, _, deed = face_id.partition("-")
        if deed:
            DEEDS[deed]()
        time.sleep(float(os.environ.get("NATOCC_TEST_SLOW", "0")))
        rows, columns = np.mgrid[0 : self.side, 0 : self.side]
        image = np.stack([rows * 2 % 256, columns * 2 % 256, np.full_like(rows, int(number) % 256)], axis=2).astype(np.uint8)
        mask = ((rows - self.side / 2) ** 2 + (columns - self.side / 2) ** 2 < (self.side / 3) ** 2).astype(np.uint8)
        return FaceSample(image, mask, None, None, Origin("misbehaving", face_id, number))
