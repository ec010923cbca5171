"""Which sample is what: sets, faces and variants in their order."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from natocc.core.errors import UsageError


@dataclasses.dataclass(frozen=True)
class SampleSpec:
    """What sample `index` is made of: the set, the face, and the zero-based repeat of this face within its set."""

    index: int
    set_index: int
    face: str
    variant: int


class Schedule:
    """Which sample is what: a variant after another, in it a face after another, in it the sets.

    So the first n samples are the same however many follow, few samples already show many faces, and samples of one face lie
    side by side. A set of half a sample a face takes every second face.

    Parameters
    ----------
    samples_per_face : sequence of float
        For each set.
    faces : sequence of str
        Ids, in their order.
    count : int, optional
        How many samples; None means what the sets say. More than that goes round again with new variants.
    """

    def __init__(self, samples_per_face: Sequence[float], faces: Sequence[str], count: int | None = None) -> None:
        self._faces = faces
        rounds = [_rounds(per_face, len(faces)) for per_face in samples_per_face]
        once = sum(int(number) for numbers in rounds for number in numbers.sum(axis=1))
        self._once, self._sets = once, len(rounds)
        self._order = _interleave(rounds)
        self._variants_a_turn = [len(numbers) for numbers in rounds]
        self.count = once if count is None else count
        if once == 0 and self.count:
            raise UsageError("the recipe makes no sample: no face, or less than one sample in all")

    def samples_of_sets(self) -> list[int]:
        """How many samples each set makes."""
        turns, rest = divmod(self.count, max(self._once, 1))
        of_a_turn, of_the_rest = (np.bincount(rows[:, 0], minlength=self._sets) for rows in (self._order, self._order[:rest]))
        return [int(number) for number in turns * of_a_turn + of_the_rest]

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> SampleSpec:
        if not 0 <= index < self.count:
            raise IndexError(f"sample {index} of {self.count}")
        turn, place = divmod(index, self._once)
        set_index, face_index, variant = (int(number) for number in self._order[place])
        return SampleSpec(index, set_index, self._faces[face_index], turn * self._variants_a_turn[set_index] + variant)


def _rounds(per_face: float, faces: int) -> npt.NDArray[np.bool_]:
    """(variants, faces) bool: which faces a set takes in each of its variants; the last may take only a share, evenly."""
    whole, share = int(per_face), per_face - int(per_face)
    rounds = [np.ones(faces, dtype=bool)] * whole
    if share > 0:
        steps = np.floor(np.arange(faces + 1) * share + 1e-9)
        rounds.append(np.diff(steps) > 0)
    return np.array(rounds, dtype=bool).reshape(len(rounds), faces)


def _interleave(rounds: Sequence[npt.NDArray[np.bool_]]) -> npt.NDArray[np.int32]:
    """(samples, 3) int32 rows of set, face, variant: by variant, then face, then set."""
    rows = []
    for set_index, taken in enumerate(rounds):
        variant, face = np.nonzero(taken)
        rows.append(np.stack([np.full(len(face), set_index), face, variant], axis=1))
    order = np.concatenate(rows).astype(np.int32)
    ranked: npt.NDArray[np.int32] = order[np.lexsort((order[:, 0], order[:, 1], order[:, 2]))]
    return ranked
