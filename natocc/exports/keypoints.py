"""Landmarks of faces as keypoints: names, which change places in a mirror, and whether they are seen."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from natocc.core.errors import UsageError
from natocc.exports.reader import SourceDataset, SourceSample
from natocc.faces.alignment.mirror import flipped_order

NOT_LABELLED, HIDDEN, SEEN = 0, 1, 2
"""What COCO's visibility flags say."""

_GROUPS = (
    ("jaw", 17), ("right_brow", 5), ("left_brow", 5), ("nose", 9), ("right_eye", 6), ("left_eye", 6), ("mouth", 20),
)  # fmt: skip
"""The 68 points of iBUG 300-W in their order; right is the person's."""
_NAMES = {
    68: tuple(f"{name}_{number}" for name, count in _GROUPS for number in range(1, count + 1)),
    5: ("left_eye_outer", "left_eye_inner", "right_eye_outer", "right_eye_inner", "nose"),
}


@dataclasses.dataclass(frozen=True)
class Keypoints:
    """The keypoints that faces of a dataset have.

    Parameters
    ----------
    count : int
        How many.
    """

    count: int

    @classmethod
    def of(cls, dataset: SourceDataset) -> Keypoints:
        """As many as the face of the dataset that has most, whatever its split.

        Raises
        ------
        UsageError
            If no face has any.
        """
        if not dataset.most_landmarks:
            raise UsageError(f"{dataset.root} has no landmarks: its faces were not searched for, and their source has none")
        return cls(dataset.most_landmarks)

    @property
    def names(self) -> tuple[str, ...]:
        """Of each; numbers where there are neither 68 nor 5."""
        return _NAMES.get(self.count) or tuple(f"point_{number}" for number in range(1, self.count + 1))

    @property
    def flipped(self) -> list[int]:
        """Which keypoint each becomes in a mirror."""
        return flipped_order(self.count)

    def values(self, sample: SourceSample) -> Iterator[tuple[float, float, int]]:
        """x and y (px) and visibility of each; 0, 0, 0 for one outside the picture, and for all where the face has others."""
        width, height = sample.row["width"], sample.row["height"]
        landmarks = sample.row["landmarks"] or ()
        for landmark in landmarks if len(landmarks) == self.count else [None] * self.count:
            if landmark is None or not (0 <= landmark["x"] < width and 0 <= landmark["y"] < height):
                yield 0.0, 0.0, NOT_LABELLED
            else:
                yield landmark["x"], landmark["y"], HIDDEN if landmark["hidden"] else SEEN
