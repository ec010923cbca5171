"""Textures that need no picture: noise, flat colours; and several sources mixed."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import cv2
import numpy as np
from pydantic import Field, SerializeAsAny

from natocc.core import seeds
from natocc.core.errors import BadDataError, Reason
from natocc.core.plans import Json, Reference
from natocc.core.samples import Image, Origin
from natocc.io.notes import Notes
from natocc.occluders import TEXTURES
from natocc.occluders.drawn import DrawnNumbers, Seed, Unit
from natocc.occluders.shapes.textures import TextureOptions, TextureSource
from natocc.plugins.options import ChosenFrom

_SEEDS = 2**32
_OCTAVES = 6
_Levels = Annotated[list[Annotated[int, Field(ge=0, le=255)]], Field(min_length=3, max_length=3)]
_COARSEST = (4.0, 96.0)  # px between the knots of the coarsest octave


class NoiseTextures(TextureOptions):
    """Value noise of several octaves between two colours.

    References
    ----------
    .. [1] K. Perlin, "An Image Synthesizer", SIGGRAPH 1985.
    """

    source: Literal["noise"] = "noise"

    def open(self, data: Path) -> Noise:
        """See :meth:`TextureOptions.open`."""
        return Noise()


class FlatTextures(TextureOptions):
    """One colour."""

    source: Literal["flat"] = "flat"

    def open(self, data: Path) -> Flat:
        """See :meth:`TextureOptions.open`."""
        return Flat()


_TEXTURES = ChosenFrom(TEXTURES, TextureOptions)


class MixedTextures(TextureOptions):
    """Several sources, each as often as the others; name one twice to have it twice as often.

    Patches of photographs are a source of pictures too: ``{source: textures, root: coco/val2017}``.
    """

    source: Literal["mix"] = "mix"
    of: tuple[Annotated[SerializeAsAny[TextureOptions], _TEXTURES], ...] = Field(
        default_factory=lambda: tuple(_TEXTURES.choose({"source": name}) for name in ("textures", "noise", "flat")),
        min_length=1,
        max_length=64,
    )
    """The sources."""

    def notes(self, data: Path) -> Notes:
        """Those of the sources."""
        notes = Notes()
        for options in self.of:
            notes.merge(options.notes(data))
        return notes

    def open(self, data: Path) -> Mix:
        """See :meth:`TextureOptions.open`."""
        return Mix(tuple(options.open(data) for options in self.of))


class _Made:
    """Textures made of numbers; of no picture, so that splits have nothing to divide."""

    name: str

    def __len__(self) -> int:
        return 1

    @abstractmethod
    def draw(self, rng: np.random.Generator) -> dict[str, Json]: ...

    def subset(self, keep: Callable[[str], bool]) -> _Made:
        """The same: there is no picture to leave out."""
        return self

    def texture(self, reference: Reference, height: int, width: int) -> tuple[Image, str, Origin]:
        """See :meth:`TextureSource.texture`; the origin names the numbers it was made of, and no file."""
        picture = self._picture(reference, height, width)
        return picture, self.name, Origin(self.name, str(reference.get("texture_seed", reference["colours"])), "", None)

    @abstractmethod
    def _picture(self, reference: Reference, height: int, width: int) -> Image: ...


class DrawnFlat(DrawnNumbers):
    """What :class:`Flat` drew."""

    colours: Annotated[list[_Levels], Field(min_length=1, max_length=1)]


class DrawnNoise(DrawnNumbers):
    """What :class:`Noise` drew."""

    colours: Annotated[list[_Levels], Field(min_length=2, max_length=2)]
    coarsest: float = Field(ge=1, le=1000)
    persistence: Unit
    texture_seed: Seed


class DrawnMix(DrawnNumbers):
    """What :class:`Mix` drew."""

    of_source: int = Field(ge=0, alias="of")
    drawn: dict[str, Any]


class Noise(_Made):
    """Value noise; a :class:`TextureSource`."""

    name = "noise"

    def draw(self, rng: np.random.Generator) -> dict[str, Json]:
        """Two colours, the size of the coarsest structure, how much the finer ones count, and a seed."""
        return {
            "colours": rng.integers(0, 256, (2, 3)).tolist(),
            "coarsest": round(float(np.exp(rng.uniform(*np.log(_COARSEST)))), 2),
            "persistence": round(float(rng.uniform(0.3, 0.8)), 3),
            "texture_seed": int(rng.integers(_SEEDS)),
        }

    def _picture(self, reference: Reference, height: int, width: int) -> Image:
        drawn = DrawnNoise.of(reference)
        rng = seeds.generator(drawn.texture_seed, "noise")
        share, weight, spacing = np.zeros((height, width), np.float32), 1.0, drawn.coarsest
        for _ in range(_OCTAVES):
            knots = rng.random((int(height / spacing) + 4, int(width / spacing) + 4), dtype=np.float32)
            size = (int(knots.shape[1] * spacing) + 1, int(knots.shape[0] * spacing) + 1)
            share += weight * np.asarray(cv2.resize(knots, size, interpolation=cv2.INTER_CUBIC))[:height, :width]
            weight, spacing = weight * drawn.persistence, spacing / 2
            if spacing < 1:
                break
        low, high = np.quantile(share, (0.02, 0.98))
        share = ((share - low) / max(float(high - low), 1e-6)).clip(0, 1)[..., None]
        first, second = np.array(drawn.colours, dtype=np.float32)
        picture: Image = np.rint(first + share * (second - first)).astype(np.uint8)
        return picture


class Flat(_Made):
    """One colour; a :class:`TextureSource`."""

    name = "flat"

    def draw(self, rng: np.random.Generator) -> dict[str, Json]:
        """The colour."""
        return {"colours": rng.integers(0, 256, (1, 3)).tolist()}

    def _picture(self, reference: Reference, height: int, width: int) -> Image:
        return np.full((height, width, 3), DrawnFlat.of(reference).colours[0], np.uint8)


class Mix:
    """Several sources; a :class:`TextureSource`.

    Parameters
    ----------
    sources : tuple of TextureSource
        Drawn from equally often.
    """

    def __init__(self, sources: tuple[TextureSource, ...]) -> None:
        self._sources = sources

    def __len__(self) -> int:
        return sum(len(source) for source in self._sources)

    def draw(self, rng: np.random.Generator) -> dict[str, Json]:
        """Which of the sources, and what it draws."""
        number = int(rng.integers(len(self._sources)))
        return {"of": number, "drawn": self._sources[number].draw(rng)}

    def subset(self, keep: Callable[[str], bool]) -> Mix:
        """See :meth:`TextureSource.subset`."""
        return Mix(tuple(source.subset(keep) for source in self._sources))

    def texture(self, reference: Reference, height: int, width: int) -> tuple[Image, str, Origin]:
        """See :meth:`TextureSource.texture`."""
        drawn = DrawnMix.of(reference)
        if drawn.of_source >= len(self._sources):
            raise BadDataError(Reason.MISSING_FILE, f"no texture source {drawn.of_source}: there are {len(self._sources)}")
        return self._sources[drawn.of_source].texture(drawn.drawn, height, width)
