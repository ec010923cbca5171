"""What the masks of one sample promise, computed again from the arrays: labels, partition, counts, ratio."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from natocc.core.samples import IGNORE, SampleRecord
from natocc.io.images import list_values

Planes = Mapping[str, npt.NDArray[np.uint8 | np.uint16]]
Labels: TypeAlias = Mapping[str, Mapping[str, str]]
"""Folder of label maps to value to name."""

Contradiction = tuple[str, str, str]
"""The folder, what was expected in it, what was found."""


def contradictions(
    record: SampleRecord, sizes: Mapping[str, tuple[int, int]], planes: Planes, labels: Labels
) -> Iterator[Contradiction]:
    """Everything in which the files of a sample contradict its record, the declared labels, or each other.

    Only what the dataset's folders allow is checked: that visible and occluded face make up the face needs both.

    Parameters
    ----------
    record : SampleRecord
        Not rejected.
    sizes : mapping of str to (int, int)
        Folder of pictures to height and width.
    planes : mapping of str to (H, W) uint8 or uint16
        Folder to label map, as read from disk.
    labels : mapping
        ``labels`` of ``dataset.json``: folder to value to name.

    Yields
    ------
    contradiction : (str, str, str)
        Folder, what was expected, what was found.
    """
    measures = record.measures
    stated = (int(measures["height"]), int(measures["width"]))
    for folder, size in sizes.items():
        if size != stated:
            yield folder, f"{stated[1]} x {stated[0]} px, as its record says", f"{size[1]} x {size[0]} px"
    fitting = {}
    for folder, plane in planes.items():
        if plane.shape == stated:
            fitting[folder] = plane
        else:
            yield folder, f"{stated[1]} x {stated[0]} px, as its record says", f"shape {plane.shape}"
    yield from _undeclared(record, fitting, labels)
    yield from _counts(record, fitting)
    yield from _partition(record, fitting, labels)
    yield from _regions(fitting)


def _undeclared(record: SampleRecord, planes: Planes, labels: Labels) -> Iterator[Contradiction]:
    """Values that no label names."""
    for folder, plane in planes.items():
        declared = labels.get(folder)
        if declared is None:
            yield folder, f"labels of {folder!r} in dataset.json", "none"
            continue
        if folder == "mattes":  # any share may occur
            continue
        if folder == "occluders":
            known = set(range(1 + len(record.plan.occluders if record.plan else ())))
        else:
            known = {int(value) for value in declared if value.isdecimal()}
        is_known = np.isin(np.arange(np.iinfo(plane.dtype).max + 1), sorted(known))
        right = is_known[plane]
        if not right.all():
            yield folder, f"values {list_values(sorted(known))} only", list_values(np.unique(plane[~right]).tolist())


def _counts(record: SampleRecord, planes: Planes) -> Iterator[Contradiction]:
    """Pixels and ratio, as the record has them."""
    measures, modal, amodal = record.measures, planes.get("masks"), planes.get("amodal")
    face = int(measures["face_pixels"])
    if amodal is not None:
        yield from _differs("amodal", "face pixels", face, int(np.count_nonzero(amodal == 1)))
        rows, columns = np.nonzero(amodal == 1)
        if len(rows):
            box = (columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1)
            stated = tuple(measures[f"face_{name}"] for name in ("left", "top", "width", "height"))
            actual = tuple(int(side) for side in box)
            if actual != stated:
                yield "amodal", f"the face's box {stated}", str(actual)
    if modal is not None:
        yield from _differs("masks", "visible pixels", int(measures["visible_pixels"]), int(np.count_nonzero(modal == 1)))
        if amodal is not None:
            yield from _ratio(measures, int(np.count_nonzero(amodal == 1)), int(np.count_nonzero(modal[amodal == 1])))
        elif not any(occluder.ignored for occluder in (record.plan.occluders if record.plan else ())):
            # Otherwise nobody can tell what is ignored on the face from what is not labelled beside it.
            yield from _ratio(measures, face, int(np.count_nonzero(modal == 1)))


def _ratio(measures: Mapping[str, float], before: int, after: int) -> Iterator[Contradiction]:
    yield from _differs("masks", "an occlusion ratio of", measures["occlusion_ratio"], (before - after) / max(before, 1))


def _differs(folder: str, what: str, stated: float, counted: float) -> Iterator[Contradiction]:
    if stated != counted:
        yield folder, f"{what} {stated}", str(counted)


def _partition(record: SampleRecord, planes: Planes, labels: Labels) -> Iterator[Contradiction]:
    """Visible face, occluded face and ignored face are the face, and no pixel is two of them."""
    modal, amodal, instances = planes.get("masks"), planes.get("amodal"), planes.get("occluders")
    mattes, parts, kinds = planes.get("mattes"), planes.get("parts"), planes.get("kinds")
    if modal is not None and amodal is not None:
        yield from _none("masks", "no visible face where there is no face", (modal == 1) & (amodal != 1))
        yield from _none("masks", "no ignored face where there is no face", (modal == IGNORE) & (amodal == 0))
    if modal is not None and instances is not None:
        yield from _none("masks", "no visible face under an occluder", (modal == 1) & (instances > 0))
    if modal is not None and amodal is not None and instances is not None:
        yield from _none("masks", "ignored face under occluders only", (modal == IGNORE) & (amodal == 1) & (instances == 0))
        unlabelled = (amodal == IGNORE) & (instances == 0)
        yield from _none("masks", f"{IGNORE} where the face is not labelled", unlabelled & (modal != IGNORE))
        yield from _none("masks", "visible face wherever no occluder is", (amodal == 1) & (instances == 0) & (modal != 1))
    if kinds is not None and instances is not None:
        for number in range(1 + len(record.plan.occluders if record.plan else ())):
            found = np.unique(kinds[(instances == number) & (kinds != IGNORE)])
            if len(found) > 1 or (number == 0 and found.any()):
                what = f"occluder {number}" if number else "no occluder"
                yield "kinds", f"one kind where {what} is", list_values(found.tolist())
    if mattes is not None:
        levels = [occluder.occludes_from for occluder in record.plan.occluders] if record.plan else []
        least = min(levels, default=256) * (257 if mattes.dtype == np.uint16 else 1)
        if modal is not None and amodal is not None:
            yield from _none("masks", "visible face wherever the matte is 0", (amodal == 1) & (mattes == 0) & (modal != 1))
        if instances is not None:
            yield from _none("mattes", "a matte of at least half under every occluder", (instances > 0) & (mattes < least))
    if parts is not None and modal is not None:
        own = [
            int(value) for value in labels.get("parts", {}) if value.isdecimal() and int(value) != IGNORE
        ]  # the occluder comes after the source's
        if own:
            yield from _none("parts", "no occluder where the face is visible", (modal == 1) & (parts == max(own)))
        yield from _none("parts", f"{IGNORE} where the face is ignored", (modal == IGNORE) & (parts != IGNORE))


def _regions(planes: Planes) -> Iterator[Contradiction]:
    """What is face, and what covers it, as the other label maps have it."""
    regions, modal, amodal, instances = (planes.get(name) for name in ("regions", "masks", "amodal", "occluders"))
    if regions is None:
        return
    known = regions != IGNORE
    if modal is not None:
        yield from _none("regions", "1 where the face is visible, and nowhere else", (regions == 1) != (modal == 1))
        yield from _none("regions", f"{IGNORE} where the face is ignored", (modal == IGNORE) & known)
    if amodal is not None:
        yield from _none("regions", "2 over the face only", (regions == 2) & (amodal != 1))
        yield from _none("regions", "3 beside the face only", (regions == 3) & (amodal != 0))
    if instances is not None:
        yield from _none("regions", "2 or 3 where an occluder is, and nowhere else", known & ((regions > 1) != (instances > 0)))
    if modal is not None and amodal is not None and instances is not None:
        told = (modal != IGNORE) & (amodal != IGNORE) & (instances == 0)
        yield from _none("regions", f"{IGNORE} only where occluders are, or nothing is labelled", ~known & told)


def _none(folder: str, expected: str, wrong: npt.NDArray[np.bool_]) -> Iterator[Contradiction]:
    pixels = int(np.count_nonzero(wrong))
    if pixels:
        yield folder, expected, f"{pixels} px"
