"""Pictures to train on: drawn by number, so that a resumed run, or one with more workers, sees the same ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from natocc.core.errors import BadDataError, UsageError
from natocc.core.samples import IGNORE, Image
from natocc.core.seeds import generator
from natocc.evaluation.classes import FACE
from natocc.evaluation.pictures import Pictures
from natocc.io.segmenter import fit_square
from natocc.training.augmentation import augmented
from natocc.training.options import Training

if TYPE_CHECKING:
    import torch

Square: TypeAlias = tuple[Image, npt.NDArray[np.uint8], npt.NDArray[np.uint8]]

Kept: TypeAlias = dict[tuple[int, int, str], Square]
"""By index of the picture, side and kind of targets."""

_MOST_KEPT = 2**30  # bytes of small pictures in memory, in each process that reads


@dataclasses.dataclass(frozen=True)
class Source:
    """Pictures, and how often one of them is drawn beside those of other sources.

    Parameters
    ----------
    pictures : Pictures
        To draw from.
    weight : float
        Beside those of other sources.
    kept : dict
        Squares that were read already; trainings that share it read them once.
    """

    pictures: Pictures
    weight: float
    kept: Kept = dataclasses.field(default_factory=dict, compare=False, repr=False)


class Drawn:
    """Numbers `first` to `last`, each a picture with its target; what ``torch.utils.data.DataLoader`` takes.

    Parameters
    ----------
    sources : sequence of Source
        What is drawn from.
    options : Training
        Side, targets, augmentation.
    seed : int
        Of every draw.
    first, last : int
        The number `n` means the same picture, turned in the same way, whatever the first is; `last` is left out.

    Notes
    -----
    ``drawn[i]`` is an image (3, S, S) float32 in [0, 1], a target and a weight (1, S, S) float32: the share of each pixel that is
    face, and 0 where nobody knows.
    """

    def __init__(self, sources: Sequence[Source], options: Training, seed: int, first: int, last: int) -> None:
        self._sources, self._options, self._seed = tuple(sources), options, seed
        self._first, self._last = first, last
        weights = np.array([source.weight for source in sources])
        self._reached = np.cumsum(weights / weights.sum())
        pictures = sum(len(source.pictures.names) for source in sources)
        self._keep = pictures * options.side**2 * 5 <= _MOST_KEPT

    def part(self, first: int, last: int) -> Drawn:
        """Other numbers of the same."""
        return Drawn(self._sources, self._options, self._seed, first, last)

    def __len__(self) -> int:
        return self._last - self._first

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        import torch

        image, target, weight = self.arrays(self._first + index)
        planes = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))).float() / 255
        return planes, torch.from_numpy(target[None]), torch.from_numpy(weight[None])

    def arrays(self, number: int) -> tuple[Image, npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Image (S, S, 3) uint8, target and weight (S, S) float32 of a number."""
        rng = generator(self._seed, "training", number)
        chosen = self._sources[int(np.searchsorted(self._reached, rng.random(), side="right").clip(0, len(self._sources) - 1))]
        image, share, known = self._square(chosen, int(rng.integers(len(chosen.pictures.names))))
        image, target, weight = augmented(image, _unit(share), _unit(known), self._options.augment, rng)
        if self._options.targets == "hard":
            target = (target >= 0.5).astype(np.float32)
        return image, target, (weight >= 0.5).astype(np.float32)

    def _square(self, source: Source, index: int) -> Square:
        key = (index, self._options.side, self._options.targets)
        if key in source.kept:
            return source.kept[key]
        square = fitted_square(source.pictures, source.pictures.names[index], self._options)
        if self._keep:
            source.kept[key] = square
        return square


def fitted_square(pictures: Pictures, name: str, options: Training) -> Square:
    """A picture, its share of face and what is known of it, as a network sees them: (S, S, 3), (S, S) and (S, S) uint8.

    Raises
    ------
    UsageError
        If a file cannot be read, or picture and labels differ in size.
    """
    try:
        image, labels = pictures.image(name), pictures.visible_face(name)
        share = pictures.face_share(name) if options.targets == "matte" else (labels == FACE).astype(np.float32)
    except BadDataError as error:
        raise UsageError(error.detail) from None
    if image.shape[:2] != labels.shape:
        raise UsageError(f"{name}: the picture is {image.shape[1]} x {image.shape[0]}, its labels are not")
    known = (labels != IGNORE).astype(np.float32)
    small_known = fit_square(known, options.side)
    small_share = fit_square(share * known, options.side) / np.maximum(small_known, 1e-3)
    return fit_square(image, options.side), _levels(small_share), _levels(small_known)


def _levels(plane: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    return np.asarray(np.rint(np.clip(plane, 0, 1) * 255), dtype=np.uint8)


def _unit(levels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    return np.asarray(levels / np.float32(255), dtype=np.float32)


def check_targets(sources: Sequence[Source], options: Training) -> None:
    """Refuse mattes as targets where no source has any.

    Raises
    ------
    UsageError
        In one line that says how to make them.
    """
    if options.targets == "matte" and not any(source.pictures.has_mattes for source in sources):
        raise UsageError("targets: matte needs a dataset of natocc's with mattes: build it with output.masks=[face,amodal,matte]")
