"""The things of a sample, one mask each: the face, and the occluders where the dataset has their masks."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from natocc.core.samples import IGNORE, Mask
from natocc.exports.reader import SourceDataset, SourceSample

FACE = "face"


@dataclasses.dataclass(frozen=True, eq=False)
class Instance:
    """One thing.

    Parameters
    ----------
    category : str
        ``face``, or an occluder's.
    mask : (H, W) uint8
        1 where it is seen; not empty.
    ignored : bool
        Whether this is no thing, but where nobody should judge.
    """

    category: str
    mask: Mask
    ignored: bool = False


def instances(sample: SourceSample, labels: str, occluders: bool) -> Iterator[Instance]:
    """Things of which anything is seen: the face, what is to be ignored of it, then the occluders by number.

    Parameters
    ----------
    sample : SourceSample
        Its label maps are read.
    labels : str
        ``masks`` or ``amodal``.
    occluders : bool
        Whether occluders are wanted; where they overlap, the one in front has the pixel.
    """
    face = sample.plane(labels)
    for value, ignored in ((1, False), (IGNORE, True)):
        if (face == value).any():
            yield Instance(FACE, (face == value).astype(np.uint8), ignored)
    if occluders:
        numbers = sample.plane("occluders")
        for number, category in enumerate(sample.categories, start=1):
            if (numbers == number).any():
                yield Instance(named(category), (numbers == number).astype(np.uint8))


def occluder_categories(dataset: SourceDataset) -> list[str]:
    """Categories of all occluders, by name; of all splits, so that numbers agree among exports of some of them."""
    return sorted({named(category) for category in dataset.categories()})


def named(category: str) -> str:
    """A category's name; an occluder may be a face itself."""
    return "occluding face" if category == FACE else category
