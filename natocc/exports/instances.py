"""The things of a sample, one mask each: the face, and the occluders where the dataset has their masks."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping

import numpy as np

from natocc.core.samples import IGNORE, Mask
from natocc.exports.reader import SourceDataset, SourceSample

FACE = "face"
FACE_MAPS = ("masks", "amodal")
"""Label maps in which there is nothing but one face."""


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


def instances(sample: SourceSample, labels: str, occluders: bool, kinds: Mapping[int, str] | None = None) -> Iterator[Instance]:
    """Things of which anything is seen: the face, what is to be ignored of it, then the occluders by number.

    Parameters
    ----------
    sample : SourceSample
        Its label maps are read.
    labels : str
        ``masks`` or ``amodal``.
    occluders : bool
        Whether occluders are wanted; where they overlap, the one in front has the pixel.
    kinds : mapping of int to str, optional
        From :func:`occluder_kinds`: what occluders are called then; those that are to be ignored are left out.
    """
    face = sample.plane(labels)
    for value, ignored in ((1, False), (IGNORE, True)):
        if (face == value).any():
            yield Instance(FACE, (face == value).astype(np.uint8), ignored)
    if occluders:
        numbers = sample.plane("occluders")
        for number, category in enumerate(_categories(sample, numbers, kinds or {}), start=1):
            if category is not None and (numbers == number).any():
                yield Instance(named(category), (numbers == number).astype(np.uint8))


def class_instances(sample: SourceSample, labels: str, classes: Mapping[int, str]) -> Iterator[Instance]:
    """Each class of a label map of which anything is seen, but for the first, background.

    Parameters
    ----------
    sample : SourceSample
        Its label map is read.
    labels : str
        Folder of the label maps.
    classes : mapping of int to str
        What their values mean.
    """
    values = sample.plane(labels)
    for value, name in classes.items():
        if value > 0 and (values == value).any():
            yield Instance(name, (values == value).astype(np.uint8))


def _categories(sample: SourceSample, numbers: Mask, kinds: Mapping[int, str]) -> Iterator[str | None]:
    """Of each occluder: its own, or its kind where there are kinds; None where nobody should judge, so that none is written."""
    if not kinds:
        yield from sample.categories
        return
    values = sample.plane("kinds")
    for number in range(1, 1 + len(sample.categories)):
        known = values[(numbers == number) & (values != IGNORE)]
        yield kinds[int(known[0])] if len(known) else None


def occluder_kinds(dataset: SourceDataset) -> dict[int, str]:
    """The kinds of occluders and their values, where the dataset has label maps of them; else none."""
    if "kinds" not in dataset.folders:
        return {}
    return {value: kind for value, kind in dataset.classes("kinds").items() if value > 0}


def occluder_categories(dataset: SourceDataset) -> list[str]:
    """Kinds of occluders that the dataset could have, or else categories of those that it has, by name.

    Of all splits, so that numbers agree among exports of some of them.
    """
    return sorted({named(category) for category in occluder_kinds(dataset).values() or dataset.categories()})


def named(category: str) -> str:
    """A category's name; an occluder may be a face itself."""
    return "occluding face" if category == FACE else category
